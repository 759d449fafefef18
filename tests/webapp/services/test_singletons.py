"""Of those who ask, one works; when it falls silent or lets go, another does."""

from webapp.services.singletons import hold, let_go


def test_one_holds_until_it_falls_silent(session):
    assert hold(session, "clock", "a", seconds=30)
    assert hold(session, "clock", "a", seconds=30)
    assert not hold(session, "clock", "b", seconds=30)
    assert hold(session, "other", "b", seconds=30)
    assert hold(session, "clock", "a", seconds=-1), "and is silent from now on"
    assert hold(session, "clock", "b", seconds=30)
    assert not hold(session, "clock", "a", seconds=30)


def test_who_lets_go_keeps_nobody_waiting(session):
    assert hold(session, "clock", "a", seconds=30)
    let_go(session, "clock", "b")
    assert not hold(session, "clock", "b", seconds=30)
    let_go(session, "clock", "a")
    assert hold(session, "clock", "b", seconds=30)

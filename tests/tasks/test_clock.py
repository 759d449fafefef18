"""Two clocks: one sends, the other waits and goes on when the first is gone."""

import pytest

from tasks import clock
from tasks.clock import OneClock


@pytest.fixture
def make_clock(parts, tmp_path, monkeypatch):
    """Return a function that makes a clock with one entry that is always due; what it sends is in `.sent`."""
    from tasks import app  # noqa: PLC0415  # reads its settings from the environment of the test

    monkeypatch.setattr(clock, "hands", lambda: parts)
    monkeypatch.setattr(clock, "_LOOK_SECONDS", 0.0)
    made = []

    def make(name):
        one = OneClock(app=app, schedule_filename=str(tmp_path / name))
        one.holder, one.sent = name, []
        one.producer = None  # else it would connect
        one.apply_entry = lambda entry, **_options: one.sent.append(entry.task)
        for entry in one.schedule.values():
            entry.last_run_at = entry.last_run_at.replace(year=2000)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


def ticks(one, n=8):
    return [one.tick() for _ in range(n)]


def test_of_two_clocks_one_sends_and_the_other_goes_on_after_it(make_clock):
    first, second = make_clock("first"), make_clock("second")
    ticks(first)
    ticks(second)
    assert "tasks.maintenance.sweep" in first.sent
    assert second.sent == []

    first.close()
    ticks(second)
    assert "tasks.maintenance.sweep" in second.sent


def test_a_clock_without_a_database_waits(make_clock, parts, monkeypatch):
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    one = make_clock("one")
    with monkeypatch.context() as patched:

        def away(*_arguments, **_options):
            raise OperationalError("x", {}, Exception("away"))

        patched.setattr(clock.singletons, "hold", away)
        ticks(one)
        assert one.sent == []
    ticks(one)
    assert one.sent

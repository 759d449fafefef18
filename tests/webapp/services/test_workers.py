import datetime

from sqlalchemy import func, select, update

from webapp.services.workers import beat, count_alive, say_farewell
from webapp.tables import Worker


def test_a_worker_is_alive_for_as_long_as_it_says_so(session):
    beat(session, "a:1:1")
    beat(session, "b:1:1")
    beat(session, "a:1:1")
    assert count_alive(session) == 2

    say_farewell(session, "b:1:1")
    assert count_alive(session) == 1
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    session.execute(update(Worker).values(seen_at=long_ago))
    assert count_alive(session) == 0
    beat(session, "c:1:1")
    assert session.scalar(select(func.count()).select_from(Worker)) == 1  # the other is forgotten

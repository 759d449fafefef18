import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import factories
from webapp.db import database_now
from webapp.services import cpu_use, jobs
from webapp.tables import Analysis, CpuUse

DAY = datetime.timedelta(days=1)


@pytest.fixture
def claimed(session):
    """An analysis that a process began when its clock showed 100 s."""
    factories.create_analysis(session, factories.create_actor(session))
    return jobs.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=5, cpu_clock=100.0)


def taken(session, claimed):
    session.expire_all()
    today = database_now(session).date()
    row = session.get(Analysis, claimed.analysis_id)
    return row.cpu_seconds, cpu_use.spent_today(session, claimed.owner_id, today)


def test_what_passed_since_the_claim_is_added_once_whoever_looks(session, claimed):
    for clock, added in ((100.0, 0.0), (103.0, 3.0), (103.0, 0.0), (102.0, 0.0), (104.5, 1.5)):
        assert cpu_use.account(session, claimed.analysis_id, claimed.attempt, clock) == added

    assert taken(session, claimed) == (4.5, 4.5)


def test_each_attempt_has_its_own_clock_and_all_of_them_count(session, claimed):
    cpu_use.account(session, claimed.analysis_id, claimed.attempt, 105.0)
    jobs.hand_back(session, claimed.analysis_id, claimed.attempt, reason="It died.")
    cpu_use.account(session, claimed.analysis_id, claimed.attempt, 106.0)  # what was last seen of it
    again = jobs.claim_next(session, worker="w", pid=2, lease_seconds=20, max_attempts=5, cpu_clock=7.0)

    assert cpu_use.account(session, claimed.analysis_id, claimed.attempt, 200.0) == 0.0, "another's attempt by now"
    assert cpu_use.account(session, again.analysis_id, again.attempt, 9.0) == 2.0
    assert taken(session, claimed) == (8.0, 8.0)


def test_a_day_is_one_in_utc(session):
    actor = factories.create_actor(session)
    today = database_now(session).date()
    session.add(CpuUse(user_id=actor.user_id, used_on=today - DAY, seconds=50.0))
    cpu_use.spend(session, actor.user_id, 2.0)
    cpu_use.spend(session, actor.user_id, 1.0)

    assert cpu_use.spent_today(session, actor.user_id, today) == 3.0
    assert cpu_use.spent_today(session, actor.user_id, today + DAY) == 0.0


def test_nothing_is_lost_when_several_begin_a_day_at_once(database):
    with database.write() as session:
        actor = factories.create_actor(session)

    def spend(_number):
        with database.write() as session:
            cpu_use.spend(session, actor.user_id, 1.0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(spend, range(12)))
    with database.read() as session:
        assert cpu_use.spent_today(session, actor.user_id, database_now(session).date()) == 12.0

import pytest

from tests import factories
from webapp.services.system_status import read_status
from webapp.services.workers import beat


@pytest.fixture
def actor(session):
    return factories.create_actor(session, "viewer")


def test_what_waits_and_runs_is_counted_whoever_asked_for_it(session, actor):
    other = factories.create_actor(session)
    factories.create_analysis(session, other)
    factories.create_analysis(session, other, status="running")
    factories.create_analysis(session, other, status="failed")
    beat(session, "a:1:1")
    status = read_status(session, actor)

    assert (status.n_waiting, status.n_running, status.n_workers) == (1, 1, 1)


@pytest.mark.databases("sqlite")
def test_the_newest_prices_are_those_that_one_may_see(session, store, actor):
    owner = factories.create_actor(session)
    factories.create_prices(session, store, owner_id=owner.user_id)

    assert read_status(session, actor).prices_at is None
    assert read_status(session, owner).prices_at is not None

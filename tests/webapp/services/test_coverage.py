"""Coverage: how fresh bars are by the calendar, and which vintages there are."""

import datetime

import pytest

from tests import factories
from webapp.db import database_now
from webapp.errors import NotFound, PermissionDenied
from webapp.permissions import Actor, Role
from webapp.services import coverage, price_store, prices


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


def test_bars_are_as_many_sessions_behind_as_have_closed_since(session, store, actor):
    factories.create_prices(session, store)
    found = prices.search_instruments(session, actor)

    (fresh,) = coverage.freshness(session, found)
    assert fresh.expected_session <= database_now(session).date()
    assert (database_now(session).date() - fresh.expected_session).days < 7
    years = (fresh.expected_session - datetime.date(2003, 2, 21)).days / 365.25
    assert fresh.n_sessions_behind == pytest.approx(years * 251.5, rel=0.01)
    assert not fresh.can_be_fetched


def test_what_has_no_bars_is_not_behind(session, actor):
    factories.create_series(session, source="yahoo")

    (fresh,) = coverage.freshness(session, prices.search_instruments(session, actor))
    assert fresh.n_sessions_behind is None
    assert fresh.can_be_fetched


def test_vintages_come_newest_first_with_what_they_changed(session, store, actor):
    series = factories.create_prices(session, store)
    changed = factories.delivery()
    changed.bars.loc[1, "volume"] += 100
    without = changed.bars.drop(index=5).reset_index(drop=True)
    price_store.record_delivery(
        session, store, series.id, factories.delivery(bars=without), reason="fetched from yahoo: all"
    )

    second, first = coverage.list_revisions(session, actor, series.public_id)
    assert (first.number, first.n_bars, first.n_changed, first.n_withdrawn) == (1, 9, 9, 0)
    assert (second.number, second.n_bars, second.n_withdrawn) == (2, 8, 1)
    assert second.n_changed == 2  # the restated bar, and the one on which the split of the dropped bar is found now
    assert (second.reason, first.reason) == ("fetched from yahoo: all", "test")
    assert first.first_session == datetime.date(2003, 2, 10)
    assert len(coverage.list_revisions(session, actor, series.public_id, limit=1)) == 1


def test_vintages_of_what_is_anothers_are_not_found(session, store, actor):
    series = factories.create_prices(session, store, owner_id=actor.user_id)

    assert len(coverage.list_revisions(session, actor, series.public_id)) == 1
    with pytest.raises(NotFound):
        coverage.list_revisions(session, factories.create_actor(session, "admin"), series.public_id)
    with pytest.raises(PermissionDenied):
        coverage.list_revisions(session, Actor(actor.user_id, "", Role.RESEARCHER, frozenset()), series.public_id)

"""Prices as people and programs see them: instruments, bars, quality; nothing of anybody else's."""

import datetime

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from quant.data.adjustment import back_adjusted
from quant.data.snapshot import to_prices
from quant.errors import InvalidPrices
from tests import factories
from webapp.errors import InvalidInput, NotFound, PermissionDenied
from webapp.permissions import Actor, Permission, Role
from webapp.services import price_store, prices

RAW = to_prices(factories.delivery())


@pytest.fixture
def actor(session):
    return factories.create_actor(session, role="viewer")


@pytest.fixture
def microsoft(session, store):
    return factories.create_prices(session, store)


@pytest.fixture
def private(session, store):
    """Another user's upload of the same symbol."""
    other = factories.create_user(session)
    return factories.create_prices(session, store, factories.delivery(last="2003-02-14"), owner_id=other.id)


# --- Instruments -----------------------------------------------------------------------------------------------------


def test_an_instrument_says_what_it_is_and_what_there_is(session, actor, microsoft):
    view = prices.get_instrument(session, actor, microsoft.public_id)
    assert view.id == microsoft.public_id
    assert (view.symbol, view.name, view.source, view.interval) == ("MSFT", "Microsoft Corporation", "sample", "1d")
    assert (view.currency, view.exchange, view.asset_class) == ("USD", "XNYS", "equity")
    assert (view.revision, view.n_bars) == (1, 9)
    assert (view.first_session, view.last_session) == (datetime.date(2003, 2, 10), datetime.date(2003, 2, 21))
    assert view.actions_implied
    assert not view.is_own
    assert view.updated_at.tzinfo is datetime.UTC


def test_its_coverage_is_that_of_the_newest_vintage(session, store, actor, microsoft):
    later = factories.delivery(last="2003-02-25")
    price_store.record_delivery(session, store, microsoft.id, later, reason="later")
    view = prices.get_instrument(session, actor, microsoft.public_id)
    assert (view.revision, view.n_bars, view.last_session) == (2, 11, datetime.date(2003, 2, 25))


def test_an_instrument_without_bars_is_shown_as_such(session, actor):
    series = factories.create_series(session)
    view = prices.get_instrument(session, actor, series.public_id)
    assert (view.revision, view.n_bars, view.first_session, view.updated_at, view.quality) == (0, 0, None, None, {})


def test_the_list_is_ordered_and_takes_one_query(session, store, actor, microsoft, count_queries):
    for symbol in ("IBM", "GOOG"):
        delivered = factories.delivery(symbol, first="2012-01-03", last="2012-01-10")
        factories.create_prices(session, store, delivered)
    with count_queries(session) as statements:
        found = prices.search_instruments(session, actor)
    assert [view.symbol for view in found] == ["GOOG", "IBM", "MSFT"]
    assert len(statements) == 1


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"symbol": "msft"}, ["MSFT"]),
        ({"symbol": "MS"}, []),
        ({"text": "corp"}, ["IBM", "MSFT"]),
        ({"text": "%"}, []),
        ({"source": "yahoo"}, []),
        ({"interval": "1d"}, ["IBM", "MSFT"]),
        ({"interval": "1h"}, []),
        ({"limit": 1}, ["IBM"]),
        ({"limit": 1, "offset": 1}, ["MSFT"]),
        ({"limit": -5, "offset": -5}, ["IBM"]),
    ],
)
def test_instruments_are_searched(session, store, actor, microsoft, question, found):
    factories.create_prices(session, store, factories.delivery("IBM"))
    assert [view.symbol for view in prices.search_instruments(session, actor, **question)] == found


# --- Bars ------------------------------------------------------------------------------------------------------------


def test_bars_are_read_as_traded(session, store, actor, microsoft):
    assert_frame_equal(prices.read_prices(session, store, actor, microsoft.public_id), RAW, check_exact=True)


def test_adjusted_bars_are_on_the_scale_of_the_last_one(session, store, actor, microsoft):
    adjusted = prices.read_prices(session, store, actor, microsoft.public_id, adjusted="back")
    assert_frame_equal(adjusted, back_adjusted(RAW), check_exact=True)
    assert adjusted["close"].iloc[-1] == RAW["close"].iloc[-1]
    assert adjusted["close"].iloc[0] == pytest.approx(RAW["close"].iloc[0] / 2, rel=0.01)


def test_a_range_of_sessions_has_both_its_ends(session, store, actor, microsoft):
    days = {"start": datetime.date(2003, 2, 12), "end": datetime.date(2003, 2, 18)}
    read = prices.read_prices(session, store, actor, microsoft.public_id, **days)
    assert read["session"].dt.day.tolist() == [12, 13, 14, 18]


def test_a_range_does_not_change_the_scale_of_adjusted_bars(session, store, actor, microsoft):
    read = prices.read_prices(
        session, store, actor, microsoft.public_id, end=datetime.date(2003, 2, 14), adjusted="back"
    )
    assert_frame_equal(read, back_adjusted(RAW).iloc[:5], check_exact=True)


def test_a_range_without_bars_is_empty(session, store, actor, microsoft):
    read = prices.read_prices(session, store, actor, microsoft.public_id, start=datetime.date(2020, 1, 1))
    assert read.empty
    assert tuple(read.columns) == tuple(RAW.columns)


def test_a_limit_keeps_the_newest(session, store, actor, microsoft):
    assert_frame_equal(prices.read_prices(session, store, actor, microsoft.public_id, limit=2), RAW.iloc[-2:])
    assert len(prices.read_prices(session, store, actor, microsoft.public_id, limit=100)) == 9


def test_what_is_not_available_yet_is_not_known_to_adjustment_either(session, store, actor, microsoft):
    before_the_split = pd.Timestamp("2003-02-14 21:00", tz="UTC").to_pydatetime()
    read = prices.read_prices(
        session, store, actor, microsoft.public_id, adjusted="back", available_until=before_the_split
    )
    assert len(read) == 5
    assert read["close"].tolist() == RAW["close"].iloc[:5].tolist()


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"start": datetime.date(2003, 2, 2), "end": datetime.date(2003, 2, 1)}, "start"),
        ({"limit": 0}, "limit"),
        ({"adjusted": "forward"}, "adjusted"),
    ],
)
def test_an_impossible_range_names_its_field(session, store, actor, microsoft, question, field):
    with pytest.raises(InvalidInput) as caught:
        prices.read_prices(session, store, actor, microsoft.public_id, **question)
    assert list(caught.value.fields) == [field]


def test_an_instrument_without_bars_has_none_to_read(session, store, actor):
    series = factories.create_series(session)
    with pytest.raises(NotFound):
        prices.read_prices(session, store, actor, series.public_id)


def test_contradictions_are_shown_raw_and_refused_adjusted(session, store, actor):
    bars = factories.delivery().bars.copy()
    bars.loc[2, "high"] = 1.0
    series = factories.create_prices(session, store, factories.delivery(bars=bars))
    assert len(prices.read_prices(session, store, actor, series.public_id)) == 9
    with pytest.raises(InvalidPrices):
        prices.read_prices(session, store, actor, series.public_id, adjusted="back")


def test_reading_takes_two_queries(session, store, actor, microsoft, count_queries):
    with count_queries(session) as statements:
        prices.read_prices(session, store, actor, microsoft.public_id)
    assert len(statements) == 2


# --- Quality ---------------------------------------------------------------------------------------------------------


def test_the_report_names_what_is_wrong_and_the_list_counts_it(session, store, actor):
    bars = factories.delivery().bars.copy()
    bars.loc[2, "high"] = 1.0
    series = factories.create_prices(session, store, factories.delivery(bars=bars))
    findings = prices.quality_report(session, store, actor, series.public_id)
    assert findings[0].severity == "error"
    counted = prices.get_instrument(session, actor, series.public_id).quality
    assert sum(counted.values()) == len(findings)
    assert counted["error"] == sum(finding.severity == "error" for finding in findings)


def test_sound_prices_have_nothing_to_report(session, store, actor, microsoft):
    assert prices.quality_report(session, store, actor, microsoft.public_id) == []
    assert prices.get_instrument(session, actor, microsoft.public_id).quality == {}


# --- Who may see what ------------------------------------------------------------------------------------------------


def get(session, _store, actor, instrument_id):
    return prices.get_instrument(session, actor, instrument_id)


BY_ID = {"get": get, "read": prices.read_prices, "quality": prices.quality_report}


@pytest.mark.parametrize("ask", BY_ID.values(), ids=BY_ID)
def test_another_users_series_does_not_exist(session, store, private, ask):
    for role in Role:
        with pytest.raises(NotFound) as theirs:
            ask(session, store, factories.create_actor(session, role=role), private.public_id)
        with pytest.raises(NotFound) as nothing:
            ask(session, store, factories.create_actor(session, role=role), "0" * 16)
        assert str(theirs.value) == str(nothing.value)


@pytest.mark.parametrize("ask", BY_ID.values(), ids=BY_ID)
def test_its_owner_sees_it(session, store, private, ask):
    ask(session, store, Actor(private.owner_id, "owner", Role.VIEWER), private.public_id)


def test_a_list_has_own_and_shared_series_only(session, store, actor, microsoft, private):
    owner = Actor(private.owner_id, "owner", Role.VIEWER)
    assert [view.id for view in prices.search_instruments(session, actor)] == [microsoft.public_id]
    theirs = prices.search_instruments(session, owner, symbol="MSFT")
    assert {(view.id, view.is_own, view.n_bars) for view in theirs} == {
        (microsoft.public_id, False, 9),
        (private.public_id, True, 5),
    }


@pytest.mark.parametrize("ask", BY_ID.values(), ids=BY_ID)
def test_a_token_without_the_scope_may_not_ask(session, store, microsoft, ask):
    token = Actor(1, "token", Role.ADMIN, scopes=frozenset({Permission.ANALYSES_READ}))
    with pytest.raises(PermissionDenied, match="prices:read"):
        ask(session, store, token, microsoft.public_id)
    with pytest.raises(PermissionDenied, match="prices:read"):
        prices.search_instruments(session, token)

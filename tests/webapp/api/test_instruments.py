import datetime

import numpy as np
import pytest

from quant.data.adjustment import back_adjusted
from quant.data.snapshot import to_prices
from quant.frames import PRICE_COLUMNS
from tests import factories
from tests.webapp.api.calls import fields, problem, without_id
from webapp.auth.session import parts_of
from webapp.permissions import Permission

pytestmark = pytest.mark.databases("sqlite")

MICROSOFT = to_prices(factories.delivery())


@pytest.fixture
def microsoft(app, database):
    """The public id of nine bars of Microsoft around a split."""
    with database.write() as session:
        return factories.create_prices(session, parts_of(app).store).public_id


@pytest.fixture
def private(app, database):
    """The public id of prices that somebody else uploaded."""
    with database.write() as session:
        owner = factories.create_user(session)
        delivered = factories.delivery("IBM", "2010-01-04", "2010-01-15")
        return factories.create_prices(session, parts_of(app).store, delivered, owner_id=owner.id).public_id


# --- finding --------------------------------------------------------------------------------------------------------


@pytest.mark.databases("sqlite", "postgresql")
def test_an_instrument_is_found_by_its_symbol(me, microsoft, google):
    answer = me.get("/instruments?symbol=msft")

    assert answer.status_code == 200
    body = answer.json
    assert body["next"] is None
    [item] = body["items"]
    assert (item["id"], item["symbol"], item["name"]) == (microsoft, "MSFT", "Microsoft Corporation")
    assert (item["first_session"], item["last_session"], item["n_bars"]) == ("2003-02-10", "2003-02-21", 9)
    assert item["updated_at"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "symbols"),
    [
        ("", ["GOOG", "MSFT"]),
        ("?symbol=", ["GOOG", "MSFT"]),
        ("?text=soft", ["MSFT"]),
        ("?symbol=NONE", []),
        ("?symbol=BTC%2FUSD", []),
        ("?source=sample&interval=1d", ["GOOG", "MSFT"]),
        ("?source=elsewhere", []),
        ("?interval=1h", []),
    ],
)
def test_filters(me, microsoft, google, query, symbols):
    assert [item["symbol"] for item in me.get(f"/instruments{query}").json["items"]] == symbols


@pytest.mark.databases("sqlite", "postgresql")
def test_a_page_says_where_the_next_begins(me, microsoft, google):
    first = me.get("/instruments?limit=1").json
    second = me.get(f"/instruments?limit=1&cursor={first['next']}").json

    assert [item["symbol"] for item in first["items"] + second["items"]] == ["GOOG", "MSFT"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=", "limit"),
        ("limit=1_0", "limit"),
        ("limit=1.0", "limit"),
        ("limit=%C2%B2", "limit"),
        ("limit=1&limit=2", "limit"),
        ("offset=1", "offset"),
        ("cursor=x", "cursor"),
        ("cursor=%2B", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("symbol=A&symbol=B", "symbol"),
        (f"symbol={'A' * 33}", "symbol"),
        ("text=%0A", "text"),
        ("symbl=GOOG", "symbl"),
    ],
)
def test_a_query_that_does_not_fit_is_named(me, query, field):
    assert set(fields(me.get(f"/instruments?{query}"))) == {field}


def test_anothers_upload_is_not_found(me, microsoft, private):
    assert [item["id"] for item in me.get("/instruments").json["items"]] == [microsoft]
    theirs, missing = me.get(f"/instruments/{private}/prices"), me.get(f"/instruments/{'0' * 16}/prices")
    problem(theirs, 404, "not_found")
    assert without_id(theirs) == without_id(missing)


@pytest.mark.parametrize("path", ["/instruments", "/instruments/0000000000000000/prices"])
def test_who_may_read_prices(call_as, stranger, path):
    problem(stranger.get(path), 401, "not_signed_in")
    problem(call_as(scopes=[Permission.ANALYSES_READ]).get(path), 403, "permission_denied")
    assert call_as("viewer").get(path).status_code in {200, 404}


# --- bars -----------------------------------------------------------------------------------------------------------


@pytest.mark.databases("sqlite", "postgresql")
def test_bars_come_as_columns_as_traded(me, microsoft):
    body = me.get(f"/instruments/{microsoft}/prices").json

    assert body["instrument"]["symbol"] == "MSFT"
    assert (body["adjusted"], body["total"], body["n_rows"], body["offset"]) == ("raw", 9, 9, 0)
    columns = body["columns"]
    assert list(columns) == ["timestamp", *PRICE_COLUMNS]
    assert columns["timestamp"][0] == "2003-02-10T21:00:00Z"
    assert columns["session"][0] == "2003-02-10"
    for name in ("open", "high", "low", "close", "volume", "split_factor"):
        np.testing.assert_array_equal(columns[name], MICROSOFT[name])
    assert 2.0 in columns["split_factor"]


def test_bars_can_be_adjusted_for_what_came_later(me, microsoft):
    body = me.get(f"/instruments/{microsoft}/prices?adjusted=back").json

    np.testing.assert_allclose(body["columns"]["close"], back_adjusted(MICROSOFT)["close"], rtol=1e-12)
    assert body["columns"]["close"][0] < MICROSOFT["close"].iloc[0]


def test_a_range_has_both_its_ends(me, microsoft):
    body = me.get(f"/instruments/{microsoft}/prices?start=2003-02-11&end=2003-02-13").json

    assert body["columns"]["session"] == ["2003-02-11", "2003-02-12", "2003-02-13"]
    assert body["total"] == 3


def test_pages_put_together_are_the_whole(me, microsoft):
    whole = me.get(f"/instruments/{microsoft}/prices").json["columns"]["close"]
    pages = [me.get(f"/instruments/{microsoft}/prices?limit=4&offset={offset}").json for offset in (0, 4, 8, 12)]

    assert [close for page in pages for close in page["columns"]["close"]] == whole
    assert [page["n_rows"] for page in pages] == [4, 4, 1, 0]
    assert {page["total"] for page in pages} == {9}


def test_an_empty_range_is_no_error(me, microsoft):
    body = me.get(f"/instruments/{microsoft}/prices?start=1800-01-01&end=1800-12-31").json

    assert body["total"] == 0
    assert body["columns"]["close"] == []


def test_what_the_source_did_not_tell_is_null(me, app, database):
    delivered = factories.delivery()
    bars = delivered.bars.copy()
    bars.iloc[2, bars.columns.get_loc("volume")] = np.nan
    with database.write() as session:
        series = factories.create_prices(session, parts_of(app).store, factories.delivery(bars=bars)).public_id

    volume = me.get(f"/instruments/{series}/prices").json["columns"]["volume"]
    assert volume[2] is None
    assert volume[1] == MICROSOFT["volume"].iloc[1]


def test_an_instrument_without_bars_says_so(me, database):
    with database.write() as session:
        series = factories.create_series(session).public_id

    problem(me.get(f"/instruments/{series}/prices"), 404, "not_found")
    assert me.get("/instruments").json["items"][0]["first_session"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=2003-02-30", "start"),
        ("start=20030210", "start"),
        ("start=1044835200", "start"),
        ("start=", "start"),
        ("end=tomorrow", "end"),
        ("start=2003-02-12&end=2003-02-11", "start"),
        ("adjusted=forward", "adjusted"),
        ("limit=10001", "limit"),
    ],
)
def test_a_range_that_does_not_fit_is_named(me, microsoft, query, field):
    assert set(fields(me.get(f"/instruments/{microsoft}/prices?{query}"))) == {field}


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_the_ends_of_the_calendar_are_dates(me, microsoft, year):
    answer = me.get(f"/instruments/{microsoft}/prices?start={year}-01-01&end={year}-12-31")

    assert answer.json["total"] == 0
    assert datetime.date.fromisoformat(answer.json["instrument"]["first_session"])


@pytest.mark.parametrize("odd", ["x", "A" * 5000, "%F0%9F%99%82", "%27%20OR%201%3D1", "..%2F..", "%C3%28"])
def test_odd_ids_are_not_found(me, odd):
    problem(me.get(f"/instruments/{odd}/prices"), 404, "not_found")


def test_a_nul_in_an_id_is_refused(me):
    problem(me.get("/instruments/%00/prices"), 400, "bad_request")


# --- coverage -------------------------------------------------------------------------------------------------------


def test_an_instrument_says_how_fresh_it_is(me, microsoft):
    [item] = me.get("/instruments?symbol=MSFT").json["items"]

    assert item["expected_session"] > "2026-01-01"
    assert item["n_sessions_behind"] > 5000
    assert item["can_be_fetched"] is False


def test_the_vintages_of_bars_are_listed(me, microsoft, private):
    [entry] = me.get(f"/instruments/{microsoft}/revisions").json["items"]

    assert (entry["number"], entry["n_bars"], entry["n_changed"], entry["n_withdrawn"]) == (1, 9, 9, 0)
    assert (entry["first_session"], entry["reason"]) == ("2003-02-10", "test")
    problem(me.get(f"/instruments/{private}/revisions"), 404, "not_found")


def test_the_quality_report_names_bars_and_dates(me, app, database, private):
    delivered = factories.delivery()
    delivered.bars.loc[3, "high"] = 1.0
    with database.write() as session:
        series = factories.create_prices(session, parts_of(app).store, delivered)
        public_id = series.public_id
    found = me.get(f"/instruments/{public_id}/quality").json["findings"]

    worst = found[0]
    assert (worst["severity"], worst["rows"], worst["sessions"]) == ("error", [3], ["2003-02-13"])
    assert "Expected" in worst["message"]
    problem(me.get(f"/instruments/{private}/quality"), 404, "not_found")

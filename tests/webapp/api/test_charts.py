import pytest

from tests import factories
from tests.webapp.api.calls import API, fields, problem
from webapp.auth.session import parts_of

pytestmark = pytest.mark.databases("sqlite")


def test_a_chart_has_candles_and_lines_at_the_same_places(me, google):
    body = me.get(f"/instruments/{google}/chart?range=all&points=100&indicator=sma:window=20&indicator=rsi").json

    n_candles = len(body["bar"])
    assert n_candles <= 100
    assert {len(body[name]) for name in ("session", "open", "high", "low", "close", "volume")} == {n_candles}
    assert body["session"][-1] == "2007-12-31"
    assert [line["indicator"] for line in body["lines"]] == ["sma:window=20", "rsi:window=14"]
    assert {len(line["values"]) for line in body["lines"]} == {n_candles * body["points_per_candle"]}
    assert body["lines"][0]["values"][0] is None  # not known yet


def test_a_part_is_asked_for_by_its_first_and_last_bar(me, google):
    body = me.get(f"/instruments/{google}/chart?first=100&last=149").json

    assert (body["bar"][0], body["bar"][-1], body["bars_per_candle"]) == (75, 174, 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("first=3", "first"),
        ("first=9&last=3", "first"),
        ("interval=1h", "interval"),
        ("points=1001", "points"),
        ("indicator=nothing", "indicators"),
        ("indicator=rsi&indicator=rsi", "indicators"),
        ("more=1", "more"),
    ],
)
def test_what_cannot_be_drawn_is_refused(me, google, query, field):
    assert field in fields(me.get(f"/instruments/{google}/chart?{query}"))


def test_an_outlook_says_what_a_position_would_be(me, google, answered):
    body = me.get(f"/instruments/{google}/outlooks/{answered}?capital=50000").json

    assert body["prediction"]["forecast"].keys() == {"probability"}
    assert body["prediction"]["as_of"].endswith("Z")
    assert body["position"]["full_weight"] == 1.0
    assert body["worst_drawdown"] <= body["drawdown"] <= 0


def test_an_outlook_on_what_an_analysis_was_not_made_from_is_not_there(me, app, database, answered):
    with database.write() as session:
        other = factories.create_prices(session, parts_of(app).store).public_id

    problem(me.get(f"/instruments/{other}/outlooks/{answered}"), 404, "not_found")


def test_choices_are_replaced_and_read_back(call_as, google):
    me, other = call_as("viewer"), call_as()
    sent = {"instrument": google, "range": "5y", "indicators": ["sma:window=50"], "capital": 5000}

    answer = me.client.put(f"{API}/dashboard", json=sent)

    assert answer.status_code == 200
    assert me.get("/dashboard").json == answer.json
    assert answer.json == {**answer.json, **sent, "style": "candles", "pins": {}}
    assert other.get("/dashboard").json["instrument"] is None


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"capital": 0}, "capital"), ({"indicators": ["x"]}, "indicators"), ({"range": "2y"}, "range"), ({"a": 1}, "a")],
)
def test_choices_that_there_are_not_are_refused(me, sent, field):
    assert field in fields(me.client.put(f"{API}/dashboard", json=sent))

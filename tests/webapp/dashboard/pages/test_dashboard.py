import pytest

from tests import factories
from tests.webapp.dashboard import reading
from webapp.auth.session import parts_of
from webapp.dashboard.pages import dashboard as page
from webapp.errors import InvalidInput, NotFound
from webapp.services import shares
from webapp.tables import User

pytestmark = pytest.mark.databases("sqlite")

USUAL = {"interval": "1d", "range_": "1y", "style": "candles", "indicators": [], "pin": "none"}


def ids_of(tree):
    return [each["value"] for each in reading.by_id(tree, "dashboard-instrument").options]


def first_name(figure):
    return figure["data"][0]["name"]


def test_without_prices_and_analyses_it_says_what_to_do(acting):
    with acting():
        tree = page.layout()

    assert "There are no prices yet" in reading.text(tree)
    assert "Nothing has been analysed yet" in reading.text(tree)
    assert [each.href for each in reading.of_type(tree, "Link")] == ["/app/data/upload", "/app/new"]


def test_the_first_instrument_is_drawn_and_the_latest_analyses_are_listed(acting, sample, database):
    with acting() as actor:
        with database.write() as session:
            factories.create_analysis(session, actor, title="Mine", status="running", progress=0.4)
        tree = page.layout()

    assert first_name(reading.by_id(tree, "dashboard-chart").figure) == "GOOG"
    assert "close of 2013-03-01" in reading.text(reading.by_id(tree, "dashboard-heading"))
    assert "Running 40 %" in reading.text(tree)
    assert "No analysis of this instrument has been answered yet" in reading.text(tree)


def test_a_viewer_is_not_asked_to_run(acting, sample):
    with acting("viewer"):
        assert "/app/new" not in [each.href for each in reading.of_type(page.layout(), "Link")]


def test_another_instrument_is_drawn_and_stays_chosen(acting, sample):
    with acting():
        other = ids_of(page.layout())[1]
        figure, style, heading = page.draw(other, view=None, **USUAL)
        page.remember(other, capital=5000, **{**USUAL, "range_": "5y", "indicators": ["sma:window=10"]})
        again = page.layout()

    assert (first_name(figure), style["height"]) == ("IBM", f"{figure['layout']['height']}px")
    assert "IBM" in reading.text(heading)
    assert reading.by_id(again, "dashboard-instrument").value == other
    assert reading.by_id(again, "dashboard-range").value == "5y"
    assert reading.by_id(again, "dashboard-capital").value == 5000
    assert reading.by_id(again, "dashboard-indicators").data == ["sma:window=10"]
    assert "SMA 10" in [trace["name"] for trace in reading.by_id(again, "dashboard-chart").figure["data"]]


def test_the_address_goes_before_what_was_chosen(acting, sample):
    with acting():
        _first, second, third = ids_of(page.layout())
        page.remember(second, capital=1, **USUAL)

        assert reading.by_id(page.layout(instrument=third), "dashboard-instrument").value == third
        assert reading.by_id(page.layout(range="all"), "dashboard-range").value == "all"
        assert reading.by_id(page.layout(instrument="../x", range="x"), "dashboard-instrument").value == second


def test_a_pinned_analysis_marks_its_trades_and_says_what_it_expects(acting, finished):
    with acting() as actor:
        public_id = finished(actor)
        before = page.layout()
        google = ids_of(before)[0]
        page.remember(google, capital=10_000, **{**USUAL, "pin": public_id})
        figure, _, _ = page.draw(google, view=None, **{**USUAL, "range_": "all", "pin": public_id})
        after = page.layout()
        options, pinned = page.offer_pins(google)

    assert "Pin “GOOG and IBM”" in reading.text(before)
    assert {"Long entry", "Exit"} <= {trace["name"] for trace in figure["data"]}
    words = reading.text(reading.by_id(after, "dashboard-panels"))
    assert "Newest prediction" in words
    assert "newer bars, of which it knows nothing" in words
    assert "Deepest drawdown" in words
    assert [each["value"] for each in options] == ["none", public_id]
    assert pinned == public_id


def test_a_pin_of_somebody_elses_ends_in_words_when_the_share_is_taken_back(acting, finished, database):
    with acting() as owner:
        public_id = finished(owner)
    with acting() as reader:
        with database.write() as session:
            email = session.get_one(User, reader.user_id).email
            share = shares.share_with_user(session, owner, public_id, email=email)
        google = ids_of(page.layout())[0]
        pinned = {**USUAL, "range_": "all", "pin": public_id}
        page.remember(google, capital=10_000, **pinned)
        shown, options = page.layout(), page.offer_pins(google)[0]
        marked, _, _ = page.draw(google, view=None, **pinned)
        with database.write() as session:
            shares.revoke(session, owner, public_id, share.id)
        lost, panels = page.layout(), page.show_panels(google, public_id, 10_000)
        unmarked, _, _ = page.draw(google, view=None, **pinned)

    assert "Newest prediction" in reading.text(reading.by_id(shown, "dashboard-panels"))
    assert options[1]["label"].endswith(f"by {owner.name}")
    assert "Exit" in {trace["name"] for trace in marked["data"]}
    assert "Exit" not in {trace["name"] for trace in unmarked["data"]}
    for tree in (reading.by_id(lost, "dashboard-panels"), panels):
        assert "is not shared with you any more" in reading.text(tree)


def test_what_is_zoomed_into_is_drawn_as_long_as_it_is_looked_at(acting, sample):
    with acting():
        google = ids_of(page.layout())[0]
        key = f"{google}-1d-1y"
        zoomed, _, _ = page.draw(google, view={"key": key, "first": 10, "last": 59, "points": 400}, **USUAL)
        stale, _, _ = page.draw(google, view={"key": "other", "first": 10, "last": 59}, **USUAL)
        between = page.look_between("2010-01-01", "2010-01-31", google, "1d", "1y")
        dated, _, _ = page.draw(google, view=between, **USUAL)

    assert zoomed["layout"]["xaxis"]["range"] == [9.5, 59.5]
    assert stale["layout"]["xaxis"]["range"][1] == 2147.5
    shown = dated["layout"]["xaxis"]["range"]
    assert shown[1] - shown[0] == 19  # sessions of that January


def test_indicators_are_added_changed_and_removed(acting):
    with acting():
        texts, rows, _options, value, problem = page.add_indicator("macd", ["rsi:window=14"])
        assert texts == ["rsi:window=14", "macd:fast=12,slow=26,signal=9"]
        assert (len(rows), value, problem) == (2, "none", "")
        names = [each.id for each in reading.of_type(rows, "Input")]
        assert page.change_indicators([7, 5, 20, 3], names) == (["rsi:window=7", "macd:fast=5,slow=20,signal=3"], "")
        kept, problem = page.change_indicators([7, 30, 20, 3], names)
        assert "fast must be below slow" in problem
        assert page.remove_indicator([1, 0], texts)[0] == texts[1:]
        assert page.add_indicator("none", texts)[0] is kept  # nothing changes


def test_instruments_are_found_by_symbol_and_name(acting, sample):
    with acting():
        options, is_some = page.search("micro")
        nothing, is_none = page.search("nowhere")

    assert (len(options), is_some, nothing, is_none) == (1, True, [], False)


def test_anothers_instrument_is_not_there(acting, app, database):
    with acting() as owner, database.write() as session:
        store = parts_of(app).store
        hidden = factories.create_prices(session, store, factories.delivery("MSFT"), owner_id=owner.user_id).public_id
    with acting():
        assert "There are no prices yet" in reading.text(page.layout(instrument=hidden))
        for ask in (
            lambda: page.draw(hidden, view=None, **USUAL),
            lambda: page.show_panels(hidden, "none", 1),
            lambda: page.offer_pins(hidden),
            lambda: page.remember(hidden, capital=1, **USUAL),
        ):
            with pytest.raises(NotFound):
                ask()


@pytest.mark.parametrize(
    "wrong",
    [
        {"interval": "1h"},
        {"range_": "2y"},
        {"style": "pie"},
        {"indicators": ["sma:window=0"]},
        {"indicators": "sma"},
        {"view": {"key": "{}-1d-1y", "first": "a", "last": 3}},
        {"view": {"key": "{}-1d-1y", "start": "x", "end": "y"}},
    ],
)
def test_what_the_browser_sends_is_input(acting, sample, wrong):
    with acting():
        google = ids_of(page.layout())[0]
        view = wrong.get("view")
        view = view and {**view, "key": view["key"].format(google)}
        with pytest.raises(InvalidInput):
            page.draw(google, **{"view": None, **USUAL, **wrong, **({"view": view} if view else {})})


@pytest.mark.parametrize("wrong", [None, "", "../x", 7])
def test_what_is_no_id_is_not_found(acting, wrong):
    with acting(), pytest.raises(NotFound):
        page.draw(wrong, view=None, **USUAL)

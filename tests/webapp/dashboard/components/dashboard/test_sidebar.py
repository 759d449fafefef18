import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.components.dashboard import sidebar as side
from webapp.services import indicators
from webapp.services.dashboard_choices import DashboardChoices
from webapp.services.prices import InstrumentView


@pytest.fixture
def instrument():
    return InstrumentView(
        "a1", "MSFT", "Microsoft", "equity", "USD", "XNYS", "sample", "1d", False, True, 1, 9, None, None, None, {}
    )


def test_what_was_chosen_stands_in_the_fields(instrument):
    choices = DashboardChoices(indicators=("sma:window=30", "macd"), style="line", capital=7.0, interval="1w")
    tree = side.sidebar(choices, [instrument], instrument, [], may_bring=True)

    assert reading.by_id(tree, "dashboard-style").value == "line"
    assert reading.by_id(tree, "dashboard-interval").value == "1w"
    assert [each.value for each in reading.of_type(tree, "Input") if isinstance(each.id, dict)] == [30, 12, 26, 9]
    assert "No answered analysis yet" in [each["label"] for each in reading.by_id(tree, "dashboard-pin").options]


def test_every_field_has_a_label(instrument):
    tree = side.sidebar(DashboardChoices(), [instrument], instrument, [], may_bring=True)
    labelled = {each.htmlFor for each in reading.of_type(tree, "Label") if getattr(each, "htmlFor", None)}

    assert {"dashboard-search", "dashboard-add", "dashboard-pin", "dashboard-capital"} <= labelled


def test_six_indicators_are_the_most():
    six = indicators.parse_indicators([f"rsi:window={number}" for number in range(2, 8)])

    assert all(each["disabled"] for each in side.indicator_options(six)[1:])
    assert not any(each.get("disabled") for each in side.indicator_options(six[:5]))


def test_only_those_who_may_are_asked_to_bring_prices(instrument):
    def links(*, may_bring):
        tree = side.sidebar(DashboardChoices(), [instrument], instrument, [], may_bring=may_bring)
        return [each.href for each in reading.of_type(tree, "Link")]

    assert (links(may_bring=True), links(may_bring=False)) == (["/app/data/upload"], [])

import datetime

import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.components import trade_filters as filters
from webapp.errors import InvalidInput
from webapp.services.trade_lists import ORDERS, REASONS, TradeFilter


def sent(**values):
    return tuple({**filters.CONTROLS, **values}.values())


def test_nothing_is_left_out_at_first():
    assert filters.to_filter(sent()) == TradeFilter()
    assert filters.to_filter((None,) * len(filters.CONTROLS)) == TradeFilter()


def test_each_control_means_its_filter():
    values = {
        filters.SYMBOL: "1", filters.SIDE: "short", filters.OUTCOME: "lost", filters.REASON: "stop_loss",
        filters.FIRST: "2020-01-02", filters.LAST: "2020-02-03", filters.LEAST: 2, filters.MOST: 30,
    }  # fmt: skip

    wanted = filters.to_filter(sent(**values))

    first, last = datetime.date(2020, 1, 2), datetime.date(2020, 2, 3)
    assert wanted == TradeFilter(1, "short", "lost", "stop_loss", first, last, 2, 30)
    assert filters.to_query(wanted, "bars:descending") == {
        "instrument": "1", "side": "short", "outcome": "lost", "reason": "stop_loss", "first": "2020-01-02",
        "last": "2020-02-03", "least_bars": "2", "most_bars": "30", "order": "bars", "sense": "descending",
    }  # fmt: skip


def test_what_is_drawn_is_what_is_understood():
    bar = filters.filter_bar(("GOOG", "IBM"))
    for name, usual in filters.CONTROLS.items():
        control = reading.by_id(bar, name)
        assert control.value == usual
        for option in getattr(control, "options", None) or []:
            filters.to_filter(sent(**{name: option["value"]}))
    assert {each["value"] for each in reading.by_id(bar, filters.REASON).options} == {"all", *REASONS}
    order = reading.by_id(filters.order_select(), filters.ORDER)
    assert order.value == filters.USUAL_ORDER
    assert {filters.to_order(each["value"])[0] for each in order.options} < set(ORDERS)


def test_every_control_has_a_label_and_with_one_instrument_none_asks_which():
    bar = filters.filter_bar(("GOOG",))

    assert {each.htmlFor for each in reading.of_type(bar, "Label")} == set(filters.CONTROLS)
    hidden = [each for each in reading.of_type(bar, "Div") if getattr(each, "hidden", False)]
    assert [reading.ids(each) for each in hidden] == [[filters.SYMBOL]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (filters.SYMBOL, "x"), (filters.SYMBOL, -1), (filters.SYMBOL, True), (filters.SYMBOL, [0]),
        (filters.SIDE, "up"), (filters.OUTCOME, {"a": 1}), (filters.REASON, 3), (filters.FIRST, "soon"),
        (filters.LAST, "2020-13-01"), (filters.LEAST, 1.5), (filters.LEAST, "9" * 5000), (filters.MOST, "-3"),
    ],
)  # fmt: skip
def test_what_no_control_offers_is_refused(name, value):
    with pytest.raises(InvalidInput, match="Expected"):
        filters.to_filter(sent(**{name: value}))


def test_orders_and_pages_that_are_none_are_refused():
    with pytest.raises(InvalidInput, match="Expected one of"):
        filters.to_order("luck:ascending")
    assert filters.to_order(None) == ("entry", False)
    assert [filters.to_page(each) for each in ("0", "12", None)] == [0, 12, 0]
    with pytest.raises(InvalidInput, match="whole number"):
        filters.to_page("last")

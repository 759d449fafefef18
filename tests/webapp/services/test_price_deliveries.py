"""From a delivery to bars, and what is new about them."""

import pandas as pd
import pytest

from quant.errors import InvalidPrices
from tests import factories
from webapp.services import price_deliveries
from webapp.services.price_rows import BAR_COLUMNS
from webapp.tables import Security

MICROSOFT = Security(symbol="MSFT", currency="USD", exchange="XNYS")


def to_bars(**changes: object) -> pd.DataFrame:
    return price_deliveries.to_bars(factories.delivery(**changes), MICROSOFT)


def test_a_delivery_becomes_raw_bars_with_implied_actions():
    bars = to_bars()
    assert tuple(bars.columns) == BAR_COLUMNS
    assert bars.loc[bars["session"] == "2003-02-18", "split_factor"].item() == 2.0
    assert bars["adjusted_close"].tolist() == factories.delivery().bars["adjusted_close"].tolist()


def test_bars_are_put_in_order():
    delivered = factories.delivery()
    reversed_bars = delivered.bars.iloc[::-1].reset_index(drop=True)
    # Actions can be derived from bars in order only, so a source that lists its own is taken.
    actions = pd.DataFrame(
        {"split_factor": [2.0], "dividend": [0.0], "implied": [False]}, index=pd.DatetimeIndex(["2003-02-18"])
    )
    assert to_bars(bars=reversed_bars, actions=actions)["session"].is_monotonic_increasing


def test_a_delivery_without_adjusted_close_says_that_it_is_unknown():
    bars = factories.delivery().bars.drop(columns="adjusted_close")
    assert to_bars(bars=bars)["adjusted_close"].isna().all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"currency": "EUR"}, "Expected the currency USD for MSFT; found EUR"),
        ({"calendar": "24/7"}, "Expected the calendar XNYS for MSFT; found 24/7"),
    ],
)
def test_another_currency_or_calendar_is_refused(changes, message):
    with pytest.raises(InvalidPrices, match=message):
        to_bars(**changes)


def test_no_bars_are_refused():
    bars = factories.delivery().bars
    with pytest.raises(InvalidPrices, match="each session once; found none"):
        to_bars(bars=bars.iloc[:0])


def test_a_session_twice_is_refused():
    bars = factories.delivery().bars.drop(columns="adjusted_close")
    twice = pd.concat([bars, bars.iloc[[3]]], ignore_index=True)
    with pytest.raises(InvalidPrices, match="found twice: 2003-02-13"):
        to_bars(bars=twice)


def test_an_unknown_dividend_is_refused():
    actions = pd.DataFrame(
        {"split_factor": [1.0], "dividend": [float("nan")], "implied": [False]}, index=pd.DatetimeIndex(["2003-02-18"])
    )
    with pytest.raises(InvalidPrices, match="found unknown ones"):
        to_bars(actions=actions)


def test_differences_tell_new_changed_and_gone_bars_apart():
    stored = to_bars(last="2003-02-20")
    fresh = to_bars(first="2003-02-12")
    fresh.iloc[1, fresh.columns.get_loc("high")] += 0.01
    gone = fresh.index[2]
    added, restated, withdrawn = price_deliveries.differences(stored, fresh.drop(gone))
    assert added.tolist() == [fresh.index[-1]]
    assert restated.tolist() == [fresh.index[1]]
    assert withdrawn.tolist() == [gone]


def test_adjusted_close_alone_and_unknown_values_are_no_difference():
    stored = to_bars()
    stored.iloc[2, stored.columns.get_loc("volume")] = float("nan")
    fresh = stored.assign(adjusted_close=stored["adjusted_close"] * 0.99)
    assert [len(part) for part in price_deliveries.differences(stored, fresh)] == [0, 0, 0]


def test_a_value_that_becomes_known_is_a_difference():
    fresh = to_bars()
    stored = fresh.copy()
    stored.iloc[2, stored.columns.get_loc("volume")] = float("nan")
    assert price_deliveries.differences(stored, fresh)[1].tolist() == [fresh.index[2]]


def test_the_first_bars_actions_are_those_that_are_stored():
    """A delivery that begins on the day of the split cannot tell that there was one."""
    stored, fresh = to_bars(), to_bars(first="2003-02-18")
    assert fresh["split_factor"].iloc[0] == 1.0
    known = price_deliveries.with_known_first_actions(fresh, stored)
    assert known["split_factor"].iloc[0] == 2.0
    assert [len(part) for part in price_deliveries.differences(stored, known)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("first", "last"), [("2003-02-18", "2003-02-21"), ("2003-01-27", "2003-01-31")], ids=["after", "before"]
)
def test_a_delivery_that_does_not_meet_the_stored_bars_is_refused(first, last):
    stored = to_bars(first="2003-02-03", last="2003-02-14")
    with pytest.raises(InvalidPrices, match=f"found one from {first} to {last}"):
        price_deliveries.with_known_first_actions(to_bars(first=first, last=last), stored)

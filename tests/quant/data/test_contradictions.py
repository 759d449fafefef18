"""Each kind of damage, done to real prices, is found where it was done; the counts and rows are exact."""

import numpy as np
import pandas as pd
import pytest

from quant.data import contradictions
from quant.data.findings import Bars

NOW = pd.Timestamp("2026-01-02", tz="UTC")


@pytest.fixture(params=["GOOG", "IBM", "MSFT"])
def prices(request, sample):
    return sample[request.param][-252:].copy()


def run(check, prices, now=NOW):
    return check(Bars(prices, "XNYS", now))


def set_cells(prices, column, values):
    prices = prices.copy()
    for row, value in values.items():
        prices.iloc[row, prices.columns.get_loc(column)] = value
    return prices


ALL = [
    contradictions.missing_values,
    contradictions.non_positive_prices,
    contradictions.negative_volume,
    contradictions.price_order,
    contradictions.impossible_actions,
    contradictions.repeated_timestamps,
    contradictions.unsorted_timestamps,
    contradictions.future_timestamps,
    contradictions.bars_without_session,
]


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
def test_sound_prices_have_no_contradiction(check, prices):
    assert run(check, prices) == []
    assert run(check, prices[:0]) == []


def test_missing_values(prices):
    damaged = prices.copy()
    damaged.iloc[50:62, 1:5] = np.nan
    damaged = set_cells(damaged, "close", {80: np.nan, 99: np.inf})
    damaged = set_cells(damaged, "volume", {120: np.nan})
    (finding,) = run(contradictions.missing_values, damaged)
    assert finding.rows == (*range(50, 62), 80, 99, 120)
    assert finding.count == 15
    assert "at most 12 in a row" in finding.message


def test_prices_that_are_not_positive(prices):
    damaged = set_cells(prices, "low", {30: 0.0})
    damaged = set_cells(damaged, "close", {77: -12.5, 78: np.nan})
    damaged = set_cells(damaged, "open", {78: -1.0})
    (finding,) = run(contradictions.non_positive_prices, damaged)
    assert finding.rows == (30, 77, 78)
    assert finding.sessions == tuple(damaged["session"].iloc[[30, 77, 78]].dt.date)


def test_negative_volume(prices):
    (finding,) = run(contradictions.negative_volume, set_cells(prices, "volume", {200: -1.0, 201: 0.0}))
    assert finding.rows == (200,)


def test_high_and_low_exchanged_or_passed(prices):
    exchange = np.isin(np.arange(len(prices)), [12, 88])
    damaged = prices.assign(
        high=prices["high"].where(~exchange, prices["low"]), low=prices["low"].where(~exchange, prices["high"])
    )
    damaged = set_cells(damaged, "close", {50: damaged["high"].iloc[50] + 0.01})
    damaged = set_cells(damaged, "open", {199: damaged["low"].iloc[199] - 0.01})
    exchanged, outside = run(contradictions.price_order, damaged)
    assert (exchanged.code, exchanged.rows) == ("high_below_low", (12, 88))
    assert (outside.code, outside.rows) == ("ohlc_outside_range", (50, 199))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *[("split_factor", value) for value in (0.0, -2.0, np.nan, np.inf)],
        *[("dividend", value) for value in (-0.1, np.nan, np.inf, 5000.0)],
    ],
)
def test_impossible_actions(prices, column, value):
    (finding,) = run(contradictions.impossible_actions, set_cells(prices, column, {40: value}))
    assert finding.rows == (40,)


def test_a_large_but_possible_special_dividend_is_no_contradiction(prices):
    damaged = set_cells(prices, "dividend", {40: prices["close"].iloc[39] * 0.9})
    assert run(contradictions.impossible_actions, damaged) == []


def test_duplicates_that_agree_and_that_do_not(prices):
    copies, conflict = prices.iloc[[10, 40]], set_cells(prices.iloc[[60]], "close", {0: 1.0})
    damaged = pd.concat([prices, copies, conflict]).sort_index(kind="stable")
    repeated, conflicting = run(contradictions.repeated_timestamps, damaged)
    assert (repeated.code, repeated.rows) == ("duplicate_timestamp", (11, 42, 63))
    assert (conflicting.code, conflicting.rows) == ("conflicting_duplicate", (63,))


def test_unsorted_bars(prices):
    damaged = pd.concat([prices[:100], prices[140:180], prices[100:140], prices[180:200], prices[200:][::-1]])
    (finding,) = run(contradictions.unsorted_timestamps, damaged)
    assert finding.rows == (140, *range(201, 252))


def test_bars_from_the_future_and_the_bar_that_has_not_closed_yet(prices):
    just_before = prices.index[-3] - pd.Timedelta(minutes=1)
    (finding,) = run(contradictions.future_timestamps, prices, now=just_before)
    assert finding.rows == (249, 250, 251)
    assert run(contradictions.future_timestamps, prices, now=prices.index[-1]) == []


def test_bars_on_weekends(prices):
    sunday = pd.Timestamp("2012-06-17")
    damaged = set_cells(prices, "session", {70: sunday})
    (finding,) = run(contradictions.bars_without_session, damaged)
    assert finding.rows == (70,)
    assert finding.sessions == (sunday.date(),)

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.benchmark import buy_and_hold
from quant.backtest.engine import run_backtest
from quant.errors import DataError, NotEnoughData


def test_one_instrument_is_its_price_return_from_the_next_open(market):
    prices = {0: market.prices([10.0, 12.0, 9.0, 15.0], open_=[10.0, 8.0, 12.0, 9.0])}
    frame = buy_and_hold(prices, 1000.0, prices[0].index[0])
    assert frame.columns.tolist() == ["equity", "return"]
    np.testing.assert_allclose(frame["equity"], [1000.0, 1500.0, 1125.0, 1875.0], rtol=1e-14)
    np.testing.assert_allclose(frame["return"], [np.nan, 0.5, -0.25, 2 / 3])


def test_instruments_have_equal_parts_and_are_not_rebalanced(market):
    prices = {0: market.prices([10.0, 20.0, 20.0], open_=[10, 10, 20]), 1: market.prices([5.0, 5.0, 2.5])}
    frame = buy_and_hold(prices, 1000.0, prices[0].index[0])
    np.testing.assert_allclose(frame["equity"], [1000.0, 1500.0, 1250.0])


def test_splits_change_nothing_and_dividends_buy_more(market):
    prices = {
        0: market.prices([10.0, 10.0, 5.0, 5.0], open_=[10, 10, 5, 5], split=[1, 1, 2, 1], dividend=[0, 0, 0, 0.5])
    }
    frame = buy_and_hold(prices, 1000.0, prices[0].index[0])
    np.testing.assert_allclose(frame["equity"], [1000.0, 1000.0, 1000.0, 1100.0])


def test_actions_of_the_first_open_come_before_it(market):
    prices = {0: market.prices([10.0, 5.0], open_=[10, 5], split=[1, 2], dividend=[0, 1.0])}
    assert buy_and_hold(prices, 1000.0, prices[0].index[0])["equity"].tolist() == [1000.0, 1000.0]


def test_an_instrument_is_bought_at_its_own_first_bar_and_valued_at_its_last_close(market):
    prices = {0: market.prices([10.0] * 5), 1: market.prices([4.0, 8.0], open_=[2.0, 4.0], days=[2, 4])}
    frame = buy_and_hold(prices, 1000.0, prices[0].index[0])
    assert frame["equity"].tolist() == [1000.0, 1000.0, 1500.0, 1500.0, 2500.0]


def test_an_instrument_that_has_no_later_bar_stays_in_cash(market):
    prices = {0: market.prices([10.0, 10.0, 20.0], open_=[10, 10, 10]), 1: market.prices([7.0])}
    assert buy_and_hold(prices, 1000.0, prices[0].index[0])["equity"].tolist() == [1000.0, 1000.0, 1500.0]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_has_the_index_of_the_strategy_and_its_equity_when_that_buys_and_holds_for_free(market, free_spec, seed):
    prices, _, _ = market.random_case(seed)
    # Opens at the previous close or a gap up: then all the money of the strategy is invested, as it is here.
    flat = {
        i: frame.assign(split_factor=1.0, dividend=0.0, open=frame["close"].shift(1, fill_value=frame["close"].iloc[0]))
        for i, frame in prices.items()
    }
    fraction = 1 / len(flat)
    weights = market.weights(flat, {i: [fraction] for i in flat})
    result = run_backtest(flat, weights, free_spec)
    frame = buy_and_hold(flat, free_spec.initial_cash, result.equity.index[0])
    pd.testing.assert_series_equal(frame["equity"], result.equity["equity"], rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cut=st.floats(0, 1))
def test_later_bars_never_change_an_earlier_value(market, seed, cut):
    prices, _, _ = market.random_case(seed)
    start = prices[0].index[0]
    whole = buy_and_hold(prices, 1000.0, start)
    last = whole.index[int(cut * (len(whole) - 1))]
    part = buy_and_hold({i: frame.loc[:last] for i, frame in prices.items()}, 1000.0, start)
    pd.testing.assert_frame_equal(whole.loc[:last], part, check_exact=True, check_freq=False)


def test_a_start_without_a_bar_is_refused(market):
    prices = {0: market.prices([10.0, 11.0])}
    with pytest.raises(DataError, match="Start at a bar"):
        buy_and_hold(prices, 1000.0, prices[0].index[0] - pd.Timedelta(hours=1))
    with pytest.raises(NotEnoughData, match="found none"):
        buy_and_hold(prices, 1000.0, prices[0].index[-1] + pd.Timedelta(hours=1))

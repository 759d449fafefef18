"""Fills at other prices of their bars: by hand, and as bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import CostSpec, EntrySpec, ExitSpec
from quant.backtest.engine import run_backtest
from quant.backtest.fill_range import best_and_worst


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_best_is_nowhere_below_the_headline_and_worst_nowhere_above(market, seed):
    result = run_backtest(*market.random_case(seed))
    best, worst = best_and_worst(result)
    equity = result.equity["equity"].to_numpy()
    assert (best >= equity).all()
    assert (worst <= equity).all()


def test_a_sale_is_worth_the_high_at_best_and_the_low_at_worst(market, free_spec):
    prices = {0: market.prices([10.0] * 4, high=[10, 12, 13, 10], low=[10, 9, 8, 10])}
    costs = CostSpec(commission_bps=0, slippage_bps=100, borrow_annual=0)
    spec = free_spec.model_copy(update={"costs": costs})
    result = run_backtest(prices, market.weights(prices, {0: [0.5, 0.0]}), spec)
    best, worst = best_and_worst(result)
    # 50 shares bought in a bar from 9 to 12 and sold in one from 8 to 13; slippage goes with the price.
    np.testing.assert_allclose(best - result.equity["equity"], [0, 50 * 1.01, *[50 * 1.01 + 50 * 3 * 0.99] * 2])
    np.testing.assert_allclose(result.equity["equity"] - worst, [0, 100 * 1.01, *[100 * 1.01 + 50 * 2 * 0.99] * 2])


def test_what_cannot_be_worse_than_a_limit_is_not_in_the_worst_case(market, free_spec):
    """A limit at 9.9 that is filled at the open of 9.5: at best at the low of 9, at worst at the limit, not at 12."""
    prices = {0: market.prices([10.0] * 3, open_=[10, 9.5, 10], high=[10, 12, 10], low=[10, 9, 10])}
    costs = CostSpec(commission_bps=0, slippage_bps=100, borrow_annual=0)
    spec = free_spec.model_copy(update={"entry": EntrySpec(order="limit", distance=0.01), "costs": costs})
    result = run_backtest(prices, market.weights(prices, {0: [0.5]}), spec)
    best, worst = best_and_worst(result)
    assert result.fills["price"].tolist() == pytest.approx([9.5 * 1.01])
    equity = result.equity["equity"]
    np.testing.assert_allclose(best - equity, [0.0, *[50 * 0.5 * 1.01] * 2])
    np.testing.assert_allclose(equity - worst, [0.0, *[50 * (9.9 - 9.5 * 1.01)] * 2])


def test_a_take_profit_at_an_open_is_worth_its_level_at_worst(market, free_spec):
    prices = {0: market.prices([10.0] * 4, open_=[10, 10, 13, 10], high=[10, 10, 14, 10], low=[10, 10, 8, 10])}
    spec = free_spec.model_copy(update={"exits": ExitSpec(take_profit=0.2)})
    result = run_backtest(prices, market.weights(prices, {0: [0.5]}), spec)
    best, worst = best_and_worst(result)
    assert result.fills["price"].tolist() == [10.0, 13.0]
    assert (best[-1] - result.final_equity, result.final_equity - worst[-1]) == (50.0, 50.0)


def test_without_fills_nothing_is_uncertain(market, free_spec):
    prices = {0: market.prices([10.0] * 3)}
    result = run_backtest(prices, market.weights(prices, {0: [0.0]}), free_spec)
    for curve in best_and_worst(result):
        np.testing.assert_array_equal(curve, result.equity["equity"])

"""Instruments that are no longer traded: by hand, and beside those that are only halted or not followed to the end."""

import numpy as np
import pandas as pd
import pytest

from quant.backtest.alignment import align
from quant.backtest.benchmark import buy_and_hold
from quant.backtest.catalog import DelistingSpec, EntrySpec, ExitSpec, LiquiditySpec, MarginSpec
from quant.backtest.costs import CostRates
from quant.backtest.delisting import has_delistings, to_delistings
from quant.backtest.engine import run_backtest
from quant.backtest.fill_range import best_and_worst
from quant.backtest.trades import trades_from_fills

ACCOUNTS = [{}, {"liquidity": LiquiditySpec(max_volume_share=0.5)}, {"exits": ExitSpec(stop_loss=0.9)}]


def run(market, spec, closes, weights, *, rests=False, **asked):
    """Run instruments of such closes; a delisting is settled two bars after the last one."""
    prices = {i: market.prices(close) for i, close in enumerate(closes)}
    delisting = DelistingSpec(after_bars=2, **asked)
    spec = spec.model_copy(update={"delisting": delisting, "entry": EntrySpec(order="limit" if rests else "market")})
    return run_backtest(prices, market.weights(prices, weights), spec)


@pytest.mark.parametrize("asked", ACCOUNTS)
def test_a_delisted_position_is_settled_in_cash_without_costs(market, free_spec, asked):
    spec = free_spec.model_copy(update=asked)
    result = run(market, spec, [[10.0] * 6, [20.0, 20.0, 8.0]], {1: [0.5]}, assumed_return=-0.25)
    second = result.positions.xs(1, level="instrument")
    assert second["shares"].tolist() == [0.0, *[25.0] * 3, 0.0, 0.0]
    assert second["price"].tolist() == [20.0, 20.0, *[8.0] * 4]
    assert result.equity["equity"].tolist() == [1000.0, 1000.0, 700.0, 700.0, 650.0, 650.0]
    assert result.equity["cash"].iloc[-1] == 650.0
    assert result.equity["costs"].eq(0.0).all()
    last = result.fills.iloc[-1]
    assert (last["reason"], last["side"], last["shares"], last["price"]) == ("delisted", "sell", 25.0, 6.0)
    assert last["decided_at"] == result.equity.index[2]
    assert last["timestamp"] == result.equity.index[4]
    (trade,) = trades_from_fills(result).itertuples()
    assert (trade.exit_reason, trade.pnl, trade.is_open) == ("delisted", -350.0, False)
    assert trade.max_adverse_excursion == pytest.approx(6.0 / 20.0 - 1.0)
    for curve in best_and_worst(result):  # a settlement has one price
        assert np.isfinite(curve).all()


def test_a_short_position_gains_what_a_delisting_takes(market, free_spec):
    result = run(market, free_spec, [[10.0] * 6, [20.0] * 3], {1: [-0.5]}, assumed_return=-1.0)
    assert result.final_equity == 1500.0
    assert trades_from_fills(result)["exit_price"].tolist() == [0.0]


def test_what_is_settled_can_buy_something_else_at_that_open(market, free_spec):
    weights = {0: [0.0, None, None, 1.0], 1: [1.0]}
    result = run(market, free_spec, [[10.0] * 6, [20.0] * 3], weights)
    shares = result.positions["shares"].to_numpy().reshape(6, 2).tolist()
    assert shares == [[0, 0], *[[0, 50]] * 3, *[[100, 0]] * 2]


@pytest.mark.parametrize("rests", [False, True])
def test_orders_in_what_is_delisted_are_taken_back(market, free_spec, rests):
    result = run(market, free_spec, [[10.0] * 6, [20.0] * 3], {1: [0.0, None, 0.5]}, rests=rests)
    assert len(result.fills) == 0
    assert len(result.pending) == 0


def test_a_halted_instrument_is_not_delisted_however_long_it_was(market, free_spec):
    prices = {0: market.prices([10.0] * 9), 1: market.prices([20.0, 20.0, 30.0], days=[0, 1, 8])}
    result = run_backtest(prices, market.weights(prices, {1: [0.5]}), free_spec)
    assert result.positions.xs(1, level="instrument")["shares"].tolist() == [0.0, *[25.0] * 8]
    assert result.fills["reason"].tolist() == ["signal"]


def test_bars_that_end_a_little_earlier_are_no_delisting_and_orders_wait(market, free_spec):
    result = run(market, free_spec, [[10.0] * 4, [20.0, 20.0, 8.0]], {1: [0.5, None, 0.0]})
    assert result.final_equity == 700.0
    assert result.pending[["instrument", "side", "shares"]].to_numpy().tolist() == [[1, "sell", 25.0]]


def test_before_it_is_settled_nobody_knows(market, free_spec):
    """Until then an account whose bars end there has the same curve."""
    closes, weights = [[10.0] * 8, [20.0, 20.0, 8.0]], {1: [0.5]}
    whole = run(market, free_spec, closes, weights, assumed_return=-0.5)
    for n in range(2, 8):
        part = run(market, free_spec, [closes[0][:n], closes[1][:n]], weights, assumed_return=-0.5)
        pd.testing.assert_frame_equal(part.equity, whole.equity.iloc[:n], check_freq=False, check_exact=True)


@pytest.mark.parametrize("asked", [{}, {"margin": MarginSpec(maintenance=0.1)}])
def test_a_ruined_account_is_left_with_what_a_delisting_pays(market, free_spec, asked):
    spec = free_spec.model_copy(update=asked)
    result = run(market, spec, [[10.0] * 6, [20.0, 20.0, 8.0]], {1: [2.0]}, assumed_return=-0.5)
    assert result.ruined_at == result.equity.index[2]
    assert result.final_equity == -1000.0 + 100 * 4.0


def test_the_benchmark_is_settled_as_the_strategy_is(market):
    prices = {0: market.prices([10.0] * 6), 1: market.prices([20.0, 20.0, 8.0]), 2: market.prices([5.0])}
    spec = DelistingSpec(after_bars=2, assumed_return=-0.25)
    held = buy_and_hold(prices, 3000.0, prices[0].index[0], spec)["equity"]
    assert held.tolist() == [3000.0, 3000.0, 2400.0, 2400.0, 2300.0, 2300.0]
    unsettled = buy_and_hold(prices, 3000.0, prices[0].index[0])["equity"]
    assert unsettled.tolist() == [3000.0, 3000.0, *[2400.0] * 4]


def test_who_is_delisted_and_when(market):
    days = {0: range(10), 1: range(4), 2: [0, 9], 3: range(8)}
    bars = align({i: market.prices([10.0] * len(own), days=list(own)) for i, own in days.items()})
    found = to_delistings(bars, DelistingSpec(after_bars=3))
    assert found.last_rows.tolist() == [9, 3, 9, 7]
    assert found.rows.tolist() == [10, 6, 10, 10]
    assert [has_delistings(bars, DelistingSpec(after_bars=n)) for n in (2, 3, 6, 7, 20)] == [True] * 3 + [False] * 2


def test_settlements_cost_nothing_whatever_trading_costs(market, free_spec):
    dear = free_spec.costs.model_copy(update={"commission_bps": 50.0, "commission_minimum": 5.0, "slippage_bps": 20.0})
    spec = free_spec.model_copy(update={"costs": dear})
    result = run(market, spec, [[10.0] * 6, [20.0] * 3], {1: [0.5]})
    assert isinstance(result.rates, CostRates)
    assert result.fills["commission"].iloc[-1] == 0.0
    assert result.fills["slippage_cost"].iloc[-1] == 0.0


def test_whoever_is_known_to_trade_on_is_not_delisted(market, free_spec):
    prices = {0: market.prices([10.0] * 6), 1: market.prices([20.0] * 3)}
    bars, spec = align(prices), DelistingSpec(after_bars=2)
    assert has_delistings(bars, spec)
    assert not has_delistings(bars, spec, [1])
    assert to_delistings(bars, spec).rows.tolist() == [6, 4]
    assert to_delistings(bars, spec, [1]).rows.tolist() == [6, 6]
    spec = free_spec.model_copy(update={"delisting": spec})
    result = run_backtest(prices, market.weights(prices, {1: [0.5]}), spec, trading_on=[1])
    assert result.positions.xs(1, level="instrument")["shares"].iloc[-1] == 25.0

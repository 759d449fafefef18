"""The account at a desk beside the quick one; what only a desk does is tested with the desk and the exits."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import EntrySpec, ExitSpec, LiquiditySpec, MarginSpec
from quant.backtest.engine import run_backtest
from quant.backtest.trades import trades_from_fills

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_with_room_for_everything_the_desk_is_the_quick_account(market, seed):
    prices, weights, spec = market.random_case(seed)
    roomy = spec.model_copy(update={"liquidity": LiquiditySpec(max_volume_share=1.0)})
    wide = {i: frame.assign(volume=1e12) for i, frame in prices.items()}
    quick, desk = run_backtest(wide, weights, spec), run_backtest(wide, weights, roomy)
    pd.testing.assert_frame_equal(quick.equity, desk.equity, check_exact=True)
    pd.testing.assert_frame_equal(quick.fills, desk.fills, check_exact=True)
    pd.testing.assert_frame_equal(trades_from_fills(quick), trades_from_fills(desk), check_exact=True)


def everything(market, seed):
    """As `market.thin_case`, with orders of all kinds; in fractions of shares that cost nothing apiece."""
    prices, weights, spec = market.thin_case(seed)
    rng = np.random.default_rng([seed, 2])
    entry = EntrySpec(
        order=rng.choice(["market", "limit", "stop", "stop_limit"]), distance=0.004, valid_bars=rng.choice([1, 4])
    )
    exits = ExitSpec(
        stop_loss=rng.choice([None, 0.03]), take_profit=rng.choice([None, 0.03]), trailing_stop=rng.choice([None, 0.04])
    )
    costs = spec.costs.model_copy(update={"commission_per_share": 0.0})
    asked = {"entry": entry, "exits": exits, "costs": costs, "whole_shares": False}
    return prices, weights, spec.model_copy(update=asked)


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_costs_never_help(market, seed):
    """As of the quick account: the same shares, traded for free, are worth more by exactly the costs."""
    prices, weights, spec = everything(market, seed)
    result = run_backtest(prices, weights, spec)
    signed = np.where(result.fills["side"] == "buy", 1, -1) * result.fills["shares"]
    free = -(signed * result.fills["reference_price"]).groupby(result.fills["timestamp"]).sum()
    income = result.positions["dividends"].groupby(level="timestamp").sum() + result.equity["interest"]
    cash = spec.initial_cash + (free.reindex(result.equity.index, fill_value=0.0) + income).cumsum()
    paid = cash + result.equity["position_value"] - result.equity["equity"]
    np.testing.assert_allclose(paid, result.equity["costs"].cumsum(), rtol=1e-9, atol=1e-6)
    assert (result.equity["costs"] >= 0).all()


@settings(max_examples=50, deadline=None)
@given(seed=seeds, factor=st.sampled_from([0.25, 2.0, 8.0]))
def test_splits_and_other_units_of_prices_change_nothing(market, seed, factor):
    prices, weights, spec = everything(market, seed)
    columns = ["open", "high", "low", "close", "dividend"]
    restated, split = {}, {}
    for i, frame in prices.items():
        restated[i] = frame.assign(**{name: frame[name] * factor for name in columns}, volume=frame["volume"] / factor)
        later = np.arange(len(frame)) >= len(frame) // 2
        scale = np.where(later, 1.0 / factor, 1.0)
        split[i] = frame.assign(**{name: frame[name] * scale for name in columns}, volume=frame["volume"] / scale)
        split[i].loc[frame.index[len(frame) // 2], "split_factor"] *= factor
    one = run_backtest(prices, weights, spec)
    for others in (restated, split):
        other = run_backtest(others, weights, spec)
        np.testing.assert_allclose(one.equity["equity"], other.equity["equity"], rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(one.equity["costs"], other.equity["costs"], rtol=1e-9, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_a_portfolio_of_one_is_the_account_of_one(market, seed):
    prices, weights, spec = everything(market, seed)
    weights = weights.xs(0, level="instrument", drop_level=False)
    beside = {0: prices[0], 7: prices[0].assign(close=prices[0]["low"])}  # never traded
    alone, both = run_backtest({0: prices[0]}, weights, spec), run_backtest(beside, weights, spec)
    pd.testing.assert_frame_equal(alone.equity, both.equity, check_exact=True)
    pd.testing.assert_frame_equal(alone.fills, both.fills, check_exact=True)


@pytest.mark.parametrize("asked", [{}, {"liquidity": LiquiditySpec(max_volume_share=0.5)}])
def test_an_instrument_that_is_delisted_keeps_its_last_price_and_its_order_waits_for_ever(market, free_spec, asked):
    prices = {0: market.prices([10.0] * 6), 1: market.prices([20.0, 20.0, 8.0])}
    spec = free_spec.model_copy(update={**asked, "margin": MarginSpec(maintenance=0.1)})
    result = run_backtest(prices, market.weights(prices, {1: [0.5, None, 0.0]}), spec)
    second = result.positions.xs(1, level="instrument")
    assert second["shares"].tolist() == [0.0, *[25.0] * 5]
    assert second["price"].tolist() == [20.0, 20.0, *[8.0] * 4]
    assert result.equity["equity"].iloc[-1] == 700.0
    assert result.pending[["instrument", "side", "shares"]].to_numpy().tolist() == [[1, "sell", 25.0]]

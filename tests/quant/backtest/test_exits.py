"""Protective orders: by hand, as bounds, and against a slow account written from the rules and not from the kernel."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import CostSpec, ExitSpec, LiquiditySpec
from quant.backtest.engine import run_backtest
from quant.backtest.fill_range import best_and_worst
from quant.backtest.trades import trades_from_fills

seeds = st.integers(0, 2**32 - 1)
levels = st.none() | st.sampled_from([0.005, 0.02, 0.1])
exits = st.builds(
    ExitSpec,
    stop_loss=levels,
    take_profit=levels,
    trailing_stop=levels,
    intrabar=st.sampled_from(["stop_first", "target_first"]),
)


def guarded(market, spec, bars, weights, **asked):
    """Run one instrument: `bars` are open, high, low, close."""
    open_, high, low, close = np.array(bars, dtype=float).T
    prices = {0: market.prices(close, open_=open_, high=high, low=low)}
    spec = spec.model_copy(update={"exits": ExitSpec(**asked)})
    return run_backtest(prices, market.weights(prices, {0: weights}), spec)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, asked=exits)
def test_equals_the_slow_account(market, slow_account, seed, asked):
    prices, weights, spec = market.random_case(seed)
    spec = spec.model_copy(update={"exits": asked})
    fast, slow = run_backtest(prices, weights, spec), slow_account(prices, weights, spec).run()
    scale = spec.initial_cash
    np.testing.assert_allclose(fast.equity["equity"], list(slow.curve.values()), rtol=1e-9, atol=1e-9 * scale)
    signed = np.where(fast.fills["side"] == "buy", 1, -1) * fast.fills["shares"]
    found = zip(fast.fills["timestamp"], fast.fills["instrument"], fast.fills["reason"], signed, strict=True)
    wanted = [(fill[0], fill[2], fill[5], fill[3]) for fill in slow.fills]
    for one, other in zip(sorted(found), sorted(wanted), strict=True):
        assert one[:3] == other[:3]
        assert one[3] == pytest.approx(other[3], rel=1e-7)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, asked=exits)
def test_an_account_with_protective_orders_adds_up(market, seed, asked):
    prices, weights, spec = market.random_case(seed)
    result = run_backtest(prices, weights, spec.model_copy(update={"exits": asked}))
    trades = trades_from_fills(result)
    made = result.equity["equity"].iloc[-1] - spec.initial_cash - result.equity["interest"].sum()
    np.testing.assert_allclose(trades["pnl"].sum(), made, rtol=1e-9, atol=1e-6)
    assert (result.fills["decided_at"] < result.fills["timestamp"]).all()
    assert (result.fills["slippage_cost"] >= 0).all()
    assert (trades["exit_reason"] == "open").equals(trades["is_open"])
    best, worst = best_and_worst(result)
    equity = result.equity["equity"].to_numpy()
    assert (best >= equity).all()
    assert (worst <= equity).all()


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_levels_that_are_never_reached_change_nothing(market, seed):
    prices, weights, spec = market.random_case(seed)
    never = ExitSpec(stop_loss=1 - 1e-9, take_profit=10, trailing_stop=1 - 1e-9)
    weights = weights.clip(lower=0.0)  # a loss of a short has no end
    plain, same = (
        run_backtest(prices, weights, spec),
        run_backtest(prices, weights, spec.model_copy(update={"exits": never})),
    )
    for name in ("equity", "positions", "fills", "pending"):
        pd.testing.assert_frame_equal(getattr(plain, name), getattr(same, name), check_exact=True)


@pytest.mark.parametrize(
    ("bar", "asked", "price", "reason"),
    [
        ((100, 101, 89, 95), {"stop_loss": 0.1}, 90.0, "stop_loss"),
        ((85, 95, 80, 90), {"stop_loss": 0.1}, 85.0, "stop_loss"),  # a gap through the stop fills at the open
        ((100, 121, 99, 110), {"take_profit": 0.2}, 120.0, "take_profit"),
        ((130, 131, 125, 128), {"take_profit": 0.2}, 130.0, "take_profit"),  # a gap through a limit, too: better
        ((100, 121, 89, 100), {"stop_loss": 0.1, "take_profit": 0.2}, 90.0, "stop_loss"),
        ((100, 121, 89, 100), {"stop_loss": 0.1, "take_profit": 0.2, "intrabar": "target_first"}, 120.0, "take_profit"),
        ((130, 131, 89, 100), {"stop_loss": 0.1, "take_profit": 0.2}, 130.0, "take_profit"),  # the open comes first
        ((100, 101, 94, 95), {"trailing_stop": 0.05, "stop_loss": 0.1}, 95.0, "trailing_stop"),
    ],
)
def test_the_bar_after_the_entry(market, free_spec, bar, asked, price, reason):
    bars = [(100, 100, 100, 100), (100, 100, 100, 100), bar, (bar[3],) * 4]
    result = guarded(market, free_spec, bars, [1.0], **asked)
    last = result.fills.iloc[-1]
    assert (last["price"], last["reason"], last["side"]) == (price, reason, "sell")
    assert last["timestamp"] == result.equity.index[2]
    assert result.equity["equity"].iloc[-1] == pytest.approx(10 * price)
    assert trades_from_fills(result)["exit_reason"].tolist() == [reason]


def test_a_short_is_stopped_above_and_reaches_its_target_below(market, free_spec):
    flat = (100, 100, 100, 100)
    stopped = guarded(market, free_spec, [flat, flat, (100, 111, 100, 105), flat], [-1.0], stop_loss=0.1)
    reached = guarded(market, free_spec, [flat, flat, (100, 100, 79, 90), flat], [-1.0], take_profit=0.2)
    assert stopped.fills["price"].tolist() == pytest.approx([100.0, 110.0])
    assert reached.fills["price"].tolist() == pytest.approx([100.0, 80.0])


def test_the_bar_of_the_entry_counts_and_its_trade_has_both_fills(market, free_spec):
    bars = [(100, 100, 100, 100), (100, 102, 80, 100), (100, 100, 100, 100)]
    result = guarded(market, free_spec, bars, [1.0], stop_loss=0.1)
    trades = trades_from_fills(result)
    assert result.fills["timestamp"].tolist() == [result.equity.index[1]] * 2
    assert trades[["entry_price", "exit_price", "bars_held"]].to_numpy().tolist() == [[100.0, 90.0, 0.0]]
    assert trades["max_shares"].tolist() == result.fills["shares"].tolist()[:1] == [10.0]
    assert trades["pnl"].tolist() == pytest.approx([-100.0])
    assert trades["max_adverse_excursion"].tolist() == pytest.approx([-0.1])


def test_a_trailing_stop_moves_with_closed_bars_and_never_back(market, free_spec):
    flat = (100, 100, 100, 100)
    bars = [flat, flat, (100, 120, 100, 118), (118, 119, 110, 111), (111, 112, 107, 108), flat]
    result = guarded(market, free_spec, bars, [1.0], trailing_stop=0.1)
    # The high of 120 makes the level 108 from the next bar on; 110 is not below it, 107 is.
    assert result.fills["price"].tolist() == [100.0, 108.0]
    assert result.fills["timestamp"].iloc[1] == result.equity.index[4]


def test_what_was_stopped_waits_for_another_signal(market, free_spec):
    flat = (100, 100, 100, 100)
    bars = [flat, flat, (100, 100, 80, 100), *[flat] * 5]
    result = guarded(market, free_spec, bars, [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0], stop_loss=0.1)
    assert result.fills["reason"].tolist() == ["signal", "stop_loss", "signal"]
    assert result.fills["timestamp"].iloc[2] == result.equity.index[6]


def test_a_stop_pays_slippage_and_a_take_profit_does_not(market, free_spec):
    flat = (100, 100, 100, 100)
    spec = free_spec.model_copy(update={"costs": CostSpec(commission_bps=0, slippage_bps=100, borrow_annual=0)})
    stopped = guarded(market, spec, [flat, flat, (100, 100, 80, 100), flat], [0.5], stop_loss=0.1)
    reached = guarded(market, spec, [flat, flat, (100, 130, 100, 100), flat], [0.5], take_profit=0.2)
    assert stopped.fills["price"].tolist() == pytest.approx([101.0, 101 * 0.9 * 0.99])
    assert reached.fills["price"].tolist() == pytest.approx([101.0, 101 * 1.2])
    assert stopped.fills["reference_price"].tolist() == pytest.approx([100.0, 101 * 0.9])


def test_a_take_profit_that_is_only_touched_is_filled_or_missed_as_declared(market, free_spec):
    flat = (100, 100, 100, 100)
    for bar, price in (((100, 120, 100, 100), 120.0), ((120, 120, 100, 100), 120.0), ((100, 120.5, 100, 100), 120.0)):
        for touched in ("filled", "missed"):
            spec = free_spec.model_copy(update={"touched_limits": touched})
            result = guarded(market, spec, [flat, flat, bar, flat], [0.5], take_profit=0.2)
            is_filled = touched == "filled" or bar[1] > 120
            assert result.fills["price"].tolist() == [100.0, *[price] * is_filled]


def test_a_take_profit_at_an_open_is_not_filled_below_its_level_and_its_rest_lies_on(market, free_spec):
    flat = (100, 100, 100, 100)
    costs = CostSpec(commission_bps=0, slippage_bps=100, borrow_annual=0)
    spec = free_spec.model_copy(update={"costs": costs})
    for open_, price in ((121.3, 101 * 1.2), (130, 130 * 0.99)):
        result = guarded(market, spec, [flat, flat, (open_, open_, 100, 100), flat], [0.5], take_profit=0.2)
        assert result.fills["price"].iloc[1] == pytest.approx(price)
    bars = [
        (100, 100, 100, 100),
        (100, 100, 100, 100),
        (130, 130, 100, 100),
        (100, 110, 100, 110),
        (110, 125, 110, 110),
    ]
    open_, high, low, close = np.array(bars, dtype=float).T
    prices = {0: market.prices(close, open_=open_, high=high, low=low, volume=[60.0, 60.0, 4.0, 60.0, 60.0])}
    asked = {"exits": ExitSpec(take_profit=0.2), "liquidity": LiquiditySpec(max_volume_share=1.0)}
    result = run_backtest(prices, market.weights(prices, {0: [1.0]}), free_spec.model_copy(update=asked))
    # Four of ten shares at the open of 130; of the others none at the opens of 100 and 110, but at 120.
    assert result.fills["price"].tolist() == [100.0, 130.0, 120.0]
    assert result.fills["shares"].tolist() == [10.0, 4.0, 6.0]
    assert result.fills["reason"].tolist() == ["signal", "take_profit", "take_profit"]


def test_a_split_moves_the_levels(market, free_spec):
    prices = {0: market.prices([100.0, 100.0, 50.0, 44.0, 44.0], open_=[100, 100, 50, 50, 44], split=[1, 1, 2, 1, 1])}
    spec = free_spec.model_copy(update={"exits": ExitSpec(stop_loss=0.1)})
    result = run_backtest(prices, market.weights(prices, {0: [1.0]}), spec)
    assert result.fills["price"].tolist() == pytest.approx([100.0, 45.0])
    assert result.fills["shares"].tolist() == pytest.approx([10.0, 20.0])


def test_a_halted_instrument_is_stopped_at_its_next_open(market, free_spec):
    prices = {
        0: market.prices([100.0] * 6),
        1: market.prices([100.0, 100.0, 70.0], open_=[100, 100, 70], days=[0, 1, 4]),
    }
    spec = free_spec.model_copy(update={"exits": ExitSpec(stop_loss=0.1)})
    result = run_backtest(prices, market.weights(prices, {1: [0.5]}), spec)
    assert result.fills["price"].tolist() == pytest.approx([100.0, 70.0])
    assert result.fills["timestamp"].iloc[1] == prices[0].index[4]

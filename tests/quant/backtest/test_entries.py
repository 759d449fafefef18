"""Orders that lie in the market: by hand, as bounds, and against a slow account written from the rules."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import CostSpec, EntrySpec, ExitSpec
from quant.backtest.engine import run_backtest
from quant.backtest.entries import to_entries
from quant.backtest.fill_range import best_and_worst
from quant.backtest.trades import trades_from_fills

seeds = st.integers(0, 2**32 - 1)
entries = st.builds(
    EntrySpec,
    order=st.sampled_from(["limit", "stop", "stop_limit"]),
    distance=st.sampled_from([0.0, 0.005, 0.03]),
    limit_distance=st.sampled_from([0.0, 0.01]),
    valid_bars=st.sampled_from([1, 3]),
)
exits = st.builds(
    ExitSpec,
    stop_loss=st.sampled_from([None, 0.01, 0.05]),
    take_profit=st.sampled_from([None, 0.01, 0.05]),
    trailing_stop=st.sampled_from([None, 0.02]),
    intrabar=st.sampled_from(["stop_first", "target_first"]),
)
FLAT = (100, 100, 100, 100)


def entered(market, spec, bars, weights, *, exits=None, **asked):
    """Run one instrument: `bars` are open, high, low, close."""
    open_, high, low, close = np.array(bars, dtype=float).T
    prices = {0: market.prices(close, open_=open_, high=high, low=low)}
    spec = spec.model_copy(update={"entry": EntrySpec(**asked), "exits": exits or ExitSpec()})
    return run_backtest(prices, market.weights(prices, {0: weights}), spec)


@settings(max_examples=70, deadline=None)
@given(seed=seeds, entry=entries, exit_=exits, is_thin=st.booleans())
def test_equals_the_slow_account(market, slow_account, seed, entry, exit_, is_thin):
    prices, weights, spec = (market.thin_case if is_thin else market.random_case)(seed)
    spec = spec.model_copy(update={"entry": entry, "exits": exit_})
    fast, slow = run_backtest(prices, weights, spec), slow_account(prices, weights, spec).run()
    scale = spec.initial_cash
    np.testing.assert_allclose(fast.equity["equity"], list(slow.curve.values()), rtol=1e-9, atol=1e-9 * scale)
    found = sorted(zip(fast.fills["timestamp"], fast.fills["decided_at"], fast.fills["reason"], strict=True))
    assert found == sorted((fill[0], fill[1], fill[5]) for fill in slow.fills)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, entry=entries, exit_=exits, is_thin=st.booleans())
def test_an_account_with_orders_that_lie_adds_up(market, seed, entry, exit_, is_thin):
    prices, weights, spec = (market.thin_case if is_thin else market.random_case)(seed)
    result = run_backtest(prices, weights, spec.model_copy(update={"entry": entry, "exits": exit_}))
    equity, fills, trades = result.equity, result.fills, trades_from_fills(result)
    np.testing.assert_allclose(equity["cash"] + equity["position_value"], equity["equity"], rtol=1e-12, atol=1e-9)
    made = equity["equity"].iloc[-1] - spec.initial_cash - equity["interest"].sum()
    np.testing.assert_allclose(trades["pnl"].sum(), made, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(trades["costs"].sum(), equity["costs"].sum(), rtol=1e-9, atol=1e-6)
    assert (fills["decided_at"] < fills["timestamp"]).all()
    best, worst = best_and_worst(result)
    assert (best >= equity["equity"]).all()
    assert (worst <= equity["equity"]).all()
    for fill in fills[fills["reason"] != "delisted"].itertuples():
        bar = prices[fill.instrument].loc[fill.timestamp]
        assert bar["low"] * (1 - 1e-12) <= fill.reference_price <= bar["high"] * (1 + 1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, entry=entries, exit_=exits, cut=st.floats(0.0, 1.0))
def test_equity_up_to_t_is_the_same_bits_whatever_comes_later(market, seed, entry, exit_, cut):
    prices, weights, spec = market.random_case(seed)
    spec = spec.model_copy(update={"entry": entry, "exits": exit_})
    whole = run_backtest(prices, weights, spec)
    last = whole.equity.index[int(cut * (len(whole.equity) - 1))]
    other = {i: frame.copy() for i, frame in prices.items()}
    for frame in other.values():
        frame.loc[frame.index > last, ["open", "high", "low", "close"]] *= 3.0
    for later in ({i: frame.loc[:last] for i, frame in prices.items()}, other):
        part = run_backtest(later, weights[weights.index.get_level_values("timestamp") <= last], spec)
        pd.testing.assert_frame_equal(
            part.equity.loc[:last], whole.equity.loc[:last], check_freq=False, check_exact=True
        )


def test_a_limit_is_filled_at_its_price_or_at_a_better_open(market, free_spec):
    touched = [FLAT, (100, 101, 98.5, 100), FLAT]
    gapped = [FLAT, (97, 98, 96, 97), FLAT]
    missed = [FLAT, (100, 101, 99.5, 100), (100, 100, 90, 90)]
    for bars, prices in ((touched, [99.0]), (gapped, [97.0]), (missed, [])):
        result = entered(market, free_spec, bars, [1.0], order="limit", distance=0.01)
        assert result.fills["price"].tolist() == pytest.approx(prices)
        assert set(result.fills["reason"]) <= {"limit_entry"}
    assert entered(market, free_spec, missed, [1.0], order="limit", valid_bars=2).fills["price"].tolist() == [99.0]


@pytest.mark.parametrize(
    ("bar", "asked", "filled", "strictly"),
    [
        ((100, 101, 99, 100), {"order": "limit"}, [99.0], []),  # touched
        ((100, 101, 98.9, 100), {"order": "limit"}, [99.0], [99.0]),  # traded through
        ((99, 101, 99, 100), {"order": "limit"}, [99.0], []),  # opened at it, and no lower
        ((98, 101, 98, 100), {"order": "limit"}, [98.0], [98.0]),
        # A stop that is a limit at the same price: after it, the close has to be better than that.
        ((100, 102, 99, 101), {"order": "stop_limit", "limit_distance": 0.0}, [101.0], []),
        ((100, 102, 99, 100), {"order": "stop_limit", "limit_distance": 0.0}, [101.0], [101.0]),
    ],
)
def test_a_limit_that_is_only_touched_is_filled_or_missed_as_declared(market, free_spec, bar, asked, filled, strictly):
    for touched, prices in (("filled", filled), ("missed", strictly)):
        spec = free_spec.model_copy(update={"touched_limits": touched})
        result = entered(market, spec, [FLAT, bar, FLAT], [0.5], distance=0.01, **asked)
        assert result.fills["price"].tolist() == pytest.approx(prices)


def test_a_stop_is_filled_at_its_price_or_at_a_worse_open(market, free_spec):
    touched = [FLAT, (100, 103, 100, 100), FLAT]
    gapped = [FLAT, (105, 106, 104, 105), FLAT]
    missed = [FLAT, (100, 101.5, 90, 100), FLAT]
    for bars, prices in ((touched, [102.0]), (gapped, [105.0]), (missed, [])):
        result = entered(market, free_spec, bars, [0.5], order="stop", distance=0.02)
        assert result.fills["price"].tolist() == pytest.approx(prices)


def test_a_stop_limit_may_not_be_filled_through_a_gap(market, free_spec):
    asked = {"order": "stop_limit", "distance": 0.02, "limit_distance": 0.01}
    for bars, prices in (
        ([FLAT, (100, 103, 100, 103), FLAT], [102.0]),
        ([FLAT, (102.5, 103, 102, 103), FLAT], [102.5]),
        ([FLAT, (105, 106, 104, 105), (105, 105, 100, 105)], []),  # beyond its limit of 103.02, and then it is over
        ([FLAT, (105, 106, 103, 105), FLAT], [103.02]),  # it came back to the limit in the bar
    ):
        result = entered(market, free_spec, bars, [0.5], **asked)
        assert result.fills["price"].tolist() == pytest.approx(prices)
    lives = [FLAT, (105, 106, 104, 105), (104, 104, 101, 101), FLAT]  # a stop that was reached is a limit from then on
    assert entered(market, free_spec, lives, [0.5], valid_bars=2, **asked).fills["price"].tolist() == pytest.approx(
        [103.02]
    )


def test_short_positions_are_the_mirror_image(market, free_spec):
    result = entered(market, free_spec, [FLAT, (100, 102, 100, 100), FLAT], [-0.5], order="limit", distance=0.01)
    assert result.fills["price"].tolist() == pytest.approx([101.0])
    result = entered(market, free_spec, [FLAT, (97, 98, 96, 97), FLAT], [-0.5], order="stop", distance=0.01)
    assert result.fills["price"].tolist() == pytest.approx([97.0])


def test_a_limit_pays_no_slippage_and_at_an_open_no_more_than_its_limit(market, free_spec):
    spec = free_spec.model_copy(update={"costs": CostSpec(commission_bps=0, slippage_bps=100, borrow_annual=0)})
    for open_, price in ((100, 99.0), (98.5, 99.0), (97, 97 * 1.01)):
        result = entered(market, spec, [FLAT, (open_, 100, 96, 97), FLAT], [0.5], order="limit", distance=0.01)
        assert result.fills["price"].tolist() == pytest.approx([price])
    stopped = entered(market, spec, [FLAT, (100, 103, 100, 100), FLAT], [0.5], order="stop", distance=0.02)
    assert stopped.fills["price"].tolist() == pytest.approx([102 * 1.01])


def test_positions_are_left_and_turned_at_the_market(market, free_spec):
    bars = [FLAT, (100, 100, 98, 100), FLAT, (100, 102, 100, 100), FLAT]
    result = entered(market, free_spec, bars, [0.5, None, -0.5, 0.0], order="limit", distance=0.01)
    assert result.fills["reason"].tolist() == ["limit_entry", "signal", "limit_entry", "signal"]
    assert result.fills["price"].tolist() == pytest.approx([99.0, 100.0, 101.0, 100.0])
    assert trades_from_fills(result)["exit_reason"].tolist() == ["signal", "signal"]


def test_a_signal_that_lasts_places_another_order_and_one_that_ends_takes_it_back(market, free_spec):
    falls = [FLAT, (100, 100, 99.5, 100), (100, 100, 99.5, 99.5), (99.5, 99.5, 98, 98.6), FLAT]
    lasts = entered(market, free_spec, falls, [0.5] * 4, order="limit", distance=0.01)
    # Placed anew at 99.5 less 1 %, and filled there.
    assert lasts.fills["price"].iloc[0] == pytest.approx(99.5 * 0.99)
    ends = entered(market, free_spec, falls, [0.5, 0.5, 0.0, 0.0], order="limit", distance=0.01, valid_bars=9)
    assert ends.fills.empty


@pytest.mark.parametrize(
    ("order", "bar", "first", "prices"),
    [
        # A limit at 99: what is below it came after; the high of 104 may have come before.
        ("limit", (100, 104, 94, 100), "stop_first", [99.0, 94.05]),
        ("limit", (100, 104, 98, 100), "stop_first", [99.0]),
        ("limit", (100, 104, 98, 100), "target_first", [99.0, 103.95]),
        ("limit", (100, 104.5, 98, 104.2), "stop_first", [99.0, 103.95]),
        # A stop at 101: what is above it came after; the low of 95 may have come before.
        ("stop", (100, 107, 100, 104), "stop_first", [101.0, 106.05]),
        ("stop", (100, 102, 95, 100), "stop_first", [101.0, 95.95]),
        ("stop", (100, 102, 95, 100), "target_first", [101.0]),
        ("stop", (100, 102, 95, 95.5), "target_first", [101.0, 95.95]),
    ],
)
def test_in_the_bar_of_an_entry_what_may_have_been_before_it_is_as_declared(
    market, free_spec, order, bar, first, prices
):
    asked = ExitSpec(stop_loss=0.05, take_profit=0.05, intrabar=first)
    result = entered(market, free_spec, [FLAT, bar], [0.5], exits=asked, order=order, distance=0.01)
    assert result.fills["price"].tolist() == pytest.approx(prices)


def test_what_lies_at_the_end_is_pending(market, free_spec):
    result = entered(market, free_spec, [FLAT, FLAT], [0.5], order="stop_limit", valid_bars=3)
    pending = result.pending.iloc[0]
    assert (pending["side"], pending["shares"], pending["order"]) == ("buy", 5.0, "stop_limit")
    assert (pending["stop_price"], pending["limit_price"]) == pytest.approx((101.0, 101.505))


def test_a_split_moves_what_lies(market, free_spec):
    prices = {0: market.prices([100.0, 50.0, 50.0], open_=[100, 50, 50], low=[100, 49.4, 50], split=[1, 2, 1])}
    spec = free_spec.model_copy(update={"entry": EntrySpec(order="limit", distance=0.01)})
    result = run_backtest(prices, market.weights(prices, {0: [0.5]}), spec)
    assert result.fills[["shares", "price"]].to_numpy().tolist() == [[10.0, 49.5]]


def test_an_order_of_which_a_split_leaves_no_share_is_no_order(market, free_spec):
    close = [300.0, 297.0, 297.0, 2970.0]
    prices = {0: market.prices(close, open_=close, low=[300.0, 296.0, 297.0, 2970.0], split=[1.0, 1.0, 1.0, 0.1])}
    entry = EntrySpec(order="limit", distance=0.01, valid_bars=5)
    spec = free_spec.model_copy(update={"entry": entry, "whole_shares": True})
    result = run_backtest(prices, market.weights(prices, {0: [0.4, 0.9]}), spec)
    assert result.fills["shares"].tolist() == [1.0]  # and nothing of the tenth of a share that is held is sold
    assert len(result.pending) == 0


def test_a_halted_instrument_keeps_its_order_for_its_own_bars(market, free_spec):
    halted = market.prices([100.0, 98.0], open_=[100, 100], low=[100, 98], days=[0, 4])
    prices = {0: market.prices([10.0] * 6), 1: halted}
    spec = free_spec.model_copy(update={"entry": EntrySpec(order="limit", distance=0.01)})
    result = run_backtest(prices, market.weights(prices, {1: [0.5]}), spec)
    assert result.fills["price"].tolist() == [99.0]


def test_at_the_market_nothing_lies():
    assert not to_entries(EntrySpec()).is_used

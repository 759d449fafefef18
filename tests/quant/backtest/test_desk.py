"""Fills that depend on volume: by hand, as bounds, and against a slow account written from the rules."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import BacktestSpec, CostSpec, ExitSpec, LiquiditySpec
from quant.backtest.desk import to_limits
from quant.backtest.engine import run_backtest
from quant.backtest.fill_range import best_and_worst
from quant.backtest.trades import trades_from_fills

seeds = st.integers(0, 2**32 - 1)
exits = st.sampled_from([ExitSpec(), ExitSpec(stop_loss=0.02, take_profit=0.03), ExitSpec(trailing_stop=0.02)])


def thinned(market, spec, volume, weights, *, close=None, exits=None, **asked):
    """Run one instrument of such volumes, at ten throughout unless said."""
    prices = {0: market.prices([10.0] * len(volume) if close is None else close, volume=volume)}
    update = {"liquidity": LiquiditySpec(**asked), "exits": exits or ExitSpec()}
    return run_backtest(prices, market.weights(prices, {0: weights}), spec.model_copy(update=update))


@settings(max_examples=60, deadline=None)
@given(seed=seeds, asked=exits)
def test_equals_the_slow_account_in_a_thin_market(market, slow_account, seed, asked):
    prices, weights, spec = market.thin_case(seed)
    spec = spec.model_copy(update={"exits": asked})
    fast, slow = run_backtest(prices, weights, spec), slow_account(prices, weights, spec).run()
    np.testing.assert_allclose(
        fast.equity["equity"], list(slow.curve.values()), rtol=1e-9, atol=1e-9 * spec.initial_cash
    )
    found = sorted(zip(fast.fills["timestamp"], fast.fills["decided_at"], fast.fills["reason"], strict=True))
    assert found == sorted((fill[0], fill[1], fill[5]) for fill in slow.fills)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, asked=exits)
def test_no_bar_fills_more_than_its_share_and_everything_adds_up(market, seed, asked):
    prices, weights, spec = market.thin_case(seed)
    result = run_backtest(prices, weights, spec.model_copy(update={"exits": asked}))
    traded = result.fills[result.fills["reason"] != "delisted"]
    filled = traded.groupby(["timestamp", "instrument"])["shares"].sum()
    if spec.liquidity.looks_at_volume:
        volume = pd.concat({i: frame["volume"] for i, frame in prices.items()}).swaplevel().reindex(filled.index)
        assert (volume > 0).all()
        assert (filled <= (spec.liquidity.max_volume_share or np.inf) * volume * (1 + 1e-12)).all()
    trades = trades_from_fills(result)
    made = result.equity["equity"].iloc[-1] - spec.initial_cash - result.equity["interest"].sum()
    np.testing.assert_allclose(trades["pnl"].sum(), made, rtol=1e-9, atol=1e-6)
    assert (result.fills["slippage_cost"] >= 0).all()
    assert (result.fills["decided_at"] < result.fills["timestamp"]).all()
    best, worst = best_and_worst(result)
    assert (best >= result.equity["equity"]).all()
    assert (worst <= result.equity["equity"]).all()


@settings(max_examples=30, deadline=None)
@given(seed=seeds, cut=st.floats(0.0, 1.0))
def test_equity_up_to_t_is_the_same_bits_whatever_volume_comes_later(market, seed, cut):
    prices, weights, spec = market.thin_case(seed)
    whole = run_backtest(prices, weights, spec)
    last = whole.equity.index[int(cut * (len(whole.equity) - 1))]
    other = {i: frame.assign(volume=frame["volume"].where(frame.index <= last, 7.0)) for i, frame in prices.items()}
    part = run_backtest(other, weights, spec)
    pd.testing.assert_frame_equal(part.equity.loc[:last], whole.equity.loc[:last], check_exact=True)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, factor=st.sampled_from([0.25, 8.0]))
def test_other_units_of_prices_and_shares_change_nothing(market, seed, factor):
    prices, weights, spec = market.thin_case(seed)
    spec = spec.model_copy(
        update={"whole_shares": False, "costs": spec.costs.model_copy(update={"commission_per_share": 0.0})}
    )
    columns = ["open", "high", "low", "close", "dividend"]
    scaled = {
        i: frame.assign(**{name: frame[name] * factor for name in columns}, volume=frame["volume"] / factor)
        for i, frame in prices.items()
    }
    one, other = run_backtest(prices, weights, spec), run_backtest(scaled, weights, spec)
    np.testing.assert_allclose(one.equity["equity"], other.equity["equity"], rtol=1e-9)


def test_the_rest_waits_or_is_dropped(market, free_spec):
    volume, weights = [100.0] * 5, [1.0]
    waits = thinned(market, free_spec, volume, weights, max_volume_share=0.4)
    assert waits.positions["shares"].tolist() == [0.0, 40.0, 80.0, 100.0, 100.0]
    assert set(waits.fills["decided_at"]) == {waits.equity.index[0]}
    dropped = thinned(market, free_spec, volume, weights, max_volume_share=0.4, unfilled="dropped")
    assert dropped.positions["shares"].tolist() == [0.0, 40.0, 40.0, 40.0, 40.0]


def test_another_decision_takes_the_place_of_what_waits(market, free_spec):
    result = thinned(market, free_spec, [100.0] * 5, [1.0, 0.0], max_volume_share=0.4)
    assert result.positions["shares"].tolist() == [0.0, 40.0, 0.0, 0.0, 0.0]


def test_a_bar_without_volume_fills_nothing_if_volume_counts(market, free_spec):
    volume = [100.0, 0.0, 100.0]
    counted = thinned(market, free_spec, volume, [0.5], max_volume_share=1.0)
    assert counted.positions["shares"].tolist() == [0.0, 0.0, 50.0]
    assert thinned(market, free_spec, volume, [0.5]).positions["shares"].tolist() == [0.0, 50.0, 50.0]
    still = thinned(market, free_spec, [100.0, 0.0, 0.0], [0.5], impact_bps=1.0)
    assert still.pending["shares"].tolist() == [50.0]


def test_what_is_left_of_a_stop_leaves_at_the_next_open(market, free_spec):
    close = [10.0, 10.0, 8.0, 8.0, 8.0]
    result = thinned(
        market, free_spec, [500.0, 500.0, 60.0, 60.0, 60.0], [1.0], close=close, exits=ExitSpec(stop_loss=0.1),
        max_volume_share=1.0,
    )  # fmt: skip
    assert result.fills["shares"].tolist() == [100.0, 60.0, 40.0]
    assert result.fills["price"].tolist() == [10.0, 9.0, 8.0]
    assert result.fills["reason"].tolist() == ["signal", "stop_loss", "stop_loss"]
    assert trades_from_fills(result)["exit_reason"].tolist() == ["stop_loss"]


@pytest.mark.parametrize(
    ("bar", "volume", "asked", "traded"),
    [
        # Room for 40 of 100: the bar that reaches the target has none left, so nothing is sold, and nothing is added.
        ([10.0, 12.0, 10.0, 10.0], 40.0, {"take_profit": 0.1}, [40.0]),
        # Cash for a third of 100 at 30, room for 90: the stop sells all, and the rest is not bought at the next open.
        ([30.0, 30.0, 5.0, 10.0], 90.0, {"stop_loss": 0.1}, [100 / 3, 100 / 3]),
    ],
)
def test_what_waits_to_be_bought_is_not_once_the_position_is_to_be_left(market, free_spec, bar, volume, asked, traded):
    open_, high, low, close = np.array([[10.0] * 4, bar, *[[10.0] * 4] * 3]).T
    prices = {0: market.prices(close, open_=open_, high=high, low=low, volume=[volume] * 5)}
    update = {"liquidity": LiquiditySpec(max_volume_share=1.0), "exits": ExitSpec(**asked)}
    result = run_backtest(prices, market.weights(prices, {0: [1.0]}), free_spec.model_copy(update=update))
    assert result.fills["shares"].tolist() == pytest.approx(traded)
    assert len(result.pending) == 0


def test_a_fill_is_the_worse_the_more_of_the_volume_it_takes(market, free_spec):
    spec = free_spec.model_copy(update={"costs": CostSpec(commission_bps=0, slippage_bps=10, borrow_annual=0)})
    result = thinned(market, spec, [400.0] * 4, [0.5, 0.0], impact_bps=200, impact_shape="linear", half_spread_bps=15)
    bought, sold = result.fills["price"]
    assert bought == pytest.approx(10 * (1 + 0.0025 + 0.02 * 50 / 400))
    assert sold == pytest.approx(10 * (1 - 0.0025 - 0.02 * 50 / 400))


def test_purchases_are_cut_to_the_cash_with_their_impact(market, free_spec):
    result = thinned(market, free_spec, [100.0] * 3, [1.0], impact_bps=1000)
    shares = result.fills["shares"].iloc[0]
    # All the money, at a price that depends on the shares: n · 10 · (1 + 0.1 · sqrt(n / 100)) = 1,000.
    assert shares * 10 * (1 + 0.1 * np.sqrt(shares / 100)) == pytest.approx(1000.0)
    assert 0 <= result.equity["cash"].iloc[-1] < 1e-9


def test_interest_of_cash_and_debt_over_a_weekend(market, free_spec):
    prices = {0: market.prices([10.0] * 3, days=[0, 1, 4])}
    interest = {"cash_annual": 0.0365, "debt_annual": 0.073}
    spec = free_spec.model_copy(update={"interest": free_spec.interest.model_copy(update=interest)})
    for weight, earned in ((0.0, [0.0, 0.1, 0.30003]), (3.0, [0.0, 0.1, -1.2]), (-0.4, [0.0, 0.1, 0.30003])):
        result = run_backtest(prices, market.weights(prices, {0: [weight]}), spec)
        np.testing.assert_allclose(result.equity["interest"], earned, rtol=1e-3)
        np.testing.assert_allclose(result.equity["equity"], 1000 + np.cumsum(result.equity["interest"]))


def test_without_a_greatest_share_there_is_room_for_all():
    asked = BacktestSpec(liquidity=LiquiditySpec(unfilled="dropped"), touched_limits="missed")
    assert to_limits(asked) == (False, np.inf, False, False)

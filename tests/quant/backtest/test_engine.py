"""The account: by hand, by invariants, and against a slow engine written from the rules and not from the kernel."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.alignment import align
from quant.backtest.catalog import BacktestSpec, CostSpec
from quant.backtest.engine import run_backtest
from quant.errors import DataError, InvalidPrices, NotEnoughData

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=100, deadline=None)
@given(seed=seeds)
def test_equals_the_slow_engine(market, slow_account, seed):
    prices, weights, spec = market.random_case(seed)
    fast, slow = run_backtest(prices, weights, spec), slow_account(prices, weights, spec).run()
    scale = spec.initial_cash
    assert fast.equity.index.equals(pd.DatetimeIndex(slow.curve))
    np.testing.assert_array_equal(fast.levels, fast.equity["equity"])
    np.testing.assert_allclose(fast.equity["equity"], list(slow.curve.values()), rtol=1e-9, atol=1e-9 * scale)
    signed = np.where(fast.fills["side"] == "buy", 1, -1) * fast.fills["shares"]
    found = sorted(zip(fast.fills["timestamp"], fast.fills["decided_at"], fast.fills["instrument"], strict=True))
    assert found == sorted(fill[:3] for fill in slow.fills)
    by_key = {(fill[0], fill[2]): fill for fill in slow.fills}
    for timestamp, instrument, shares, price in zip(
        fast.fills["timestamp"], fast.fills["instrument"], signed, fast.fills["price"], strict=True
    ):
        assert shares == pytest.approx(by_key[timestamp, instrument][3], rel=1e-7)
        assert price == pytest.approx(by_key[timestamp, instrument][4], rel=1e-12)
    assert fast.ruined_at == slow.ruined_at
    pending = {
        (row.decided_at, row.instrument): row.shares if row.side == "buy" else -row.shares
        for row in fast.pending.itertuples()
    }
    expected = {(at, i): target - slow.shares[i] for i, (at, target) in slow.orders.items()}
    assert pending == pytest.approx(expected)


# What must hold whatever the prices do.


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_cash_and_positions_are_equity_at_each_bar(market, seed):
    result = run_backtest(*market.random_case(seed))
    equity, value = result.equity, result.positions["value"].groupby(level="timestamp").sum()
    np.testing.assert_allclose(equity["cash"] + value, equity["equity"], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(equity["position_value"], value, rtol=1e-12, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_equity_changes_by_nothing_but_prices_income_and_costs(market, seed):
    prices, weights, spec = market.random_case(seed)
    result = run_backtest(prices, weights, spec)
    signed = np.where(result.fills["side"] == "buy", 1, -1) * result.fills["shares"]
    paid = -(signed * result.fills["price"]) - result.fills["commission"]
    paid = paid.groupby(result.fills["timestamp"]).sum().reindex(result.equity.index, fill_value=0.0)
    income = (result.positions["dividends"] - result.positions["borrow_fees"]).groupby(level="timestamp").sum()
    cash = spec.initial_cash + (paid + income + result.equity["interest"]).cumsum()
    np.testing.assert_allclose(result.equity["cash"], cash, rtol=1e-9, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_costs_never_help(market, seed):
    """The same shares, traded for free, are worth more by exactly the costs: no cost is negative and none is missed.

    Two runs with and without costs would not show it: fewer shares bought lose less when prices fall.
    """
    prices, weights, spec = market.random_case(seed)
    result = run_backtest(prices, weights, spec)
    signed = np.where(result.fills["side"] == "buy", 1, -1) * result.fills["shares"]
    free = -(signed * result.fills["reference_price"]).groupby(result.fills["timestamp"]).sum()
    cash = spec.initial_cash + free.reindex(result.equity.index, fill_value=0.0).cumsum()
    cash += (result.positions["dividends"].groupby(level="timestamp").sum() + result.equity["interest"]).cumsum()
    without_costs = cash + result.equity["position_value"]
    np.testing.assert_allclose(
        without_costs - result.equity["equity"], result.equity["costs"].cumsum(), rtol=1e-9, atol=1e-6
    )
    assert (result.equity["costs"] >= 0).all()


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_fills_are_at_the_next_bar_of_the_instrument_and_never_earlier(market, seed):
    prices, weights, spec = market.random_case(seed)
    result = run_backtest(prices, weights, spec)
    assert (result.fills["decided_at"] < result.fills["timestamp"]).all()
    for fill in result.fills[result.fills["reason"] != "delisted"].itertuples():
        index = prices[fill.instrument].index
        if result.ruined_at is None or fill.decided_at < result.ruined_at:
            assert index[index.get_loc(fill.decided_at) + 1] == fill.timestamp
        assert prices[fill.instrument].loc[fill.timestamp, "open"] == fill.reference_price


@settings(max_examples=50, deadline=None)
@given(seed=seeds, cut=st.floats(0.0, 1.0))
def test_equity_up_to_t_is_the_same_bits_whatever_comes_later(market, seed, cut):
    prices, weights, spec = market.random_case(seed)
    whole = run_backtest(prices, weights, spec)
    last = whole.equity.index[int(cut * (len(whole.equity) - 1))]
    shortened = {i: frame.loc[:last] for i, frame in prices.items()}
    other = {i: frame.copy() for i, frame in prices.items()}
    for frame in other.values():
        frame.loc[frame.index > last, ["open", "high", "low", "close"]] *= 3.0
    changed = weights.copy()
    changed[weights.index.get_level_values("timestamp") > last] *= -0.5
    for later_prices, later_weights in ((shortened, weights.loc[:last]), (other, changed)):
        part = run_backtest(later_prices, later_weights, spec)
        pd.testing.assert_frame_equal(
            part.equity.loc[:last], whole.equity.loc[:last], check_freq=False, check_exact=True
        )
        pd.testing.assert_frame_equal(
            part.fills[part.fills["timestamp"] <= last], whole.fills[whole.fills["timestamp"] <= last], check_exact=True
        )


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_an_unlevered_long_book_never_spends_cash_that_is_not_there(market, seed):
    prices, weights, spec = market.random_case(seed)
    weights = weights.abs() / max(1.0, float(spec.sizing.fraction))
    costs = spec.costs.model_copy(update={"commission_minimum": 0.0})
    result = run_backtest(prices, weights, spec.model_copy(update={"costs": costs}))
    assert (result.equity["cash"] >= 0).all()
    assert not result.is_ruined


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_whole_shares_are_whole_when_nothing_splits(market, seed):
    prices, weights, spec = market.random_case(seed)
    prices = {i: frame.assign(split_factor=1.0) for i, frame in prices.items()}
    result = run_backtest(prices, weights, spec.model_copy(update={"whole_shares": True}))
    assert (result.positions["shares"] % 1 == 0).all()


# By hand.


def test_a_weight_is_filled_at_the_next_open_with_sizes_from_the_close(market, free_spec):
    prices = {0: market.prices([10, 12, 15], open_=[9, 8, 14])}
    result = run_backtest(prices, market.weights(prices, {0: [0.5]}), free_spec)
    # 500 of 1,000 at the close of 10 are 50 shares, bought at the open of 8.
    assert result.fills["shares"].tolist() == [50.0]
    assert result.fills["price"].tolist() == [8.0]
    assert result.equity["cash"].tolist() == [1000.0, 600.0, 600.0]
    assert result.equity["equity"].tolist() == [1000.0, 1200.0, 1350.0]
    np.testing.assert_allclose(result.equity["return"], [np.nan, 0.2, 0.125])
    np.testing.assert_allclose(result.equity["turnover"], [0.0, 0.4, 0.0])
    np.testing.assert_allclose(result.equity["exposure"], [0.0, 0.5, 750 / 1350])
    assert result.fills["decided_at"].tolist() == [prices[0].index[0]]


def test_buy_and_hold_without_costs_is_the_price_return(market, free_spec):
    close = [10.0, 11.0, 7.0, 13.0]
    prices = {0: market.prices(close, open_=[10.0, 10.5, 11.0, 7.0])}
    equity = run_backtest(prices, market.weights(prices, {0: [1.0]}), free_spec).equity["equity"]
    # The open of 10.5 is a gap up: 100 shares are wanted, 1,000 / 10.5 are bought, and all the money is invested.
    np.testing.assert_allclose(equity.iloc[1:], 1000 * np.array(close[1:]) / 10.5, rtol=1e-14)


def test_a_gap_down_leaves_the_rest_in_cash(market, free_spec):
    prices = {0: market.prices([10.0, 11.0, 7.0], open_=[10.0, 8.0, 11.0])}
    equity = run_backtest(prices, market.weights(prices, {0: [1.0]}), free_spec).equity
    assert equity["cash"].tolist() == [1000.0, 200.0, 200.0]
    assert equity["equity"].tolist() == [1000.0, 1300.0, 900.0]


def test_costs_of_one_round_trip(market):
    costs = CostSpec(commission_bps=10, commission_per_share=0.01, commission_minimum=1.0, slippage_bps=20)
    spec = BacktestSpec(initial_cash=10_000.0, costs=costs, whole_shares=True)
    prices = {0: market.prices([100.0] * 4)}
    result = run_backtest(prices, market.weights(prices, {0: [0.5, 0.0]}), spec)
    assert result.fills["side"].tolist() == ["buy", "sell"]
    np.testing.assert_allclose(result.fills["price"], [100.2, 99.8])
    np.testing.assert_allclose(result.fills["commission"], [50 * 100.2 * 0.001 + 0.5, 50 * 99.8 * 0.001 + 0.5])
    np.testing.assert_allclose(result.fills["slippage_cost"], [10.0, 10.0])
    np.testing.assert_allclose(result.equity["costs"], [0.0, 15.51, 15.49, 0.0])
    np.testing.assert_allclose(result.equity["equity"].iloc[-1], 10_000 - 31.0)


def test_purchases_are_cut_to_the_cash_there_is(market):
    costs = CostSpec(commission_bps=100, slippage_bps=0)
    spec = BacktestSpec(initial_cash=1_000.0, costs=costs, whole_shares=True)
    prices = {0: market.prices([10.0, 12.0, 12.0], open_=[10.0, 12.0, 12.0])}
    result = run_backtest(prices, market.weights(prices, {0: [1.0]}), spec)
    # 100 shares wanted, 1,212 with commission; 82 cost 993.84, 83 would cost 1,005.96.
    assert result.fills["shares"].tolist() == [82.0]
    np.testing.assert_allclose(result.equity["cash"].iloc[-1], 1000 - 82 * 12 * 1.01)


def test_all_purchases_of_an_open_are_cut_by_one_part(market, free_spec):
    prices = {0: market.prices([10.0, 20.0], open_=[10.0, 20.0]), 1: market.prices([10.0, 10.0])}
    result = run_backtest(prices, market.weights(prices, {0: [0.5], 1: [0.5]}), free_spec)
    # 50 and 50 wanted for 1,500: two thirds of each.
    np.testing.assert_allclose(result.fills["shares"], [100 / 3, 100 / 3])
    assert 0 <= result.equity["cash"].iloc[-1] < 1e-9


def test_sales_pay_for_purchases_of_the_same_open(market, free_spec):
    prices = {0: market.prices([10.0] * 4), 1: market.prices([10.0] * 4)}
    result = run_backtest(prices, market.weights(prices, {0: [0.0, 1.0], 1: [1.0, 0.0]}), free_spec)
    assert result.fills["side"].tolist() == ["buy", "sell", "buy"]
    assert result.fills["instrument"].tolist() == [1, 1, 0]
    assert result.equity["cash"].tolist() == [1000.0, 0.0, 0.0, 0.0]


def test_a_levered_book_borrows_on_purpose(market, free_spec):
    prices = {0: market.prices([10.0, 11.0, 11.0], open_=[10.0, 11.0, 11.0])}
    result = run_backtest(prices, market.weights(prices, {0: [2.0]}), free_spec)
    assert result.equity["cash"].tolist() == [1000.0, -1200.0, -1200.0]


def test_covering_is_never_cut(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 19.0, 19.5], open_=[10.0, 10.0, 19.0, 19.5])}
    result = run_backtest(
        prices,
        market.weights(prices, {0: [-1.0, -1.0, 1.0]}),
        free_spec.model_copy(update={"rebalance_threshold": 1.0}),
    )
    # 100 short, covered at 19.5: 50 are left, and all of them go into 50 / 19.5 shares.
    np.testing.assert_allclose(result.positions["shares"], [0.0, -100.0, -100.0, 50 / 19.5])
    np.testing.assert_allclose(result.equity["cash"].iloc[-1], 0.0, atol=1e-9)


def test_a_commission_above_the_proceeds_is_paid_all_the_same(market):
    costs = CostSpec(commission_bps=0, commission_minimum=20.0, slippage_bps=0)
    spec = BacktestSpec(initial_cash=120.0, costs=costs, whole_shares=True)
    prices = {0: market.prices([100.0, 100.0, 1.0, 1.0])}
    result = run_backtest(prices, market.weights(prices, {0: [1.0, None, 0.0]}), spec)
    assert result.equity["cash"].tolist() == [120.0, 0.0, 0.0, -19.0]


def test_whole_shares_are_cut_off_towards_zero_on_both_sides(market, free_spec):
    prices = {0: market.prices([300.0] * 4)}
    spec = free_spec.model_copy(update={"whole_shares": True})
    shares = run_backtest(prices, market.weights(prices, {0: [0.95, -0.95]}), spec).positions["shares"]
    assert shares.tolist() == [0.0, 3.0, -3.0, -3.0]


def test_small_distances_are_left_alone_but_not_exits_and_turns(market, free_spec):
    prices = {0: market.prices([10.0] * 7)}
    spec = free_spec.model_copy(update={"rebalance_threshold": 0.2})
    weights = market.weights(prices, {0: [0.1, 0.3, 0.31, 0.25, -0.01, 0.0]})
    shares = run_backtest(prices, weights, spec).positions["shares"]
    np.testing.assert_allclose(shares, [0.0, 10.0, 10.0, 31.0, 31.0, -1.0, 0.0])


def test_a_split_multiplies_shares_before_the_open(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 5.0, 5.0], open_=[10, 10, 5, 5], split=[1, 1, 2, 1])}
    result = run_backtest(prices, market.weights(prices, {0: [1.0]}), free_spec)
    assert result.positions["shares"].tolist() == [0.0, 100.0, 200.0, 200.0]
    assert result.equity["equity"].tolist() == [1000.0] * 4


def test_a_split_multiplies_the_order_that_waits_for_its_open(market, free_spec):
    prices = {0: market.prices([10.0, 5.0, 5.0], open_=[10, 5, 5], split=[1, 2, 1])}
    result = run_backtest(prices, market.weights(prices, {0: [0.5]}), free_spec)
    assert result.fills["shares"].tolist() == [100.0]


def test_the_fraction_that_a_split_leaves_is_kept_until_the_next_fill(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 20.0, 20.0, 20.0], open_=[10, 10, 20, 20, 20], split=[1, 1, 0.5, 1, 1])}
    spec = free_spec.model_copy(update={"whole_shares": True})
    result = run_backtest(prices, market.weights(prices, {0: [0.75, None, None, 0.0]}), spec)
    assert result.positions["shares"].tolist() == [0.0, 75.0, 37.5, 37.5, 0.0]
    assert result.equity["equity"].tolist() == [1000.0] * 5


def test_dividends_go_to_who_held_at_the_previous_close(market, free_spec):
    prices = {0: market.prices([10.0] * 4, dividend=[0.0, 1.0, 0.5, 0.0])}
    result = run_backtest(prices, market.weights(prices, {0: [0.5, 0.0]}), free_spec)
    # Bought at the open of the first ex-date: nothing. Sold at the open of the second: paid all the same.
    assert result.positions["dividends"].tolist() == [0.0, 0.0, 25.0, 0.0]
    assert result.equity["cash"].tolist() == [1000.0, 500.0, 1025.0, 1025.0]


def test_short_positions_pay_dividends(market, free_spec):
    prices = {0: market.prices([10.0] * 3, dividend=[0.0, 0.0, 0.5])}
    result = run_backtest(prices, market.weights(prices, {0: [-0.5]}), free_spec)
    assert result.positions["dividends"].tolist() == [0.0, 0.0, -25.0]


def test_a_dividend_on_the_day_of_a_split_is_on_the_new_shares(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 5.0], open_=[10, 10, 5], split=[1, 1, 2], dividend=[0, 0, 0.25])}
    result = run_backtest(prices, market.weights(prices, {0: [0.5]}), free_spec)
    assert result.positions["dividends"].tolist() == [0.0, 0.0, 25.0]


def test_borrow_fees_accrue_over_the_weekend(market, free_spec):
    prices = {0: market.prices([10.0] * 4, days=[0, 1, 4, 5])}
    spec = free_spec.model_copy(update={"costs": CostSpec(commission_bps=0, slippage_bps=0, borrow_annual=0.365)})
    result = run_backtest(prices, market.weights(prices, {0: [-0.5]}), spec)
    # Sold at the open of day 1 and 500 short from then on: nothing for the night before, three nights, one night.
    np.testing.assert_allclose(result.positions["borrow_fees"], [0.0, 0.0, 1.5, 0.5])
    np.testing.assert_allclose(result.equity["costs"], [0.0, 0.0, 1.5, 0.5])
    assert result.equity["cash"].iloc[-1] == pytest.approx(1498.0)


def test_an_instrument_without_a_bar_keeps_its_price_and_its_order(market, free_spec):
    prices = {0: market.prices([10.0] * 5), 1: market.prices([20.0, 30.0, 40.0], open_=[20, 25, 40], days=[0, 3, 4])}
    result = run_backtest(prices, market.weights(prices, {0: [0.0], 1: [0.5]}), free_spec)
    second = result.positions.xs(1, level="instrument")
    assert second["price"].tolist() == [20.0, 20.0, 20.0, 30.0, 40.0]
    assert second["shares"].tolist() == [0.0, 0.0, 0.0, 25.0, 25.0]
    assert result.fills["timestamp"].tolist() == [prices[0].index[3]]
    assert result.equity["equity"].tolist() == [1000.0, 1000.0, 1000.0, 1125.0, 1375.0]


def test_an_instrument_that_begins_later_is_unknown_before(market, free_spec):
    prices = {0: market.prices([10.0] * 4), 1: market.prices([20.0, 20.0], days=[2, 3])}
    result = run_backtest(prices, market.weights(prices, {0: [0.5], 1: [0.5]}), free_spec)
    second = result.positions.xs(1, level="instrument")
    np.testing.assert_array_equal(second["price"], [np.nan, np.nan, 20.0, 20.0])
    assert second["value"].tolist() == [0.0, 0.0, 0.0, 500.0]


def test_a_decision_on_the_last_bar_is_pending(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 10.0])}
    result = run_backtest(prices, market.weights(prices, {0: [0.5, 0.5, -0.2]}), free_spec)
    assert len(result.fills) == 1
    assert result.pending.to_dict("records") == [
        {
            "decided_at": prices[0].index[-1], "instrument": 0, "side": "sell", "shares": 70.0,
            "order": "market", "stop_price": pytest.approx(np.nan, nan_ok=True),
            "limit_price": pytest.approx(np.nan, nan_ok=True),
        }
    ]  # fmt: skip


def test_rounding_is_not_traded(market):
    costs = CostSpec(commission_bps=0, commission_minimum=5.0, slippage_bps=0)
    spec = BacktestSpec(initial_cash=1000.0, costs=costs, whole_shares=False, rebalance_threshold=0.0)
    prices = {0: market.prices(np.linspace(7.0, 9.0, 50))}
    result = run_backtest(prices, market.weights(prices, {0: [1.0] * 50}), spec)
    assert len(result.fills) == 1
    assert result.equity["costs"].sum() == 5.0


def test_ruin_closes_the_account(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 21.0, 18.0, 5.0, 5.0], open_=[10, 10, 20, 19, 5, 5])}
    spec = free_spec.model_copy(update={"rebalance_threshold": 1.0})
    result = run_backtest(prices, market.weights(prices, {0: [-1.0, -1.0, -1.0, 1.0, 1.0]}), spec)
    assert result.is_ruined
    assert result.ruined_at == prices[0].index[2]
    # 100 short at 10; at 21 the account owes 100; it is covered at the open of 19 and never trades again.
    assert result.equity["equity"].tolist() == [1000.0, 1000.0, -100.0, 100.0, 100.0, 100.0]
    assert result.fills["side"].tolist() == ["sell", "buy"]
    np.testing.assert_allclose(result.equity["return"], [np.nan, 0.0, -1.1, np.nan, 0.0, 0.0])
    assert np.isnan(result.equity["exposure"].iloc[2])
    assert np.isnan(result.positions["weight"].iloc[2])
    assert result.pending.empty


def test_equity_begins_with_the_first_decision(market, free_spec):
    prices = {0: market.prices([10.0] * 5)}
    result = run_backtest(prices, market.weights(prices, {0: [None, None, 0.5]}), free_spec)
    assert result.equity.index.equals(prices[0].index[2:])
    assert result.equity["equity"].iloc[0] == 1000.0
    assert result.equity.columns.tolist() == [
        "cash",
        "position_value",
        "equity",
        "return",
        "exposure",
        "turnover",
        "costs",
        "interest",
    ]
    assert not result.is_ruined


def test_no_fills_and_nothing_pending_still_have_their_columns_and_types(market, free_spec):
    prices = {0: market.prices([10.0] * 3)}
    empty = run_backtest(prices, market.weights(prices, {0: [0.0]}), free_spec)
    full = run_backtest(prices, market.weights(prices, {0: [0.5, None, 0.1]}), free_spec)
    assert empty.fills.empty
    assert empty.pending.empty
    assert empty.fills.dtypes.equals(full.fills.dtypes)
    assert empty.pending.dtypes.equals(full.pending.dtypes)


# What is refused.


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda w: w[::-1], "sorted by timestamp and instrument"),
        (lambda w: w.assign(target_weight=np.nan), "finite"),
        (lambda w: w.rename(index={0: 7}, level="instrument"), "instrument 7"),
        (lambda w: w.set_index(w.index.set_levels(w.index.levels[0] + pd.Timedelta(hours=1), level=0)), "none"),
    ],
)
def test_weights_that_cannot_be_executed_are_refused(market, free_spec, broken, message):
    prices = {0: market.prices([10.0] * 3)}
    with pytest.raises(DataError, match=message):
        run_backtest(prices, broken(market.weights(prices, {0: [0.5, 0.4]})), free_spec)


def test_a_weight_where_its_instrument_has_no_bar_is_refused(market, free_spec):
    prices = {0: market.prices([10.0] * 3), 1: market.prices([10.0], days=[2])}
    weights = market.weights({0: prices[0], 1: prices[0]}, {0: [0.5], 1: [0.5]})
    with pytest.raises(DataError, match="instrument 1"):
        run_backtest(prices, weights, free_spec)


def test_no_weights_and_impossible_prices_are_refused(market, free_spec):
    prices = {0: market.prices([10.0] * 3)}
    weights = market.weights(prices, {0: [0.5]})
    with pytest.raises(NotEnoughData, match="at least one target weight"):
        run_backtest(prices, weights.iloc[:0], free_spec)
    with pytest.raises(InvalidPrices, match="open"):
        run_backtest({0: market.prices([10.0] * 3, open_=[10, -1, 10])}, weights, free_spec)


def test_aligned_bars_give_what_their_prices_give(market):
    prices, weights, spec = market.random_case(5)
    by_prices, by_bars = run_backtest(prices, weights, spec), run_backtest(align(prices), weights, spec)
    for name in ("equity", "positions", "fills", "pending"):
        pd.testing.assert_frame_equal(getattr(by_prices, name), getattr(by_bars, name), check_exact=True)
    assert by_bars.equity is by_bars.equity  # made once

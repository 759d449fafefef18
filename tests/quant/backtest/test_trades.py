import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.benchmark import buy_and_hold
from quant.backtest.catalog import CostSpec, EntrySpec
from quant.backtest.engine import run_backtest
from quant.backtest.trades import find_round_trips, trades_from_fills
from quant.risk.catalog import RiskSpec
from quant.risk.measure import measure

seeds = st.integers(0, 2**32 - 1)


def run(market, prices, weights, spec):
    result = run_backtest(prices, market.weights(prices, weights), spec)
    return result, trades_from_fills(result)


@settings(max_examples=100, deadline=None)
@given(seed=seeds)
def test_the_profits_of_all_trades_are_the_change_of_equity(market, seed):
    prices, weights, spec = market.random_case(seed)
    result = run_backtest(prices, weights, spec)
    trades = trades_from_fills(result)
    change = result.equity["equity"].iloc[-1] - spec.initial_cash - result.equity["interest"].sum()
    assert trades["pnl"].sum() == pytest.approx(change, abs=1e-7 * spec.initial_cash)
    assert trades["costs"].sum() == pytest.approx(result.equity["costs"].sum(), abs=1e-7 * spec.initial_cash)
    assert trades["dividends"].sum() == pytest.approx(result.positions["dividends"].sum(), abs=1e-6)
    assert trades["borrow_fees"].sum() == pytest.approx(result.positions["borrow_fees"].sum(), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_trades_are_the_spells_of_one_side(market, seed):
    """Counted from the positions alone: a spell begins where the sign of the shares changes to one that is not 0."""
    prices, weights, spec = market.random_case(seed)
    result = run_backtest(prices, weights, spec)
    trades = trades_from_fills(result)
    n_spells = n_held = 0
    for instrument, frame in prices.items():
        side = np.sign(result.positions["shares"].xs(instrument, level="instrument"))
        begins = side.ne(side.shift(fill_value=0.0)) & side.ne(0)
        own = trades[trades["instrument"] == instrument]
        assert own["entry_at"].tolist() == side.index[begins].tolist()
        assert own["direction"].eq("long").tolist() == (side[begins] > 0).tolist()
        assert own["is_open"].sum() == (side.iloc[-1] != 0)
        n_spells += begins.sum()
        n_held += (side[side.index.isin(frame.index)] != 0).sum()
    assert len(trades) == n_spells
    assert trades["bars_held"].sum() == n_held
    assert trades["is_open"].equals(trades["exit_at"].isna())
    assert (trades["max_adverse_excursion"] <= 0).all()
    assert (trades["max_favourable_excursion"] >= 0).all()
    assert trades[["entry_at", "instrument"]].apply(tuple, axis=1).is_monotonic_increasing


def test_a_long_round_trip_by_hand(market, free_spec):
    prices = {
        0: market.prices(
            [10.0, 11.0, 12.0, 9.0, 9.0],
            open_=[10.0, 10.0, 11.0, 12.0, 8.0],
            high=[10, 13, 12, 12, 9],
            low=[10, 9.5, 11, 9, 7],
        )
    }
    costs = CostSpec(commission_bps=0, commission_minimum=2.0, slippage_bps=0)
    _, trades = run(market, prices, {0: [0.5, None, None, 0.0]}, free_spec.model_copy(update={"costs": costs}))
    trade = trades.iloc[0]
    assert len(trades) == 1
    assert trade["direction"] == "long"
    assert trade["entry_at"] == prices[0].index[1]
    assert trade["exit_at"] == prices[0].index[4]
    assert (trade["entry_price"], trade["exit_price"]) == (10.0, 8.0)
    assert (trade["max_shares"], trade["entry_value"]) == (50.0, 500.0)
    assert trade["costs"] == 4.0
    assert trade["pnl"] == pytest.approx(-104.0)
    assert trade["return_on_entry_value"] == pytest.approx(-0.208)
    assert trade["bars_held"] == 3
    assert trade["max_favourable_excursion"] == pytest.approx(0.3)
    # The low of 7 came after the exit at the open of 8: the worst price is that open.
    assert trade["max_adverse_excursion"] == pytest.approx(-0.2)
    assert not trade["is_open"]


def test_a_short_trade_has_its_excursions_the_other_way_round(market, free_spec):
    prices = {0: market.prices([10.0] * 4, high=[10, 12, 10, 10], low=[10, 9, 10, 10])}
    _, trades = run(market, prices, {0: [-0.5, None, 0.0]}, free_spec)
    assert trades["direction"].tolist() == ["short"]
    assert trades["max_adverse_excursion"].iloc[0] == pytest.approx(-0.2)
    assert trades["max_favourable_excursion"].iloc[0] == pytest.approx(0.1)
    assert trades["pnl"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("order", "weight", "bar", "adverse", "favourable"),
    [
        # Bought at a limit of 90, to which prices fell: the high of 130 may have come before, the low of 81 has not.
        ("limit", 0.5, (100, 130, 81, 99), -0.1, 0.1),
        ("limit", 0.5, (80, 120, 72, 90), -0.1, 0.5),  # at the open: all of the bar came later
        ("limit", -0.5, (100, 121, 70, 99), -0.1, 0.1),  # sold at 110, to which prices rose
        ("stop", 0.5, (100, 121, 70, 99), -0.1, 0.1),  # bought at 110, to which prices rose
        ("stop", -0.5, (100, 130, 81, 99), -0.1, 0.1),  # sold at 90, to which prices fell
    ],
)
def test_excursions_of_the_bar_of_an_order_that_lay_leave_out_what_may_have_come_before(
    market, free_spec, order, weight, bar, adverse, favourable
):
    open_, high, low, close = np.array([(100,) * 4, bar, (bar[3],) * 4], dtype=float).T
    prices = {0: market.prices(close, open_=open_, high=high, low=low)}
    spec = free_spec.model_copy(update={"entry": EntrySpec(order=order, distance=0.1)})
    _, trades = run(market, prices, {0: [weight]}, spec)
    assert trades["max_adverse_excursion"].tolist() == pytest.approx([adverse])
    assert trades["max_favourable_excursion"].tolist() == pytest.approx([favourable])


def test_a_change_of_side_ends_one_trade_and_begins_the_next(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 12.0, 12.0], open_=[10, 10, 12, 12])}
    costs = CostSpec(commission_bps=0, commission_minimum=6.0, slippage_bps=0, borrow_annual=0)
    spec = free_spec.model_copy(update={"costs": costs})
    result, trades = run(market, prices, {0: [0.5, -0.5]}, spec)
    # Bought 50, then sold 50 + 49.7: the commission of 6 is shared by shares.
    sold = result.fills["shares"].iloc[1]
    assert trades["direction"].tolist() == ["long", "short"]
    assert trades["exit_at"].iloc[0] == trades["entry_at"].iloc[1] == prices[0].index[2]
    assert trades["costs"].tolist() == pytest.approx([6 + 6 * 50 / sold, 6 * (sold - 50) / sold])
    assert trades["is_open"].tolist() == [False, True]
    assert trades["max_shares"].tolist() == pytest.approx([50.0, sold - 50])


def test_additions_and_reductions_belong_to_one_trade_at_average_prices(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 20.0, 20.0, 20.0], open_=[10, 10, 20, 20, 20])}
    result, trades = run(market, prices, {0: [0.2, 0.6, 0.3, 0.0]}, free_spec)
    assert len(trades) == 1
    bought = result.fills[result.fills["side"] == "buy"]
    assert len(bought) == 2
    assert trades["entry_price"].iloc[0] == pytest.approx(bought["value"].sum() / bought["shares"].sum())
    assert trades["entry_value"].iloc[0] == pytest.approx(bought["value"].sum())
    assert trades["exit_price"].iloc[0] == pytest.approx(20.0)
    assert trades["max_shares"].iloc[0] == pytest.approx(bought["shares"].sum())


def test_a_split_inside_a_trade_restates_prices_and_shares(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 5.0, 6.0], open_=[10, 10, 5, 6], split=[1, 1, 2, 1])}
    _, trades = run(market, prices, {0: [0.5, None, 0.0]}, free_spec)
    trade = trades.iloc[0]
    assert (trade["entry_price"], trade["exit_price"], trade["max_shares"]) == (5.0, 6.0, 100.0)
    assert trade["pnl"] == pytest.approx(100.0)
    assert trade["max_adverse_excursion"] == 0.0
    assert trade["max_favourable_excursion"] == pytest.approx(0.2)


def test_dividends_and_borrow_fees_belong_to_who_held_at_the_previous_close(market, free_spec):
    prices = {0: market.prices([10.0] * 5, dividend=[0, 0, 1.0, 1.0, 0])}
    costs = CostSpec(commission_bps=0, slippage_bps=0, borrow_annual=0.365)
    spec = free_spec.model_copy(update={"costs": costs})
    _, trades = run(market, prices, {0: [0.5, -0.5, 0.0]}, spec)
    long, short = trades.iloc[0], trades.iloc[1]
    assert (long["dividends"], long["borrow_fees"]) == (50.0, 0.0)
    assert short["dividends"] == pytest.approx(-50.0)
    assert short["borrow_fees"] == pytest.approx(0.5)
    assert short["pnl"] == pytest.approx(-50.5)
    assert short["costs"] == pytest.approx(0.5)


def test_an_open_trade_is_marked_at_the_last_close(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 13.0])}
    _, trades = run(market, prices, {0: [0.5]}, free_spec)
    assert trades["is_open"].tolist() == [True]
    assert trades["exit_at"].isna().all()
    assert trades["exit_price"].isna().all()
    assert trades["pnl"].tolist() == pytest.approx([150.0])


def test_bars_without_a_bar_of_the_instrument_do_not_count(market, free_spec):
    prices = {0: market.prices([10.0] * 6), 1: market.prices([10.0] * 4, days=[0, 1, 4, 5])}
    _, trades = run(market, prices, {1: [0.5, None, 0.0]}, free_spec)
    assert trades["instrument"].tolist() == [1]
    assert trades["bars_held"].tolist() == [2]


def test_no_fills_no_trades_but_the_same_columns_and_types(market, free_spec):
    prices = {0: market.prices([10.0] * 4)}
    _, none = run(market, prices, {0: [0.0]}, free_spec)
    _, some = run(market, prices, {0: [0.5, 0.0]}, free_spec)
    assert none.empty
    pd.testing.assert_series_equal(none.dtypes, some.dtypes)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_what_is_measured_of_trades_is_what_their_frame_says(market, seed):
    prices, weights, spec = market.random_case(seed)
    result = run_backtest(prices, weights, spec)
    found, trades = find_round_trips(result), trades_from_fills(result)
    for name, values in found.outcomes.items():
        np.testing.assert_array_equal(values, trades[name], strict=False)
    benchmark = buy_and_hold(result.bars, spec.initial_cash, result.equity.index[0])
    assert measure(result.equity, benchmark, found.outcomes, RiskSpec(), 252.0) == measure(
        result.equity, benchmark, trades, RiskSpec(), 252.0
    )

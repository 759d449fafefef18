"""The account at a desk beside the quick one; what only a desk does is tested with the desk and the exits."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import EntrySpec, ExitSpec, InterestSpec, LiquiditySpec, MarginSpec
from quant.backtest.engine import run_backtest
from quant.backtest.trades import trades_from_fills
from quant.brackets import bracket

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
def test_cash_and_positions_are_equity_and_change_by_nothing_but_prices_income_and_costs(market, seed):
    prices, weights, spec = everything(market, seed)
    result = run_backtest(prices, weights, spec)
    equity, value = result.equity, result.positions["value"].groupby(level="timestamp").sum()
    np.testing.assert_allclose(equity["cash"] + value, equity["equity"], rtol=1e-12, atol=1e-9)
    signed = np.where(result.fills["side"] == "buy", 1, -1) * result.fills["shares"]
    paid = -(signed * result.fills["price"]) - result.fills["commission"]
    paid = paid.groupby(result.fills["timestamp"]).sum().reindex(equity.index, fill_value=0.0)
    income = (result.positions["dividends"] - result.positions["borrow_fees"]).groupby(level="timestamp").sum()
    cash = spec.initial_cash + (paid + income + equity["interest"]).cumsum()
    np.testing.assert_allclose(equity["cash"], cash, rtol=1e-9, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, cut=st.floats(0.0, 1.0))
def test_no_order_is_filled_in_its_own_bar_and_equity_up_to_t_knows_nothing_later(market, seed, cut):
    prices, weights, spec = everything(market, seed)
    whole = run_backtest(prices, weights, spec)
    assert (whole.fills["decided_at"] < whole.fills["timestamp"]).all()
    last = whole.equity.index[int(cut * (len(whole.equity) - 1))]
    other = {i: frame.copy() for i, frame in prices.items()}
    for frame in other.values():
        frame.loc[frame.index > last, ["open", "high", "low", "close"]] *= 3.0
    changed = weights.copy()
    changed[weights.index.get_level_values("timestamp") > last] *= -0.5
    shortened = {i: frame.loc[:last] for i, frame in prices.items()}
    for later_prices, later_weights in ((shortened, weights.loc[:last]), (other, changed)):
        part = run_backtest(later_prices, later_weights, spec)
        pd.testing.assert_frame_equal(
            part.equity.loc[:last], whole.equity.loc[:last], check_freq=False, check_exact=True
        )


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_every_account_lies_within_its_bracket(market, seed):
    prices, weights, spec = everything(market, seed)
    result = run_backtest(prices, weights, spec)
    found = bracket(result, weights, spec, periods_per_year=252.0, risk_free_annual=0.0)
    of = {each["name"]: each["final_equity"] for each in found["scenarios"]}
    assert of["best_fills"] >= of["costs_1x"] == result.final_equity >= of["worst_fills"]
    assert set(of) == {"costs_0x", "costs_1x", "costs_2x", "costs_5x", "worst_fills", "best_fills"}


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_what_is_bought_once_without_costs_earns_the_price_return(market, seed):
    """In a market with volume, without actions and delistings, and without levels that could be reached."""
    prices, _, spec = everything(market, seed)
    frame = prices[0].assign(split_factor=1.0, dividend=0.0, volume=1e15)
    asked = {"costs": market.free, "exits": ExitSpec(), "entry": EntrySpec(), "margin": MarginSpec()}
    asked |= {"liquidity": LiquiditySpec(max_volume_share=0.5), "interest": InterestSpec()}
    result = run_backtest({0: frame}, market.weights({0: frame}, {0: [1.0]}), spec.model_copy(update=asked))
    if len(frame) > 1:
        shares = min(spec.initial_cash / frame["close"].iloc[0], spec.initial_cash / frame["open"].iloc[1])
        made = shares * (frame["close"].to_numpy()[1:] - frame["open"].iloc[1])
        np.testing.assert_allclose(result.equity["equity"].iloc[1:] - spec.initial_cash, made, rtol=1e-9, atol=1e-6)


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

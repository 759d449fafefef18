"""Claim: a backtest, with its trades and all measures, is quick enough to be repeated thousands of times."""

from collections.abc import Callable, Mapping
from time import process_time

import pandas as pd

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.timing import compare
from quant.backtest.benchmark import buy_and_hold
from quant.backtest.catalog import BacktestSpec
from quant.backtest.engine import run_backtest
from quant.backtest.trades import find_round_trips, trades_from_fills
from quant.features.trend import simple_moving_average
from quant.frames import Prices, to_panel
from quant.risk.catalog import RiskSpec
from quant.risk.measure import measure as measure_risk
from quant.risk.performance import (
    monthly_returns,
)

GOAL = "a backtest of 2,500 bars through the public functions, with its trades and all measures, takes at most 1 ms."
_PERIODS = 252
_SHOWN = {
    "measure": "`measure`: all measures, of the curve and of its benchmark",
    "monthly_returns": "`monthly_returns`, of both",
    "trades_from_fills": "`trades_from_fills`, a frame of them",
}


def measure(*, quick: bool = False) -> Finding:
    """Time the parts of a backtest."""
    n_bars, rounds = (300, 2) if quick else (2_500, 15)
    prices = {0: long_prices(n_bars)}
    weights, spec, risk = crossover(prices[0]), BacktestSpec(), RiskSpec()
    outcome = run_backtest(prices, weights, spec)
    benchmark = buy_and_hold(outcome.bars, spec.initial_cash, outcome.equity.index[0])
    trades, trips = trades_from_fills(outcome), find_round_trips(outcome).outcomes
    parts: dict[str, Callable[[], object]] = {
        "one backtest": lambda: one_backtest(prices, weights, spec, risk),
        "run_backtest": lambda: run_backtest(prices, weights, spec).equity,
        "buy_and_hold": lambda: buy_and_hold(outcome.bars, spec.initial_cash, outcome.equity.index[0]),
        "trades_from_fills": lambda: trades_from_fills(outcome),
        "measure": lambda: measure_risk(outcome.equity, benchmark, trips, risk, _PERIODS),
        "monthly_returns": lambda: monthly_returns(outcome.equity["equity"], benchmark["equity"]),
    }
    timed = compare(parts, rounds=rounds, clock=process_time)
    milliseconds = {name: 1e3 * timed.seconds(name) for name in parts}
    return Finding(
        name="backtest",
        title="Backtest",
        goal=GOAL,
        how=(
            f"A crossing of two moving averages on {n_bars:,} bars, long or flat, with costs, filled at the next open: "
            f"{len(outcome.fills)} fills, {len(trades)} trades. Single calls, frames in, one thread; times of the "
            f"processor, medians of {rounds} rounds, each at least 5 ms long. One backtest is `run_backtest` with its "
            "curve, `buy_and_hold`, `find_round_trips` and `measure`; fills, positions and trades become frames only "
            "when somebody looks at them. All measures are what an analysis shows, of the curve and of its benchmark."
        ),
        goals=(
            Goal(f"backtest, benchmark, trades and measures, {n_bars:,} bars", milliseconds["one backtest"], 1.0, "ms"),
        ),
        tables=(
            Table(
                "Milliseconds a call:",
                ("what", "ms"),
                tuple((_SHOWN.get(name, f"`{name}`"), milliseconds[name]) for name in parts),
            ),
        ),
    )


def one_backtest(prices: Mapping[int, Prices], weights: pd.DataFrame, spec: BacktestSpec, risk: RiskSpec) -> object:
    """Return the curves, trades and measures of one backtest."""
    outcome = run_backtest(prices, weights, spec)
    benchmark = buy_and_hold(outcome.bars, spec.initial_cash, outcome.equity.index[0])
    trades = find_round_trips(outcome)
    return outcome.equity, benchmark, trades, measure_risk(outcome.equity, benchmark, trades.outcomes, risk, _PERIODS)


def crossover(prices: Prices) -> pd.DataFrame:
    """Return target weights: everything while the mean of 20 closes is above that of 50, else nothing."""
    close = prices["close"].to_numpy()
    is_up = simple_moving_average(close, 20) > simple_moving_average(close, 50)
    return to_panel({0: pd.DataFrame({"target_weight": is_up.astype(float)}, index=prices.index)})

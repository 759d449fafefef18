"""Claim: a backtest, with its trades and all measures, is quick enough to be repeated thousands of times."""

import warnings
from collections.abc import Callable, Mapping
from time import process_time
from typing import Any

import empyrical
import numpy as np
import pandas as pd

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.timing import Comparison, compare
from quant.backtest.benchmark import buy_and_hold
from quant.backtest.catalog import BacktestSpec
from quant.backtest.engine import run_backtest
from quant.backtest.trades import find_round_trips, trades_from_fills
from quant.features.trend import simple_moving_average
from quant.frames import Prices, columns_of, to_panel
from quant.risk.arrays import to_sample
from quant.risk.catalog import RiskSpec
from quant.risk.drawdown import max_drawdown
from quant.risk.exposure import relate_returns
from quant.risk.measure import measure as measure_risk
from quant.risk.performance import (
    annualised_volatility,
    compound_annual_growth_rate,
    growth_over_drawdown,
    monthly_returns,
    sharpe_ratio,
    sortino_ratio,
)
from quant.risk.value_at_risk import expected_shortfall, value_at_risk

GOAL = (
    "a backtest of 2,500 bars through the public functions, with its trades and all measures, takes at most 1 ms; the "
    "measures that empyrical has too are at least 80 times faster than its own on 2,500 returns, 140 times on 25,000."
)
_PERIODS = 252
_SHOWN = {
    "same": "ours: ten measures and the months",
    "empyrical": "empyrical: ten measures and the months",
    "measure": "`measure`: all measures, of the curve and of its benchmark",
    "monthly_returns": "`monthly_returns`, of both",
    "trades_from_fills": "`trades_from_fills`, a frame of them",
}


def measure(*, quick: bool = False) -> Finding:
    """Time the parts of a backtest, and the measures against those that empyrical has too."""
    n_bars, n_long, rounds = (300, 600, 2) if quick else (2_500, 25_000, 15)
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
        "same": lambda: by_ours(outcome.equity, benchmark),
        "empyrical": lambda: by_empyrical(outcome.equity["return"], benchmark["return"]),
    }
    _check(outcome.equity, benchmark, trades, risk)
    timed = compare(parts, rounds=rounds, clock=process_time)
    long = _long(n_long, rounds)
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
            "when somebody looks at them. empyrical is compared with the same ten measures and months of the same "
            "curve; all measures are what an analysis shows, of the curve and of its benchmark."
        ),
        goals=(
            Goal(f"backtest, benchmark, trades and measures, {n_bars:,} bars", milliseconds["one backtest"], 1.0, "ms"),
            Goal(
                f"empyrical over ours, {n_bars:,} returns", timed.ratio("empyrical", "same"), 80.0, "×", at_least=True
            ),
            Goal(
                f"empyrical over ours, {n_long:,} returns", long.ratio("empyrical", "same"), 140.0, "×", at_least=True
            ),
        ),
        tables=(
            Table(
                "Milliseconds a call:",
                ("what", "ms"),
                tuple((_SHOWN.get(name, f"`{name}`"), milliseconds[name]) for name in parts),
            ),
            Table(
                "empyrical's ten measures and months of one curve, over:",
                ("what", f"{n_bars:,} returns", f"{n_long:,} returns"),
                (
                    ("the same of ours, ×", timed.ratio("empyrical", "same"), long.ratio("empyrical", "same")),
                    ("all of ours and the months, of both curves, ×", _over_all(timed), _over_all(long)),
                ),
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


def by_empyrical(returns: pd.Series, benchmark: pd.Series) -> dict[str, Any]:
    """Return what empyrical has of our measures."""
    own, other = returns.iloc[1:], benchmark.iloc[1:]
    return {
        "compound_annual_growth_rate": empyrical.cagr(own),
        "annualised_volatility": empyrical.annual_volatility(own),
        "sharpe_ratio": empyrical.sharpe_ratio(own),
        "sortino_ratio": empyrical.sortino_ratio(own),
        "calmar_ratio": empyrical.calmar_ratio(own),
        "max_drawdown": empyrical.max_drawdown(own),
        "value_at_risk": empyrical.value_at_risk(own),
        "expected_shortfall": empyrical.conditional_value_at_risk(own),
        "beta": empyrical.beta(own, other),
        "alpha": empyrical.alpha(own, other),
        "months": empyrical.aggregate_returns(own, "monthly"),
    }


def by_ours(equity: pd.DataFrame, benchmark: pd.DataFrame) -> dict[str, Any]:
    """Return the same by our functions."""
    levels, changes = columns_of(equity, "equity", "return")
    returns, growth = to_sample(changes), compound_annual_growth_rate(levels, periods_per_year=_PERIODS)
    relation = relate_returns(
        changes, *columns_of(benchmark, "return"), periods_per_year=_PERIODS, risk_free_annual=0.0
    )
    depth = max_drawdown(levels)
    return {
        "compound_annual_growth_rate": growth,
        "annualised_volatility": annualised_volatility(returns, periods_per_year=_PERIODS),
        "sharpe_ratio": sharpe_ratio(returns, periods_per_year=_PERIODS),
        "sortino_ratio": sortino_ratio(returns, periods_per_year=_PERIODS),
        "calmar_ratio": growth_over_drawdown(growth, depth),
        "max_drawdown": depth,
        "value_at_risk": value_at_risk(returns),
        "expected_shortfall": expected_shortfall(returns),
        "beta": relation.beta,
        "alpha": relation.alpha,
        "months": monthly_returns(equity["equity"]),
    }


def _over_all(timed: Comparison) -> float:
    """Return how many times as long empyrical takes as all our measures and the months of both curves."""
    return timed.seconds("empyrical") / (timed.seconds("measure") + timed.seconds("monthly_returns"))


def _long(n_bars: int, rounds: int) -> Comparison:
    """Time the measures of a long curve."""
    prices, spec, risk = {0: long_prices(n_bars)}, BacktestSpec(), RiskSpec()
    outcome = run_backtest(prices, crossover(prices[0]), spec)
    equity, trades = outcome.equity, find_round_trips(outcome).outcomes
    benchmark = buy_and_hold(outcome.bars, spec.initial_cash, equity.index[0])
    return compare(
        {
            "measure": lambda: measure_risk(equity, benchmark, trades, risk, _PERIODS),
            "monthly_returns": lambda: monthly_returns(equity["equity"], benchmark["equity"]),
            "same": lambda: by_ours(equity, benchmark),
            "empyrical": lambda: by_empyrical(equity["return"], benchmark["return"]),
        },
        rounds=max(2, rounds // 3),
        clock=process_time,
    )


def _check(equity: pd.DataFrame, benchmark: pd.DataFrame, trades: pd.DataFrame, risk: RiskSpec) -> None:
    """Compare the measures that both define alike, and ours with themselves."""
    ours = {metric.name: metric.value for metric in measure_risk(equity, benchmark, trades, risk, _PERIODS)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # empyrical's, about pandas
        theirs = by_empyrical(equity["return"], benchmark["return"])
    for name, value in by_ours(equity, benchmark).items():
        if name != "months":
            np.testing.assert_equal(value, ours[name])
    for name in ("annualised_volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown", "beta"):
        np.testing.assert_allclose(float(ours[name] or np.nan), theirs[name], rtol=1e-6)

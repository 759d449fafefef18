"""Claim: the measures that empyrical and QuantStats have too are many times faster than theirs."""

import statistics
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from time import process_time
from typing import Any

import empyrical
import numpy as np
import pandas as pd

from benchmarks.backtest import crossover
from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.peers import QUANTSTATS
from benchmarks.timing import compare
from quant.backtest.benchmark import buy_and_hold
from quant.backtest.catalog import BacktestSpec
from quant.backtest.engine import run_backtest
from quant.backtest.trades import find_round_trips
from quant.frames import columns_of, microseconds
from quant.risk.arrays import to_sample
from quant.risk.catalog import RiskSpec
from quant.risk.drawdown import max_drawdown
from quant.risk.exposure import relation_of
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
    "ten measures and the months of a curve are at least 80 times faster than by empyrical and by QuantStats on 2,500 "
    "returns, 140 times on 25,000."
)
_PERIODS = 252
# What all define alike; the others differ in a convention: how alpha compounds, or which return a quantile is.
_ALIKE = ("annualised_volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown", "beta")


@dataclass(frozen=True, eq=False)
class _Curves:
    """A backtest's curve, its benchmark and its trades."""

    equity: pd.DataFrame
    benchmark: pd.DataFrame
    trades: Mapping[str, np.ndarray[Any, Any]]

    @property
    def returns(self) -> tuple[pd.Series, pd.Series]:
        """The known returns of both."""
        return self.equity["return"].iloc[1:], self.benchmark["return"].iloc[1:]


def measure(*, quick: bool = False) -> Finding:
    """Time the measures of a short and of a long curve."""
    sizes, rounds = ((300, 600), 2) if quick else ((2_500, 25_000), 9)
    timed = {n_bars: _timed(_curves(n_bars), rounds) for n_bars in sizes}
    return Finding(
        name="measures",
        title="Measures",
        goal=GOAL,
        how=(
            "Growth, volatility, Sharpe, Sortino and Calmar ratio, drawdown, value at risk, expected shortfall, "
            "beta, alpha and the months of one curve, frames in; and all measures that an analysis shows, with "
            "the months, of the curve and of its benchmark. QuantStats 0.0.86 runs in an environment of its own, "
            "on the same returns; what all three define alike is compared. One thread; times of the processor, "
            f"medians of {rounds} rounds."
        ),
        goals=tuple(
            Goal(f"{peer} over ours, {n_bars:,} returns", seconds[peer] / seconds["ours"], limit, "×", at_least=True)
            for peer in ("empyrical", "QuantStats")
            for (n_bars, seconds), limit in zip(timed.items(), (80.0, 140.0), strict=True)
        ),
        tables=(
            Table(
                "Milliseconds a call:",
                ("what", *(f"{n_bars:,} returns" for n_bars in sizes)),
                tuple((name, *(1e3 * timed[n_bars][name] for n_bars in sizes)) for name in timed[sizes[0]]),
            ),
        ),
    )


def by_empyrical(returns: pd.Series, benchmark: pd.Series) -> dict[str, Any]:
    """Return what empyrical has of our measures."""
    return {
        "compound_annual_growth_rate": empyrical.cagr(returns),
        "annualised_volatility": empyrical.annual_volatility(returns),
        "sharpe_ratio": empyrical.sharpe_ratio(returns),
        "sortino_ratio": empyrical.sortino_ratio(returns),
        "calmar_ratio": empyrical.calmar_ratio(returns),
        "max_drawdown": empyrical.max_drawdown(returns),
        "value_at_risk": empyrical.value_at_risk(returns),
        "expected_shortfall": empyrical.conditional_value_at_risk(returns),
        "beta": empyrical.beta(returns, benchmark),
        "alpha": empyrical.alpha(returns, benchmark),
        "months": empyrical.aggregate_returns(returns, "monthly"),
    }


def by_ours(equity: pd.DataFrame, benchmark: pd.DataFrame) -> dict[str, Any]:
    """Return the same by our functions."""
    levels, changes = columns_of(equity, "equity", "return")
    returns, growth = to_sample(changes), compound_annual_growth_rate(levels, periods_per_year=_PERIODS)
    relation = relation_of(changes, columns_of(benchmark, "return")[0], _PERIODS, rate=0.0)
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


def _curves(n_bars: int) -> _Curves:
    prices, spec = {0: long_prices(n_bars)}, BacktestSpec()
    outcome = run_backtest(prices, crossover(prices[0]), spec)
    benchmark = buy_and_hold(outcome.bars, spec.initial_cash, outcome.equity.index[0])
    return _Curves(outcome.equity, benchmark, find_round_trips(outcome).outcomes)


def _timed(curves: _Curves, rounds: int) -> dict[str, float]:
    """Return seconds a call, by what is called."""
    equity, benchmark, returns = curves.equity, curves.benchmark, curves.returns
    handed = np.vstack([*returns, microseconds(equity.index)[1:]])
    theirs = QUANTSTATS.measure("measures_quantstats", handed, rounds=rounds)
    _check(curves, {name: values[0] for name, values in theirs.items()})
    timed = compare(
        {
            "ours": lambda: by_ours(equity, benchmark),
            "all": lambda: (
                measure_risk(equity, benchmark, curves.trades, RiskSpec(), _PERIODS),
                monthly_returns(equity["equity"], benchmark["equity"]),
            ),
            "empyrical": lambda: by_empyrical(*returns),
        },
        rounds=rounds,
        clock=process_time,
    )
    return {
        "ours": timed.seconds("ours"),
        "empyrical": timed.seconds("empyrical"),
        "QuantStats": statistics.median(theirs["quantstats"]),
        "all of ours, of both curves": timed.seconds("all"),
    }


def _check(curves: _Curves, quantstats: Mapping[str, float]) -> None:
    """Compare the measures that all define alike, and ours with themselves."""
    found = measure_risk(curves.equity, curves.benchmark, curves.trades, RiskSpec(), _PERIODS)
    known = {metric.name: metric.value for metric in found}
    ours = by_ours(curves.equity, curves.benchmark)
    for name, value in ours.items():
        if name != "months":
            np.testing.assert_equal(value, known[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # empyrical's, about pandas
        theirs = by_empyrical(*curves.returns)
    for name in _ALIKE:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-6)
        np.testing.assert_allclose(ours[name], quantstats[name], rtol=1e-6)

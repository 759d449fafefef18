"""Every number about a finished curve, by name."""

import math
from collections.abc import Mapping
from itertools import repeat
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numba import types

from quant.frames import columns_of, microseconds
from quant.returns import per_period_rate
from quant.risk.arrays import FloatArray, to_array
from quant.risk.catalog import RiskSpec
from quant.risk.exposure import BenchmarkRelation, common_returns, relation_of
from quant.risk.formulas import (
    annualised_ratio,
    cornish_fisher_loss,
    deviation_of,
    ewma_deviation,
    gains_over_losses,
    growth_rate,
    historical_expected_shortfall,
    historical_tail_ratio,
    historical_value_at_risk,
    moment,
    normal_loss,
    normal_shortfall,
    omega,
    ratio,
)
from quant.risk.sums import INPUT, STAMPS, IntArray, compiled, fall, named, tally, tally_use
from quant.risk.tails import normal_density, normal_quantile
from quant.risk.value_at_risk import check_confidence
from quant.sums import pairwise_sum

Trades: TypeAlias = pd.DataFrame | Mapping[str, np.ndarray[Any, Any]]
BoolArray: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

_OUTCOMES = ("pnl", "return_on_entry_value", "bars_held")
_NUMBER = types.float64
_FLAGS = types.Array(types.boolean, 1, "C", readonly=True)


class Metric(NamedTuple):
    """One number: its key in `quant.risk.definitions`, its value and the benchmark's, and the span that it is about.

    None is unknown, or has no meaning for a benchmark; never NaN or infinite, so that every metric is JSON.
    """

    name: str
    value: float | None
    benchmark_value: float | None
    segment: str


class _OfCurve(NamedTuple):
    total_return: float
    compound_annual_growth_rate: float
    final_equity: float
    sharpe_ratio: float
    sortino_ratio: float
    omega_ratio: float
    calmar_ratio: float
    best_bar: float
    worst_bar: float
    winning_bars: float
    annualised_volatility: float
    max_drawdown: float
    ulcer_index: float
    longest_drawdown_bars: float
    longest_drawdown_days: float
    value_at_risk: float
    expected_shortfall: float
    normal_value_at_risk: float
    normal_expected_shortfall: float
    cornish_fisher_value_at_risk: float
    ewma_value_at_risk: float
    tail_ratio: float
    skewness: float
    raw_kurtosis: float


class _OfUse(NamedTuple):
    time_in_market: float
    average_exposure: float
    annualised_turnover: float
    total_costs: float


class _OfTrades(NamedTuple):
    n_trades: float
    hit_rate: float
    profit_factor: float
    average_trade_return: float
    average_bars_held: float


def measure(
    equity: pd.DataFrame,
    benchmark: pd.DataFrame,
    trades: Trades,
    spec: RiskSpec,
    periods_per_year: float,
    *,
    segment: str = "out_of_sample",
) -> list[Metric]:
    """Measure an equity curve, its benchmark and its trades.

    Parameters
    ----------
    equity : DataFrame of shape (n_bars, n_columns)
        Index `timestamp`; at least `equity`, the initial capital first, `return` (NaN on the first bar), `exposure`,
        `turnover` (two-way) and `costs`.
    benchmark : DataFrame of shape (n_bars, n_columns)
        At least `equity` and `return`, from the same start.
    trades : DataFrame of shape (n_trades, n_columns), or mapping of str to array
        At least the columns `pnl`, `return_on_entry_value`, `bars_held` and `is_open`.
    spec : RiskSpec
        Risk-free rate and confidence.
    periods_per_year : float
        Bars a year.
    segment : str, default="out_of_sample"
        Name of the span that the curve covers.

    Returns
    -------
    list of Metric
        One for every entry of `quant.risk.definitions.DEFINITIONS`, in its order.

    Notes
    -----
    Timing: uses all bars. An outcome, never an input of a decision.

    Returns after a ruined account owed money are unknown and left out; its total return is not.

    What the measures say one by one, to the last bit, in one call of compiled code for each of its parts.
    """
    check_confidence(spec.confidence)
    low, high = normal_quantile(1.0 - spec.confidence), normal_quantile(spec.confidence)
    rate = per_period_rate(spec.risk_free_annual, periods_per_year)
    conventions = (spec.confidence, low, high, normal_density(high), rate, periods_per_year)
    exposure, turnover, costs = _columns(equity, "exposure", "turnover", "costs")
    pnl, earned, n_bars = (np.ascontiguousarray(to_array(trades[name])) for name in _OUTCOMES)
    is_open = np.ascontiguousarray(trades["is_open"], dtype=np.bool_)
    values = (
        *_of_curve(equity, conventions),
        *relation_of(*_common_returns(equity, benchmark), periods_per_year, rate)[1:],
        *_measure_use(exposure, turnover, costs, periods_per_year),
        *_measure_trades(pnl, earned, n_bars, is_open),
    )
    besides = _or_none(_of_curve(benchmark, conventions)) + [None] * (len(_NAMES) - len(_OfCurve._fields))
    return list(map(Metric, _NAMES, _or_none(values), besides, repeat(segment)))


def _common_returns(equity: pd.DataFrame, benchmark: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return the returns of the bars that both have; those of an analysis are on one timeline, and need no search."""
    if equity.index.is_(benchmark.index):
        return columns_of(equity, "return")[0], columns_of(benchmark, "return")[0]
    return common_returns(equity["return"], benchmark["return"])


def _of_curve(curve: pd.DataFrame, conventions: tuple[float, ...]) -> _OfCurve:
    """Return the measures of one equity curve."""
    equity, returns = _columns(curve, "equity", "return")
    return _measure_curve(equity, returns, np.sort(returns), microseconds(curve.index), *conventions)  # NaN come last


def _columns(frame: pd.DataFrame, *names: str) -> list[FloatArray]:
    """Return columns as kernels take them."""
    return [np.ascontiguousarray(column) for column in columns_of(frame, *names)]


@compiled(named(_OfCurve)(INPUT, INPUT, INPUT, STAMPS, *[_NUMBER] * 6))
def _measure_curve(  # noqa: PLR0913, PLR0917 - kernels take positions only
    equity: FloatArray,
    changes: FloatArray,
    ascending: FloatArray,
    stamps: IntArray,
    confidence: float,
    low: float,
    high: float,
    density: float,
    rate: float,
    q: float,
) -> _OfCurve:
    """Return the measures of a curve, with its returns in their order and by size, and the conventions."""
    returns, n = np.empty(changes.size), 0
    for i in range(changes.size):
        returns[n] = changes[i]
        n += not np.isnan(changes[i])  # the next one is written over what is unknown
    found, below = tally(returns, n), fall(equity, stamps)
    excess = found if rate == 0.0 else tally(returns - rate, n)
    n_returns, last = equity.size - 1, equity[equity.size - 1]
    growth, deviation = growth_rate(equity[0], last, n_returns, q), deviation_of(found.square_sum, n)
    least, greatest = (ascending[0], ascending[n - 1]) if n > 0 else (np.nan, np.nan)
    total = last / equity[0] - 1.0 if n_returns > 0 else np.nan
    third = moment(found.third, found.square_sum, n, max(abs(least), abs(greatest)))
    fourth = moment(found.fourth, found.square_sum, n, max(abs(least), abs(greatest)))
    return _OfCurve(
        total_return=total,
        compound_annual_growth_rate=growth,
        final_equity=last,
        sharpe_ratio=annualised_ratio(excess.mean, deviation_of(excess.square_sum, n), q),
        sortino_ratio=annualised_ratio(excess.mean, math.sqrt(excess.missed_squares / n), q),
        omega_ratio=omega(excess.gained, excess.missed, n),
        calmar_ratio=ratio(growth, -below.depth),
        best_bar=greatest,
        worst_bar=least,
        winning_bars=found.n_above / n,
        annualised_volatility=deviation * math.sqrt(q),
        max_drawdown=below.depth,
        ulcer_index=math.sqrt(below.square_sum / n_returns),
        longest_drawdown_bars=below.n_bars,
        longest_drawdown_days=below.n_days,
        value_at_risk=historical_value_at_risk(ascending, n, confidence),
        expected_shortfall=historical_expected_shortfall(ascending, n, confidence),
        normal_value_at_risk=normal_loss(found.mean, deviation, low),
        normal_expected_shortfall=normal_shortfall(found.mean, deviation, density, confidence),
        cornish_fisher_value_at_risk=cornish_fisher_loss(found.mean, deviation, third, fourth, low),
        ewma_value_at_risk=high * ewma_deviation(returns, n),
        tail_ratio=historical_tail_ratio(ascending, n, confidence),
        skewness=third,
        raw_kurtosis=fourth,
    )


@compiled(named(_OfUse)(INPUT, INPUT, INPUT, _NUMBER))
def _measure_use(exposure: FloatArray, turnover: FloatArray, costs: FloatArray, q: float) -> _OfUse:
    """Return how the account was used, from the bar after the first decision on: before, nothing could be held."""
    use = tally_use(exposure, turnover, costs)
    return _OfUse(
        time_in_market=use.n_held / use.n_exposures,
        average_exposure=use.exposure_sum / use.n_exposures,
        annualised_turnover=use.turnover_sum / use.n_turnovers * q * 0.5,
        total_costs=use.cost_sum,
    )


@compiled(named(_OfTrades)(INPUT, INPUT, INPUT, _FLAGS))
def _measure_trades(pnl: FloatArray, earned: FloatArray, n_bars: FloatArray, is_open: BoolArray) -> _OfTrades:
    """Return the measures of round trips; what is still open has no outcome yet."""
    profits, returns, lengths, n = np.empty(pnl.size), np.empty(pnl.size), np.empty(pnl.size), 0
    n_hits = 0
    for i in range(pnl.size):
        if not is_open[i]:
            profits[n], returns[n], lengths[n] = pnl[i], earned[i], n_bars[i]
            n_hits += pnl[i] > 0.0
            n += 1
    return _OfTrades(
        n_trades=float(pnl.size),
        hit_rate=n_hits / n,
        profit_factor=gains_over_losses(profits, n),
        average_trade_return=pairwise_sum(returns, 0, n) / n,
        average_bars_held=pairwise_sum(lengths, 0, n) / n,
    )


_NAMES = (*_OfCurve._fields, *BenchmarkRelation._fields[1:], *_OfUse._fields, *_OfTrades._fields)


def _or_none(values: tuple[float, ...]) -> list[float | None]:
    """Return values as JSON can hold them."""
    return [value if math.isfinite(value) else None for value in values]

"""Every number about a finished curve, by name."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from quant.frames import columns_of
from quant.returns import per_period_rate
from quant.risk.arrays import FloatArray, to_array, to_sample
from quant.risk.catalog import RiskSpec
from quant.risk.drawdown import microseconds
from quant.risk.exposure import common_returns, relate_returns
from quant.risk.performance import (
    annualised_volatility,
    compound_annual_growth_rate,
    growth_over_drawdown,
    hit_rate,
    profit_factor,
    sharpe_ratio,
    sortino_ratio,
    standardised_moments,
    total_return,
)
from quant.risk.sums import fall, tally_use
from quant.risk.tails import (
    cornish_fisher_value_at_risk,
    ewma_value_at_risk,
    normal_expected_shortfall,
    normal_value_at_risk,
    omega_ratio,
    tail_ratio,
)
from quant.risk.value_at_risk import expected_shortfall, value_at_risk

Trades: TypeAlias = pd.DataFrame | Mapping[str, np.ndarray[Any, Any]]


class Metric(NamedTuple):
    """One number: its key in `quant.risk.definitions`, its value and the benchmark's, and the span that it is about.

    None is unknown, or has no meaning for a benchmark; never NaN or infinite, so that every metric is JSON.
    """

    name: str
    value: float | None
    benchmark_value: float | None
    segment: str


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
    """
    own = _of_curve(equity, spec, periods_per_year)
    other = _of_curve(benchmark, spec, periods_per_year)
    relation = relate_returns(
        *_common_returns(equity, benchmark), periods_per_year=periods_per_year, risk_free_annual=spec.risk_free_annual
    )
    compared = {
        "beta": relation.beta,
        "alpha": relation.alpha,
        "correlation": relation.correlation,
        "tracking_error": relation.tracking_error,
        "information_ratio": relation.information_ratio,
        "up_capture": relation.up_capture,
        "down_capture": relation.down_capture,
    }
    values = {**own, **compared, **_of_trading(equity, periods_per_year), **_of_trades(trades)}
    return [Metric(name, _or_none(value), _or_none(other.get(name)), segment) for name, value in values.items()]


def _common_returns(equity: pd.DataFrame, benchmark: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return the returns of the bars that both have; those of an analysis are on one timeline, and need no search."""
    if equity.index.is_(benchmark.index):
        return columns_of(equity, "return")[0], columns_of(benchmark, "return")[0]
    return common_returns(equity["return"], benchmark["return"])


def _of_curve(curve: pd.DataFrame, spec: RiskSpec, periods_per_year: float) -> dict[str, float]:
    """Return the measures of one equity curve."""
    equity, changes = columns_of(curve, "equity", "return")
    returns, below, q = to_sample(changes), fall(equity, microseconds(curve.index)), periods_per_year
    excess = returns.less(per_period_rate(spec.risk_free_annual, q))
    growth, n_returns = compound_annual_growth_rate(equity, periods_per_year=q), len(equity) - 1
    third, fourth = standardised_moments(returns)
    return {
        "total_return": total_return(equity),
        "compound_annual_growth_rate": growth,
        "final_equity": float(equity[-1]),
        "sharpe_ratio": sharpe_ratio(excess, periods_per_year=q),
        "sortino_ratio": sortino_ratio(excess, periods_per_year=q),
        "omega_ratio": omega_ratio(excess, periods_per_year=q),
        "calmar_ratio": growth_over_drawdown(growth, below.depth),
        "best_bar": returns.greatest,
        "worst_bar": returns.least,
        "winning_bars": hit_rate(returns),
        "annualised_volatility": annualised_volatility(returns, periods_per_year=q),
        "max_drawdown": below.depth,
        "ulcer_index": math.sqrt(below.square_sum / n_returns) if n_returns else math.nan,
        "longest_drawdown_bars": below.n_bars,
        "longest_drawdown_days": below.n_days,
        "value_at_risk": value_at_risk(returns, confidence=spec.confidence),
        "expected_shortfall": expected_shortfall(returns, confidence=spec.confidence),
        "normal_value_at_risk": normal_value_at_risk(returns, confidence=spec.confidence),
        "normal_expected_shortfall": normal_expected_shortfall(returns, confidence=spec.confidence),
        "cornish_fisher_value_at_risk": cornish_fisher_value_at_risk(returns, confidence=spec.confidence),
        "ewma_value_at_risk": ewma_value_at_risk(returns, confidence=spec.confidence),
        "tail_ratio": tail_ratio(returns, confidence=spec.confidence),
        "skewness": third,
        "raw_kurtosis": fourth,
    }


def _of_trading(equity: pd.DataFrame, periods_per_year: float) -> dict[str, float]:
    """Return how the account was used, from the bar after the first decision on: before, nothing could be held."""
    use = tally_use(*columns_of(equity, "exposure", "turnover", "costs"))
    is_known, is_traded = use.n_exposures > 0, use.n_turnovers > 0
    return {
        "time_in_market": use.n_held / use.n_exposures if is_known else math.nan,
        "average_exposure": use.exposure_sum / use.n_exposures if is_known else math.nan,
        "annualised_turnover": use.turnover_sum / use.n_turnovers * periods_per_year * 0.5 if is_traded else math.nan,
        "total_costs": use.cost_sum,
    }


def _of_trades(trades: Trades) -> dict[str, float]:
    """Return the measures of round trips; what is still open has no outcome yet."""
    is_closed = ~np.asarray(trades["is_open"], dtype=np.bool_)
    profits = to_sample(to_array(trades["pnl"])[is_closed])
    return {
        "n_trades": len(is_closed),
        "hit_rate": hit_rate(profits),
        "profit_factor": profit_factor(profits),
        "average_trade_return": to_sample(to_array(trades["return_on_entry_value"])[is_closed]).mean,
        "average_bars_held": to_sample(to_array(trades["bars_held"])[is_closed]).mean,
    }


def _or_none(value: float | None) -> float | None:
    """Return the value as JSON can hold it."""
    return float(value) if value is not None and math.isfinite(value) else None

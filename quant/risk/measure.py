"""Every number about a finished curve, by name."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quant.risk.arrays import known, to_array
from quant.risk.catalog import RiskSpec
from quant.risk.drawdown import longest_drawdown, max_drawdown
from quant.risk.exposure import annualised_turnover, relate, time_in_market
from quant.risk.performance import (
    annualised_volatility,
    calmar_ratio,
    compound_annual_growth_rate,
    hit_rate,
    profit_factor,
    raw_kurtosis,
    sharpe_ratio,
    skewness,
    sortino_ratio,
    total_return,
)
from quant.risk.value_at_risk import expected_shortfall, value_at_risk


@dataclass(frozen=True)
class Metric:
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
    trades: pd.DataFrame,
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
    trades : DataFrame of shape (n_trades, n_columns)
        At least `pnl`, `return_on_entry_value`, `bars_held` and `is_open`.
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
    relation = relate(
        equity["return"],
        benchmark["return"],
        periods_per_year=periods_per_year,
        risk_free_annual=spec.risk_free_annual,
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


def _of_curve(curve: pd.DataFrame, spec: RiskSpec, periods_per_year: float) -> dict[str, float]:
    """Return the measures of one equity curve."""
    equity = to_array(curve["equity"])
    returns = known(curve["return"])
    duration = longest_drawdown(curve["equity"])
    rate, q = spec.risk_free_annual, periods_per_year
    return {
        "total_return": total_return(equity),
        "compound_annual_growth_rate": compound_annual_growth_rate(equity, periods_per_year=q),
        "final_equity": float(equity[-1]),
        "sharpe_ratio": sharpe_ratio(returns, periods_per_year=q, risk_free_annual=rate),
        "sortino_ratio": sortino_ratio(returns, periods_per_year=q, minimum_annual=rate),
        "calmar_ratio": calmar_ratio(equity, periods_per_year=q),
        "best_bar": float(returns.max(initial=-np.inf)),
        "worst_bar": float(returns.min(initial=np.inf)),
        "winning_bars": hit_rate(returns),
        "annualised_volatility": annualised_volatility(returns, periods_per_year=q),
        "max_drawdown": max_drawdown(equity),
        "longest_drawdown_bars": duration.n_bars,
        "longest_drawdown_days": duration.n_days,
        "value_at_risk": value_at_risk(returns, confidence=spec.confidence),
        "expected_shortfall": expected_shortfall(returns, confidence=spec.confidence),
        "skewness": skewness(returns),
        "raw_kurtosis": raw_kurtosis(returns),
    }


def _of_trading(equity: pd.DataFrame, periods_per_year: float) -> dict[str, float]:
    """Return how the account was used, from the bar after the first decision on: before, nothing could be held."""
    exposure, turnover = to_array(equity["exposure"])[1:], to_array(equity["turnover"])[1:]
    return {
        "time_in_market": time_in_market(exposure),
        "average_exposure": _mean(exposure),
        "annualised_turnover": annualised_turnover(turnover, periods_per_year=periods_per_year, counted="one_way"),
        "total_costs": float(to_array(equity["costs"]).sum()),
    }


def _of_trades(trades: pd.DataFrame) -> dict[str, float]:
    """Return the measures of round trips; what is still open has no outcome yet."""
    is_closed = ~trades["is_open"].to_numpy(dtype=np.bool_)
    profits = to_array(trades["pnl"])[is_closed]
    return {
        "n_trades": len(trades),
        "hit_rate": hit_rate(profits),
        "profit_factor": profit_factor(profits),
        "average_trade_return": _mean(to_array(trades["return_on_entry_value"])[is_closed]),
        "average_bars_held": _mean(to_array(trades["bars_held"])[is_closed]),
    }


def _mean(values: np.ndarray) -> float:
    """Return the mean of what is known; NaN if nothing is."""
    values = known(values)
    return float(values.mean()) if len(values) else np.nan


def _or_none(value: float | None) -> float | None:
    """Return the value as JSON can hold it."""
    return float(value) if value is not None and np.isfinite(value) else None

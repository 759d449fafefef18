"""What the curve has to do with its benchmark and with being invested.

Two series are compared where both have a known return at the same timestamp, never by position. Both must be of the
same interval and of simple returns; where one lacks a bar, its next return spans two and should be made unknown first.
"""

import math
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import pandas as pd
from numba import types

from quant.returns import RETURN_ROUNDING, align, per_period_rate
from quant.risk.arrays import FloatArray, Values, known, to_array
from quant.risk.formulas import deviation_of
from quant.risk.sums import INPUT, compiled, tally_jointly


class BenchmarkRelation(NamedTuple):
    """How a curve moves with its benchmark; NaN is unknown.

    Attributes
    ----------
    n_observations : int
        Bars at which both returns are known; all else rests on these.
    beta : float
        Change of the excess return for a change of the benchmark's.
    alpha : float
        Excess return a year beyond beta times that of the benchmark: arithmetic, not compounded.
    correlation : float
        Pearson's, of the returns.
    tracking_error : float
        Standard deviation of the difference of the returns (`ddof=1`), annualised.
    information_ratio : float
        Mean difference of the returns over its standard deviation, annualised.
    up_capture, down_capture : float
        Mean return over the mean return of the benchmark, in bars in which the benchmark gained or lost.
    """

    n_observations: int
    beta: float
    alpha: float
    correlation: float
    tracking_error: float
    information_ratio: float
    up_capture: float
    down_capture: float


def relate(
    returns: pd.Series, benchmark_returns: pd.Series, *, periods_per_year: float, risk_free_annual: float = 0.0
) -> BenchmarkRelation:
    """Compare a curve with its benchmark.

    Parameters
    ----------
    returns, benchmark_returns : Series
        Simple returns per bar, each with timestamps of its own.
    periods_per_year : float
        Bars a year.
    risk_free_annual : float, default=0.0
        Risk-free rate a year, converted to a rate per bar.

    Returns
    -------
    BenchmarkRelation
        All measures NaN with fewer than two common returns; beta and alpha NaN if the benchmark does not vary, the
        correlation if one side does not, the information ratio if their difference does not, and a capture if the
        benchmark never moved that way. A move of no more than `quant.returns.RETURN_ROUNDING` is none.

    Raises
    ------
    InvalidPrices
        If a series has a timestamp twice.

    Notes
    -----
    Timing: uses all common returns.

    References
    ----------
    Sharpe 1964, Journal of Finance 19(3); Jensen 1968, Journal of Finance 23(2); Grinold and Kahn 2000, Active
    Portfolio Management, ch. 5. Beta equals empyrical's. Alpha differs: empyrical compounds the mean of a bar to a
    year. The information ratio differs: empyrical's is per bar. Captures differ: empyrical's compare compound growth
    rates of the chosen bars, which no one can earn.

    Examples
    --------
    >>> index = pd.date_range("2024-01-01", periods=4, tz="UTC")
    >>> market = pd.Series([0.01, -0.02, 0.03, 0.0], index=index)
    >>> relation = relate(2 * market, market, periods_per_year=252)
    >>> round(relation.beta, 10), round(relation.correlation, 10), round(relation.up_capture, 10)
    (2.0, 1.0, 2.0)
    """
    rate = per_period_rate(risk_free_annual, periods_per_year)
    return relation_of(*common_returns(returns, benchmark_returns), periods_per_year, rate)


def rolling_measures(
    returns: pd.Series,
    benchmark_returns: pd.Series | None = None,
    *,
    window: int,
    periods_per_year: float,
    risk_free_annual: float = 0.0,
) -> pd.DataFrame:
    """Measure the last bars at each bar.

    Parameters
    ----------
    returns : Series of shape (n_bars,)
        Simple returns per bar, indexed by `timestamp`.
    benchmark_returns : Series, optional
        Those of a benchmark, with timestamps of its own.
    window : int
        Number of returns in each measure, at least 2.
    periods_per_year : float
        Bars a year.
    risk_free_annual : float, default=0.0
        Risk-free rate a year.

    Returns
    -------
    DataFrame of shape (n_bars, 2) or (n_bars, 3)
        `annualised_volatility`, `sharpe_ratio` and, if there is a benchmark, `beta`, defined as for the whole curve.
        NaN until `window` returns in a row are known, and where a ratio would be over a deviation of no more than
        rounding.

    Notes
    -----
    Timing: the value at `t` uses the returns of the last `window` bars up to `t`.
    """
    excess = returns - per_period_rate(risk_free_annual, periods_per_year)
    rolling = excess.rolling(window)
    deviation = rolling.std(ddof=1).where(_varies(returns, window))
    root = float(np.sqrt(periods_per_year))
    measures = {
        "annualised_volatility": returns.rolling(window).std(ddof=1) * root,
        "sharpe_ratio": rolling.mean() / deviation * root,
    }
    if benchmark_returns is not None:
        other = benchmark_returns.reindex(returns.index)
        variance = other.rolling(window).var(ddof=1).where(_varies(other, window))
        measures["beta"] = returns.rolling(window).cov(other, ddof=1) / variance
    return pd.DataFrame(measures)


def time_in_market(exposure: Values) -> float:
    """Return the share of closes at which anything was held.

    Parameters
    ----------
    exposure : Series or array of shape (n_bars,)
        Gross exposure at each close as a fraction of equity; NaN are left out.

    Returns
    -------
    float
        Between 0 and 1; NaN without bars.

    Notes
    -----
    Timing: uses all bars.
    """
    values = known(exposure)
    return np.count_nonzero(values) / len(values) if len(values) else math.nan


def annualised_turnover(
    traded: Values, *, periods_per_year: float, counted: Literal["one_way", "two_way"] = "one_way"
) -> float:
    """Return how many times a year the book was replaced.

    Parameters
    ----------
    traded : Series or array of shape (n_bars,)
        Value bought plus value sold at each bar (two-way) as a fraction of equity; NaN are left out.
    periods_per_year : float
        Bars a year.
    counted : {"one_way", "two_way"}, default="one_way"
        One-way counts a purchase and the sale that paid for it once, half of the two-way number.

    Returns
    -------
    float
        1 one-way: as much was bought in a year as the account is worth. NaN without bars.

    Notes
    -----
    Timing: uses all bars.

    Examples
    --------
    >>> annualised_turnover([1.0, 0.0, 1.0, 0.0], periods_per_year=12)
    3.0
    """
    values = known(traded)
    if len(values) == 0:
        return np.nan
    return float(np.add.reduce(values)) / len(values) * periods_per_year * (0.5 if counted == "one_way" else 1.0)


def common_returns(returns: pd.Series, benchmark_returns: pd.Series) -> tuple[FloatArray, FloatArray]:
    """Return the returns at the timestamps that both have, in the order of time."""
    if not (returns.index.equals(benchmark_returns.index) and returns.index.is_unique):
        returns, benchmark_returns = align(returns, benchmark_returns)
    return to_array(returns), to_array(benchmark_returns)


def relation_of(own: FloatArray, other: FloatArray, periods_per_year: float, rate: float) -> BenchmarkRelation:
    """Compare returns with those of a benchmark at the same bars, the risk-free rate of a bar given."""
    return _relate(np.ascontiguousarray(own), np.ascontiguousarray(other), periods_per_year, rate)


_RELATION = cast("Any", types).NamedTuple((types.int64, *[types.float64] * 7), BenchmarkRelation)


@compiled(types.float64(types.float64, types.float64, types.float64))
def _ratio(numerator: float, denominator: float, spread: float) -> float:
    """Return the ratio; NaN if the returns below the line spread by no more than rounding."""
    return numerator / denominator if spread > RETURN_ROUNDING else np.nan


@compiled(_RELATION(INPUT, INPUT, types.float64, types.float64))
def _relate(own: FloatArray, other: FloatArray, periods_per_year: float, rate: float) -> BenchmarkRelation:
    found = tally_jointly(own, other)
    own_deviation = deviation_of(found.own_square_sum, found.n)
    other_deviation = deviation_of(found.other_square_sum, found.n)
    active_deviation = deviation_of(found.active_square_sum, found.n)
    beta = _ratio(found.covariance_sum, found.other_square_sum, other_deviation)
    root, product = math.sqrt(periods_per_year), math.sqrt(found.own_square_sum * found.other_square_sum)
    up = found.up.own / found.up.other if found.n > 1 and found.up.n_counting > 0.0 else np.nan
    down = found.down.own / found.down.other if found.n > 1 and found.down.n_counting > 0.0 else np.nan
    return BenchmarkRelation(
        n_observations=found.n,
        beta=beta,
        alpha=(found.own_mean - rate - beta * (found.other_mean - rate)) * periods_per_year,
        correlation=_ratio(found.covariance_sum, product, min(own_deviation, other_deviation)),
        tracking_error=active_deviation * root,
        information_ratio=_ratio(found.active_mean, active_deviation, active_deviation) * root,
        up_capture=up,
        down_capture=down,
    )


def _varies(returns: pd.Series, window: int) -> pd.Series:
    """Return at each bar whether the returns of its window differ by more than rounding.

    Asked of the extremes, which are exact: pandas carries a rolling deviation from bar to bar, and after a wild stretch
    what is left of it in a calm one is far above the rounding of a return.
    """
    rolling = returns.rolling(window)
    return rolling.max() - rolling.min() > RETURN_ROUNDING

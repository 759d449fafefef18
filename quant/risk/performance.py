"""How much was earned, and how evenly.

Returns are simple, per bar, as fractions; NaN are left out. Equity curves begin with the initial capital, so a curve of
n + 1 values has n returns. What annualises, `periods_per_year`, is an argument: the number of bars a year of the
calendar of the series (252, 365, 52, 12), never the calendar days of the sample divided by something.
"""

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from quant.frames import microseconds
from quant.returns import per_period_rate
from quant.risk.arrays import FloatArray, Sample, Values, to_array, to_sample
from quant.risk.drawdown import max_drawdown
from quant.risk.formulas import annualised_ratio, gains_over_losses, growth_rate, moment, ratio
from quant.risk.sums import growth

IntArray: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

_RETURN_COLUMNS = ("return", "benchmark_return")
_MONTHLY_COLUMNS = pd.Index(["year", "month", *_RETURN_COLUMNS], dtype="str")


class Headline(NamedTuple):
    """What is asked of a curve first: `total_return`, `sharpe_ratio` and `max_drawdown`, as the functions say."""

    total_return: float
    sharpe_ratio: float
    max_drawdown: float


def headline(equity: Values, *, periods_per_year: float, risk_free_annual: float = 0.0) -> Headline:
    """Return three measures of an equity curve at once: for those who measure many, or long ones.

    Parameters
    ----------
    equity : Series or array of shape (n_returns + 1,)
        Equity curve, the initial capital first.
    periods_per_year, risk_free_annual : float
        As for `sharpe_ratio`.

    Returns
    -------
    Headline
        The same as one by one, to the last bit, with the returns of an account: those after it owed money are unknown
        and left out.

    Notes
    -----
    Timing: uses the whole curve.

    Examples
    --------
    >>> headline([100.0, 75.0, 150.0], periods_per_year=1).max_drawdown
    -0.25
    """
    values = np.ascontiguousarray(to_array(equity))
    earned, rate = total_return(values), per_period_rate(risk_free_annual, periods_per_year)
    n_returns = len(values) - 1
    if n_returns > 1 and values[0] > 0.0:
        found = growth(values, rate)
        if found.depth > -1.0:  # never at zero nor below, and nothing is unknown
            deviation = math.sqrt(found.square_sum / (n_returns - 1))
            return Headline(earned, annualised_ratio(found.mean, deviation, periods_per_year), found.depth)
    returns = values[1:] / np.where(values[:-1] > 0.0, values[:-1], np.nan) - 1.0
    ratio = sharpe_ratio(returns, periods_per_year=periods_per_year, risk_free_annual=risk_free_annual)
    return Headline(earned, ratio, max_drawdown(values))


def total_return(equity: Values) -> float:
    """Return what was gained from the first to the last value, as a fraction.

    Examples
    --------
    >>> total_return([100.0, 90.0, 125.0])
    0.25
    """
    values = to_array(equity)
    return float(values[-1] / values[0] - 1.0) if len(values) > 1 else np.nan


def compound_annual_growth_rate(equity: Values, *, periods_per_year: float) -> float:
    """Return the constant growth a year that leads from the first value to the last.

    Parameters
    ----------
    equity : Series or array of shape (n_returns + 1,)
        Equity curve, the initial capital first.
    periods_per_year : float
        Bars a year.

    Returns
    -------
    float
        As a fraction; -1 if the last value is zero or less, NaN if there is no return.

    Notes
    -----
    Timing: uses the whole curve.

    Years are `n_returns / periods_per_year`: the number of periods, which is one less than the number of values.
    Counting calendar days between the first and last stamp instead gives another number, as does counting the values.

    References
    ----------
    CFA Institute, Global Investment Performance Standards (geometric linking). Equals empyrical's `cagr`.

    Examples
    --------
    >>> equity = np.cumprod(np.concatenate([[1.0], np.full(26, 1.006)]))
    >>> round(compound_annual_growth_rate(equity, periods_per_year=52), 4)
    0.3649
    """
    values = to_array(equity)
    return growth_rate(values[0], values[-1], len(values) - 1, periods_per_year) if len(values) else math.nan


def annualised_volatility(returns: Values, *, periods_per_year: float) -> float:
    """Return the sample standard deviation of returns, scaled to a year.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    periods_per_year : float
        Bars a year.

    Returns
    -------
    float
        `std * sqrt(periods_per_year)` with `ddof=1`, as a fraction; NaN with fewer than two returns.

    Notes
    -----
    Timing: uses all of `returns`. The square root holds for returns without serial correlation only.

    References
    ----------
    Lo 2002, The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4).
    """
    return to_sample(returns).deviation * math.sqrt(periods_per_year)


def sharpe_ratio(returns: Values, *, periods_per_year: float, risk_free_annual: float = 0.0) -> float:
    """Return the mean excess return over its standard deviation, annualised.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    periods_per_year : float
        Bars a year; 1 leaves the ratio per bar.
    risk_free_annual : float, default=0.0
        Risk-free rate a year, converted to a rate per bar by `(1 + rate) ** (1 / periods_per_year) - 1`.

    Returns
    -------
    float
        `mean / std * sqrt(periods_per_year)` of the excess returns, `ddof=1`. NaN with fewer than two returns, or if
        they do not differ by more than their rounding, `quant.returns.RETURN_ROUNDING`.

    Notes
    -----
    Timing: uses all of `returns`. Not the compound growth rate over volatility. With serial correlation the square root
    is wrong; Lo shows ratios overstated by up to 65 per cent.

    References
    ----------
    Sharpe 1994, The Sharpe Ratio, Journal of Portfolio Management 21(1). Lo 2002, Financial Analysts Journal 58(4).

    Examples
    --------
    >>> round(sharpe_ratio([0.02, -0.01, 0.03, -0.02, 0.01, 0.0, 0.015, -0.005], periods_per_year=1), 4)
    0.2996
    """
    excess = to_sample(returns).less(per_period_rate(risk_free_annual, periods_per_year))
    return annualised_ratio(excess.mean, excess.deviation, periods_per_year)


def sortino_ratio(returns: Values, *, periods_per_year: float, minimum_annual: float = 0.0) -> float:
    """Return the mean return above a minimum over its downside deviation, annualised.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    periods_per_year : float
        Bars a year; 1 leaves the ratio per bar.
    minimum_annual : float, default=0.0
        Minimum acceptable return a year, converted to a return per bar as a risk-free rate is.

    Returns
    -------
    float
        `mean / downside_deviation * sqrt(periods_per_year)` of the returns above the minimum. NaN if no return is below
        the minimum by more than its rounding, or there is none.

    Notes
    -----
    Timing: uses all of `returns`. The downside deviation is the root of the mean of `min(return - minimum, 0) ** 2`
    over **all** returns: not the standard deviation of the negative ones, and not their root mean square.

    References
    ----------
    Rollinger and Hoffman 2013, Sortino: A 'Sharper' Ratio. Equals empyrical's `sortino_ratio`.

    Examples
    --------
    >>> round(sortino_ratio([0.02, -0.01, 0.03, -0.02, 0.01, 0.0, 0.015, -0.005], periods_per_year=1), 4)
    0.6172
    """
    excess = to_sample(returns).less(per_period_rate(minimum_annual, periods_per_year))
    downside_deviation = math.sqrt(excess.tally.missed_squares / len(excess)) if len(excess) else math.nan
    return annualised_ratio(excess.mean, downside_deviation, periods_per_year)


def calmar_ratio(equity: Values, *, periods_per_year: float) -> float:
    """Return the compound annual growth rate over the size of the deepest drawdown.

    Parameters
    ----------
    equity : Series or array of shape (n_returns + 1,)
        Equity curve, the initial capital first.
    periods_per_year : float
        Bars a year.

    Returns
    -------
    float
        NaN if there was no drawdown.

    Notes
    -----
    Timing: uses the whole curve, not the last 36 months as in the original.

    References
    ----------
    Young 1991, Calmar Ratio: A Smoother Tool, Futures 20(1).
    """
    growth = compound_annual_growth_rate(equity, periods_per_year=periods_per_year)
    return growth_over_drawdown(growth, max_drawdown(equity))


def growth_over_drawdown(growth: float, depth: float) -> float:
    """Return a growth rate over the size of a drawdown; NaN if that is none, or no more than rounding."""
    return ratio(growth, -depth)


def hit_rate(outcomes: Values) -> float:
    """Return the share of outcomes above zero.

    Parameters
    ----------
    outcomes : Series or array
        Returns of bars, or profits of trades; NaN are left out. Zeros count as no hit.

    Returns
    -------
    float
        Between 0 and 1; NaN if there are no outcomes.

    Notes
    -----
    Timing: uses all outcomes.

    Examples
    --------
    >>> hit_rate([5.0, -1.0, 0.0, 2.0])
    0.5
    """
    sample = to_sample(outcomes)
    return sample.tally.n_above / len(sample) if len(sample) else math.nan


def profit_factor(outcomes: Values) -> float:
    """Return the sum of gains over the sum of losses.

    Parameters
    ----------
    outcomes : Series or array
        Profits of trades in money, or returns; NaN are left out.

    Returns
    -------
    float
        1 is break-even. NaN if nothing was lost.

    Notes
    -----
    Timing: uses all outcomes.

    Examples
    --------
    >>> profit_factor([5.0, -1.0, 0.0, -1.0])
    2.5
    """
    sample = to_sample(outcomes)
    return gains_over_losses(sample.numbers, len(sample))


def skewness(returns: Values) -> float:
    """Return the third standardised moment, of the population: 0 for a symmetric distribution.

    Examples
    --------
    >>> round(skewness([-0.3, 0.1, 0.1, 0.1]), 4)
    -1.1547
    """
    return standardised_moments(to_sample(returns))[0]


def raw_kurtosis(returns: Values) -> float:
    """Return the fourth standardised moment, of the population: 3, not 0, for a normal distribution.

    Notes
    -----
    Timing: uses all of `returns`. Differs by 3 from the excess kurtosis of scipy and pandas.

    Examples
    --------
    >>> round(raw_kurtosis([-1.0, 1.0]), 10)
    1.0
    """
    return standardised_moments(to_sample(returns))[1]


def monthly_returns(equity: pd.Series, benchmark_equity: pd.Series | None = None) -> pd.DataFrame:
    """Return what each calendar month earned.

    Parameters
    ----------
    equity : Series of shape (n_bars,)
        Equity curve with an index of timestamps, the initial capital first.
    benchmark_equity : Series of shape (n_bars,), optional
        The same for a benchmark.

    Returns
    -------
    DataFrame of shape (n_months, 3) or (n_months, 4)
        `year`, `month`, `return` and, if there is a benchmark, `benchmark_return` (NaN in months that it lacks). The
        first and last month may be parts. The returns compound to the total return.

    Notes
    -----
    Timing: a month's return is known at its last close. A bar belongs to the month in which it ends, in UTC; one that
    ends at midnight belongs to the day before.

    Examples
    --------
    >>> index = pd.DatetimeIndex(["2024-01-30 21:00", "2024-01-31 21:00", "2024-02-29 21:00"], tz="UTC")
    >>> monthly_returns(pd.Series([100.0, 110.0, 99.0], index=index)).round(10).to_numpy().tolist()
    [[2024.0, 1.0, 0.1], [2024.0, 2.0, -0.1]]
    """
    months, returns = _period_returns(equity, benchmark_equity, "M")
    # Numbered first and named by an index that is there already: an index of names costs more than the columns.
    columns = dict(enumerate((1970 + months // 12, 1 + months % 12, *returns)))
    frame = pd.DataFrame(columns, index=pd.RangeIndex(len(months)), copy=False)
    frame.columns = _MONTHLY_COLUMNS[: frame.shape[1]]
    return frame


def yearly_returns(equity: pd.Series, benchmark_equity: pd.Series | None = None) -> pd.DataFrame:
    """Return what each calendar year earned.

    Parameters
    ----------
    equity, benchmark_equity : Series of shape (n_bars,)
        As for `monthly_returns`.

    Returns
    -------
    DataFrame of shape (n_years, 2) or (n_years, 3)
        `year`, `return` and, if there is a benchmark, `benchmark_return`; as for `monthly_returns`.

    Notes
    -----
    Timing: as `monthly_returns`.
    """
    years, returns = _period_returns(equity, benchmark_equity, "Y")
    return pd.DataFrame({"year": 1970 + years, **dict(zip(_RETURN_COLUMNS, returns, strict=False))}, copy=False)


def daily_returns(equity: pd.Series, benchmark_equity: pd.Series | None = None) -> pd.DataFrame:
    """Return what each calendar day earned: of daily bars each bar, of shorter ones all bars of a day together.

    Parameters
    ----------
    equity, benchmark_equity : Series of shape (n_bars,)
        As for `monthly_returns`.

    Returns
    -------
    DataFrame of shape (n_days, 2) or (n_days, 3)
        `date`, `return` and, if there is a benchmark, `benchmark_return`; days without a bar are left out.

    Notes
    -----
    Timing: as `monthly_returns`.
    """
    days, returns = _period_returns(equity, benchmark_equity, "D")
    dates = days.astype("datetime64[D]").astype("datetime64[us]")
    return pd.DataFrame({"date": dates, **dict(zip(_RETURN_COLUMNS, returns, strict=False))}, copy=False)


def standardised_moments(sample: Sample) -> tuple[float, float]:
    """Return the third and fourth standardised moment of the population; NaN if the values do not differ."""
    n, largest = len(sample), max(abs(sample.least), abs(sample.greatest))
    found = sample.tally
    return moment(found.third, found.square_sum, n, largest), moment(found.fourth, found.square_sum, n, largest)


def _period_returns(
    equity: pd.Series, benchmark_equity: pd.Series | None, unit: str
) -> tuple[IntArray, list[FloatArray]]:
    """Return the numbers of the periods since 1970 that the curve touches, and the returns of each: own and other."""
    periods, lasts = _ends_of_periods(microseconds(equity.index), unit)
    returns = [_returns_between(to_array(equity), lasts)]
    if benchmark_equity is not None:
        others = periods
        if not benchmark_equity.index.is_(equity.index):
            others, lasts = _ends_of_periods(microseconds(benchmark_equity.index), unit)
        found = _returns_between(to_array(benchmark_equity), lasts)
        if others is not periods and not np.array_equal(others, periods):
            found = to_array(pd.Series(found, index=others).reindex(periods))
        returns.append(found)
    return periods, returns


def _ends_of_periods(stamps: IntArray, unit: str) -> tuple[IntArray, IntArray]:
    """Return the periods in which bars end, and the last bar of each.

    The periods are few and the bars are many: so the bounds of the periods are looked up among the bars, and no bar's
    period is ever computed. A bar that ends at a bound belongs to the period before it.
    """
    if len(stamps) < 2:  # noqa: PLR2004 - a return needs two values
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    first, last = (stamps[[1, -1]] - 1).astype("datetime64[us]").astype(f"datetime64[{unit}]").astype(np.int64)
    periods = np.arange(first, last + 1)
    bounds = (periods + 1).astype(f"datetime64[{unit}]").astype("datetime64[us]").astype(np.int64)
    lasts = stamps.searchsorted(bounds, side="right") - 1
    has_bars = np.empty(len(lasts), dtype=np.bool_)
    has_bars[0], has_bars[1:] = lasts[0] > 0, lasts[1:] > lasts[:-1]
    return (periods, lasts) if has_bars.all() else (periods[has_bars], lasts[has_bars])


def _returns_between(values: FloatArray, lasts: IntArray) -> FloatArray:
    """Return the return from the initial capital, or the last value of one period, to that of the next."""
    levels = values[lasts]
    before = np.empty(len(levels))
    before[:1], before[1:] = values[:1], levels[:-1]
    returns: FloatArray = levels / before - 1.0
    return returns

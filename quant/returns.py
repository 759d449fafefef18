"""Returns, wealth, and their annualisation: the conventions that every room above shares.

Returns are fractions per bar. The first bar of a series has no return: it is NaN, never zero. A return that is unknown
stays unknown in everything computed from it.
"""

import numpy as np
import pandas as pd

from quant.errors import InvalidPrices, InvalidSpec

# Returns, and spreads of returns, up to this are rounding and count as zero where something is divided by them. A
# return is a quotient near 1, less 1, and both values and the quotient are rounded by up to 1.1e-16 of themselves. So
# returns that do not differ seem to, by 1e-16 in the deviation and 1e-15 at most, however long the curve and whatever
# its currency; money borrowed for four times the equity makes it four times as much. Returns that do differ do so by
# far more: a cent in a million is 1e-8.
RETURN_ROUNDING = 1e-14


def simple_returns(prices: pd.Series) -> pd.Series:
    """Return the change of each price over the one before, as a fraction.

    Parameters
    ----------
    prices : Series of shape (n_bars,)
        Adjusted prices of one instrument, or an equity curve, ascending in time.

    Returns
    -------
    Series of shape (n_bars,)
        `prices[t] / prices[t - 1] - 1`. The first is NaN, and so is each whose price or previous price is NaN: nothing
        is filled forward.

    Notes
    -----
    Timing: the value at `t` uses the prices at `t - 1` and `t`, and is known at the close of `t`.

    Examples
    --------
    >>> simple_returns(pd.Series([100.0, 110.0, 99.0])).round(10).tolist()
    [nan, 0.1, -0.1]
    """
    return prices / prices.shift(1) - 1.0


def log_returns(prices: pd.Series) -> pd.Series:
    """Return the change of the logarithm of each price.

    Parameters
    ----------
    prices : Series of shape (n_bars,)
        Adjusted prices of one instrument, positive, ascending in time.

    Returns
    -------
    Series of shape (n_bars,)
        `log(prices[t] / prices[t - 1])`; the first is NaN.

    Raises
    ------
    InvalidPrices
        If a price is zero or negative.

    Notes
    -----
    Timing: as `simple_returns`. Log returns add up over time and not over instruments; portfolios, beta and correlation
    are computed from simple returns.

    Examples
    --------
    >>> log_returns(pd.Series([1.0, float(np.e)])).round(10).tolist()
    [nan, 1.0]
    """
    if (prices <= 0).any():
        raise InvalidPrices(
            f"Expected positive prices; found {int((prices <= 0).sum())} that are not. They have no logarithm: clean "
            "the prices first."
        )
    return pd.Series(np.log(prices / prices.shift(1)))


def cumulative_wealth(returns: pd.Series, *, start: pd.Timestamp | None = None) -> pd.Series:
    """Return what one unit of money becomes, the first unit included.

    Parameters
    ----------
    returns : Series of shape (n_bars,)
        Simple returns per bar.
    start : Timestamp, optional
        The moment before the first return. Needed if the first return is known; if it is NaN, as from
        `simple_returns`, its own bar is that moment.

    Returns
    -------
    Series of shape (n_bars,) or (n_bars + 1,)
        1.0 first, then the product of `1 + return` up to each bar; one row more than `returns` if `start` is given.
        From an unknown return on, wealth is NaN.

    Raises
    ------
    InvalidSpec
        If neither or both of `start` and a leading NaN say where the first unit stands, or if `start` is not before the
        first bar.

    Notes
    -----
    Timing: the value at `t` uses returns up to `t`. The initial 1 is the first peak of a drawdown: without it, a loss
    on the first bar would not count.

    Examples
    --------
    >>> cumulative_wealth(pd.Series([float("nan"), 0.1, -0.5])).round(10).tolist()
    [1.0, 1.1, 0.55]
    """
    has_base = len(returns) > 0 and bool(np.isnan(returns.iloc[0]))
    if has_base == (start is not None):
        raise InvalidSpec(
            "Expected either `start`, or a first return that is NaN, to say where the initial 1 stands; found "
            f"{'both' if has_base else 'neither'}.",
            field="start",
        )
    if start is None:
        growth = returns + 1.0
        growth.iloc[0] = 1.0
        return growth.cumprod(skipna=False)
    if len(returns) > 0 and start >= returns.index[0]:
        raise InvalidSpec(
            f"Expected a start before the first return at {returns.index[0]}; found {start}.", field="start"
        )
    index = returns.index.insert(0, start).rename(returns.index.name)
    return pd.Series(np.cumprod(np.concatenate([[1.0], 1.0 + returns.to_numpy(dtype=np.float64)])), index=index)


def align(first: pd.Series, second: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return the parts of two series that can be compared: same timestamps, both known.

    Parameters
    ----------
    first, second : Series
        Returns of the same kind (simple) and the same interval, each with timestamps of its own.

    Returns
    -------
    tuple of two Series of shape (n_common,)
        Inner join on the timestamps, ascending; pairs with a NaN are left out. Their common length is the number of
        observations, which may be zero.

    Raises
    ------
    InvalidPrices
        If a series has a timestamp twice.

    Notes
    -----
    Timing: each pair stands at its own timestamp. Nothing is matched by position and nothing is filled forward: a
    holiday filled forward would be a return of zero that nobody had.

    Examples
    --------
    >>> one = pd.Series([0.1, 0.2, 0.3], index=[1, 2, 3])
    >>> two = pd.Series([9.0, float("nan"), 8.0], index=[0, 2, 3])
    >>> [part.tolist() for part in align(one, two)]
    [[0.3], [8.0]]
    """
    for series in (first, second):
        if not series.index.is_unique:
            raise InvalidPrices(
                f"Expected each timestamp once; found {int(series.index.duplicated().sum())} twice. Remove duplicate "
                "bars first."
            )
    common = first.index.intersection(second.index).sort_values()
    left, right = first.loc[common], second.loc[common]
    known = (left.notna() & right.notna()).to_numpy()
    return left[known], right[known]


def per_period_rate(annual_rate: float, periods_per_year: float) -> float:
    """Return the rate per bar that compounds to a rate a year.

    Parameters
    ----------
    annual_rate : float
        Rate a year, as a fraction above -1.
    periods_per_year : float
        Bars a year, from `quant.calendars.periods_per_year`.

    Returns
    -------
    float
        `(1 + annual_rate) ** (1 / periods_per_year) - 1`.

    Raises
    ------
    InvalidSpec
        If the rate is not above -1, or the number of periods is not positive.

    Examples
    --------
    >>> round(per_period_rate(0.1268250301319698, 12), 12)
    0.01
    """
    if not annual_rate > -1:
        raise InvalidSpec(f"Expected a rate above -1 a year; found {annual_rate}.", field="annual_rate")
    _check_periods(periods_per_year)
    return float(np.expm1(np.log1p(annual_rate) / periods_per_year)) if annual_rate != 0.0 else 0.0


def annualised_mean(returns: pd.Series, periods_per_year: float) -> float:
    """Return the arithmetic mean return a year.

    Parameters
    ----------
    returns : Series of shape (n_bars,)
        Returns per bar; NaN are left out.
    periods_per_year : float
        Bars a year, from `quant.calendars.periods_per_year`.

    Returns
    -------
    float
        `mean * periods_per_year`, as a fraction; NaN if no return is known.

    Raises
    ------
    InvalidSpec
        If the number of periods is not positive.

    Notes
    -----
    Timing: uses all of `returns`. Not a compound growth rate; it is the numerator of the Sharpe ratio.

    References
    ----------
    Sharpe 1994, The Sharpe Ratio, Journal of Portfolio Management 21(1).

    Examples
    --------
    >>> round(annualised_mean(pd.Series([0.01, 0.03]), 12), 10)
    0.24
    """
    _check_periods(periods_per_year)
    return float(returns.mean()) * periods_per_year


def annualised_volatility(returns: pd.Series, periods_per_year: float) -> float:
    """Return the sample standard deviation of returns, scaled to a year.

    Parameters
    ----------
    returns : Series of shape (n_bars,)
        Returns per bar; NaN are left out.
    periods_per_year : float
        Bars a year, from `quant.calendars.periods_per_year`.

    Returns
    -------
    float
        `std * sqrt(periods_per_year)` with `ddof=1`, as a fraction; NaN with fewer than two known returns.

    Raises
    ------
    InvalidSpec
        If the number of periods is not positive.

    Notes
    -----
    Timing: uses all of `returns`. The square root holds for returns without serial correlation; with it, the scaled
    number is biased (Lo shows Sharpe ratios overstated by up to 65 per cent).

    References
    ----------
    Lo 2002, The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4).

    Examples
    --------
    >>> round(annualised_volatility(pd.Series([0.01, 0.03]), 4), 10)
    0.0282842712
    """
    _check_periods(periods_per_year)
    return float(returns.std(ddof=1)) * float(np.sqrt(periods_per_year))


def _check_periods(periods_per_year: float) -> None:
    if not periods_per_year > 0:
        raise InvalidSpec(
            f"Expected a positive number of periods a year; found {periods_per_year}.", field="periods_per_year"
        )

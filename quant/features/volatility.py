"""Volatility: how widely the price moves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.features.arrays import INPUT, NUMBER, OUTPUT, Values, as_aligned_values, as_values, check_at_least, kernel
from quant.features.catalog import AverageTrueRange, BollingerBands, Volatility
from quant.features.columns import column_values, feature
from quant.features.momentum import rate_of_change
from quant.features.recursions import exponential_average
from quant.features.windows import rolling_moments
from quant.frames import Prices


class Bands(NamedTuple):
    """The three outputs of `bollinger_bands`, in the unit of its values."""

    lower: Values
    middle: Values
    upper: Values


def rolling_standard_deviation(values: ArrayLike, window: int, ddof: int = 1) -> Values:
    """Return the standard deviation of the last values.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, finite or NaN (unknown).
    window : int
        Bars to look back, more than `ddof`.
    ddof : int, default=1
        1 for the sample, 0 for the population: the squares are divided by `window - ddof`.

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of `values`. NaN at the first `window - 1` bars and wherever the window holds a NaN. Exactly zero
        when all values of the window are equal.

    Raises
    ------
    InvalidSpec
        If `ddof` is less than 0, `window` is not more than `ddof`, or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars `t - window + 1` to `t` and is known when `values[t]` is.

    References
    ----------
    Chan, Golub and LeVeque, Algorithms for Computing the Sample Variance, The American Statistician 37(3), 1983.
    TA-Lib's STDDEV is this with `ddof=0`, less the digits that its difference of squares loses.

    Examples
    --------
    >>> rolling_standard_deviation([1.0, 3.0, 5.0, 5.0], 2, ddof=0)
    array([nan,  1.,  1.,  0.])
    """
    check_at_least(0, ddof=ddof)
    check_at_least(max(1, ddof + 1), window=window)
    array = as_values(values)
    means, deviations = np.empty_like(array), np.empty_like(array)
    rolling_moments(array, window, ddof, means, deviations)
    return deviations


@kernel(INPUT, NUMBER, OUTPUT, OUTPUT)
def _spread(middle: Values, width: float, lower: Values, upper: Values) -> None:
    """Turn the deviations in `upper` into the bands."""
    for i in range(middle.size):
        distance = width * upper[i]
        lower[i] = middle[i] - distance
        upper[i] = middle[i] + distance


def bollinger_bands(values: ArrayLike, window: int = 20, width: float = 2.0) -> Bands:
    """Return the moving average and the bands around it.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, usually the close; finite or NaN (unknown).
    window : int, default=20
        Bars of the average and of the standard deviation, at least 1.
    width : float, default=2.0
        Standard deviations from the middle to a band, not negative.

    Returns
    -------
    Bands
        `lower`, `middle` and `upper`, each of shape (n_bars,) in the unit of `values`. NaN at the first `window - 1`
        bars and wherever the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If `window` is less than 1, `width` is negative, or `values` is not one-dimensional.

    Notes
    -----
    Timing: the values at `t` use bars `t - window + 1` to `t` and are known when `values[t]` is.

    References
    ----------
    Bollinger, Bollinger on Bollinger Bands, 2001: population standard deviation. Equal to TA-Lib's BBANDS, which
    returns the upper band first. Differs from bands made with pandas' `std`, which divides by `window - 1`: at 20 bars
    those are wider by the factor sqrt(20 / 19), or 2.6 %.

    Examples
    --------
    >>> bollinger_bands([1.0, 3.0, 5.0, 5.0], window=2).upper
    array([nan,  4.,  6.,  5.])
    """
    check_at_least(1, window=window)
    check_at_least(0, width=width)
    array = as_values(values)
    bands = Bands(*np.empty((3, array.size)))
    lower, middle, upper = bands
    rolling_moments(array, window, 0, middle, upper)
    _spread(middle, width, lower, upper)
    return bands


@kernel(INPUT, INPUT, INPUT, OUTPUT)
def _true_range(highs: Values, lows: Values, previous_closes: Values, ranges: Values) -> None:
    for i in range(ranges.size):
        high, low, previous = highs[i], lows[i], previous_closes[i]
        reach = max(high, previous) - min(low, previous)
        ranges[i] = np.nan if np.isnan(high + low + previous) else reach  # max and min may pass over a NaN


def true_range(high: ArrayLike, low: ArrayLike, close: ArrayLike) -> Values:
    """Return the range of each bar, the gap from the close before it included.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of the prices. NaN at the first bar, which has no close before it, and where a price is unknown.

    Raises
    ------
    InvalidSpec
        If the three differ in length or are not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars `t - 1` and `t` and is known at the close of `t`.

    References
    ----------
    Wilder, New Concepts in Technical Trading Systems, 1978, section III. Equal to TA-Lib's TRANGE. Differs from the
    variant that gives the first bar its high minus its low.

    Examples
    --------
    >>> true_range([5.0, 9.0], [4.0, 8.0], [4.5, 8.5])
    array([nan, 4.5])
    """
    highs, lows, closes = as_aligned_values(high=high, low=low, close=close)
    ranges = np.empty_like(closes)
    ranges[:1] = np.nan
    _true_range(highs[1:], lows[1:], closes[:-1], ranges[1:])
    return ranges


def average_true_range(high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 14) -> Values:
    """Return Wilder's average of the true range.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    window : int, default=14
        True ranges in Wilder's average, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of the prices. NaN at the first `window` bars and where the true range is unknown, after which the
        average begins anew.

    Raises
    ------
    InvalidSpec
        If `window` is less than 1, or if the three differ in length or are not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses all bars up to `t` and is known at the close of `t`.

    The average is seeded by the simple mean of the first `window` true ranges, of which the first is that of the second
    bar; after that each new one has the weight `1 / window`.

    References
    ----------
    Wilder, New Concepts in Technical Trading Systems, 1978, section III. Equal to TA-Lib's ATR. Differs from the
    variant that counts the first bar's high minus low and so begins one bar earlier, and from simple moving means.

    Examples
    --------
    >>> average_true_range([5.0, 9.0, 9.0, 9.0], [4.0, 8.0, 8.0, 8.0], [4.5, 8.5, 8.5, 8.5], window=2)
    array([  nan,   nan, 2.75 , 1.875])
    """
    check_at_least(1, window=window)
    averages = true_range(high, low, close)
    exponential_average(averages, window, 1.0 / window, averages)
    return averages


@feature(Volatility)
def trailing_volatility(prices: Prices, *, window: int) -> Values:
    """Return the sample standard deviation of the last returns of the close, per bar.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Returns to look back, within the bounds of `quant.features.catalog.Volatility`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        A fraction per bar, not annualised. NaN at the first `window` bars and wherever one of the `window + 1` closes
        is unknown.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    returns = rate_of_change(column_values(prices, "close"))
    return rolling_standard_deviation(returns, window)


@feature(BollingerBands)
def bollinger_position(prices: Prices, *, window: int, width: float) -> tuple[Values, ...]:
    """Return where the close stands between its Bollinger bands, and how wide they are.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of the middle band, within the bounds of `quant.features.catalog.BollingerBands`.
    width : float
        Standard deviations from the middle to a band.

    Returns
    -------
    DataFrame of shape (n_bars, 2)
        Position (0 at the lower band, 1 at the upper, beyond both outside) and width (upper minus lower over the
        middle). NaN at the first `window - 1` bars and wherever the window holds an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the values at `t` use closes up to `t`; the open of `t + 1` is the first at which one could act on them.

    When all closes of the window are equal, the bands have no width and the close stands in their middle: 0.5.
    """
    close = column_values(prices, "close")
    means, deviations = np.empty_like(close), np.empty_like(close)
    rolling_moments(close, window, 0, means, deviations)
    distances = np.zeros_like(close)
    np.divide(close - means, deviations, out=distances, where=deviations != 0.0)
    positions = 0.5 + distances / (2.0 * width)
    return positions, 2.0 * width * deviations / means


@feature(AverageTrueRange)
def atr_relative(prices: Prices, *, window: int) -> Values:
    """Return Wilder's average true range as a fraction of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        True ranges in Wilder's average, within the bounds of `quant.features.catalog.AverageTrueRange`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        A fraction of the close. NaN at the first `window` bars; after an unknown price the average begins anew.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low, close = (column_values(prices, name) for name in ("high", "low", "close"))
    return average_true_range(high, low, close, window) / close

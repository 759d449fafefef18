"""Trend: moving averages, and how fast ones part from slow ones."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.features.arrays import COUNT, INPUT, OUTPUT, Values, as_values, check_at_least, kernel
from quant.features.catalog import ExponentialMovingAverage, Macd, SimpleMovingAverage, WeightedMovingAverage
from quant.features.columns import column_values, feature
from quant.features.recursions import end_of_run, exponential_average
from quant.features.windows import rolling_dot, rolling_mean
from quant.frames import Prices


class MacdLines(NamedTuple):
    """The three outputs of `macd`, in the unit of its values."""

    line: Values
    signal: Values
    histogram: Values


def simple_moving_average(values: ArrayLike, window: int) -> Values:
    """Return the mean of the last values.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, finite or NaN (unknown).
    window : int
        Bars of the average, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of `values`. NaN at the first `window - 1` bars and wherever the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If `window` is less than 1 or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars `t - window + 1` to `t` and is known when `values[t]` is.

    Examples
    --------
    >>> simple_moving_average([1.0, 2.0, 6.0, 4.0], 2)
    array([nan, 1.5, 4. , 5. ])
    """
    check_at_least(1, window=window)
    array = as_values(values)
    means = np.empty_like(array)
    rolling_mean(array, window, means)
    return means


def weighted_moving_average(values: ArrayLike, window: int = 20) -> Values:
    """Return the average in which the newest value weighs most, and weights fall in a straight line.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, usually the close; finite or NaN (unknown).
    window : int, default=20
        Bars of the average, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of `values`. NaN at the first `window - 1` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    References
    ----------
    Equal to TA-Lib's WMA.

    Examples
    --------
    >>> weighted_moving_average([1.0, 4.0, 7.0], window=2)
    array([nan,  3.,  6.])
    """
    check_at_least(1, window=window)
    array = as_values(values)
    weights = np.arange(1.0, window + 1.0)
    averages = np.empty_like(array)
    rolling_dot(array, weights / weights.sum(), averages)
    return averages


def exponential_moving_average(values: ArrayLike, window: int) -> Values:
    """Return the average in which the weight of a value falls by one factor a bar.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, finite or NaN (unknown).
    window : int
        Span of the average in bars, at least 1: each new value has the weight `2 / (window + 1)`.

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of `values`. NaN at the first `window - 1` bars and at unknown ones, after which the average begins
        anew: the `window - 1` known bars that follow are NaN too.

    Raises
    ------
    InvalidSpec
        If `window` is less than 1 or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses all bars up to `t` and is known when `values[t]` is.

    The seed is the simple mean of the first `window` values, so the average depends on where the series begins: `k`
    bars later the seed still has the share `exp(-2 k / window)`, which is 14 % after one window and 2e-9 after ten.

    References
    ----------
    Equal to TA-Lib's EMA. Differs from pandas' `ewm(span=window, adjust=False)`, which is seeded by the first value
    alone and has no warm-up.

    Examples
    --------
    >>> exponential_moving_average([1.0, 2.0, 3.0, 8.0], 3)
    array([nan, nan,  2.,  5.])
    """
    check_at_least(1, window=window)
    array = as_values(values)
    averages = np.empty_like(array)
    exponential_average(array, window, 2.0 / (window + 1.0), averages)
    return averages


@kernel(INPUT, COUNT, COUNT, COUNT, OUTPUT, OUTPUT, OUTPUT)
def _macd(
    values: Values, fast: int, slow: int, signal: int, lines: Values, signals: Values, histograms: Values
) -> None:
    n = values.size
    fast_weight, slow_weight, signal_weight = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0), 2.0 / (signal + 1.0)
    fast_keep, slow_keep, signal_keep = 1.0 - fast_weight, 1.0 - slow_weight, 1.0 - signal_weight
    i = 0
    while i < n:
        end = end_of_run(values, i, slow + signal - 1)
        first = n if end < 0 else end - 1
        lines[i:first] = np.nan
        signals[i:first] = np.nan
        histograms[i:first] = np.nan
        if end < 0:
            return
        seeded = end - signal + 1
        fast_average = values[seeded - fast : seeded].mean()
        slow_average = values[seeded - slow : seeded].mean()
        signal_average = fast_average - slow_average
        for j in range(seeded, end):
            fast_average = fast_weight * values[j] + fast_keep * fast_average
            slow_average = slow_weight * values[j] + slow_keep * slow_average
            signal_average += fast_average - slow_average
        signal_average /= signal
        lines[first] = fast_average - slow_average
        signals[first] = signal_average
        histograms[first] = lines[first] - signal_average
        i = end
        while i < n and not np.isnan(values[i]):
            fast_average = fast_weight * values[i] + fast_keep * fast_average
            slow_average = slow_weight * values[i] + slow_keep * slow_average
            line = fast_average - slow_average
            signal_average = signal_weight * line + signal_keep * signal_average
            lines[i] = line
            signals[i] = signal_average
            histograms[i] = line - signal_average
            i += 1


def macd(values: ArrayLike, fast: int = 12, slow: int = 26, signal: int = 9) -> MacdLines:
    """Return a fast minus a slow exponential average, the average of that, and the difference of the two.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, usually the close; finite or NaN (unknown).
    fast : int, default=12
        Span of the fast average in bars, at least 1.
    slow : int, default=26
        Span of the slow average in bars, more than `fast`.
    signal : int, default=9
        Span of the signal line in bars, at least 1.

    Returns
    -------
    MacdLines
        `line`, `signal` and `histogram` (line minus signal), each of shape (n_bars,) in the unit of `values`. All three
        are NaN at the first `slow + signal - 2` bars and at unknown ones, after which they begin anew.

    Raises
    ------
    InvalidSpec
        If a span is less than 1, if `fast` is not below `slow`, or if `values` is not one-dimensional.

    Notes
    -----
    Timing: the values at `t` use all bars up to `t` and are known when `values[t]` is.

    Each average is seeded by a simple mean of its own length, the fast one over the bars that end where the slow one's
    seed ends; the signal line by the mean of the first `signal` differences.

    References
    ----------
    Appel, The Moving Average Convergence Divergence Method, 1979. Equal to TA-Lib's MACD. Differs from averages that
    are seeded by the first value, as in most spreadsheets and in TA-Lib's Metastock mode, for about a hundred bars.

    Examples
    --------
    >>> macd([1.0, 2.0, 3.0, 5.0, 4.0], fast=2, slow=3, signal=2).line.round(3)
    array([  nan,   nan,   nan, 0.667, 0.306])
    """
    check_at_least(1, fast=fast, signal=signal)
    check_at_least(fast + 1, slow=slow)
    array = as_values(values)
    lines = MacdLines(*np.empty((3, array.size)))
    _macd(array, fast, slow, signal, *lines)
    return lines


@feature(SimpleMovingAverage)
def sma_distance(prices: Prices, *, window: int) -> Values:
    """Return how far the close is from its simple moving average.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of the average, within the bounds of `quant.features.catalog.SimpleMovingAverage`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Close over average, minus one: a fraction. NaN at the first `window - 1` bars and wherever the window holds an
        unknown close.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    close = column_values(prices, "close")
    return close / simple_moving_average(close, window) - 1.0


@feature(ExponentialMovingAverage)
def ema_distance(prices: Prices, *, window: int) -> Values:
    """Return how far the close is from its exponential moving average.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Span of the average in bars, within the bounds of `quant.features.catalog.ExponentialMovingAverage`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Close over average, minus one: a fraction. NaN at the first `window - 1` bars; after an unknown close the
        average begins anew.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    close = column_values(prices, "close")
    return close / exponential_moving_average(close, window) - 1.0


@feature(Macd)
def macd_relative(prices: Prices, *, fast: int, slow: int, signal: int) -> tuple[Values, ...]:
    """Return the MACD of the close, as fractions of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    fast : int
        Span of the fast average in bars, within the bounds of `quant.features.catalog.Macd`.
    slow : int
        Span of the slow average in bars, more than `fast`.
    signal : int
        Span of the signal line in bars.

    Returns
    -------
    DataFrame of shape (n_bars, 3)
        Line, signal and histogram, each over the close of its bar. NaN at the first `slow + signal - 2` bars; after an
        unknown close all begin anew.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds or `fast` is not below `slow`; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the values at `t` use closes up to `t`; the open of `t + 1` is the first at which one could act on them.
    """
    close = column_values(prices, "close")
    lines = macd(close, fast, slow, signal)
    return tuple(line / close for line in lines)


@feature(WeightedMovingAverage)
def wma_distance(prices: Prices, *, window: int) -> Values:
    """Return how far the close is from its weighted moving average.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of the average. Bounds: those of `quant.features.catalog`'s `WeightedMovingAverage`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Close over average, minus one: a fraction. NaN at the first `window - 1` bars and while the window holds an
        unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    close = column_values(prices, "close")
    return close / weighted_moving_average(close, window) - 1.0

"""Oscillators: where the price stands among its last ones, between two ends."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.features.arrays import Values, as_aligned_values, as_values, check_at_least, quotient
from quant.features.catalog.momentum import (
    CommodityChannelIndex,
    MoneyFlowIndex,
    Stochastic,
    TrueStrengthIndex,
    WilliamsR,
)
from quant.features.columns import column_values, columns_values, feature
from quant.features.extremes import rolling_maximum, rolling_minimum
from quant.features.recursions import exponential_average
from quant.features.windows import rolling_mean, rolling_moments
from quant.frames import Prices

NEUTRAL_PLACE = 50.0
MEAN_DEVIATIONS = 0.015  # Lambert's: about three quarters of all values are then within 100
ROUNDING = 1e-12  # of the price: a smaller change is how three prices were added, not how they moved


class StochasticLines(NamedTuple):
    """The two outputs of `stochastic_oscillator`, from 0 to 100."""

    k: Values
    d: Values


def stochastic_oscillator(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 14, smooth: int = 3, signal: int = 3
) -> StochasticLines:
    """Return where the close stands in the range of the last bars, twice smoothed.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    window : int, default=14
        Bars of the range, at least 1.
    smooth : int, default=3
        Bars of the simple average that makes K, at least 1.
    signal : int, default=3
        Bars of the simple average of K that makes D, at least 1.

    Returns
    -------
    StochasticLines
        `k` and `d`, each of shape (n_bars,), from 0 (lowest low) to 100 (highest high). Both are NaN at the first
        `window + smooth + signal - 3` bars and while their windows hold a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Where the bars of a window have no range at all, the close stands in its middle: 50.

    References
    ----------
    Lane, Lane's stochastics, Technical Analysis of Stocks and Commodities, 1984. Equal to TA-Lib's STOCH with simple
    averages, which gives 0 where there is no range.

    Examples
    --------
    >>> stochastic_oscillator([3.0, 4.0, 4.0], [1.0, 2.0, 2.0], [2.0, 4.0, 2.5], 2, smooth=1, signal=1).k.round(1)
    array([ nan, 100.,  25.])
    """
    check_at_least(1, window=window, smooth=smooth, signal=signal)
    highs, lows, closes = as_aligned_values(high=high, low=low, close=close)
    lines = StochasticLines(*np.empty((2, closes.size)))
    rolling_mean(_place(highs, lows, closes, window), smooth, lines.k)
    rolling_mean(lines.k, signal, lines.d)
    lines.k[: window + smooth + signal - 3] = np.nan
    return lines


def williams_percent_range(high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 14) -> Values:
    """Return how far the close is below the highest high, in per cent of the range of the last bars.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    window : int, default=14
        Bars of the range, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        From -100 (lowest low) to 0 (highest high). NaN at the first `window - 1` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Where the bars of a window have no range at all, the value is -50.

    References
    ----------
    Williams, How I Made One Million Dollars Last Year Trading Commodities, 1979. Equal to TA-Lib's WILLR, which gives 0
    where there is no range.

    Examples
    --------
    >>> williams_percent_range([3.0, 4.0], [1.0, 2.0], [2.0, 3.25], window=2)
    array([ nan, -25.])
    """
    check_at_least(1, window=window)
    highs, lows, closes = as_aligned_values(high=high, low=low, close=close)
    top, bottom = rolling_maximum(highs, window), rolling_minimum(lows, window)
    return -100.0 * quotient(top - closes, top - bottom, 0.5)


def commodity_channel_index(high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 20) -> Values:
    """Return the distance of the typical price from its mean, in units of 0.015 mean absolute deviations.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    window : int, default=20
        Bars of the mean, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        Without bounds; NaN at the first `window - 1` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    The typical price is the mean of high, low and close. Where all of the window are equal, the index is 0.

    References
    ----------
    Lambert, Commodity channel index, Commodities, October 1980. Equal to TA-Lib's CCI.

    Examples
    --------
    >>> commodity_channel_index([2.0, 3.0, 5.0], [2.0, 3.0, 5.0], [2.0, 3.0, 5.0], window=2).round(2)
    array([  nan, 66.67, 66.67])
    """
    check_at_least(1, window=window)
    typical = typical_price(*as_aligned_values(high=high, low=low, close=close))
    means, deviations = np.empty_like(typical), np.empty_like(typical)
    rolling_moments(typical, window, 0, means, deviations)  # its mean of equal prices is that price
    return quotient(typical - means, MEAN_DEVIATIONS * _mean_absolute_deviation(typical, means, window), 0.0)


def true_strength_index(values: ArrayLike, slow: int = 25, fast: int = 13) -> Values:
    """Return the twice averaged change over the twice averaged size of the change, in per cent.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, usually the close; finite or NaN (unknown).
    slow : int, default=25
        Span of the first exponential average in bars, at least 1.
    fast : int, default=13
        Span of the average of that, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        From -100 (only falls) to 100 (only rises). NaN at the first `slow + fast - 1` bars and at unknown ones, after
        which the averages begin anew.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Each average is seeded by the simple mean of its first values, as TA-Lib seeds its EMA. Without any movement since
    the beginning the index is 0.

    References
    ----------
    Blau, True strength index, Technical Analysis of Stocks and Commodities, 1991. TA-Lib has none.

    Examples
    --------
    >>> true_strength_index([1.0, 2.0, 4.0, 3.0], slow=2, fast=1).round(1)
    array([  nan,   nan, 100. , -14.3])
    """
    check_at_least(1, slow=slow, fast=fast)
    changes = np.diff(as_values(values), prepend=np.nan)
    net, gross = changes, np.abs(changes)
    for window in (slow, fast):
        for series in (net, gross):
            exponential_average(series, window, 2.0 / (window + 1.0), series)
    return 100.0 * quotient(net, gross, 0.0)


def money_flow_index(high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, window: int = 14) -> Values:
    """Return the share of what was traded while the typical price rose, in per cent.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    volume : array-like of shape (n_bars,)
        What was traded in each bar, not negative, or NaN (unknown).
    window : int, default=14
        Changes to look back, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        From 0 (only falls) to 100 (only rises). NaN at the first `window` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    A bar whose typical price did not change, but for the rounding of sums, counts for neither. Where nothing was traded
    while it changed, the index is 50.

    References
    ----------
    Quong and Soudack, Volume-weighted RSI: money flow, Technical Analysis of Stocks and Commodities, 1989. Equal to
    TA-Lib's MFI, which gives 0 where nothing moved.

    Examples
    --------
    >>> money_flow_index([1.0, 2.0, 1.0], [1.0, 2.0, 1.0], [1.0, 2.0, 1.0], [9.0, 3.0, 2.0], window=2)
    array([nan, nan, 75.])
    """
    check_at_least(1, window=window)
    highs, lows, closes, volumes = as_aligned_values(high=high, low=low, close=close, volume=volume)
    typical = typical_price(highs, lows, closes)
    changes = np.diff(typical, prepend=np.nan)
    direction = np.where(np.abs(changes) <= ROUNDING * typical, 0.0, np.sign(changes))
    flows = typical * volumes * direction
    rising, falling = np.empty_like(flows), np.empty_like(flows)
    rolling_mean(np.maximum(flows, 0.0), window, rising)
    rolling_mean(np.maximum(-flows, 0.0), window, falling)
    return 100.0 * quotient(rising, rising + falling, 0.5)


def typical_price(highs: Values, lows: Values, closes: Values) -> Values:
    """Return the mean of high, low and close."""
    return (highs + lows + closes) / 3.0


def _place(highs: Values, lows: Values, closes: Values, window: int) -> Values:
    """Return where each close stands between lowest low and highest high, in per cent."""
    top, bottom = rolling_maximum(highs, window), rolling_minimum(lows, window)
    return 100.0 * quotient(closes - bottom, top - bottom, NEUTRAL_PLACE / 100.0)


def _mean_absolute_deviation(values: Values, means: Values, window: int) -> Values:
    """Return the mean distance of the last values from their mean, one value after the other for all windows."""
    totals = np.full_like(values, np.nan)
    inside = totals[window - 1 :]
    inside[:] = 0.0
    for place in range(window):
        inside += np.abs(values[place : place + inside.size] - means[window - 1 :])
    return totals / window


@feature(Stochastic)
def stochastic(prices: Prices, *, window: int, smooth: int, signal: int) -> tuple[Values, ...]:
    """Return the stochastic oscillator.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of the range. Bounds: those of `quant.features.catalog`'s `Stochastic`.
    smooth : int
        Bars of the average that makes K.
    signal : int
        Bars of the average of K that makes D.

    Returns
    -------
    DataFrame of shape (n_bars, 2)
        K and D, from 0 to 100. NaN at the first `window + smooth + signal - 3` bars and while their windows hold an
        unknown price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low, close = columns_values(prices, "high", "low", "close")
    return stochastic_oscillator(high, low, close, window=window, smooth=smooth, signal=signal)


@feature(WilliamsR)
def williams(prices: Prices, *, window: int) -> Values:
    """Return Williams' %R.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of the range. Bounds: those of `quant.features.catalog`'s `WilliamsR`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        From -100 to 0. NaN at the first `window - 1` bars and while the window holds an unknown price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low, close = columns_values(prices, "high", "low", "close")
    return williams_percent_range(high, low, close, window=window)


@feature(CommodityChannelIndex)
def cci(prices: Prices, *, window: int) -> Values:
    """Return the commodity channel index.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of the mean. Bounds: those of `quant.features.catalog`'s `CommodityChannelIndex`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Without bounds, beyond 100 unusual. NaN at the first `window - 1` bars and while the window holds an unknown
        price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low, close = columns_values(prices, "high", "low", "close")
    return commodity_channel_index(high, low, close, window=window)


@feature(TrueStrengthIndex)
def tsi(prices: Prices, *, slow: int, fast: int) -> Values:
    """Return the true strength index of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    slow : int
        Span of the first average. Bounds: those of `quant.features.catalog`'s `TrueStrengthIndex`.
    fast : int
        Span of the average of that.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        From -100 to 100. NaN at the first `slow + fast - 1` bars; after an unknown close the averages begin anew.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return true_strength_index(column_values(prices, "close"), slow, fast)


@feature(MoneyFlowIndex)
def mfi(prices: Prices, *, window: int) -> Values:
    """Return the money flow index.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Changes to look back. Bounds: those of `quant.features.catalog`'s `MoneyFlowIndex`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        From 0 to 100. NaN at the first `window` bars and while the window holds an unknown price or volume.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low, close, volume = columns_values(prices, "high", "low", "close", "volume")
    return money_flow_index(high, low, close, volume, window=window)

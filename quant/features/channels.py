"""Channels: lines between which the price is expected, and where it stands between them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.features.arrays import Values, as_aligned_values, check_at_least, quotient
from quant.features.catalog.trend import Ichimoku
from quant.features.catalog.volatility import DonchianChannel, KeltnerChannels
from quant.features.columns import columns_values, feature
from quant.features.extremes import rolling_maximum, rolling_minimum
from quant.features.trend import exponential_moving_average
from quant.features.volatility import Bands, average_true_range
from quant.frames import Prices


class IchimokuLines(NamedTuple):
    """The outputs of `ichimoku`, in the unit of the price; the spans are those that stand under each bar."""

    conversion: Values
    base: Values
    span_a: Values
    span_b: Values


def donchian_channel(high: ArrayLike, low: ArrayLike, window: int = 20) -> Bands:
    """Return the highest high and the lowest low of the last bars, and their middle.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    window : int, default=20
        Bars of the channel, this one included; at least 1.

    Returns
    -------
    Bands
        `lower`, `middle` and `upper`, each of shape (n_bars,) in the unit of the price. NaN at the first `window - 1`
        bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    This bar belongs to the channel, so that its close is never outside. Who looks for breakouts compares it with the
    channel of the bar before.

    References
    ----------
    Donchian, High finance in copper, Financial Analysts Journal 16(6), 1960. Equal to TA-Lib's MAX of highs and MIN of
    lows.

    Examples
    --------
    >>> donchian_channel([2.0, 4.0], [1.0, 3.0], window=2).middle
    array([nan, 2.5])
    """
    check_at_least(1, window=window)
    highs, lows = as_aligned_values(high=high, low=low)
    upper, lower = rolling_maximum(highs, window), rolling_minimum(lows, window)
    return Bands(lower, 0.5 * (lower + upper), upper)


def keltner_channels(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 20, width: float = 2.0, atr_window: int = 10
) -> Bands:
    """Return an exponential average and lines so many average true ranges from it.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    window : int, default=20
        Span of the average of the close in bars, at least 1.
    width : float, default=2.0
        Average true ranges from the middle to a line, not negative.
    atr_window : int, default=10
        True ranges in Wilder's average, at least 1.

    Returns
    -------
    Bands
        `lower`, `middle` and `upper`, each of shape (n_bars,) in the unit of the price. The middle is NaN at the first
        `window - 1` bars, the lines also at the first `atr_window`.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Both averages begin anew after an unknown price.

    References
    ----------
    Keltner, How to Make Money in Commodities, 1960, in the form of Raschke: an exponential average of the close instead
    of a simple one of the typical price, and Wilder's range. Made of what equals TA-Lib's EMA and ATR.

    Examples
    --------
    >>> keltner_channels([3.0, 3.0], [1.0, 1.0], [2.0, 2.0], window=1, width=2.0, atr_window=1).upper
    array([nan,  6.])
    """
    check_at_least(0, width=width)
    highs, lows, closes = as_aligned_values(high=high, low=low, close=close)
    middle = exponential_moving_average(closes, window)
    distance = width * average_true_range(highs, lows, closes, atr_window)
    return Bands(middle - distance, middle, middle + distance)


def ichimoku(
    high: ArrayLike, low: ArrayLike, fast: int = 9, base: int = 26, slow: int = 52, shift: int = 26
) -> IchimokuLines:
    """Return the lines of Ichimoku Kinko Hyo as they are known at each close.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    fast : int, default=9
        Bars of the conversion line (tenkan-sen), at least 1.
    base : int, default=26
        Bars of the base line (kijun-sen), at least 1.
    slow : int, default=52
        Bars of the slow side of the cloud (senkou span B), at least 1.
    shift : int, default=26
        Bars by which the cloud is drawn ahead, at least 0.

    Returns
    -------
    IchimokuLines
        `conversion`, `base`, `span_a` and `span_b`, each of shape (n_bars,) in the unit of the price. The spans at `t`
        are those made `shift` bars before; NaN until they are full and while they hold a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    A chart draws the cloud `shift` bars ahead of the bar that made it. Under a bar there stands therefore what was
    known `shift` bars before; nothing is taken from the future. The lagging line (chikou), which a chart draws `shift`
    bars back, is the close itself, and is not among them.

    References
    ----------
    Hosoda, Ichimoku Kinko Hyo, 1969. TA-Lib has none.

    Examples
    --------
    >>> ichimoku([2.0, 4.0, 6.0], [0.0, 2.0, 4.0], fast=1, base=2, slow=2, shift=1).span_b
    array([nan, nan,  2.])
    """
    check_at_least(1, fast=fast, base=base, slow=slow)
    check_at_least(0, shift=shift)
    highs, lows = as_aligned_values(high=high, low=low)
    conversion, middle, far = (donchian_channel(highs, lows, window).middle for window in (fast, base, slow))
    return IchimokuLines(conversion, middle, _before(0.5 * (conversion + middle), shift), _before(far, shift))


def _before(values: Values, shift: int) -> Values:
    """Return what the values were `shift` bars before."""
    earlier = np.full_like(values, np.nan)
    earlier[shift:] = values[: max(values.size - shift, 0)]
    return earlier


@feature(DonchianChannel)
def donchian_position(prices: Prices, *, window: int) -> tuple[Values, ...]:
    """Return where the close stands in its Donchian channel, and how wide it is.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of the channel. Bounds: those of `quant.features.catalog`'s `DonchianChannel`.

    Returns
    -------
    DataFrame of shape (n_bars, 2)
        Position (0 at the lowest low, 1 at the highest high) and width (their distance over the middle). NaN at the
        first `window - 1` bars and while the window holds an unknown price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.

    Where the bars of a window have no range at all, the close stands in its middle: 0.5.
    """
    high, low, close = columns_values(prices, "high", "low", "close")
    channel = donchian_channel(high, low, window)
    reach = channel.upper - channel.lower
    position = quotient(close - channel.lower, reach, 0.5)
    return position, reach / channel.middle


@feature(KeltnerChannels)
def keltner_position(prices: Prices, *, window: int, width: float, atr_window: int) -> tuple[Values, ...]:
    """Return where the close stands between its Keltner channels, and how wide they are.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Span of the middle. Bounds: those of `quant.features.catalog`'s `KeltnerChannels`.
    width : float
        Average true ranges from the middle to a line.
    atr_window : int
        True ranges in Wilder's average.

    Returns
    -------
    DataFrame of shape (n_bars, 2)
        Position (0 at the lower line, 1 at the upper, beyond both outside) and width (upper minus lower over the
        middle). NaN until both averages are known; after an unknown price they begin anew.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.

    While there has been no range at all, the close stands in the middle: 0.5.
    """
    high, low, close = columns_values(prices, "high", "low", "close")
    middle = exponential_moving_average(close, window)
    reach = 2.0 * width * average_true_range(high, low, close, atr_window)
    position = 0.5 + quotient(close - middle, reach, 0.0)
    unknown = np.where(np.isnan(position), np.nan, 1.0)
    return position, unknown * (reach / middle)


@feature(Ichimoku)
def ichimoku_distance(prices: Prices, *, fast: int, base: int, slow: int, shift: int) -> tuple[Values, ...]:
    """Return how far the close is from the lines of Ichimoku Kinko Hyo.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    fast : int
        Bars of the conversion line. Bounds: those of `quant.features.catalog`'s `Ichimoku`.
    base : int
        Bars of the base line.
    slow : int
        Bars of the slow side of the cloud.
    shift : int
        Bars by which the cloud is drawn ahead.

    Returns
    -------
    DataFrame of shape (n_bars, 4)
        Close over conversion line, base line, top and bottom of the cloud, minus one: fractions. All are NaN at the
        first `slow - 1 + shift` bars and while a window holds an unknown price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.

    The cloud under bar `t` was made `shift` bars before `t`; the one that a chart draws ahead is not known to be
    anywhere yet.
    """
    high, low, close = columns_values(prices, "high", "low", "close")
    lines = ichimoku(high, low, fast, base, slow, shift)
    top, bottom = np.maximum(lines.span_a, lines.span_b), np.minimum(lines.span_a, lines.span_b)
    distances = [close / line - 1.0 for line in (lines.conversion, lines.base, top, bottom)]
    unknown = np.isnan(np.sum(distances, axis=0))
    for distance in distances:
        distance[unknown] = np.nan
    return tuple(distances)

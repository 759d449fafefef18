"""Direction: whether the price goes anywhere, and how long ago it was at its ends."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.features.arrays import COUNT, INPUT, OUTPUT, Values, as_aligned_values, check_at_least, kernel
from quant.features.catalog.trend import Aroon, DirectionalMovement
from quant.features.columns import columns_values, feature
from quant.features.extremes import bars_since_maximum
from quant.frames import Prices


class DirectionalLines(NamedTuple):
    """The three outputs of `directional_movement`, from 0 to 100."""

    strength: Values
    plus: Values
    minus: Values


class AroonLines(NamedTuple):
    """The two outputs of `aroon`, from 0 to 100."""

    up: Values
    down: Values


@kernel(INPUT, INPUT, INPUT, COUNT, OUTPUT, OUTPUT, OUTPUT)
def _directional_movement(
    highs: Values, lows: Values, closes: Values, window: int, strengths: Values, pluses: Values, minuses: Values
) -> None:
    keep = 1.0 - 1.0 / window
    known = 0
    up = down = reach = strength = 0.0
    for i in range(highs.size):
        strengths[i] = pluses[i] = minuses[i] = np.nan
        known = 0 if np.isnan(highs[i] + lows[i] + closes[i]) else known + 1
        if known == 1:
            up = down = reach = strength = 0.0
        if known <= 1:
            continue
        rise, fall = highs[i] - highs[i - 1], lows[i - 1] - lows[i]
        kept = 1.0 if known <= window else keep  # sums at first, as many as the average has bars but one
        up = kept * up + (rise if rise > max(fall, 0.0) else 0.0)
        down = kept * down + (fall if fall > max(rise, 0.0) else 0.0)
        reach = kept * reach + (max(highs[i], closes[i - 1]) - min(lows[i], closes[i - 1]))
        if known <= window:
            continue
        pluses[i] = 100.0 * (up / reach) if reach > 0.0 else 0.0
        minuses[i] = 100.0 * (down / reach) if reach > 0.0 else 0.0
        one_sided = 100.0 * (abs(up - down) / (up + down)) if up + down > 0.0 else 0.0
        if known <= 2 * window:
            strength += one_sided / window
        elif up + down > 0.0:
            strength = keep * strength + one_sided / window
        if known >= 2 * window:
            strengths[i] = strength


def directional_movement(high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 14) -> DirectionalLines:
    """Return how strong a trend is, and the shares of upward and downward movement in the range.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    window : int, default=14
        Bars of Wilder's averages, at least 2.

    Returns
    -------
    DirectionalLines
        `strength` (ADX), `plus` (+DI) and `minus` (-DI), each of shape (n_bars,), from 0 to 100. The shares are NaN at
        the first `window` bars, the strength at the first `2 * window - 1`, and all at unknown bars, after which they
        begin anew.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    A bar moves up by what its high is above the last, or down by what its low is below it, whichever is more; neither
    counts below zero. Movements and true ranges are summed over `window - 1` bars and then averaged by Wilder's rule;
    the first strength is the mean of `window` of their one-sidedness. While nothing has moved at all, the shares are 0
    and the strength stays.

    References
    ----------
    Wilder, New Concepts in Technical Trading Systems, 1978, section IV; the seeds are TA-Lib's. Equal to its ADX,
    PLUS_DI and MINUS_DI.

    Examples
    --------
    >>> directional_movement([2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0], window=2).strength
    array([ nan,  nan,  nan, 100.])
    """
    check_at_least(2, window=window)
    highs, lows, closes = as_aligned_values(high=high, low=low, close=close)
    lines = DirectionalLines(*np.empty((3, closes.size)))
    _directional_movement(highs, lows, closes, window, *lines)
    return lines


def aroon(high: ArrayLike, low: ArrayLike, window: int = 25) -> AroonLines:
    """Return how lately the highest high and the lowest low of the last bars were.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    window : int, default=25
        Bars to look back, this one not counted; at least 1.

    Returns
    -------
    AroonLines
        `up` and `down`, each of shape (n_bars,): 100 if the extreme is this bar's, 0 if it is `window` bars old. NaN at
        the first `window` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Of several bars with the same extreme, the newest counts.

    References
    ----------
    Chande, A time price oscillator, Technical Analysis of Stocks and Commodities, 1995. Equal to TA-Lib's AROON, which
    returns `down` first.

    Examples
    --------
    >>> aroon([1.0, 3.0, 2.0], [1.0, 2.0, 2.0], window=2).up
    array([nan, nan, 50.])
    """
    check_at_least(1, window=window)
    highs, lows = as_aligned_values(high=high, low=low)
    ages = (bars_since_maximum(highs, window + 1), bars_since_maximum(-lows, window + 1))
    return AroonLines(*(100.0 * ((window - age) / window) for age in ages))


@feature(DirectionalMovement)
def adx(prices: Prices, *, window: int) -> tuple[Values, ...]:
    """Return the strength of the trend and the shares of both directions.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of Wilder's averages. Bounds: those of `quant.features.catalog`'s `DirectionalMovement`.

    Returns
    -------
    DataFrame of shape (n_bars, 3)
        ADX, +DI and -DI, from 0 to 100. All are NaN at the first `2 * window - 1` bars; after an unknown price they
        begin anew.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low, close = columns_values(prices, "high", "low", "close")
    lines = directional_movement(high, low, close, window=window)
    unknown = np.isnan(lines.strength)
    for line in lines:
        line[unknown] = np.nan
    return lines


@feature(Aroon)
def aroon_indicator(prices: Prices, *, window: int) -> tuple[Values, ...]:
    """Return how lately the highest high and the lowest low were.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars to look back. Bounds: those of `quant.features.catalog`'s `Aroon`.

    Returns
    -------
    DataFrame of shape (n_bars, 2)
        Up and down, from 0 to 100. NaN at the first `window` bars and while the window holds an unknown price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low = columns_values(prices, "high", "low")
    lines = aroon(high, low, window=window)
    unknown = np.isnan(lines.up + lines.down)
    for line in lines:
        line[unknown] = np.nan
    return lines

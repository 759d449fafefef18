"""Momentum: how far, and how steadily, the price has moved."""

import numpy as np
from numpy.typing import ArrayLike

from quant.features.arrays import COUNT, INPUT, OUTPUT, Values, as_values, check_at_least, kernel
from quant.features.catalog import RelativeStrengthIndex, Return
from quant.features.columns import column_values, feature
from quant.features.recursions import end_of_run
from quant.frames import Prices

NEUTRAL_STRENGTH = 50.0


def rate_of_change(values: ArrayLike, window: int = 1) -> Values:
    """Return the change over the last bars, as a fraction.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One positive number a bar, or NaN (unknown).
    window : int, default=1
        Bars to look back, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        `values[t] / values[t - window] - 1`. NaN at the first `window` bars and where one of the two values is unknown.

    Raises
    ------
    InvalidSpec
        If `window` is less than 1 or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars `t - window` and `t` and is known when `values[t]` is.

    References
    ----------
    Equal to TA-Lib's ROCP.

    Examples
    --------
    >>> rate_of_change([4.0, 5.0, 4.0])
    array([  nan,  0.25, -0.2 ])
    """
    check_at_least(1, window=window)
    array = as_values(values)
    changes = np.empty_like(array)
    changes[:window] = np.nan
    np.divide(array[window:], array[:-window], out=changes[window:])
    changes[window:] -= 1.0
    return changes


@kernel(INPUT, COUNT, OUTPUT)
def _relative_strength_index(values: Values, window: int, strengths: Values) -> None:
    n = values.size
    weight = 1.0 / window
    keep = 1.0 - weight
    i = 0
    while i < n:
        end = end_of_run(values, i, window + 1)
        if end < 0:
            strengths[i:] = np.nan
            return
        strengths[i : end - 1] = np.nan
        gain = loss = 0.0
        for j in range(end - window, end):
            change = values[j] - values[j - 1]
            gain += weight * max(change, 0.0)
            loss += weight * max(-change, 0.0)
        strengths[end - 1] = 100.0 * (gain / (gain + loss)) if gain + loss > 0.0 else NEUTRAL_STRENGTH
        i = end
        while i < n and not np.isnan(values[i]):
            change = values[i] - values[i - 1]
            gain = weight * max(change, 0.0) + keep * gain
            loss = weight * max(-change, 0.0) + keep * loss
            strengths[i] = 100.0 * (gain / (gain + loss)) if gain + loss > 0.0 else NEUTRAL_STRENGTH
            i += 1


def relative_strength_index(values: ArrayLike, window: int = 14) -> Values:
    """Return Wilder's relative strength index: the average gain's share of all average movement, in per cent.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, usually the close; finite or NaN (unknown).
    window : int, default=14
        Changes in Wilder's averages, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        From 0 (losses only) to 100 (gains only). NaN at the first `window` bars and at unknown ones, after which the
        averages begin anew: the `window` known bars that follow are NaN too.

    Raises
    ------
    InvalidSpec
        If `window` is less than 1 or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses all bars up to `t` and is known when `values[t]` is.

    Both averages are seeded by the simple mean over the first `window` changes; after that each new change has the
    weight `1 / window`. When there was neither gain nor loss the index is 50: no movement is neither overbought nor
    oversold.

    References
    ----------
    Wilder, New Concepts in Technical Trading Systems, 1978, section VI. Equal to TA-Lib's RSI, except that TA-Lib
    returns 0 when there was no movement. Differs from pandas' `ewm(alpha=1 / window, adjust=False)`, which is seeded
    by the first change alone, and from Cutler's RSI, which takes simple means.

    Examples
    --------
    >>> relative_strength_index([10.0, 11.0, 10.5, 12.5], 2).round(2)
    array([  nan,   nan, 66.67, 90.91])
    """
    check_at_least(1, window=window)
    array = as_values(values)
    strengths = np.empty_like(array)
    _relative_strength_index(array, window, strengths)
    return strengths


@feature(Return)
def trailing_return(prices: Prices, *, window: int) -> Values:
    """Return the simple return of the close over the last bars.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars to look back, within the bounds of `quant.features.catalog.Return`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        A fraction. NaN at the first `window` bars and where one of the two closes is unknown.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rate_of_change(column_values(prices, "close"), window)


@feature(RelativeStrengthIndex)
def rsi(prices: Prices, *, window: int) -> Values:
    """Return Wilder's relative strength index of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Changes in Wilder's averages, within the bounds of `quant.features.catalog.RelativeStrengthIndex`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        From 0 to 100. NaN at the first `window` bars; after an unknown close the averages begin anew.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return relative_strength_index(column_values(prices, "close"), window)

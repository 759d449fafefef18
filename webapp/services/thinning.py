"""Fewer points than bars, for charts: candles of several bars, and lines that keep what stands out.

A stretch is so many bars in a row; the last stretch is always whole, so that the newest bar closes it.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def stretch_starts(n_bars: int, width: int) -> NDArray[np.int64]:
    """Return where stretches of `width` bars begin; the first one may be shorter.

    Examples
    --------
    >>> stretch_starts(7, 3).tolist()
    [0, 1, 4]
    """
    first = n_bars % width
    starts = np.arange(first, n_bars, width, dtype=np.int64)
    return np.concatenate([np.zeros(1, dtype=np.int64), starts]) if first else starts


def first_of(values: Values, starts: NDArray[np.int64]) -> Values:
    """Return the first known value of each stretch, NaN where none is known."""
    ends = np.append(starts[1:], len(values))
    known = np.where(np.isnan(values), len(values), np.arange(len(values)))
    found = np.minimum.reduceat(known, starts)
    return np.where(found < ends, values[np.minimum(found, len(values) - 1)], np.nan)


def last_of(values: Values, starts: NDArray[np.int64]) -> Values:
    """Return the last known value of each stretch, NaN where none is known."""
    known = np.where(np.isnan(values), -1, np.arange(len(values)))
    found = np.maximum.reduceat(known, starts)
    return np.where(found >= starts, values[np.maximum(found, 0)], np.nan)


def highest_of(values: Values, starts: NDArray[np.int64]) -> Values:
    """Return the highest known value of each stretch."""
    return np.fmax.reduceat(values, starts)


def lowest_of(values: Values, starts: NDArray[np.int64]) -> Values:
    """Return the lowest known value of each stretch."""
    return np.fmin.reduceat(values, starts)


def sum_of(values: Values, starts: NDArray[np.int64]) -> Values:
    """Return the sum of the known values of each stretch, NaN where none is known."""
    total = np.add.reduceat(np.nan_to_num(values), starts)
    return np.where(np.isnan(highest_of(values, starts)), np.nan, total)


def line_of(values: Values, starts: NDArray[np.int64]) -> Values:
    """Return two values a stretch: the one farthest from its last, then its last; two bars thus stay as they are."""
    last = last_of(values, starts)
    high, low = highest_of(values, starts), lowest_of(values, starts)
    farthest = np.where(high - last >= last - low, high, low)
    return np.stack([farthest, last], axis=1).ravel()

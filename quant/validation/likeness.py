"""What trials earned week by week, small enough for a ledger to keep, and how many independent ones they amount to."""

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec
from quant.returns import RETURN_ROUNDING
from quant.validation.overfitting import independent_of_alike

_FIRST_MONDAY, _WEEK = 4, 7  # days after the first of January 1970; days
_HEAD, _ITEM = np.dtype("<i4"), np.dtype("<f2")


def weekly_shape(stamps: pd.DatetimeIndex, earned: ArrayLike) -> bytes | None:
    """Return what a trial earned week by week, as a shape without size, packed up.

    Parameters
    ----------
    stamps : DatetimeIndex of shape (n_bars,)
        Closes of the bars, ascending.
    earned : array-like of shape (n_bars,)
        What it earned at each; NaN is left out.

    Returns
    -------
    bytes or None
        The number of the first week since 1970, and the sums of the weeks from there on, less their mean and divided by
        their length as a vector, two bytes each. None if they do not differ.

    Raises
    ------
    InvalidSpec
        If the lengths differ.

    Notes
    -----
    Timing: a description of the past. The product of two such shapes, week by week, is the correlation of the weekly
    returns; of trials that share only a part of their weeks it is smaller, so that they count as less alike.
    """
    values = np.asarray(earned, dtype=np.float64)
    if values.shape != (len(stamps),):
        raise InvalidSpec(
            f"Expected what was earned at each of {len(stamps)} bars; found the shape {values.shape}.", field="earned"
        )
    is_known = ~np.isnan(values)
    days = stamps[is_known].to_numpy(dtype="datetime64[D]").view(np.int64)
    weeks = (days - _FIRST_MONDAY) // _WEEK
    if not len(weeks):
        return None
    sums = np.bincount(weeks - weeks[0], weights=values[is_known])
    deviations = sums - sums.mean()
    size = math.sqrt(float(np.square(deviations).sum()))
    if size <= RETURN_ROUNDING * math.sqrt(len(sums)):
        return None
    head, items = weeks[:1].astype(_HEAD), (deviations / size).astype(_ITEM)
    return bytes(head.tobytes() + items.tobytes())


def independent_trials(shapes: Iterable[bytes | None]) -> float:
    """Return how many independent trials many amount to.

    Parameters
    ----------
    shapes : iterable of bytes or None
        As `weekly_shape` returns them; None counts as one that is like no other.

    Returns
    -------
    float
        As `quant.validation.overfitting.effective_trials`, with the mean correlation of the weekly returns: of 1,000
        trials as quickly as of ten, for the mean of all products is that of the sum with itself. 0 without trials.

    Notes
    -----
    Timing: a statement about the past.

    References
    ----------
    Bailey and López de Prado 2014, The Deflated Sharpe Ratio, JPM 40(5), appendix 3, equation 9.
    """
    known, n_unknown = [], 0
    for shape in shapes:
        if shape is None:
            n_unknown += 1
        else:
            known.append(_unpacked(shape))
    if not known:
        return float(n_unknown)
    first = min(begin for begin, _ in known)
    total = np.zeros(max(begin + len(values) for begin, values in known) - first)
    own = 0.0
    for begin, values in known:
        total[begin - first : begin - first + len(values)] += values
        own += float(np.square(values).sum())
    n = len(known)
    mean = (float(np.square(total).sum()) - own) / (n * (n - 1)) if n > 1 else 0.0
    return independent_of_alike(n, mean) + n_unknown


def _unpacked(shape: bytes) -> tuple[int, NDArray[np.float64]]:
    (begin,) = np.frombuffer(shape, _HEAD, count=1)
    return int(begin), np.frombuffer(shape, _ITEM, offset=_HEAD.itemsize).astype(np.float64)

"""How much each sample weighs: overlapping labels tell of the same bars, and weigh less.

Labels are **spans** here: positions of their first and last bar, both included, on one axis of bars. Instruments lie on
that axis one behind the other, so that labels of different instruments never share a bar.
"""

from typing import Any, Literal

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec
from quant.frames import Labels, microseconds

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]


def label_spans(labels: Labels, bars: "pd.Index[Any]") -> tuple[IntArray, IntArray]:
    """Return where each label begins and ends among the bars.

    Parameters
    ----------
    labels : DataFrame of shape (n_labels, n_columns)
        Labels panel, see `quant.frames`, whose labels are all known.
    bars : MultiIndex of shape (n_bars,)
        Index of all bars of its instruments, with the levels of a panel, sorted by instrument first, then by timestamp.

    Returns
    -------
    starts, ends : ndarray of shape (n_labels,)
        Positions in `bars` of the bar itself and of the bar at which the label ends, int64.

    Raises
    ------
    InvalidSpec
        If a label begins or ends at no bar of its instrument.

    Notes
    -----
    Timing: positions of timestamps that the labels have; nothing is looked at.
    """
    stamps = microseconds(bars.get_level_values("timestamp"))
    begin = microseconds(labels.index.get_level_values("timestamp"))
    end = microseconds(pd.DatetimeIndex(labels["label_end"]))
    instrument = labels.index.get_level_values("instrument").to_numpy()
    instrument_of_bar = bars.get_level_values("instrument").to_numpy()
    starts, ends = np.zeros(len(labels), dtype=np.int64), np.zeros(len(labels), dtype=np.int64)
    for number in np.unique(instrument):
        chosen = instrument == number
        first, last = np.searchsorted(instrument_of_bar, (number, number + 1))
        for found, wanted in ((starts, begin[chosen]), (ends, end[chosen])):
            places = np.searchsorted(stamps[first:last], wanted)
            if (places == last - first).any() or (stamps[first:last][places] != wanted).any():
                raise InvalidSpec(
                    f"Expected labels that begin and end at bars of their instrument; found others of {number}.",
                    field="labels",
                )
            found[chosen] = first + places
    return starts, ends


def concurrency(starts: IntArray, ends: IntArray, n_bars: int) -> IntArray:
    """Count the labels that each bar belongs to.

    Parameters
    ----------
    starts, ends : ndarray of shape (n_labels,)
        First and last bar of each label, both included.
    n_bars : int
        Bars in all.

    Returns
    -------
    ndarray of shape (n_bars,)
        Number of labels whose span has the bar, int64.

    Notes
    -----
    Timing: the count at a bar includes labels that end later; it is for weighing samples whose labels are all known.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 4.3 and snippet 4.1.

    Examples
    --------
    >>> concurrency(np.array([0, 2, 4]), np.array([2, 3, 5]), 6).tolist()
    [1, 1, 2, 1, 1, 1]
    """
    steps = np.bincount(starts, minlength=n_bars + 1) - np.bincount(ends + 1, minlength=n_bars + 1)
    return np.cumsum(steps)[:n_bars]


def average_uniqueness(starts: IntArray, ends: IntArray) -> FloatArray:
    """Return how much of its span a label has for itself: the mean of one over the concurrency.

    Parameters
    ----------
    starts, ends : ndarray of shape (n_labels,)
        First and last bar of each label, both included.

    Returns
    -------
    ndarray of shape (n_labels,)
        Above 0 and at most 1, which is a label that overlaps no other.

    Notes
    -----
    Timing: that of `concurrency`. Compute it of training labels only: a label of the test span takes no uniqueness from
    them.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 4.4 and snippet 4.2.

    Examples
    --------
    >>> average_uniqueness(np.array([0, 2, 4]), np.array([2, 3, 5])).round(4).tolist()
    [0.8333, 0.75, 1.0]
    """
    return _sums_over_spans(starts, ends, np.ones(_n_bars(ends))) / (ends - starts + 1)


def attributed_returns(starts: IntArray, ends: IntArray, returns: FloatArray) -> FloatArray:
    """Return how much of what happened belongs to each label: the size of the sum of returns over the concurrency.

    Parameters
    ----------
    starts, ends : ndarray of shape (n_labels,)
        First and last bar of each label, both included.
    returns : ndarray of shape (n_bars,)
        Log return of each bar, from the close before to its own; NaN, which is unknown, attributes nothing.

    Returns
    -------
    ndarray of shape (n_labels,)
        0 or more, in units of log return. Divide by their mean to make weights of them.

    Notes
    -----
    Timing: that of `concurrency`; returns up to each label's end.

    The return of the first bar, which the source includes, is known when the label begins.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 4.6 and snippet 4.10.
    """
    known = np.nan_to_num(returns[: _n_bars(ends)], nan=0.0)
    return np.abs(_sums_over_spans(starts, ends, known))


def time_decay(uniqueness: FloatArray, oldest: float) -> FloatArray:
    """Return factors that grow linearly with the uniqueness that has passed, up to 1 for the latest label.

    Parameters
    ----------
    uniqueness : ndarray of shape (n_labels,)
        Average uniqueness of each label, from the oldest to the latest.
    oldest : float
        Above -1 and at most 1. 1: no decay. From 0 to 1: what the factors begin at, before the oldest label. Below 0:
        the oldest part of the labels, as large as it says, gets 0.

    Returns
    -------
    ndarray of shape (n_labels,)
        From 0 to 1, never falling.

    Raises
    ------
    InvalidSpec
        If `oldest` is out of its bounds.

    Notes
    -----
    Timing: of order, and nothing else. Where labels overlap much, little uniqueness passes, and factors grow slowly.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 4.7 and snippet 4.11.

    Examples
    --------
    >>> time_decay(np.ones(4), 0.5).tolist()
    [0.625, 0.75, 0.875, 1.0]
    >>> time_decay(np.ones(4), -0.5).tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    if not -1.0 < oldest <= 1.0:
        raise InvalidSpec(f"Expected a decay above -1 and at most 1; found {oldest}.", field="decay")
    if not len(uniqueness):
        return np.ones(0)
    passed = np.cumsum(uniqueness)
    share = passed / passed[-1]
    factors: FloatArray = oldest + (1.0 - oldest) * share if oldest >= 0.0 else (share + oldest) / (1.0 + oldest)
    return factors.clip(0.0, 1.0)


def sample_weights(
    starts: IntArray,
    ends: IntArray,
    *,
    by: Literal["equal", "uniqueness", "attribution"],
    decay: float = 1.0,
    returns: FloatArray | None = None,
    classes: IntArray | None = None,
) -> FloatArray:
    """Return the weights of training samples, whose mean is 1.

    Parameters
    ----------
    starts, ends : ndarray of shape (n_labels,)
        First and last bar of each training label, both included, from the oldest to the latest.
    by : {"equal", "uniqueness", "attribution"}
        What a sample weighs before anything else: 1, its average uniqueness, or its attributed return.
    decay : float, default=1.0
        As `time_decay` takes it; 1: none.
    returns : ndarray of shape (n_bars,), default=None
        Log return of each bar; needed for `"attribution"`.
    classes : ndarray of shape (n_labels,), default=None
        Class of each sample, to give all classes the same weight in total; None: leave them as common as they are.

    Returns
    -------
    ndarray of shape (n_labels,)
        0 or more, their sum being the number of samples. If nothing can be attributed, because prices stood still, all
        are 1 before decay and classes.

    Raises
    ------
    InvalidSpec
        If `decay` is out of its bounds, or returns are needed and missing.

    Notes
    -----
    Timing: that of `concurrency` and of the returns up to each label's end. Call it inside each fold with the fold's
    training labels: nothing of another label enters.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, sections 4.3 to 4.8.
    """
    uniqueness = average_uniqueness(starts, ends)
    weights = np.ones(len(starts))
    if by == "uniqueness":
        weights = uniqueness.copy()
    elif by == "attribution":
        if returns is None:
            raise InvalidSpec("Expected the returns of all bars to attribute; found none.", field="returns")
        attributed = attributed_returns(starts, ends, returns)
        weights = attributed if attributed.any() else weights
    weights = weights * time_decay(uniqueness, decay)
    if classes is not None:
        weights = _balanced(weights, classes)
    return weights / weights.mean() if weights.any() else np.ones(len(starts))


def _balanced(weights: FloatArray, classes: IntArray) -> FloatArray:
    """Return weights that sum to the same in each class; a class without weight keeps none."""
    _, codes = np.unique(classes, return_inverse=True)
    total = np.bincount(codes, weights=weights)
    return weights / np.where(total > 0.0, total, 1.0)[codes]


def _sums_over_spans(starts: IntArray, ends: IntArray, values: FloatArray) -> FloatArray:
    """Return the sum over each span of values over the concurrency.

    Each span is summed from its first bar on by itself: differences of running sums would carry the rounding of earlier
    bars into the bits of later weights, and a longer history would give others.
    """
    shared = np.append(values / np.maximum(concurrency(starts, ends, len(values)), 1), 0.0)
    sums = np.zeros(len(starts))
    for step in range(int((ends - starts).max(initial=-1)) + 1):
        place = starts + step
        sums += shared[np.where(place <= ends, place, len(values))]
    return sums


def _n_bars(ends: IntArray) -> int:
    return int(ends.max(initial=-1)) + 1

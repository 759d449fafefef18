"""Drawing samples whose labels overlap little: the sequential bootstrap."""

from typing import Any

import numpy as np
from numba import njit

from quant.errors import InvalidSpec

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]


def sequential_bootstrap(starts: IntArray, ends: IntArray, n_draws: int, rng: np.random.Generator) -> IntArray:
    """Draw labels with replacement, each the likelier the less it overlaps those already drawn.

    Parameters
    ----------
    starts, ends : ndarray of shape (n_labels,)
        First and last bar of each label, both included, see `quant.labels.weights`.
    n_draws : int
        How many to draw, at least 0.
    rng : Generator
        Where random numbers come from; it is advanced.

    Returns
    -------
    ndarray of shape (n_draws,)
        Positions among the labels in the order in which they were drawn, int64.

    Raises
    ------
    InvalidSpec
        If there is no label to draw, a label ends before it begins, or a number is below 0.

    Notes
    -----
    Timing: of the spans alone. Draw among training labels only.

    A label is drawn with a probability in proportion to its average uniqueness, were it added to what is drawn:
    the mean over its bars of 1 / (1 + number of drawn labels that have the bar). These are never computed for all: a
    label is picked evenly and kept with its uniqueness, which is at most 1, as probability, until one is kept. The
    distribution is the same, and a draw costs about as many looks as labels overlap, not as many as there are.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 4.5 and snippets 4.3 to 4.5.
    """
    if n_draws < 0:
        raise InvalidSpec(f"Expected to draw 0 labels or more; found {n_draws}.", field="n_draws")
    if n_draws > 0 and not len(starts):
        raise InvalidSpec("Expected at least one label to draw from; found none.", field="starts")
    if len(starts) and (int(starts.min()) < 0 or (ends < starts).any()):
        raise InvalidSpec("Expected spans from 0 on that end where they begin or later; found others.", field="ends")
    drawn = np.empty(n_draws, dtype=np.int64)
    n_drawn = np.zeros(int(ends.max(initial=-1)) + 1, dtype=np.int64)
    _draw(starts.astype(np.int64), ends.astype(np.int64), n_drawn, rng, drawn)
    return drawn


@njit(cache=True, nogil=True)
def _draw(starts: IntArray, ends: IntArray, n_drawn: IntArray, rng: np.random.Generator, drawn: IntArray) -> None:
    """Write which labels are drawn; `n_drawn` counts for each bar the drawn labels that have it."""
    for number in range(drawn.size):
        while True:
            label = int(rng.random() * starts.size)
            if rng.random() < uniqueness_if_drawn(starts[label], ends[label], n_drawn):
                break
        for bar in range(starts[label], ends[label] + 1):
            n_drawn[bar] += 1
        drawn[number] = label


@njit(cache=True, nogil=True)
def uniqueness_if_drawn(start: int, end: int, n_drawn: IntArray) -> float:
    """Return the average uniqueness that a label would have beside those drawn.

    Parameters
    ----------
    start, end : int
        Its first and last bar, both included.
    n_drawn : ndarray of shape (n_bars,)
        For each bar, how many drawn labels have it.

    Returns
    -------
    float
        Above 0 and at most 1.

    Notes
    -----
    Timing: of the spans alone.
    """
    total = 0.0
    for bar in range(start, end + 1):
        total += 1.0 / (1 + n_drawn[bar])
    return total / (end - start + 1)

"""Drawing again from what there is: bars in blocks of random length, and samples whose labels overlap little."""

from typing import Any

import numpy as np
from numba import njit

from quant.errors import InvalidSpec

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]


def stationary_bootstrap(n_bars: int, n_resamples: int, mean_block_bars: float, rng: np.random.Generator) -> IntArray:
    """Return which bars each resample is made of, by the stationary bootstrap.

    Parameters
    ----------
    n_bars : int
        Length of the series.
    n_resamples : int
        How many to draw.
    mean_block_bars : float
        Expected length of a block, at least 1; lengths are geometric, and blocks go on from the last bar to the first.
    rng : Generator
        Where random numbers come from.

    Returns
    -------
    ndarray of int of shape (n_resamples, n_bars)
        Positions of bars.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.

    Notes
    -----
    Timing: positions only; nothing is known of prices.

    References
    ----------
    Politis and Romano 1994, The Stationary Bootstrap, Journal of the American Statistical Association 89(428).
    """
    if n_bars < 1 or n_resamples < 1 or not mean_block_bars >= 1:
        raise InvalidSpec(
            f"Expected at least 1 bar, 1 resample and 1 bar a block; found {n_bars}, {n_resamples} and "
            f"{mean_block_bars}.",
            field="mean_block_bars",
        )
    places = np.empty((n_resamples, n_bars), dtype=np.int64)
    _draw_blocks(1.0 / mean_block_bars, rng, places)
    return places


@njit(cache=True, nogil=True)
def _draw_blocks(share: float, rng: np.random.Generator, places: IntArray) -> None:
    """Write where each bar of each resample is from; with probability `share` a new block begins, anywhere."""
    n_resamples, n_bars = places.shape
    for resample in range(n_resamples):
        place = 0
        for bar in range(n_bars):
            place = place + 1 if place + 1 < n_bars else 0
            if bar == 0 or rng.random() < share:
                place = int(rng.random() * n_bars)
            places[resample, bar] = place


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

"""Entropies of how returns are distributed, and of the orders in which closes stand, over their greatest value."""

import math

import numpy as np
from numba import njit, types
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec
from quant.features.arrays import COUNT, INPUT, NUMBER, OUTPUT, Values, as_values, check_at_least, kernel
from quant.features.catalog import PermutationEntropy, ShannonEntropy
from quant.features.columns import column_values, feature
from quant.features.extremes import rolling_maximum, rolling_minimum
from quant.features.runs import over_runs, returns_of
from quant.frames import Prices

Counts = NDArray[np.int64]
COUNTS = types.Array(types.int64, 1, "C")


def rolling_shannon(values: ArrayLike, window: int, n_bins: int = 10) -> Values:
    """Return the entropy of the distribution of the last values over parts of their range.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as a return; finite or NaN (unknown).
    window : int
        Values to look back, at least 2.
    n_bins : int, default=10
        Parts of equal width between the least and the greatest value of the window, at least 2.

    Returns
    -------
    ndarray of shape (n_bars,)
        From 0 (all in one part) to 1 (evenly). NaN before the window is full and while it holds an unknown value.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses values `t - window + 1` to `t` and is known when `values[t]` is.

    References
    ----------
    Shannon 1948, Bell System Technical Journal 27, 379.

    Examples
    --------
    >>> rolling_shannon([0.0, 1.0, 0.1, 0.9], 4, 2)[-1]
    np.float64(1.0)
    """
    check_at_least(2, window=window, n_bins=n_bins)

    def compute(run: Values, outputs: Values) -> None:
        _shannon(run, rolling_maximum(run, window), rolling_minimum(run, window), window, n_bins, outputs)

    return over_runs(as_values(values), window, compute)


def rolling_permutation(values: ArrayLike, window: int, order: int = 3) -> Values:
    """Return the entropy of the orders in which neighbours among the last values stand.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as the close; finite or NaN (unknown).
    window : int
        Values to look back, more than `order`.
    order : int, default=3
        Neighbours that are put in order, from 2 to 6.

    Returns
    -------
    ndarray of shape (n_bars,)
        From 0 (always the same order) to 1 (all equally often). NaN before the window is full and while it holds an
        unknown value. Of equal values the earlier counts as the smaller.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses values `t - window + 1` to `t` and is known when `values[t]` is.

    References
    ----------
    Bandt & Pompe 2002, Physical Review Letters 88(17), 174102. Equal to antropy's `perm_entropy` with `normalize`.

    Examples
    --------
    >>> rolling_permutation([1.0, 2.0, 3.0, 4.0, 5.0], 5)[-1]
    np.float64(0.0)
    """
    check_at_least(2, order=order)
    if order > 6:  # noqa: PLR2004  # 720 orders are more than a window has neighbours
        raise InvalidSpec(f"Expected order to be at most 6; found {order}.", field="order")
    check_at_least(order + 1, window=window)
    n_orders = math.factorial(order)
    return over_runs(
        as_values(values), window, lambda run, outputs: _permutation(run, window, order, n_orders, outputs)
    )


@njit(types.Array(types.float64, 1, "C")(types.int64), cache=True, nogil=True)
def logarithms(most: int) -> Values:
    """Return the logarithms of 0, which stands as 0 since it is multiplied by 0, to `most`."""
    logs = np.zeros(most + 1)
    for count in range(2, most + 1):
        logs[count] = np.log(count)
    return logs


@njit(types.float64(COUNTS, INPUT), cache=True, nogil=True)
def entropy_of(counts: Counts, logs: Values) -> float:
    """Return the entropy, in nats, of what was counted; `logs` are `logarithms` up to the sum at least."""
    n, weighted = 0, 0.0
    for count in counts:
        n += count
        weighted += count * logs[count]
    return float(max(0.0, logs[n] - weighted / n))


@kernel(INPUT, NUMBER, NUMBER, COUNT, OUTPUT)
def _place(values: Values, least: float, span: float, n_bins: int, places: Values) -> None:
    """Write in which part of the range each value lies, with a fraction."""
    for i in range(places.size):
        # A little is added so that rounding does not decide about a value on an edge.
        places[i] = (values[i] - least) / span * n_bins + 1e-9


@kernel(INPUT, INPUT, INPUT, COUNT, COUNT, OUTPUT)
def _shannon(values: Values, highest: Values, lowest: Values, window: int, n_bins: int, outputs: Values) -> None:
    counts, places, logs = np.empty(n_bins, dtype=np.int64), np.empty(window), logarithms(window)
    greatest_entropy = np.log(n_bins)
    for end in range(window, values.size + 1):
        least = lowest[end - 1]
        span = highest[end - 1] - least
        if not span > 0.0:
            outputs[end - 1] = 0.0
            continue
        _place(values[end - window : end], least, span, n_bins, places)
        counts[:] = 0
        for place in places:
            counts[min(n_bins - 1, int(place))] += 1
        outputs[end - 1] = entropy_of(counts, logs) / greatest_entropy


@kernel(INPUT, COUNT, COUNT, COUNT, OUTPUT)
def _permutation(values: Values, window: int, order: int, n_orders: int, outputs: Values) -> None:
    n = values.size - order + 1
    patterns = np.empty(n, dtype=np.int64)
    for start in range(n):
        pattern = 0
        for a in range(order - 1):
            n_smaller = 0
            for b in range(a + 1, order):
                n_smaller += int(values[start + b] < values[start + a])
            pattern = pattern * (order - a) + n_smaller
        patterns[start] = pattern
    n_in_window = window - order + 1
    counts, logs = np.zeros(n_orders, dtype=np.int64), logarithms(n_in_window + 1)
    greatest_entropy = np.log(n_orders)
    for start in range(n):
        counts[patterns[start]] += 1
        if start >= n_in_window:
            counts[patterns[start - n_in_window]] -= 1
        if start >= n_in_window - 1:
            outputs[start + order - 1] = entropy_of(counts, logs) / greatest_entropy


@feature(ShannonEntropy)
def shannon_feature(prices: Prices, *, window: int, n_bins: int) -> Values:
    """Return Shannon's entropy of the logarithmic returns of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Returns to look back.
    n_bins : int
        Parts of the range.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The entropy, see `rolling_shannon`. NaN at the first `window` bars and wherever the window holds
        an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of the bounds of `quant.features.catalog.ShannonEntropy`; pydantic's, a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_shannon(returns_of(column_values(prices, "close")), window, n_bins)


@feature(PermutationEntropy)
def permutation_feature(prices: Prices, *, window: int, order: int) -> Values:
    """Return the permutation entropy of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Closes to look back.
    order : int
        Neighbours that are put in order.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The entropy, see `rolling_permutation`. NaN at the first `window - 1` bars and wherever the window
        holds an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of the bounds of `quant.features.catalog.PermutationEntropy`; pydantic's, a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_permutation(column_values(prices, "close"), window, order)

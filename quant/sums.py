"""Sums in kernels, those of numpy to the last bit: halves by themselves, down to 128 values in eight lanes.

So a figure is the same whether its values were added up in a kernel or by `numpy.add.reduce`.
"""

from typing import Any, TypeAlias

import numpy as np
from numba import njit, types

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

_LANES, _BLOCK = 8, 128  # numpy's
_1, _2, _3, _4, _5, _6, _7 = (np.uint64(lane) for lane in range(1, _LANES))
_VALUES = types.Array(types.float64, 1, "C", readonly=True)


@njit(types.int64(types.int64), cache=True, nogil=True, inline="always")
def half_of(n: int) -> int:
    """Return how many of `n` values, if they are more than a block, numpy adds by themselves."""
    return n // 2 - n // 2 % _LANES


@njit(types.float64(_VALUES, types.int64, types.int64), cache=True, nogil=True, error_model="numpy")
def pairwise_sum(values: FloatArray, begin: int, end: int) -> float:
    """Return the sum of a stretch of values in the order in which numpy adds."""
    n = end - begin
    if n < _LANES:
        total: float = 0.0
        for i in range(begin, end):
            total += values[i]
        return total
    if n > _BLOCK:
        middle = begin + half_of(n)
        return pairwise_sum(values, begin, middle) + pairwise_sum(values, middle, end)
    # Places are unsigned, as the kernel would else ask of each whether it counts from the end.
    place, step = np.uint64(begin), np.uint64(_LANES)
    a, b, c, d = values[place], values[place + _1], values[place + _2], values[place + _3]
    e, f, g, h = values[place + _4], values[place + _5], values[place + _6], values[place + _7]
    whole = np.uint64(end - n % _LANES)
    place += step
    while place < whole:
        a += values[place]
        b += values[place + _1]
        c += values[place + _2]
        d += values[place + _3]
        e += values[place + _4]
        f += values[place + _5]
        g += values[place + _6]
        h += values[place + _7]
        place += step
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(end - n % _LANES, end):
        total += values[i]
    return total


@njit(types.float64(types.float64, types.float64), cache=True, nogil=True, inline="always")
def _squared_from(value: float, centre: float) -> float:
    return (value - centre) * (value - centre)


@njit(types.float64(_VALUES, types.int64, types.int64, types.float64), cache=True, nogil=True, error_model="numpy")
def pairwise_square_sum(values: FloatArray, begin: int, end: int, centre: float) -> float:
    """Return the sum of the squared distances of a stretch of values from a centre, added in the same order."""
    n = end - begin
    if n < _LANES:
        total: float = 0.0
        for i in range(begin, end):
            total += _squared_from(values[i], centre)
        return total
    if n > _BLOCK:
        middle = begin + half_of(n)
        return pairwise_square_sum(values, begin, middle, centre) + pairwise_square_sum(values, middle, end, centre)
    place, step = np.uint64(begin), np.uint64(_LANES)
    a, b = _squared_from(values[place], centre), _squared_from(values[place + _1], centre)
    c, d = _squared_from(values[place + _2], centre), _squared_from(values[place + _3], centre)
    e, f = _squared_from(values[place + _4], centre), _squared_from(values[place + _5], centre)
    g, h = _squared_from(values[place + _6], centre), _squared_from(values[place + _7], centre)
    whole = np.uint64(end - n % _LANES)
    place += step
    while place < whole:
        a += _squared_from(values[place], centre)
        b += _squared_from(values[place + _1], centre)
        c += _squared_from(values[place + _2], centre)
        d += _squared_from(values[place + _3], centre)
        e += _squared_from(values[place + _4], centre)
        f += _squared_from(values[place + _5], centre)
        g += _squared_from(values[place + _6], centre)
        h += _squared_from(values[place + _7], centre)
        place += step
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(end - n % _LANES, end):
        total += _squared_from(values[i], centre)
    return total

"""Sums in kernels, those of numpy to the last bit: halves by themselves, down to 128 values in eight lanes.

So a figure is the same whether its values were added up in a kernel or by `numpy.add.reduce`.
"""

from typing import Any, TypeAlias

import numpy as np
from numba import njit, types

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

_LANES, _BLOCK = 8, 128  # numpy's
_VALUES = types.Array(types.float64, 1, "C", readonly=True)


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
        half = n // 2
        half -= half % _LANES
        return pairwise_sum(values, begin, begin + half) + pairwise_sum(values, begin + half, end)
    a, b, c, d = values[begin], values[begin + 1], values[begin + 2], values[begin + 3]
    e, f, g, h = values[begin + 4], values[begin + 5], values[begin + 6], values[begin + 7]
    whole = begin + n - n % _LANES
    for i in range(begin + _LANES, whole, _LANES):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
        e += values[i + 4]
        f += values[i + 5]
        g += values[i + 6]
        h += values[i + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, end):
        total += values[i]
    return total


@njit(types.float64(_VALUES, types.float64, types.int64, types.int64), cache=True, nogil=True, error_model="numpy")
def pairwise_square_sum(values: FloatArray, mid: float, begin: int, end: int) -> float:
    """Return the sum of squared distances from `mid` of a stretch of values in the order in which numpy adds."""
    n = end - begin
    if n < _LANES:
        total: float = 0.0
        for i in range(begin, end):
            total += (values[i] - mid) * (values[i] - mid)
        return total
    if n > _BLOCK:
        half = n // 2
        half -= half % _LANES
        first = pairwise_square_sum(values, mid, begin, begin + half)
        return first + pairwise_square_sum(values, mid, begin + half, end)
    a, b, c, d = values[begin] - mid, values[begin + 1] - mid, values[begin + 2] - mid, values[begin + 3] - mid
    e, f, g, h = values[begin + 4] - mid, values[begin + 5] - mid, values[begin + 6] - mid, values[begin + 7] - mid
    a, b, c, d, e, f, g, h = a * a, b * b, c * c, d * d, e * e, f * f, g * g, h * h
    whole = begin + n - n % _LANES
    for i in range(begin + _LANES, whole, _LANES):
        a += (values[i] - mid) * (values[i] - mid)
        b += (values[i + 1] - mid) * (values[i + 1] - mid)
        c += (values[i + 2] - mid) * (values[i + 2] - mid)
        d += (values[i + 3] - mid) * (values[i + 3] - mid)
        e += (values[i + 4] - mid) * (values[i + 4] - mid)
        f += (values[i + 5] - mid) * (values[i + 5] - mid)
        g += (values[i + 6] - mid) * (values[i + 6] - mid)
        h += (values[i + 7] - mid) * (values[i + 7] - mid)
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, end):
        total += (values[i] - mid) * (values[i] - mid)
    return total

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

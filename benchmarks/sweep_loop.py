"""The compiled loop that a sweep is held against: crossing averages, long or out, filled at the next open with costs.

It knows nothing else: neither shorts nor sizes, splits, dividends, minimum commissions or whole shares.
"""

from typing import Any

import numpy as np
from numba import njit

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
_UNEQUAL = 1e-12  # as `quant.strategies.catalog` has it


@njit(cache=True, nogil=True, error_model="numpy")
def averages(closes: FloatArray, windows: np.ndarray[Any, np.dtype[np.int64]]) -> FloatArray:
    """Return an average a row."""
    lines = np.full((windows.size, closes.size), np.nan)
    for number in range(windows.size):
        window, total = windows[number], 0.0
        for row in range(closes.size):
            total += closes[row]
            if row >= window:
                total -= closes[row - window]
            if row >= window - 1:
                lines[number, row] = total / window
    return lines


@njit(cache=True, nogil=True, error_model="numpy")
def sweep(
    lines: FloatArray,
    first: int,
    opens: FloatArray,
    closes: FloatArray,
    commission: float,
    slippage: float,
    measures: FloatArray,
) -> None:
    """Write Sharpe ratio a bar, total return and maximum drawdown of each pair of lines."""
    number = 0
    for faster in range(lines.shape[0]):
        for slower in range(faster + 1, lines.shape[0]):
            _one(lines[faster], lines[slower], first, opens, closes, commission, slippage, measures[number])
            number += 1


@njit(forceinline=True, error_model="numpy")
def _one(
    fast: FloatArray,
    slow: FloatArray,
    first: int,
    opens: FloatArray,
    closes: FloatArray,
    commission: float,
    slippage: float,
    measures: FloatArray,
) -> None:
    cash, held, order, inverse, peak, worst = 1e5, 0.0, 0.0, 1e-5, 1e5, 1.0
    total, squares, equity = 0.0, 0.0, 1e5
    for row in range(first, closes.size):
        if order > held:
            price = opens[row] * (1.0 + slippage)
            held = min(order, cash / (price * (1.0 + commission)))
            cash -= held * price * (1.0 + commission)
            order = held
        elif order < held:
            cash += held * opens[row] * (1.0 - slippage) * (1.0 - commission)
            held = 0.0
        equity = cash + held * closes[row]
        if row > first:
            earned = equity * inverse - 1.0
            total += earned
            squares += earned * earned
        inverse = 1.0 / equity
        if equity > peak:
            peak = equity
        elif equity < worst * peak:
            worst = equity / peak
        distance = fast[row] - slow[row]
        if distance < _UNEQUAL:
            order = 0.0
        elif held == 0.0:
            order = equity / closes[row]
    n = closes.size - first - 1
    measures[0] = total / n / np.sqrt((squares - total * total / n) / (n - 1))
    measures[1] = equity / 1e5 - 1.0
    measures[2] = worst - 1.0

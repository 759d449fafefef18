"""The floor under the backtest of one instrument: one loop over the bars, written out.

It follows the convention of the engine in whole shares, on prices that are all known. What it leaves out is why it is
not the product's: actions, several instruments, missing bars, purchases beyond the cash, minimum commissions, borrow
fees, ruin, and the list of fills.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Values = NDArray[np.float64]


@njit(error_model="numpy")
def backtest_loop(
    opens: Values, closes: Values, weights: Values, cash: float, commission: float, account: Values
) -> tuple[float, float, float]:
    """Write cash, shares, price and equity after each close; return total return, Sharpe ratio a bar and drawdown."""
    held, order, peak, depth, total, squares = 0.0, math.nan, cash, 0.0, 0.0, 0.0
    initial, before, value = cash, cash, cash
    for i in range(closes.size):
        if not math.isnan(order):
            traded = order - held
            cash -= traded * opens[i] + abs(traded) * opens[i] * commission
            held, order = order, math.nan
        value = cash + held * closes[i]
        account[0, i], account[1, i], account[2, i], account[3, i] = cash, held, closes[i], value
        if not math.isnan(weights[i]):
            order = float(np.trunc(weights[i] * value / closes[i]))
        change = value / before - 1.0
        total += change
        squares += change * change
        peak = max(peak, value)
        depth = min(depth, value / peak - 1.0)
        before = value
    n = closes.size - 1
    mean = total / n
    return value / initial - 1.0, mean / math.sqrt((squares - n * mean * mean) / (n - 1)), depth

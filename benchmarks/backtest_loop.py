"""The floor under the backtest of one instrument: one loop over the bars, written out.

It follows the convention of the engine in fractions of shares, on prices that are all known, and keeps nothing but the
curve. What it leaves out is why it is not the product's: actions, several instruments, missing bars, whole shares,
minimum commissions, borrow fees, ruin, and the list of fills.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Values = NDArray[np.float64]


@njit(error_model="numpy")
def backtest_loop(
    opens: Values, closes: Values, weights: Values, cash: float, commission: float, slippage: float, equity: Values
) -> tuple[float, float, float]:
    """Write the equity after each close; return the total return, the Sharpe ratio per bar and the deepest drawdown."""
    held, order, peak, depth, total, squares = 0.0, math.nan, cash, 0.0, 0.0, 0.0
    before = cash
    for i in range(closes.size):
        if not math.isnan(order):
            traded = order - held
            price = opens[i] * (1.0 + slippage if traded > 0.0 else 1.0 - slippage)
            if order > 0.0 and traded > 0.0:
                traded = min(traded, cash / (price * (1.0 + commission)))
            cash -= traded * price + abs(traded) * price * commission
            held, order = held + traded, math.nan
        value = cash + held * closes[i]
        equity[i] = value
        if not math.isnan(weights[i]):
            order = weights[i] * value / closes[i]
        change = value / before - 1.0
        total += change
        squares += change * change
        peak = max(peak, value)
        depth = min(depth, value / peak - 1.0)
        before = value
    n = closes.size - 1
    mean = total / n
    deviation = math.sqrt((squares - n * mean * mean) / (n - 1))
    return value / equity[0] - 1.0, mean / deviation, depth

"""The floor under the standard set: one loop over the bars, written out, with sums that slide.

It gives what TA-Lib gives, on prices that are all known. What it leaves out is why it is not the product's: a sum that
slides gathers rounding errors, one unknown price spoils all that follows, and the bits of a value depend on where the
history begins.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Values = NDArray[np.float64]


@njit(fastmath={"contract"}, error_model="numpy")
def standard_loop(  # noqa: C901, PLR0912, PLR0915  # one loop, written out, is what it is
    high: Values, low: Values, close: Values, log_return: Values, out: Values
) -> None:
    """Write SMA 20, EMA 20, RSI 14, MACD 12 26 9, Bollinger 20 2, ATR 14 and volatility 20; one a row."""
    n = close.size
    total = squares = returns = returns_squares = 0.0
    ema = gain = loss = atr = fast = slow = signal = 0.0
    start, first_return = close[0], 0.0  # sums are of distances from these, which cancel less
    out[:, :33] = np.nan
    for i in range(n):
        price = close[i]
        distance = price - start
        total += distance
        squares += distance * distance
        if i >= 20:
            left = close[i - 20] - start
            total, squares = total - left, squares - left * left
        if i > 0:
            change, previous = price - close[i - 1], close[i - 1]
            reach = max(high[i], previous) - min(low[i], previous)
            if i <= 14:
                gain, loss = gain + max(change, 0.0) / 14.0, loss + max(-change, 0.0) / 14.0
                atr += reach / 14.0
            else:
                gain = max(change, 0.0) * (1.0 / 14.0) + gain * (13.0 / 14.0)
                loss = max(-change, 0.0) * (1.0 / 14.0) + loss * (13.0 / 14.0)
                atr = reach * (1.0 / 14.0) + atr * (13.0 / 14.0)
            step = log_return[i] - first_return
            returns += step
            returns_squares += step * step
            if i > 20:
                left = log_return[i - 20] - first_return
                returns -= left
                returns_squares -= left * left
        if 14 <= i <= 25:
            fast += price / 12.0
        if i <= 25:
            slow += price / 26.0
        else:
            fast, slow = price * (2.0 / 13.0) + fast * (11.0 / 13.0), price * (2.0 / 27.0) + slow * (25.0 / 27.0)
        if i >= 19:
            mean = total * 0.05
            spread = 2.0 * math.sqrt(max(squares * 0.05 - mean * mean, 0.0))
            ema = start + mean if i == 19 else price * (2.0 / 21.0) + ema * (19.0 / 21.0)
            out[0, i] = out[7, i] = start + mean
            out[1, i] = ema
            out[6, i] = start + mean - spread
            out[8, i] = start + mean + spread
        if i >= 14:
            out[2, i] = 100.0 * gain / (gain + loss) if gain + loss > 0.0 else 50.0
            out[9, i] = atr
        if i >= 20:
            out[10, i] = math.sqrt(max(returns_squares - returns * returns * 0.05, 0.0) * (252.0 / 19.0))
        if i >= 25:
            line = fast - slow
            signal = signal + line / 9.0 if i <= 33 else line * 0.2 + signal * 0.8
            if i >= 33:
                out[3, i] = line
                out[4, i] = signal
                out[5, i] = line - signal

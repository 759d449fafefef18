"""How much prices moved up to a bar: what barriers and events are measured by."""

from typing import Any

import numpy as np
import pandas as pd

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def trailing_volatility(close: pd.Series, window: int) -> FloatArray:
    """Return the standard deviation of the last log returns, each window summed by itself.

    Parameters
    ----------
    close : Series of shape (n_bars,)
        Adjusted closes.
    window : int
        Returns, up to that of the bar itself, at least 2.

    Returns
    -------
    ndarray of shape (n_bars,)
        Sample standard deviation of one-bar log returns. The first `window` are NaN, and those with an unknown close in
        their window.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`, and none before `t - window`. A running sum would carry rounding
    from bar to bar: the same bars in a shorter history would differ in last bits.
    """
    volatility = np.full(len(close), np.nan)
    if len(close) <= window:
        return volatility
    values = close.to_numpy(dtype=np.float64)
    returns = np.log(values[1:] / values[:-1])
    windows = np.lib.stride_tricks.sliding_window_view(returns, window)
    volatility[window:] = np.ascontiguousarray(windows).std(axis=1, ddof=1)
    return volatility

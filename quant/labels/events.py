"""Which bars are samples: all of them, or those at which enough has happened since the last one."""

from typing import Any

import numpy as np
from numba import njit

from quant.errors import InvalidSpec
from quant.frames import Prices
from quant.labels.volatility import trailing_volatility

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


def cusum_events(prices: Prices, *, threshold: float, volatility_window: int) -> BoolArray:
    """Return the bars at which the price has moved far enough in one direction, by the symmetric CUSUM filter.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    threshold : float
        How far is enough, in standard deviations of a one-bar return; above 0.
    volatility_window : int
        Returns, up to the bar itself, whose standard deviation is the volatility; at least 2.

    Returns
    -------
    ndarray of shape (n_bars,)
        Whether each bar is an event. The first `volatility_window` bars are none, nor are bars without volatility.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.

    Notes
    -----
    Timing: whether `t` is an event is known at its close.

    Log returns are added up, upwards to no less than 0 and downwards to no more; when one of the sums is beyond the
    threshold of its bar, the bar is an event and that sum begins again at 0. Sums begin when the volatility is known,
    so events depend on where the history begins, for a while.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 2.5.2 and snippet 2.4; there with one threshold
    for all bars.
    """
    if not threshold > 0.0:
        raise InvalidSpec(f"Expected threshold to be above 0; found {threshold}.", field="threshold")
    if volatility_window < 2:  # noqa: PLR2004  # one return has no deviation
        raise InvalidSpec(
            f"Expected volatility_window to be at least 2; found {volatility_window}.", field="volatility_window"
        )
    closes = prices["close"].to_numpy(dtype=np.float64)
    moves = np.full(len(closes), np.nan)
    moves[1:] = np.log(closes[1:] / closes[:-1])
    return symmetric_cusum(moves, threshold * trailing_volatility(prices["close"], volatility_window))


@njit(cache=True, nogil=True)
def symmetric_cusum(moves: FloatArray, thresholds: FloatArray) -> BoolArray:
    """Return where the sum of moves since the last event in its direction is beyond the threshold.

    Parameters
    ----------
    moves : ndarray of shape (n_bars,)
        What is added up; NaN, which is unknown, adds nothing.
    thresholds : ndarray of shape (n_bars,)
        Size from which a sum is an event; where it is NaN or 0 nothing is added, and nothing is an event.

    Returns
    -------
    ndarray of shape (n_bars,)
        Whether each bar is an event.

    Notes
    -----
    Timing: each bar by moves and thresholds up to it.
    """
    is_event = np.zeros(moves.size, dtype=np.bool_)
    up, down = 0.0, 0.0
    for bar in range(moves.size):
        if not thresholds[bar] > 0.0 or np.isnan(moves[bar]):
            continue
        up, down = max(0.0, up + moves[bar]), min(0.0, down + moves[bar])
        if down < -thresholds[bar]:
            down, is_event[bar] = 0.0, True
        elif up > thresholds[bar]:
            up, is_event[bar] = 0.0, True
    return is_event

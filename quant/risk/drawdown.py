"""How far below its peak the money was, and for how long.

A drawdown is a fraction of zero or below: -0.2 is 20 per cent under the highest value so far. The first value of an
equity curve is the initial capital, and the first peak: a loss on the first bar is a drawdown.
"""

from typing import Any, NamedTuple, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from quant.frames import microseconds
from quant.risk.arrays import FloatArray, Values, to_array
from quant.risk.sums import depth

IntArray = np.ndarray[Any, np.dtype[np.int64]]

_MICROSECONDS_PER_DAY = 86_400_000_000


class Duration(NamedTuple):
    """A length of time in bars and in calendar days."""

    n_bars: int
    n_days: int


@overload
def drawdowns(equity: pd.Series) -> pd.Series: ...
@overload
def drawdowns(equity: ArrayLike) -> FloatArray: ...
def drawdowns(equity: Values) -> pd.Series | FloatArray:
    """Return how far each value is below the highest one so far.

    Parameters
    ----------
    equity : Series or array of shape (n_bars,)
        Compounded equity curve, positive initial capital first; not summed returns.

    Returns
    -------
    Series or array of shape (n_bars,)
        `equity / peak - 1`, zero or below, the first 0. Below -1 when an account owes money.

    Notes
    -----
    Timing: the value at `t` uses equity up to `t`.

    Examples
    --------
    >>> drawdowns([100.0, 75.0, 110.0, 55.0]).tolist()
    [0.0, -0.25, 0.0, -0.5]
    """
    values = to_array(equity)
    below = values / np.maximum.accumulate(values) - 1.0
    return pd.Series(below, index=equity.index) if isinstance(equity, pd.Series) else below


def max_drawdown(equity: Values) -> float:
    """Return the deepest drawdown.

    Parameters
    ----------
    equity : Series or array of shape (n_bars,)
        Equity curve, the initial capital first.

    Returns
    -------
    float
        Zero or below; NaN if there are no values.

    Notes
    -----
    Timing: uses the whole curve.

    References
    ----------
    Equals empyrical's `max_drawdown`, which is given returns and starts from a base of its own.

    Examples
    --------
    >>> equity = np.cumprod([1.0, 0.90, 0.95, 1.02, 1.10])
    >>> round(max_drawdown(equity), 6)
    -0.145
    """
    return depth(np.ascontiguousarray(to_array(equity)))


def ulcer_index(equity: Values) -> float:
    """Return the root mean square of the drawdowns: how deep and how long one was below a peak.

    Parameters
    ----------
    equity : Series or array of shape (n_returns + 1,)
        Equity curve, the initial capital first.

    Returns
    -------
    float
        Zero or above, a fraction; NaN if there is no return.

    Notes
    -----
    Timing: uses the whole curve, and all closes after the initial capital.

    References
    ----------
    Martin and McCann 1989, The Investor's Guide to Fidelity Funds; there in per cent.

    Examples
    --------
    >>> round(ulcer_index([100.0, 80.0, 100.0, 100.0, 90.0]), 10)
    0.1118033989
    """
    later = drawdowns(to_array(equity))[1:]
    return float(np.sqrt(np.add.reduce(later * later) / len(later))) if len(later) else np.nan


def longest_drawdown(equity: pd.Series) -> Duration:
    """Return the longest time from a peak until it was reached again, or until the last bar.

    Parameters
    ----------
    equity : Series of shape (n_bars,)
        Equity curve with an index of timestamps, the initial capital first.

    Returns
    -------
    Duration
        The greatest number of bars, and the greatest number of calendar days (in UTC), over all drawdowns; zeros if
        there was none. Both from the last bar at the peak to the first one at or above it again.

    Notes
    -----
    Timing: uses the whole curve.
    """
    peaks, lasts, _ = _spells(drawdowns(to_array(equity)))
    if len(peaks) == 0:
        return Duration(0, 0)
    days = _days(equity.index, lasts) - _days(equity.index, peaks)
    return Duration(int((lasts - peaks).max()), int(days.max()))


def drawdown_table(equity: pd.Series, *, n: int = 5) -> pd.DataFrame:
    """Return the deepest drawdowns.

    Parameters
    ----------
    equity : Series of shape (n_bars,)
        Equity curve with an index of timestamps, the initial capital first.
    n : int, default=5
        How many at most.

    Returns
    -------
    DataFrame of shape (up to n, 6)
        Deepest first, of equals the earlier: `peak_at`, the last bar at the peak; `valley_at`, the first bar at the
        deepest point; `recovery_at`, the first bar at or above the peak again, NaT if there is none; `depth`, zero or
        below; `n_bars` and `n_days` from the peak to the recovery, or to the last bar.

    Notes
    -----
    Timing: uses the whole curve. Drawdowns do not overlap: the next one begins at a new peak.

    Examples
    --------
    >>> index = pd.date_range("2024-01-01 21:00", periods=5, tz="UTC", unit="us")
    >>> table = drawdown_table(pd.Series([100.0, 90.0, 95.0, 100.0, 99.0], index=index))
    >>> table[["depth", "n_bars", "n_days"]].round(10).to_numpy().tolist()
    [[-0.1, 3.0, 3.0], [-0.01, 1.0, 1.0]]
    """
    below = drawdowns(to_array(equity))
    peaks, lasts, is_recovered = _spells(below)
    if len(peaks):
        depths = np.minimum.reduceat(below, peaks)  # up to the next peak; what lies between is not below
        deepest = np.argsort(depths, kind="stable")[:n]
        peaks, lasts, is_recovered = peaks[deepest], lasts[deepest], is_recovered[deepest]
    valleys = np.array(
        [peak + int(np.argmin(below[peak : last + 1])) for peak, last in zip(peaks, lasts, strict=True)], dtype=np.int64
    )
    timestamps = pd.DatetimeIndex(equity.index)
    return pd.DataFrame(
        {
            "peak_at": timestamps[peaks],
            "valley_at": timestamps[valleys],
            "recovery_at": timestamps[lasts].where(is_recovered),
            "depth": below[valleys],
            "n_bars": lasts - peaks,
            "n_days": _days(timestamps, lasts) - _days(timestamps, peaks),
        }
    )


def _spells(below: FloatArray) -> tuple[IntArray, IntArray, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return for each drawdown the position of its peak, of its recovery or the last bar, and whether it recovered."""
    n_bars = len(below)
    is_below = np.zeros(n_bars + 2, dtype=np.bool_)
    np.less(below, 0.0, out=is_below[1:-1])
    edges = np.flatnonzero(is_below[1:] != is_below[:-1])
    begins, ends = edges[::2], edges[1::2]
    return begins - 1, np.minimum(ends, n_bars - 1), ends < n_bars


def _days(index: pd.Index, rows: IntArray) -> IntArray:
    """Return the calendar day of some timestamps, counted in UTC."""
    days: IntArray = microseconds(index)[rows] // _MICROSECONDS_PER_DAY
    return days

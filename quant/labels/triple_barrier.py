"""The triple-barrier label: whether the price first rose or first fell by a multiple of its volatility, or neither."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numba import njit

from quant.errors import InvalidSpec, NotEnoughData
from quant.frames import TIMESTAMP_DTYPE, Labels, Prices

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

UNKNOWN = -1  # the label of such a row does not exist


def triple_barrier(
    prices: Prices,
    *,
    horizon: int,
    width: float,
    volatility_window: int,
    classes: Literal["three_way", "two_way"],
) -> Labels:
    """Label each bar by which of two barriers the price reaches first, within so many bars.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    horizon : int
        Bars from the open of entry to the open at which waiting ends, the vertical barrier; at least 1.
    width : float
        Distance of both barriers from the entry price, in standard deviations of a return over `horizon` bars; above 0.
    volatility_window : int
        Returns, up to the bar itself, whose standard deviation is the volatility; at least 2.
    classes : {"three_way", "two_way"}
        What a row gets that reaches neither barrier: 0 (`three_way`), or the sign of its return when waiting ends
        (`two_way`).

    Returns
    -------
    DataFrame of shape (n_bars, 4)
        `label`: in `three_way` 1.0 for the upper barrier first, -1.0 for the lower one, 0.0 for neither; in `two_way`
        1.0 for a rise and 0.0 for anything else. `label_end`: close of the bar of the first touch, or of the bar at
        whose open waiting ends. `outcome`: the return from entry to that touch or open, as a fraction. `known_at`:
        close of the bar at whose open waiting ends, whenever the touch was. The first `volatility_window` rows, the
        last `horizon + 1`, and rows without volatility or with an unknown price on the way are NaN and NaT.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.
    NotEnoughData
        If `prices` has no more than `horizon + 1` bars, so that no label is known.

    Notes
    -----
    Timing: the volatility at `t` uses closes up to `t`. The label looks at the bars from `t + 1`, at whose open one
    enters, to the touch, at the latest to the open of `t + 1 + horizon`. It is an outcome, never a feature.

    A touch is looked for in the highs and lows of each bar, the bar of entry included. What happens inside a bar is not
    known: if one bar reaches both barriers, the lower one counts, the worse case of a long position. A bar that opens
    beyond a barrier gives the return to its open, another one the return to the barrier.

    Rows whose waiting would end beyond the data have no label, though some of them have touched a barrier already:
    kept, they would be the quick ones only. For the same reason a model learns from a row no earlier than at
    `known_at`; purging goes by `label_end`.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, sections 3.2 to 3.4 and snippets 3.1 and 3.2. There
    from close to close along closes only; without a side both barriers are equally far, as here.
    """
    _check(prices, horizon=horizon, width=width, volatility_window=volatility_window)
    bars = prices[["open", "high", "low", "close"]].to_numpy(dtype=np.float64)
    volatility = _volatility(prices["close"], volatility_window)
    distance = width * volatility * np.sqrt(horizon)
    side, end, outcome = np.zeros(len(prices)), np.full(len(prices), UNKNOWN), np.full(len(prices), np.nan)
    _first_touches(np.ascontiguousarray(bars), distance, horizon, side, end, outcome)
    is_known = end != UNKNOWN
    if classes == "two_way":
        side = np.where(side == 0.0, outcome > 0.0, side > 0.0)
    return pd.DataFrame(
        {
            "label": np.where(is_known, side, np.nan),
            "label_end": _closes(prices, end, is_known),
            "outcome": outcome,
            "known_at": _closes(prices, np.arange(len(prices)) + horizon + 1, is_known),
        },
        index=prices.index,
    )


def _check(prices: Prices, *, horizon: int, width: float, volatility_window: int) -> None:
    if horizon < 1:
        raise InvalidSpec(f"Expected horizon to be at least 1; found {horizon}.", field="horizon")
    if not width > 0.0:
        raise InvalidSpec(f"Expected width to be above 0; found {width}.", field="width")
    if volatility_window < 2:  # noqa: PLR2004  # one return has no deviation
        raise InvalidSpec(
            f"Expected volatility_window to be at least 2; found {volatility_window}.", field="volatility_window"
        )
    if len(prices) <= horizon + 1:
        raise NotEnoughData(
            f"Expected more than {horizon + 1} bars to label what follows within {horizon} bars; found {len(prices)}. "
            "Ask for a longer history or a shorter horizon."
        )


def _volatility(close: pd.Series, window: int) -> FloatArray:
    """Return the standard deviation of the last `window` log returns, each window summed by itself.

    A running sum would carry rounding from bar to bar: the same bars in a shorter history would differ in last bits.
    """
    volatility = np.full(len(close), np.nan)
    if len(close) <= window:
        return volatility
    values = close.to_numpy(dtype=np.float64)
    returns = np.log(values[1:] / values[:-1])
    windows = np.lib.stride_tricks.sliding_window_view(returns, window)
    volatility[window:] = np.ascontiguousarray(windows).std(axis=1, ddof=1)
    return volatility


def _closes(prices: Prices, places: IntArray, is_known: np.ndarray[Any, np.dtype[np.bool_]]) -> pd.Series:
    """Return the timestamps at some places, NaT where nothing is known."""
    stamps = prices.index.take(np.where(is_known, places, 0))
    return pd.Series(stamps, index=prices.index, dtype=TIMESTAMP_DTYPE).where(is_known)


@njit(cache=True, nogil=True)
def _first_touches(
    bars: FloatArray, distance: FloatArray, horizon: int, side: FloatArray, end: IntArray, outcome: FloatArray
) -> None:
    """Write which barrier each row reaches first (1, -1 or 0), at which bar, and the return to there."""
    for row in range(bars.shape[0] - horizon - 1):
        entry = bars[row + 1, 0]
        # Prices that stand still have no volatility: barriers without a distance say nothing.
        if not distance[row] > 0.0 or np.isnan(entry):
            continue
        _follow(bars, row, distance[row], horizon, side, end, outcome)


@njit(cache=True, nogil=True)
def _follow(
    bars: FloatArray,
    row: int,
    distance: float,
    horizon: int,
    side: FloatArray,
    end: IntArray,
    outcome: FloatArray,
) -> None:
    """Follow the price of one row from its entry to a barrier, or to the open at which waiting ends."""
    entry = bars[row + 1, 0]
    for bar in range(row + 1, row + horizon + 2):
        opening = bars[bar, 0] / entry - 1.0
        is_last = bar == row + horizon + 1
        highest = opening if is_last else bars[bar, 1] / entry - 1.0
        lowest = opening if is_last else bars[bar, 2] / entry - 1.0
        if np.isnan(opening + highest + lowest):
            return
        if lowest <= -distance:
            side[row], end[row], outcome[row] = -1.0, bar, min(opening, -distance)
            return
        if highest >= distance:
            side[row], end[row], outcome[row] = 1.0, bar, max(opening, distance)
            return
        if is_last:
            end[row], outcome[row] = bar, opening

"""Target weights as a simulation takes them: in rows of the timeline and places of the instruments."""

import math
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd
from numba import njit, types

from quant.backtest.alignment import Bars
from quant.backtest.simulation import Decisions
from quant.errors import DataError, NotEnoughData
from quant.frames import PANEL_LEVELS, column_of, microseconds
from quant.sums import pairwise_sum

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
IntArray: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
BoolArray: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

_WHOLE = types.Array(types.int64, 1, "C", readonly=True)
_PLACES = types.Array(types.int64, 1, "C")
_FLAGS = types.Array(types.boolean, 2, "C", readonly=True)


def read_weights(target_weights: pd.DataFrame) -> tuple[np.datetime64, pd.MultiIndex, FloatArray]:
    """Return the moment of the first decision, and the weights: where they stand and what they are.

    Raises
    ------
    NotEnoughData
        If there are none.
    DataError
        If they are not a sorted panel, or not finite.
    """
    index = cast("pd.MultiIndex", target_weights.index)
    if list(index.names) != list(PANEL_LEVELS) or not (index.is_monotonic_increasing and index.is_unique):
        raise DataError("Expected target weights as a panel sorted by timestamp and instrument, each row once.")
    weights = np.ascontiguousarray(column_of(target_weights, "target_weight"))
    if len(weights) == 0:
        raise NotEnoughData(
            "Expected at least one target weight; found none. Nothing was decided, nothing can be tested."
        )
    # A sum is the quicker question, and numpy's would warn of one that is too large.
    if not math.isfinite(pairwise_sum(weights, 0, len(weights))) and not np.isfinite(weights).all():
        raise DataError("Expected finite target weights; found some that are not. An unknown wish is a weight of 0.")
    stamps = cast("pd.DatetimeIndex", index.levels[0])  # as numpy's: a Timestamp takes as long as all checks
    return np.datetime64(int(stamps.asi8[index.codes[0][0]]), stamps.unit), index, weights


def on_timeline(index: pd.MultiIndex, weights: FloatArray, bars: Bars) -> Decisions:
    """Return the weights with the rows and places of instruments where they are decided.

    Raises
    ------
    DataError
        If one stands where its instrument has no bar.
    """
    stamps, numbers = index.levels
    rows, instruments = np.empty(len(weights), dtype=np.int64), np.empty(len(weights), dtype=np.int64)
    misplaced = _place(
        np.asarray(index.codes[0], dtype=np.int64),
        np.asarray(index.codes[1], dtype=np.int64),
        microseconds(stamps),
        bars.timestamps.asi8,
        np.asarray(numbers, dtype=np.int64),
        np.asarray(bars.instruments, dtype=np.int64),
        bars.has_bar,
        rows,
        instruments,
    )
    if misplaced >= 0:
        timestamp, instrument = index[misplaced]
        raise DataError(
            f"Expected each target weight at the close of a bar of its instrument; found one of instrument "
            f"{instrument} at {timestamp}, which is none. Decide only where there are prices."
        )
    return Decisions(rows, instruments, weights)


@njit(types.void(_WHOLE, _WHOLE, _PLACES), cache=True, nogil=True)
def look_up(wanted: IntArray, found: IntArray, places: IntArray) -> None:
    """Write where each of the wanted numbers is among ascending ones, -1: nowhere.

    Decisions are far apart among many bars, and bars are about equally far apart: so one is looked for around where it
    would be if they were, and hardly anything that is far from the processor is read.
    """
    n = len(found)
    step = max((found[n - 1] - found[0]) // max(n - 1, 1), 1)
    place = 0
    for k in range(len(wanted)):
        value = wanted[k]
        if place + 1 < n and found[place + 1] == value:  # models decide at every close
            place += 1
            places[k] = place
            continue
        place = min(max(place + (value - found[place]) // step, 0), n - 1)
        low, high, reach = place, place, 1
        while low > 0 and found[low] > value:
            high = low
            low = max(low - reach, 0)
            reach *= 2
        while high < n and found[high] < value:
            low = high + 1
            high += reach
            reach *= 2
        high = min(high, n)
        while low < high:
            middle = (low + high) // 2
            if found[middle] < value:
                low = middle + 1
            else:
                high = middle
        places[k] = low if low < n and found[low] == value else -1
        place = min(low, n - 1)


@njit(
    types.int64(_WHOLE, _WHOLE, _WHOLE, _WHOLE, _WHOLE, _WHOLE, _FLAGS, _PLACES, _PLACES),
    cache=True,
    nogil=True,
)
def _place(  # noqa: PLR0913, PLR0917 - a kernel's arrays
    stamp_codes: IntArray,
    instrument_codes: IntArray,
    stamps: IntArray,
    timeline: IntArray,
    numbers: IntArray,
    instruments: IntArray,
    has_bar: BoolArray,
    rows: IntArray,
    columns: IntArray,
) -> int:
    """Write the row and the place of the instrument of each decision; return the first that has no bar, or -1."""
    rows_of, places_of = np.empty(len(stamps), dtype=np.int64), np.empty(len(numbers), dtype=np.int64)
    look_up(stamps, timeline, rows_of)
    look_up(numbers, instruments, places_of)
    for k in range(len(rows)):
        row, column = rows_of[stamp_codes[k]], places_of[instrument_codes[k]]
        if row < 0 or column < 0 or not has_bar[row, column]:
            return k
        rows[k], columns[k] = row, column
    return -1

"""Bars by position: compact arrays, a horizontal axis without gaps, and thinning that keeps extremes.

The horizontal axis counts bars. Dates are tick text, and travel once a figure as days, not once a trace as text: a
quarter of the bytes, no gaps for weekends, and no time zone of the browser in between.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

MOST_POINTS = 2000


def packed(values: ArrayLike, dtype: str = "f4") -> dict[str, str]:
    """Return numbers as plotly's typed array: little-endian bytes in base64."""
    array = np.ascontiguousarray(np.asarray(values, dtype=np.dtype(dtype).newbyteorder("<")))
    return {"dtype": dtype, "bdata": base64.b64encode(array.tobytes()).decode("ascii")}


def keep_extremes(columns: Sequence[ArrayLike], limit: int = MOST_POINTS) -> NDArray[np.int64]:
    """Return ascending positions, at most `limit`, among them each column's lowest and highest value of every stretch.

    Parameters
    ----------
    columns : sequence of array-like of shape (n,)
        What is drawn over the same bars; NaN is skipped.
    limit : int, default=2000
        Most positions to return; with no more bars than that, all are kept.

    Returns
    -------
    ndarray of shape (n_kept,)
        Positions from 0; the first and the last bar are always among them.
    """
    arrays = [np.asarray(column, dtype=np.float64) for column in columns]
    n = len(arrays[0])
    if n <= limit:
        return np.arange(n, dtype=np.int64)
    width = -(-n // max(1, (limit - 2) // (2 * len(arrays))))
    kept = [np.array([0, n - 1])]
    for array in arrays:
        stretches = np.full((-(-n // width), width), np.nan)
        stretches.flat[:n] = array
        starts = np.arange(len(stretches)) * width
        kept.append(starts + np.where(np.isnan(stretches), np.inf, stretches).argmin(axis=1))
        kept.append(starts + np.where(np.isnan(stretches), -np.inf, stretches).argmax(axis=1))
    return np.unique(np.concatenate(kept)).astype(np.int64)


@dataclass(frozen=True)
class BarAxis:
    """A horizontal axis that counts bars.

    Attributes
    ----------
    days : ndarray of shape (n,)
        Day of each bar, in days since 1970.
    kept : ndarray of shape (n_kept,)
        Positions that are drawn.
    """

    days: NDArray[np.int64]
    kept: NDArray[np.int64]

    @property
    def n_bars(self) -> int:
        """Number of bars, drawn or not."""
        return len(self.days)

    @property
    def is_whole(self) -> bool:
        """Whether every bar is drawn."""
        return len(self.kept) == len(self.days)

    def trace(self, values: ArrayLike, dtype: str = "f4") -> dict[str, Any]:
        """Return the horizontal and vertical arrays of a trace over these bars."""
        array = np.asarray(values)
        if self.is_whole:
            return {"x0": 0, "dx": 1, "y": packed(array, dtype)}
        return {"x": packed(self.kept, "i4"), "y": packed(array[self.kept], dtype)}

    def positions(self, at: pd.DatetimeIndex) -> NDArray[np.int64]:
        """Return the first bar whose day is not before each instant's day."""
        return np.searchsorted(self.days, _days(at)).astype(np.int64)

    def date(self, position: int) -> str:
        """Return a bar's day as `2024-03-15`."""
        return str(np.datetime64(int(self.days[position]), "D"))

    def meta(self) -> dict[str, Any]:
        """Return what the browser needs to turn positions into dates."""
        meta: dict[str, Any] = {"days": packed(self.days[self.kept], "i4")["bdata"]}
        if not self.is_whole:
            meta["x"] = packed(self.kept, "i4")["bdata"]
        return meta

    def layout(self, **more: Any) -> dict[str, Any]:
        """Return the axis with ticks for its whole length."""
        values, text = self.ticks()
        return {
            "tickmode": "array",
            "tickvals": values,
            "ticktext": text,
            "range": [-0.5, self.n_bars - 0.5],
            "showspikes": True,
            "spikemode": "across",
            "spikethickness": 1,
            "spikedash": "dot",
            "spikesnap": "cursor",
            **more,
        }

    def ticks(self, most: int = 10) -> tuple[list[int], list[str]]:
        """Return positions and text of ticks at the starts of months, quarters or years, at most so many."""
        months = self.days.astype("datetime64[D]").astype("datetime64[M]")
        month = months.astype(np.int64)
        year = months.astype("datetime64[Y]").astype(np.int64) + 1970
        steps = [(month, "%b %Y"), (month // 3, "%b %Y"), (year, "%Y")]
        steps += [(year // n_years, "%Y") for n_years in (2, 5, 10)]
        starts: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        form = "%Y"
        for key, form in steps:  # noqa: B007  # the last one tried stays, whether it was sparse enough or not
            starts = np.flatnonzero(np.diff(key)) + 1
            if len(starts) <= most:
                break
        if not len(starts):
            starts, form = np.array([0], dtype=np.int64), "%Y-%m-%d"
        dates = pd.DatetimeIndex(self.days[starts].astype("datetime64[D]").astype("datetime64[s]"))
        return [int(start) for start in starts], [str(text) for text in dates.strftime(form)]


def bar_axis(timestamps: pd.DatetimeIndex, *columns: ArrayLike, limit: int = MOST_POINTS) -> BarAxis:
    """Return the axis of bars that close at `timestamps`, thinned so that the extremes of `columns` stay."""
    days = _days(timestamps)
    kept = keep_extremes(columns, limit) if columns else np.arange(len(days), dtype=np.int64)
    return BarAxis(days, kept)


def _days(timestamps: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Return days since 1970; a bar that closes at midnight belongs to the day that ends."""
    naive = timestamps.tz_convert("UTC").tz_localize(None) if timestamps.tz is not None else timestamps
    instants = naive.to_numpy().astype("datetime64[us]")
    ends_at_midnight = instants == instants.astype("datetime64[D]")
    inside = np.where(ends_at_midnight & (timestamps.tz is not None), instants - np.timedelta64(1, "us"), instants)
    return inside.astype("datetime64[D]").astype(np.int64)

"""Price frames of several instruments laid on one timeline."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd
from numba import njit

from quant.errors import InvalidPrices, NotEnoughData
from quant.frames import PANEL_LEVELS, TIMESTAMP_DTYPE, Prices, column_of

Moment: TypeAlias = pd.Timestamp | np.datetime64
FloatArray = np.ndarray[Any, np.dtype[np.float64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

# The planes of `Bars.values`: the first four are what every account reads, those from opens to lows what a trade saw.
FIELDS = ("dividend", "open", "close", "split_factor", "high", "low", "volume")
DIVIDEND, OPEN, CLOSE, SPLIT_FACTOR, HIGH, LOW, VOLUME = range(7)
_NOT_NEGATIVE = {"dividend", "volume"}
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, eq=False)
class Bars:
    """Raw bars of all instruments on one timeline, checked once.

    Attributes
    ----------
    timestamps : DatetimeIndex
        Ascending, of every bar of any instrument.
    instruments : Index of int
        Ascending.
    has_bar : ndarray of shape (n_bars, n_instruments)
        Whether the instrument has this bar.
    values : ndarray of shape (7, n_bars, n_instruments)
        One plane for each of `FIELDS`, NaN where an instrument has no bar. Planes do not lie back to back, so that bars
        from a later moment on are a view of the same layout: kernels are compiled for one, and nothing is copied.
    action_rows : ndarray of shape (n_action_bars,)
        Rows in which an instrument has a split or a dividend, ascending.
    """

    timestamps: pd.DatetimeIndex
    instruments: "pd.Index[int]"
    has_bar: BoolArray
    values: FloatArray
    action_rows: IntArray

    @property
    def open(self) -> FloatArray:
        """Opens, of shape (n_bars, n_instruments)."""
        return self._plane(OPEN)

    @property
    def close(self) -> FloatArray:
        """Closes, of shape (n_bars, n_instruments)."""
        return self._plane(CLOSE)

    @property
    def split_factor(self) -> FloatArray:
        """New shares for an old one, of shape (n_bars, n_instruments)."""
        return self._plane(SPLIT_FACTOR)

    @property
    def dividend(self) -> FloatArray:
        """Cash a share, of shape (n_bars, n_instruments)."""
        return self._plane(DIVIDEND)

    def _plane(self, field: int) -> FloatArray:
        plane: FloatArray = self.values[field]
        return plane

    def since(self, start: Moment | None) -> "Bars":
        """Return the bars from a moment on."""
        skipped = _n_before(self.timestamps, start)
        if skipped == 0:
            return self
        if skipped == len(self.timestamps):
            raise _no_bars(start)
        return replace(
            self,
            timestamps=_from(self.timestamps, skipped),
            has_bar=self.has_bar[skipped:],
            values=self.values[:, skipped:],
            action_rows=self.action_rows[self.action_rows.searchsorted(skipped) :] - skipped,
        )

    @property
    def n_days(self) -> FloatArray:
        """Calendar days (in UTC) from each bar to the next row, 0 for the first; a weekend counts as it passes."""
        days = self.timestamps.asi8 // _MICROSECONDS_PER_DAY
        passed = np.zeros(len(days))
        np.subtract(days[1:], days[:-1], out=passed[1:], dtype=np.float64)
        return passed

    def panel_index(self) -> pd.MultiIndex:
        """Return the index of a panel with a row for every bar and instrument."""
        n_bars, n_instruments = self.has_bar.shape
        rows = np.repeat(np.arange(n_bars), n_instruments)
        columns = np.tile(np.arange(n_instruments), n_bars)
        return pd.MultiIndex(
            levels=[self.timestamps, self.instruments],  # type: ignore[list-item] # the stubs know no Index here
            codes=[rows, columns],  # type: ignore[list-item] # nor arrays
            names=list(PANEL_LEVELS),
            verify_integrity=False,  # both levels are sorted and unique: `align` saw to it
        )


def align(prices: Mapping[int, Prices] | Bars, *, start: Moment | None = None) -> Bars:
    """Lay raw prices on the union of their timestamps.

    Parameters
    ----------
    prices : mapping of int to DataFrame, or Bars
        Raw price frame of each instrument; or bars that were aligned before, which are not checked again.
    start : Timestamp or datetime64, optional
        First timestamp to keep, numpy's in UTC; by default all.

    Returns
    -------
    Bars
        Instruments ascending, timestamps ascending. Nothing is filled: where an instrument has no bar, its prices are
        NaN, and so are `split_factor`, `dividend` and `volume`.

    Raises
    ------
    NotEnoughData
        If there are no instruments or no bars from `start` on.
    InvalidPrices
        If an index is not one of a price frame, a price or split factor is not positive, or a dividend or
        volume is negative.
    """
    if isinstance(prices, Bars):
        return prices.since(start)
    instruments = _numbered(tuple(sorted(prices)))
    if len(instruments) == 0:
        raise NotEnoughData("Expected prices of at least one instrument; found none.")
    for instrument, frame in prices.items():
        _check_index(instrument, frame)
    union = _union([prices[instrument].index for instrument in instruments])
    n_before = _n_before(union, start)
    timestamps = _from(union, n_before) if n_before else union
    if len(timestamps) == 0:
        raise _no_bars(start)
    room = np.empty((len(FIELDS), len(timestamps) + 1, len(instruments)))
    values = room[:, :-1]  # apart, see `Bars.values`
    has_bar = np.zeros(values.shape[1:], dtype=np.bool_)
    if not all(prices[instrument].index.is_(union) for instrument in instruments):
        values[:] = np.nan
    for position, instrument in enumerate(instruments):
        frame = prices[instrument]
        skipped = n_before
        rows: slice | np.ndarray[Any, np.dtype[np.intp]] = slice(None)
        if not frame.index.is_(union):
            skipped = _n_before(frame.index, start)
            rows = _rows(timestamps, frame.index[skipped:])
        has_bar[rows, position] = True
        for field, name in enumerate(FIELDS):
            values[field, rows, position] = column_of(frame, name)[skipped:]
    action_rows = np.empty(len(timestamps), dtype=np.int64)
    n_unsound, n_actions = _look_over(room.reshape(len(FIELDS), -1), len(timestamps), len(instruments), action_rows)
    if n_unsound > 0:  # an instrument that has not every bar, or a fault
        _check_values(values, has_bar)
    return Bars(timestamps, instruments, has_bar, values, action_rows[:n_actions])


@lru_cache(maxsize=64)
def _numbered(instruments: tuple[int, ...]) -> "pd.Index[Any]":
    """Return the index of instruments; making one takes as long as looking for faults in 2,500 bars."""
    return pd.Index(np.array(instruments, dtype=np.int64))


@njit(cache=True, nogil=True, error_model="numpy")
def _look_over(planes: FloatArray, n_bars: int, n_instruments: int, action_rows: IntArray) -> tuple[int, int]:
    """Return how many values are such as no market has, or none, and in how many rows there is a split or a dividend.

    Of each plane the first values are those of the bars. What is counted is counted without a branch: many at once.
    """
    n, n_sound, n_actions = n_bars * n_instruments, 0, 0
    dividends, split_factors, volumes = planes[DIVIDEND], planes[SPLIT_FACTOR], planes[VOLUME]
    for i in range(n):
        n_sound += (dividends[i] >= 0.0) & (dividends[i] < np.inf)
    for i in range(n):
        n_sound += (volumes[i] >= 0.0) & (volumes[i] < np.inf)
    for field in range(OPEN, VOLUME):
        plane = planes[field]
        for i in range(n):
            n_sound += (plane[i] > 0.0) & (plane[i] < np.inf)
    for i in range(n):  # NaN where there is no bar
        n_actions += (dividends[i] > 0.0) | ((split_factors[i] > 0.0) & (split_factors[i] != 1.0))
    if n_actions == 0:
        return len(planes) * n - n_sound, 0
    n_rows, last = 0, -1
    for i in range(n):
        if (dividends[i] > 0.0) | ((split_factors[i] > 0.0) & (split_factors[i] != 1.0)):
            row = i // n_instruments
            if row != last:
                action_rows[n_rows] = last = row
                n_rows += 1
    return len(planes) * n - n_sound, n_rows


def over_instruments(plane: FloatArray) -> FloatArray:
    """Return the sums over instruments of a plane of shape (n_bars, n_instruments); the only one's values are its own.

    numpy adds up a million rows of one number each in ten times the time of reading them.
    """
    total: FloatArray = plane[:, 0] if plane.shape[1] == 1 else plane.sum(axis=1)
    return total


def _no_bars(start: Moment | None) -> NotEnoughData:
    return NotEnoughData(f"Expected bars from {start} on; found none. Ask for an earlier start, or for more bars.")


def _n_before(index: "pd.Index[Any]", start: Moment | None) -> int:
    """Return how many timestamps are before the start."""
    if start is None:
        return 0
    # numpy's search of numbers is ten times as fast as that of timestamps
    return int(cast("pd.DatetimeIndex", index).asi8.searchsorted(microseconds_of(start)))


def microseconds_of(moment: Moment) -> int:
    """Return the microseconds since 1970, in UTC, of a timestamp or of numpy's, which is UTC."""
    stamp = moment.to_datetime64() if isinstance(moment, pd.Timestamp) else moment
    return int(stamp.astype("datetime64[us]").view(np.int64))


def _from(timestamps: pd.DatetimeIndex, place: int) -> pd.DatetimeIndex:
    """Return the timestamps from a place on; an index takes twice as long for it as what it is made of."""
    return pd.DatetimeIndex(timestamps.array[place:], name="timestamp", copy=False)


def _check_index(instrument: int, frame: Prices) -> None:
    index = frame.index
    if index.dtype != TIMESTAMP_DTYPE or not (index.is_monotonic_increasing and index.is_unique):
        raise InvalidPrices(
            f"Expected strictly ascending timestamps of {TIMESTAMP_DTYPE} for instrument {instrument}; found an index "
            f"of {index.dtype}. Clean the prices first."
        )


def _union(indexes: "list[pd.Index[Any]]") -> pd.DatetimeIndex:
    """Return all timestamps, ascending; the first index itself if it has them all."""
    first = indexes[0]
    if all(index is first or index.equals(first) for index in indexes[1:]):
        timestamps = pd.DatetimeIndex(first) if not isinstance(first, pd.DatetimeIndex) else first
        return timestamps if timestamps.name == "timestamp" else timestamps.rename("timestamp")
    values = np.unique(np.concatenate([index.asi8 for index in map(pd.DatetimeIndex, indexes)]))
    return pd.DatetimeIndex(values.view("datetime64[us]"), name="timestamp").tz_localize("UTC")


def _rows(timestamps: pd.DatetimeIndex, index: "pd.Index[Any]") -> slice | np.ndarray[Any, np.dtype[np.intp]]:
    """Return where `index` lies in `timestamps`."""
    return slice(None) if len(index) == len(timestamps) else timestamps.get_indexer(index)


def _check_values(values: FloatArray, has_bar: BoolArray) -> None:
    """Say which field holds what no market has."""
    for field, name in enumerate(FIELDS):
        is_sound = values[field] >= 0 if name in _NOT_NEGATIVE else values[field] > 0
        bad = has_bar & ~(is_sound & np.isfinite(values[field]))
        if bad.any():
            raise InvalidPrices(
                f"Expected {name} to be {'zero or more' if name in _NOT_NEGATIVE else 'positive'} and finite; found "
                f"{int(bad.sum())} bars where it is not. Clean the prices first."
            )

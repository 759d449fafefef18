"""What checks look at, and what they say."""

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from quant.calendars import listed_dates
from quant.data.adjustment import PRICE_NAMES
from quant.frames import Prices

Severity = Literal["info", "warning", "error"]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Finding:
    """One kind of thing that was found, where, and what to do about it.

    Attributes
    ----------
    code : str
        Stable name of the kind, in snake case.
    severity : {"info", "warning", "error"}
        see the head of `quant.data.checks`.
    message : str
        What was expected, what was found, what to do.
    count : int
        Number of bars, or of sessions if bars are missing.
    rows : tuple of int
        Positions in the frame, from 0; empty if bars are missing.
    sessions : tuple of date
        Sessions of these rows, or those that are missing.
    """

    code: str
    severity: Severity
    message: str
    count: int
    rows: tuple[int, ...] = ()
    sessions: tuple[datetime.date, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "count": self.count,
            "rows": list(self.rows),
            "sessions": [session.isoformat() for session in self.sessions],
        }


@dataclass(frozen=True, eq=False)
class Bars:
    """A price frame in any state, as arrays, and what the checks share."""

    prices: Prices
    calendar: str
    now: pd.Timestamp

    @cached_property
    def sessions(self) -> pd.DatetimeIndex:
        """Date of each bar, without a time zone."""
        return pd.DatetimeIndex(self.prices["session"])

    @cached_property
    def market(self) -> FloatArray:
        """Open, high, low and close, of shape (n_bars, 4)."""
        return self.prices[PRICE_NAMES].to_numpy(dtype=np.float64)

    @cached_property
    def volume(self) -> FloatArray:
        """Volume of each bar."""
        return self.prices["volume"].to_numpy(dtype=np.float64)

    @cached_property
    def is_future(self) -> BoolArray:
        """Whether a bar closes after now."""
        return np.asarray(self.prices.index > self.now)

    @cached_property
    def closes_before(self) -> FloatArray:
        """Close of the bar before, in shares and without the dividend of this bar; NaN for the first bar."""
        before = np.full(len(self.prices), np.nan)
        split = self.prices["split_factor"].to_numpy(dtype=np.float64)
        dividend = self.prices["dividend"].to_numpy(dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            before[1:] = self.market[:-1, 3] / split[1:] - dividend[1:]
        return before

    @cached_property
    def moves(self) -> FloatArray:
        """Log return of each close over the one before, splits and dividends taken in; NaN where it is not known."""
        return log_ratio(self.market[:, 3], self.closes_before)

    @cached_property
    def usual_move(self) -> float:
        """Robust size of a log return: 1.4826 times the median of its absolute values; 0 if none is known."""
        known = self.moves[np.isfinite(self.moves)]
        return 1.4826 * float(np.median(np.abs(known))) if len(known) else 0.0

    def found(self, code: str, severity: Severity, where: BoolArray, message: str) -> list[Finding]:
        """Return a finding for the bars `where`, if there are any; `{n}` and `{dates}` in the message are filled in."""
        rows = np.flatnonzero(where)
        if len(rows) == 0:
            return []
        sessions = self.sessions[rows]
        text = message.format(n=counted(len(rows)), dates=listed_dates(sessions))
        return [Finding(code, severity, text, len(rows), tuple(int(row) for row in rows), to_dates(sessions))]


def log_ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return the logarithm of a ratio of prices; NaN where one of them is unknown, infinite or not positive."""
    known = (above > 0) & (below > 0) & np.isfinite(above) & np.isfinite(below)
    ratio: FloatArray = np.log(np.divide(above, below, out=np.full(len(known), np.nan), where=known))
    return ratio


def runs_of(where: BoolArray) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return the first and the last-plus-one position of each run of True, of shape (n_runs, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)


def to_dates(sessions: pd.DatetimeIndex) -> tuple[datetime.date, ...]:
    """Return sessions as dates, without those that are unknown."""
    return tuple(session.date() for session in sessions.dropna())


def counted(n_bars: int) -> str:
    """Return a number of bars as text."""
    return "1 bar" if n_bars == 1 else f"{n_bars} bars"

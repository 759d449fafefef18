"""To which session each row belongs: zones, daylight saving time, stamps of open or close, the exchange calendar."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quant.calendars import ALWAYS_OPEN, is_session
from quant.data.files.layout import LayoutChoices, Stamps
from quant.data.files.moments import InstantArray, Moments, to_utc
from quant.data.files.verdicts import Record, counted_rows, sentence

TIMEZONES = {"XNYS": "America/New_York", ALWAYS_OPEN: "UTC"}

# Two days in seven are weekend days; a market with this many bars on them never closes.
_WEEKEND_SHARE = 0.15
_DAY_SECONDS = 86_400.0
_INTERVALS = ((0.8, 4.0, "1d"), (4.0, 12.0, "1w"), (12.0, 45.0, "1mo"))  # from, below: days between two bars
_STATED_HOURS = 24


@dataclass(frozen=True, eq=False)
class Placed:
    """Where each row belongs in time.

    Attributes
    ----------
    keys : ndarray of shape (n_rows,)
        What orders the rows and tells them apart: the session of daily bars, else the instant; NaT if unknown.
    interval : str
        Length of a bar.
    calendar : str
        Name of the exchange calendar.
    stamps : {"session", "open", "close"} or None
        What the times are; None if it has to be asked.
    timezone : str or None
        Zone of times without one.
    """

    keys: InstantArray
    interval: str
    calendar: str
    stamps: Stamps | None
    timezone: str | None


def place_rows(moments: Moments, choices: LayoutChoices, record: Record) -> Placed:
    """Find the session of each row, and note what is odd about the times or has to be asked.

    Parameters
    ----------
    moments : Moments
        Dates and times as written.
    choices : LayoutChoices
        What a person has said about zone, stamps and calendar.
    record : Record
        What is found is noted there.

    Returns
    -------
    Placed
        Where each row belongs.
    """
    instants = _instants(moments, choices, record)
    interval = _interval(instants)
    if interval != "1d":
        record.add(
            "interval_unsupported", len(instants),
            f"Expected daily bars; found bars of {interval}. Analyses work on daily bars only, so others are not "
            "stored: upload daily bars of this instrument.",
            interval=interval,
        )  # fmt: skip
        keys = np.asarray(instants.tz_localize(None).as_unit("us"))
        return Placed(keys, interval, choices.calendar or ALWAYS_OPEN, choices.stamps or "open", choices.timezone)
    calendar = choices.calendar or _calendar(moments.written)
    stamps: Stamps | None = choices.stamps or (None if moments.has_time else "session")
    if stamps is None:
        record.add(
            "stamps_unknown", len(instants),
            "Expected dates of sessions; found times of day. Say whether they are of the open or of the close of each "
            "bar, or that only their date counts.",
            option="stamps",
        )  # fmt: skip
    sessions = _sessions(moments, instants, stamps, TIMEZONES[calendar])
    return Placed(sessions, interval, calendar, stamps, choices.timezone)


def judge_sessions(placed: Placed, record: Record, now: pd.Timestamp) -> None:
    """Note rows that lie in the future or on a date without a session, and keep them out.

    Parameters
    ----------
    placed : Placed
        Daily bars in their sessions.
    record : Record
        What is found is noted there.
    now : Timestamp
        The present moment, with a time zone.
    """
    sessions = pd.DatetimeIndex(placed.keys)
    known = ~np.asarray(sessions.isna())
    today = now.tz_convert(TIMEZONES[placed.calendar]).tz_localize(None)
    future = known & np.asarray(sessions > today)
    found = f"Expected sessions up to {today:%Y-%m-%d}; found {counted_rows(future)} that have not come yet."
    record.rows("future_timestamp", future, sentence(found, {}, record.treatment("future_timestamp")))
    strangers = known & ~future
    strangers[strangers] = ~is_session(sessions[strangers], placed.calendar)
    found = (
        f"Expected sessions of {placed.calendar}; found {counted_rows(strangers)} on other dates, such as weekends and "
        "holidays. Choose another calendar if it is not the instrument's."
    )
    record.rows("not_a_session", strangers, sentence(found, {}, record.treatment("not_a_session")), option="calendar")


def _instants(moments: Moments, choices: LayoutChoices, record: Record) -> pd.DatetimeIndex:
    known = ~np.isnat(moments.written)
    stated = known & ~np.isnan(moments.offset_minutes)
    naive = known & ~stated
    if len(np.unique(moments.offset_minutes[stated])) > 1:
        record.rows(
            "mixed_timezones", stated,
            "Expected times in one zone; found several offsets from UTC. All are converted to UTC.",
        )  # fmt: skip
    if stated.any() and naive.any():
        treatment = "repaired" if choices.timezone else record.treatment("naive_timestamp")
        found = f"Expected an offset from UTC at each time; found none at {counted_rows(naive)}."
        rest: dict[Any, str] = {
            "repaired": f"They are read in {choices.timezone}, as you chose.",
            "quarantined": "They stay out of the store unless you choose their zone.",
        }
        record.rows("naive_timestamp", naive, sentence(found, rest, treatment), treatment=treatment, option="timezone")
    elif naive.any() and moments.has_time and choices.timezone is None:
        record.add(
            "timezone_unknown", int(naive.sum()),
            "Expected times with their zone; found times without one. Choose the zone in which they are written.",
            option="timezone",
        )  # fmt: skip
    instants, is_skipped, is_repeated = to_utc(moments, choices.timezone if moments.has_time else None)
    for code, where, what in (
        ("skipped_time", is_skipped, "do not exist there, because clocks are put forward"),
        ("repeated_time", is_repeated, "exist twice there, because clocks are put back"),
    ):
        found = f"Expected times of {choices.timezone}; found {counted_rows(where)} with times that {what}."
        record.rows(code, where, sentence(found, {}, record.treatment(code)), option="timezone")
    return instants


def _interval(instants: pd.DatetimeIndex) -> str:
    """Return the length of a bar: the usual distance between two that are not at one instant."""
    steps = np.diff(np.unique(np.asarray(instants.dropna().tz_localize(None))))
    if not len(steps):
        return "1d"
    seconds = float(np.quantile(steps / np.timedelta64(1, "s"), 0.5, method="lower"))
    for first, end, name in _INTERVALS:
        if first * _DAY_SECONDS <= seconds < end * _DAY_SECONDS:
            return name
    if seconds >= _INTERVALS[-1][1] * _DAY_SECONDS:
        return "more than a month"
    minutes = seconds / 60
    if minutes < 1:
        return f"{seconds:g}s" if seconds >= 1 else "less than a second"
    return f"{minutes / 60:g}h" if minutes % 60 == 0 else f"{minutes:g}min"


def _calendar(written: InstantArray) -> str:
    dates = np.unique(written[~np.isnat(written)].astype("datetime64[D]"))
    share = float((~np.is_busday(dates)).mean()) if len(dates) else 0.0
    return ALWAYS_OPEN if share >= _WEEKEND_SHARE else "XNYS"


def _sessions(moments: Moments, instants: pd.DatetimeIndex, stamps: Stamps | None, zone: str) -> InstantArray:
    """Return the dates of the sessions.

    A date without a time of day is the session's, whatever zone stands beside it: midnight in New York, converted,
    could fall on another day. The close of a bar belongs to the day that it ends.
    """
    moment = np.timedelta64(1, "us") if stamps == "close" else np.timedelta64(0, "us")
    if stamps in {"session", None} or not moments.has_time:
        unread = np.asarray(instants.isna())
        days = (moments.written - moment).astype("datetime64[D]").astype("datetime64[us]")
        return np.where(unread, np.datetime64("NaT"), days)
    local = instants.tz_convert(zone).tz_localize(None) - moment
    return np.asarray(local.normalize().as_unit("us"))

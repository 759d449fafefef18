"""To which session each row belongs: zones, daylight saving time, stamps of open or close, the exchange calendar."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quant.calendars import ALWAYS_OPEN, is_session
from quant.data.files.layout import LayoutChoices, Stamps
from quant.data.files.moments import InstantArray, Moments, to_utc
from quant.data.files.verdicts import Record, counted_rows, sentence
from quant.data.findings import BoolArray, FloatArray

TIMEZONES = {"XNYS": "America/New_York", ALWAYS_OPEN: "UTC"}

# One day in seven is a Saturday, and one a Sunday; a market with this many bars on both never closes.
_DAY_SHARE = 0.07
_SATURDAY, _SUNDAY = 5, 6
# Weekends on which the share of prices that change is lower by so much than on other days repeat the Friday.
_FILLED_IN = 0.5
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


def place_rows(moments: Moments, choices: LayoutChoices, record: Record, market: FloatArray) -> Placed:
    """Find the session of each row, and note what is odd about the times or has to be asked.

    Parameters
    ----------
    moments : Moments
        Dates and times as written.
    choices : LayoutChoices
        What a person has said about zone, stamps and calendar.
    record : Record
        What is found is noted there.
    market : ndarray of shape (n_rows, 4)
        The prices: a weekend on which none changes is filled in, and does not tell that a market was open.

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
    calendar = choices.calendar or _calendar(moments.written, market, record)
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
    if len(np.unique(moments.offset_minutes[stated])) > 1 and not _is_one_zone(moments, stated, choices.timezone):
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


def _is_one_zone(moments: Moments, stated: BoolArray, zone: str | None) -> bool:
    """Whether offsets differ only as those of one zone do between winter and summer."""
    local = pd.DatetimeIndex(moments.written[stated]).as_unit("us")
    offset = moments.offset_minutes[stated].astype("timedelta64[m]")
    instants = (local - offset).tz_localize("UTC")
    return any(
        bool((instants.tz_convert(name).tz_localize(None) == local).all())
        for name in {zone, *TIMEZONES.values()} - {None}
    )


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


def _calendar(written: InstantArray, market: FloatArray, record: Record) -> str:
    """Return the calendar that the weekends tell; note it if only one day of them has bars."""
    known = np.flatnonzero(~np.isnat(written))
    ordered = known[np.argsort(written[known], kind="stable")]
    is_new = np.ones(len(ordered), dtype=np.bool_)
    is_new[1:] = (market[ordered[1:]] != market[ordered[:-1]]).any(axis=1)
    dates = written[ordered].astype("datetime64[D]")
    weekdays = (dates.astype(np.int64) + 3) % 7  # 1970 began with a Thursday
    n_dates = len(np.unique(dates))
    share_new = float(is_new[weekdays < _SATURDAY].mean()) if (weekdays < _SATURDAY).any() else 0.0
    n_days = {}
    for day in (_SATURDAY, _SUNDAY):
        here = weekdays == day
        is_filled_in = here.any() and is_new[here].mean() < share_new - _FILLED_IN
        n_days[day] = 0 if is_filled_in else len(np.unique(dates[here]))
    usual = [day for day, n_bars in n_days.items() if n_bars and n_bars >= _DAY_SHARE * n_dates]
    if len(usual) == 1:
        found, none = ("Saturdays", "Sundays") if usual == [_SATURDAY] else ("Sundays", "Saturdays")
        record.add(
            "calendar_unknown", n_days[usual[0]],
            f"Expected bars on both days of weekends, or on none; found {n_days[usual[0]]:,} on {found} and "
            f"{n_days[_SATURDAY + _SUNDAY - usual[0]]:,} on {none}. If the dates are shifted by a day, mend the file; "
            "else choose the calendar: sessions that it does not have stay out.",
            option="calendar",
        )  # fmt: skip
    return ALWAYS_OPEN if len(usual) > 1 else "XNYS"


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

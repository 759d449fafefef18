"""When bars close: the sessions of exchanges, their closes in UTC, and how many periods a year has."""

import datetime
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd

from quant.errors import InvalidPrices, InvalidSpec, NotEnoughData

# Periods a year by calendar and interval, declared and not counted from the data: the same series must not be
# annualised differently because two of its bars are missing. 252 is the usual count of sessions of the US exchanges
# (251.9 on average from 1990 to 2025).
ALWAYS_OPEN = "24/7"
PERIODS_PER_YEAR = {
    "XNYS": {"1d": 252.0, "1w": 52.0, "1mo": 12.0},
    ALWAYS_OPEN: {"1d": 365.0, "1w": 52.0, "1mo": 12.0},
}

# exchange_calendars starts twenty years before today unless told otherwise, which would lose early sessions, and more
# of them each year. Fixed bounds also keep the calendar the same from one day to the next. Before 1970 its holidays of
# New York are incomplete (261 sessions in 1960).
FIRST_SESSION = datetime.date(1970, 1, 1)
LAST_SESSION = datetime.date(2049, 12, 31)

Period = Literal["1d", "1w", "1mo"]

_LISTED_DATES = 5

_YEAR = pd.Timedelta(days=365.25)


def periods_per_year(calendar: str, interval: str = "1d") -> float:
    """Return how many bars a year has, for annualising.

    Parameters
    ----------
    calendar : str
        Name of an exchange calendar, such as `"XNYS"`, or `"24/7"`.
    interval : str, default="1d"
        Length of a bar: `"1d"`, `"1w"` or `"1mo"`.

    Returns
    -------
    float
        252 for days of the New York Stock Exchange, 365 for days of a market that never closes.

    Raises
    ------
    InvalidSpec
        If the calendar or the interval is not in the table.

    Examples
    --------
    >>> periods_per_year("XNYS")
    252.0
    >>> periods_per_year("24/7")
    365.0
    """
    by_interval = PERIODS_PER_YEAR[_known(calendar)]
    if interval not in by_interval:
        raise InvalidSpec(f"Expected an interval of {', '.join(by_interval)}; found {interval!r}.", field="interval")
    return by_interval[interval]


def counted_periods_per_year(timestamps: "pd.Index[Any]") -> float:
    """Return how many bars a year had on average, from the first to the last: for bars that no calendar knows.

    Parameters
    ----------
    timestamps : DatetimeIndex of shape (n_bars,)
        When each bar closed, ascending.

    Returns
    -------
    float
        Bars after the first, over the years of 365.25 days that they took.

    Raises
    ------
    NotEnoughData
        If there are not two bars.

    Notes
    -----
    Timing: known at the last bar. Measures may be made with it; nothing that is traded may.

    Examples
    --------
    >>> counted_periods_per_year(pd.DatetimeIndex(["2020-01-01", "2021-01-01", "2024-01-01"], tz="UTC"))
    0.5
    """
    if len(timestamps) < 2:  # noqa: PLR2004  # between two there is some time
        raise NotEnoughData(
            f"Expected at least two bars to count how many a year has; found {len(timestamps)}. Ask for a longer "
            "history, or for shorter bars."
        )
    return float((len(timestamps) - 1) * _YEAR / (timestamps[-1] - timestamps[0]))


def session_closes(sessions: pd.DatetimeIndex, calendar: str = "XNYS") -> pd.DatetimeIndex:
    """Return the instant at which each session closes.

    Parameters
    ----------
    sessions : DatetimeIndex of shape (n_sessions,)
        Dates of the exchange, at midnight and without a time zone; in any order, repeated or not.
    calendar : str, default="XNYS"
        Name of an exchange calendar.

    Returns
    -------
    DatetimeIndex of shape (n_sessions,)
        Closes in UTC, microseconds, named `timestamp`, in the order of `sessions`. Early closes and daylight saving
        time are those of the exchange. A session of `"24/7"` closes at the midnight that ends it.

    Raises
    ------
    InvalidPrices
        If a date is not a session of the calendar, with the dates.
    InvalidSpec
        If the calendar is not known.

    Examples
    --------
    >>> session_closes(pd.DatetimeIndex(["2012-11-21", "2012-11-23"])).strftime("%m-%d %H:%M").tolist()
    ['11-21 21:00', '11-23 18:00']
    """
    known, closes = _schedule(calendar)
    positions = known.get_indexer(_naive_dates(sessions))
    if (positions < 0).any():
        strangers = sessions[positions < 0]
        raise InvalidPrices(
            f"Expected sessions of {calendar} from {FIRST_SESSION} to {LAST_SESSION}; found {len(strangers)} bars on "
            f"other dates: {listed_dates(strangers)}. Remove these bars, or choose the calendar of their exchange."
        )
    return closes[positions]


def is_session(sessions: pd.DatetimeIndex, calendar: str = "XNYS") -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return for each date whether the exchange held a session.

    Parameters
    ----------
    sessions : DatetimeIndex of shape (n_dates,)
        Dates without a time zone.
    calendar : str, default="XNYS"
        Name of an exchange calendar.

    Returns
    -------
    ndarray of shape (n_dates,)
        Booleans, in the order of `sessions`.

    Raises
    ------
    InvalidSpec
        If the calendar is not known.
    """
    known, _ = _schedule(calendar)
    found: np.ndarray[Any, np.dtype[np.bool_]] = known.get_indexer(_naive_dates(sessions)) >= 0
    return found


def missing_sessions(sessions: pd.DatetimeIndex, calendar: str = "XNYS") -> pd.DatetimeIndex:
    """Return the sessions of the calendar that lie between the first and last given one but are not given.

    Parameters
    ----------
    sessions : DatetimeIndex of shape (n_sessions,)
        Dates of the exchange, without a time zone, in any order.
    calendar : str, default="XNYS"
        Name of an exchange calendar.

    Returns
    -------
    DatetimeIndex
        The missing dates, ascending, microseconds; empty if there is no hole, or nothing between two dates.

    Raises
    ------
    InvalidSpec
        If the calendar is not known.

    Notes
    -----
    Closures that the calendar knows are no holes: none of the four days from 2001-09-11 on is missing from `"XNYS"`.

    Examples
    --------
    >>> given = pd.DatetimeIndex(["2001-09-10", "2001-09-19"])
    >>> missing_sessions(given).strftime("%Y-%m-%d").tolist()
    ['2001-09-17', '2001-09-18']
    """
    known, _ = _schedule(calendar)
    dates = _naive_dates(sessions)
    if dates.empty:
        return known[:0]
    between = known[(known >= dates.min()) & (known <= dates.max())]
    return between[~between.isin(dates)]


def period_bounds(
    sessions: pd.DatetimeIndex, interval: Period, calendar: str = "XNYS"
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """Return the first session of the period of each session, and when the period was seen to be over.

    Parameters
    ----------
    sessions : DatetimeIndex of shape (n_sessions,)
        Dates of the exchange, without a time zone; in any order, repeated or not.
    interval : {"1d", "1w", "1mo"}
        A session, a week from Monday to Sunday, or a calendar month.
    calendar : str, default="XNYS"
        Name of an exchange calendar.

    Returns
    -------
    tuple of two DatetimeIndex of shape (n_sessions,)
        The first session of the period, which also names it, and an instant in UTC, microseconds, named `timestamp`:
        the close of its last session.

    Raises
    ------
    InvalidPrices
        If a date is not a session of the calendar.
    InvalidSpec
        If the calendar is not known.

    Notes
    -----
    Timing: holidays are known beforehand. A closure that was decided at short notice is not: if it took the last
    sessions of a period, as in September 2001, the period is over at the end of the day that would have been its last.

    Examples
    --------
    >>> first, over = period_bounds(pd.DatetimeIndex(["2012-11-19", "2012-11-23", "2001-09-10"]), "1w")
    >>> first.strftime("%m-%d").tolist(), over.strftime("%m-%d %H:%M").tolist()
    (['11-19', '11-19', '09-10'], ['11-23 18:00', '11-23 18:00', '09-15 00:00'])
    """
    closes = session_closes(sessions, calendar)
    if interval == "1d":
        return _naive_dates(sessions), closes
    known, _ = _schedule(calendar)
    first, over = _periods(calendar, interval)
    places = known.get_indexer(_naive_dates(sessions))
    return first[places], over[places]


def last_closed_session(now: datetime.datetime, calendar: str = "XNYS") -> datetime.date:
    """Return the newest session that has closed: the one whose bar can be known.

    Parameters
    ----------
    now : datetime
        An instant, with a time zone.
    calendar : str, default="XNYS"
        Name of an exchange calendar.

    Returns
    -------
    date
        Date of the session at its exchange.

    Raises
    ------
    InvalidSpec
        If the calendar is not known.

    Examples
    --------
    >>> last_closed_session(datetime.datetime(2012, 11, 23, 18, 30, tzinfo=datetime.UTC))  # a half day
    datetime.date(2012, 11, 23)
    >>> last_closed_session(datetime.datetime(2012, 11, 26, 20, 30, tzinfo=datetime.UTC))
    datetime.date(2012, 11, 23)
    """
    known, closes = _schedule(calendar)
    return known[int(closes.searchsorted(pd.Timestamp(now), side="right")) - 1].date()


def sessions_between(earlier: datetime.date, later: datetime.date, calendar: str = "XNYS") -> int:
    """Return how many sessions lie after one date, up to and with another; 0 if the other is not later.

    Raises
    ------
    InvalidSpec
        If the calendar is not known.

    Examples
    --------
    >>> sessions_between(datetime.date(2012, 11, 21), datetime.date(2012, 11, 26))
    2
    """
    known, _ = _schedule(calendar)
    first, last = known.searchsorted([pd.Timestamp(earlier), pd.Timestamp(later)], side="right")
    return max(0, int(last - first))


def listed_dates(sessions: pd.DatetimeIndex) -> str:
    """Return the first few dates as text for a message, and how many more there are."""
    shown = ", ".join(str(session)[:10] for session in sessions[:_LISTED_DATES])  # NaT is shown as such
    rest = len(sessions) - _LISTED_DATES
    return f"{shown} and {rest} more" if rest > 0 else shown


def _known(calendar: str) -> str:
    if calendar not in PERIODS_PER_YEAR:
        raise InvalidSpec(
            f"Expected one of the calendars {', '.join(PERIODS_PER_YEAR)}; found {calendar!r}.", field="calendar"
        )
    return calendar


def _naive_dates(sessions: pd.DatetimeIndex) -> pd.DatetimeIndex:
    if sessions.tz is not None:
        raise InvalidPrices(
            f"Expected session dates without a time zone; found {sessions.tz}. A session is a date of its exchange, "
            "not an instant: converting instants can move them to another day."
        )
    return sessions.as_unit("us")


@lru_cache(maxsize=len(PERIODS_PER_YEAR))
def _schedule(calendar: str) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """Return the sessions of a calendar and their closes, both ascending."""
    closes = _exchange(calendar).closes
    sessions = pd.DatetimeIndex(closes.index, name="session").as_unit("us")
    return sessions, pd.DatetimeIndex(closes, name="timestamp").tz_convert("UTC").as_unit("us")


@lru_cache(maxsize=2 * len(PERIODS_PER_YEAR))
def _periods(calendar: str, interval: Period) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """Return, for each session of a calendar, the first session of its week or month and when that is over."""
    known, closes = _schedule(calendar)
    unforeseen = pd.DatetimeIndex(_exchange(calendar).adhoc_holidays).tz_localize(None).as_unit("us")
    unforeseen = unforeseen[(unforeseen >= known[0]) & (unforeseen <= known[-1])]
    days = pd.DatetimeIndex(known.append(unforeseen.difference(known)))
    instants = closes.append((unforeseen.difference(known) + pd.Timedelta(days=1)).tz_localize("UTC"))
    frequency = "W-SUN" if interval == "1w" else "M"
    over = pd.Series(instants, index=days.to_period(frequency)).groupby(level=0).max()
    periods = known.to_period(frequency)
    first = pd.Series(known, index=periods).groupby(level=0).min()
    return (
        pd.DatetimeIndex(first.loc[periods], name="session").as_unit("us"),
        pd.DatetimeIndex(over.loc[periods], name="timestamp").as_unit("us"),
    )


@lru_cache(maxsize=len(PERIODS_PER_YEAR))
def _exchange(calendar: str) -> Any:
    """Return the exchange's calendar; built once, in 0.25 seconds."""
    import exchange_calendars  # noqa: PLC0415  # only who needs a calendar waits 0.2 s for this import

    return exchange_calendars.get_calendar(
        _known(calendar), start=FIRST_SESSION.isoformat(), end=LAST_SESSION.isoformat()
    )

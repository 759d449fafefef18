"""Seasons: the date of a bar, as it is known before the bar begins."""

import numpy as np
from numpy.typing import NDArray

from quant.features.arrays import Values
from quant.features.catalog.calendar import DayOfWeek, DaysToMonthEnd, MonthOfYear, TurnOfMonth
from quant.features.columns import feature
from quant.frames import Prices, session_days

DAYS_A_WEEK = 7
MONTHS_A_YEAR = 12


def _dates(prices: Prices) -> NDArray[np.datetime64]:
    """Return the session of each bar, the exchange's date."""
    return session_days(prices).view("datetime64[D]")


def _circle(places: NDArray[np.int64], length: int) -> tuple[Values, Values]:
    """Return sine and cosine of places on a circle of so many."""
    angles = 2.0 * np.pi * np.arange(length) / length
    return np.sin(angles)[places], np.cos(angles)[places]


@feature(DayOfWeek)
def day_of_week(prices: Prices) -> tuple[Values, ...]:
    """Return the day of the week on a circle.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.

    Returns
    -------
    DataFrame of shape (n_bars, 2)
        Sine and cosine, from -1 to 1: Monday is 0 and 1. Never NaN.

    Notes
    -----
    Timing: the value at `t` is that of the session of bar `t`, and known before it begins.
    """
    weekdays = (session_days(prices) + 3) % DAYS_A_WEEK  # the first of January 1970 was a Thursday
    return _circle(weekdays, DAYS_A_WEEK)


@feature(MonthOfYear)
def month_of_year(prices: Prices) -> tuple[Values, ...]:
    """Return the month of the year on a circle.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.

    Returns
    -------
    DataFrame of shape (n_bars, 2)
        Sine and cosine, from -1 to 1: January is 0 and 1. Never NaN.

    Notes
    -----
    Timing: the value at `t` is that of the session of bar `t`, and known before it begins.
    """
    months = _dates(prices).astype("datetime64[M]").astype(np.int64) % MONTHS_A_YEAR
    return _circle(months, MONTHS_A_YEAR)


@feature(DaysToMonthEnd)
def days_to_month_end(prices: Prices) -> Values:
    """Return how many days of the calendar are left of the month.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        From 0, on the last of the month, to 30. Never NaN.

    Notes
    -----
    Timing: the value at `t` is that of the session of bar `t`, and known before it begins.
    """
    dates = _dates(prices)
    next_months = (dates.astype("datetime64[M]") + 1).astype("datetime64[D]")
    return (next_months - dates).astype(np.float64) - 1.0


@feature(TurnOfMonth)
def turn_of_month(prices: Prices, *, before: int, after: int) -> Values:
    """Return whether the month turns: its last weekdays and its first.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    before : int
        Last weekdays of a month that count. Bounds: those of `quant.features.catalog`'s `TurnOfMonth`.
    after : int
        First weekdays of a month that count.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        1 where it turns, else 0. Never NaN.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` is that of the session of bar `t`, and known before it begins.

    Weekdays are counted, not sessions: which days are holidays is known in advance too, but not to a price frame.
    """
    dates = _dates(prices)
    months = dates.astype("datetime64[M]")
    passed = np.busday_count(months.astype("datetime64[D]"), dates)
    left = np.busday_count(dates, (months + 1).astype("datetime64[D]"))
    turns = (passed < after) | (left <= before)
    return turns.astype(np.float64)

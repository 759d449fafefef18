import datetime
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from quant.calendars import (
    ALWAYS_OPEN,
    PERIODS_PER_YEAR,
    counted_periods_per_year,
    is_session,
    last_closed_session,
    listed_dates,
    missing_sessions,
    periods_per_year,
    session_closes,
    sessions_between,
)
from quant.errors import InvalidPrices, InvalidSpec, NotEnoughData


def dates(*texts):
    return pd.DatetimeIndex(texts)


def test_closes_are_instants_in_utc_microseconds():
    closes = session_closes(dates("2012-07-05"))
    assert closes.dtype == pd.DatetimeTZDtype("us", "UTC")
    assert closes.name == "timestamp"


@pytest.mark.parametrize(
    ("session", "close"),
    [
        ("2000-03-01", "21:00"),  # the first session of the sample prices
        ("2012-03-09", "21:00"),  # Friday before daylight saving time
        ("2012-03-12", "20:00"),  # Monday after
        ("2006-04-03", "20:00"),  # until 2006 it began in April ...
        ("2006-03-31", "21:00"),
        ("2012-11-02", "20:00"),
        ("2012-11-05", "21:00"),
        ("2012-07-03", "17:00"),  # early closes at one o'clock
        ("2012-11-23", "18:00"),
        ("2012-12-24", "18:00"),
    ],
)
def test_early_closes_and_daylight_saving_time(session, close):
    assert session_closes(dates(session)).strftime("%Y-%m-%d %H:%M").tolist() == [f"{session} {close}"]


def test_closes_come_in_the_order_of_the_sessions():
    sessions = dates("2012-11-23", "2012-11-21", "2012-11-23")
    assert session_closes(sessions).strftime("%d %H").tolist() == ["23 18", "21 21", "23 18"]
    assert session_closes(sessions[:0]).empty


def test_dates_without_session_are_refused_by_name():
    holidays = dates("2012-11-21", "2012-11-22", "2012-11-24", "2012-11-25", "2012-12-25", "2012-12-29", "2012-12-30")
    with pytest.raises(InvalidPrices, match=r"6 bars on other dates: 2012-11-22, .*, 2012-12-29 and 1 more"):
        session_closes(holidays)


@pytest.mark.parametrize("session", ["1950-01-03", "2099-01-05", None])
def test_dates_beyond_the_calendar_are_refused(session):
    with pytest.raises(InvalidPrices, match="1 bars on other dates"):
        session_closes(dates(session))


def test_instants_are_not_sessions():
    midnight = dates("2012-11-21").tz_localize("America/New_York")
    for function in (session_closes, missing_sessions, is_session):
        with pytest.raises(InvalidPrices, match="not an instant"):
            function(midnight)


def test_the_unit_of_the_dates_does_not_matter():
    for unit in ("s", "ms", "us", "ns"):
        assert session_closes(dates("2012-11-23").as_unit(unit))[0] == pd.Timestamp("2012-11-23 18:00", tz="UTC")


def test_the_four_days_of_september_2001_are_closures():
    assert missing_sessions(dates("2001-09-10", "2001-09-17")).empty
    assert not is_session(dates("2001-09-11", "2001-09-12", "2001-09-13", "2001-09-14")).any()


def test_missing_sessions_lie_between_the_given_ones():
    missing = missing_sessions(dates("2012-11-27", "2012-11-20"))
    assert missing.strftime("%d").tolist() == ["21", "23", "26"]
    assert missing.unit == "us"
    assert missing_sessions(dates("2012-11-20")).empty
    assert missing_sessions(dates()).empty


def test_is_session():
    np.testing.assert_array_equal(is_session(dates("2012-11-22", "2012-11-23", None)), [False, True, False])


def test_a_market_that_never_closes():
    weekend = dates("2017-12-22", "2017-12-25")
    assert missing_sessions(weekend, ALWAYS_OPEN).strftime("%d").tolist() == ["23", "24"]
    assert session_closes(dates("2017-12-24"), ALWAYS_OPEN)[0] == pd.Timestamp("2017-12-25", tz="UTC")


def test_periods_per_year():
    assert periods_per_year("XNYS") == 252
    assert periods_per_year(ALWAYS_OPEN, "1d") == 365
    assert {table["1w"] for table in PERIODS_PER_YEAR.values()} == {52}
    assert {table["1mo"] for table in PERIODS_PER_YEAR.values()} == {12}


def test_unknown_calendars_and_intervals_are_refused():
    with pytest.raises(InvalidSpec, match="XNYS, 24/7; found 'XLON'") as caught:
        periods_per_year("XLON")
    assert caught.value.field == "calendar"
    with pytest.raises(InvalidSpec, match="1d, 1w, 1mo; found '1h'") as caught:
        periods_per_year("XNYS", "1h")
    assert caught.value.field == "interval"
    with pytest.raises(InvalidSpec, match="found 'XLON'"):
        session_closes(dates("2012-11-21"), "XLON")


def test_the_declared_252_is_near_the_sessions_that_were_held():
    held = missing_sessions(dates("1989-12-29", "2026-01-02"))
    assert len(held) / 36 == pytest.approx(252, abs=0.5)


def test_listed_dates():
    assert listed_dates(dates("2012-11-21", None)) == "2012-11-21, NaT"
    assert listed_dates(dates(*["2012-11-21"] * 7)).endswith("2012-11-21 and 2 more")


def test_who_needs_no_calendar_does_not_wait_for_one():
    code = "import sys, quant.calendars as c; c.periods_per_year('XNYS'); print('exchange_calendars' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("now", "session"),
    [
        ("2012-11-23 17:59", "2012-11-21"),  # a half day after a holiday, a minute before its close
        ("2012-11-23 18:00", "2012-11-23"),
        ("2012-11-25 12:00", "2012-11-23"),  # Sunday
        ("2012-11-26 20:59", "2012-11-23"),
    ],
)
def test_the_last_closed_session_is_that_whose_close_has_passed(now, session):
    instant = datetime.datetime.fromisoformat(now).replace(tzinfo=datetime.UTC)
    assert last_closed_session(instant) == datetime.date.fromisoformat(session)


def test_sessions_are_counted_after_one_date_up_to_another():
    friday, sunday, monday = (datetime.date(2012, 11, day) for day in (23, 25, 26))
    assert sessions_between(friday, monday) == 1
    assert sessions_between(sunday, monday) == 1
    assert sessions_between(monday, friday) == 0
    assert sessions_between(friday, monday, ALWAYS_OPEN) == 3


def test_bars_that_no_calendar_knows_are_counted_between_the_first_and_the_last():
    closes = pd.date_range("2001-01-01", periods=1462, freq="D", tz="UTC")[::10]
    assert counted_periods_per_year(closes) == pytest.approx(36.525)
    with pytest.raises(NotEnoughData, match="at least two bars to count how many a year has; found 1"):
        counted_periods_per_year(closes[:1])

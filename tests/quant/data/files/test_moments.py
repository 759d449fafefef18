"""Dates and times, as people and programs write them."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.data.files.moments import parse_moments, to_utc


def read(*cells, **said):
    return parse_moments(pa.array(cells, pa.string()), **said)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("2015-01-05", "2015-01-05T00:00"), ("20150105", "2015-01-05T00:00"), ("2015/1/5", "2015-01-05T00:00"),
        ("5 Jan 2015", "2015-01-05T00:00"), ("Jan 5, 2015", "2015-01-05T00:00"), ("5. März 2015", "2015-03-05T00:00"),
        ("13-Dec-99", "1999-12-13T00:00"), ("13.12.68", "2068-12-13T00:00"), ("1325548800", "2012-01-03T00:00"),
        ("1325548800000", "2012-01-03T00:00"), ("1325548800.5", "2012-01-03T00:00:00.5"), ("41000", "2012-04-01T00:00"),
        ("41000.75", "2012-04-01T18:00"), ("01/13/2015 3:30 PM", "2015-01-13T15:30"),
        ("01/13/2015 12:05 am", "2015-01-13T00:05"), ("2015-01-05T05:30:00.123456Z", "2015-01-05T05:30:00.123456"),
        ("Mon, 05 Jan 2015 09:30:00 GMT", "2015-01-05T09:30"), ("15 août 2015", "2015-08-15T00:00"),
    ],
)  # fmt: skip
def test_a_moment_is_read(cell, written):
    assert read(cell).written.tolist() == [datetime.datetime.fromisoformat(written)]


@pytest.mark.parametrize("cell", ["2015-02-30", "13/13/2015", "yesterday", "2015-01-05 25:00", "1015-01-05", "12:30"])
def test_what_is_no_moment_is_not_made_one(cell):
    assert read(cell, "2015-01-05").is_unreadable.tolist() == [True, False]


def test_the_whole_column_tells_the_order():
    assert read("01/02/2015", "02/13/2015").format == "mdy"
    assert read("01/02/2015", "13/02/2015").format == "dmy"
    assert read("01/02/2015", "13/02/2015", "junk").format == "dmy"
    assert read("05-Jan-15", "06-Jan-15").format == "dmy"


def test_an_order_that_nothing_tells_is_asked():
    found = read("01/02/2015", "02/03/2015")
    assert (found.format, found.candidates) == (None, ("dmy", "mdy"))
    assert read("01/02/15").candidates == ("ymd", "dmy", "mdy")
    assert read("13/02/2015", "02/13/2015").format is None
    assert read("01/01/2015", "02/02/2015").format is not None  # the same days either way


def test_an_answer_is_obeyed():
    found = read("01/02/2015", "13/02/2015", date_format="mdy")

    assert found.written[0] == np.datetime64("2015-01-02")
    assert found.is_unreadable.tolist() == [False, True]


def test_offsets_are_kept_beside_what_is_written():
    found = read("2017-06-01T00:00:00Z", "2017-05-31 22:00:00-0400", "2017-06-01 03:00:00+05:30", "2017-06-01 03:00")
    instants, _, _ = to_utc(found, None)

    assert found.offset_minutes[:3].tolist() == [0.0, -240.0, 330.0]
    assert np.isnan(found.offset_minutes[3])
    assert instants.strftime("%d %H:%M").tolist() == ["01 00:00", "01 02:00", "31 21:30", "01 03:00"]


def test_times_that_a_zone_skips_or_repeats_are_not_guessed():
    found = read("2017-03-12 02:30", "2017-11-05 01:30", "2017-07-03 09:30")
    instants, is_skipped, is_repeated = to_utc(found, "America/New_York")

    assert is_skipped.tolist() == [True, False, False]
    assert is_repeated.tolist() == [False, True, False]
    assert instants.isna().tolist() == [True, True, False]
    assert str(instants[2]) == "2017-07-03 13:30:00+00:00"


@given(
    st.lists(st.dates(datetime.date(1970, 1, 1), datetime.date(2068, 12, 31)), min_size=1, max_size=30),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d %b %Y", "%d-%b-%y", "%m/%d/%y"]),
)
def test_dates_survive_being_written(days, style):
    found = parse_moments(pa.array([day.strftime(style) for day in days]))
    if found.format is not None:
        assert found.written.astype("datetime64[D]").tolist() == days


def test_months_in_words_are_said_to_stand_where_they_stand():
    assert parse_moments(pa.array(["Jan 04, 2010", "Feb 05, 2010"])).format == "mdy"
    assert parse_moments(pa.array(["04-Jan-2010", "05-Feb-2010"])).format == "dmy"


def test_days_that_a_spreadsheet_took_for_months_are_noticed():
    days = [datetime.date(2010, 3, 1) + datetime.timedelta(days=n) for n in range(60)]
    exchanged = [f"{day:%Y-%d-%m} 00:00:00" if day.day <= 12 else f"{day:%d/%m/%Y}" for day in days]
    mixed = [f"{day:%Y-%m-%d}" if day < days[30] else f"{day:%d/%m/%Y}" for day in days]

    assert read(*exchanged).is_exchanged
    assert not read(*mixed).is_exchanged
    assert not read(*[f"{day:%d/%m/%Y}" for day in days]).is_exchanged

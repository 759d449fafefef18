"""To which session a row belongs."""

import datetime

import pandas as pd


def table(*stamps):
    return ("date,open,high,low,close,volume\n" + "".join(f"{stamp},1,2,0.5,1,10\n" for stamp in stamps)).encode()


def sessions(examination):
    return examination.bars["session"].dt.strftime("%m-%d").tolist()


def test_the_date_that_is_written_counts_whatever_zone_stands_beside_it(judge):
    for offset in ("Z", "+09:00", "-05:00"):
        content = table(*[f"2012-01-0{day}T00:00:00{offset}" for day in (3, 4, 5)])
        assert sessions(judge(content)) == ["01-03", "01-04", "01-05"]


def test_times_of_day_are_of_the_open_or_of_the_close_as_a_person_says(judge, codes):
    content = table("2012-01-03T21:00:00Z", "2012-01-04T21:00:00Z", "2012-01-05T21:00:00Z")
    assert codes(judge(content))["stamps_unknown"].option == "stamps"
    assert sessions(judge(content, stamps="close")) == ["01-03", "01-04", "01-05"]

    midnights = table("2012-01-03T05:00:00Z", "2012-01-04T05:00:00Z", "2012-01-05T05:00:00Z")  # in New York
    assert sessions(judge(midnights, stamps="open")) == ["01-03", "01-04", "01-05"]


def test_the_close_of_a_day_without_end_belongs_to_the_day_before(judge):
    content = table(*[f"2012-01-{day:02d}" for day in range(3, 15)])
    found = judge(content, stamps="close")

    assert found.layout.calendar == "24/7"
    assert sessions(found)[0] == "01-02"


def test_a_zone_is_asked_where_times_have_none(judge, codes):
    content = table("2012-01-03 16:00", "2012-01-04 16:00", "2012-01-05 16:00")
    assert codes(judge(content, stamps="close"))["timezone_unknown"].option == "timezone"
    assert judge(content, stamps="close", timezone="America/New_York").is_storable


def test_times_without_an_offset_among_others_need_a_choice(judge, codes):
    content = table("2012-01-03T21:00:00Z", "2012-01-04T21:00:00Z", "2012-01-05 21:00:00", "2012-01-06T16:00:00-0500")
    found = judge(content, stamps="close")
    assert codes(found)["naive_timestamp"].lines == (4,)
    assert codes(found)["mixed_timezones"].count == 3
    chosen = judge(content, stamps="close", timezone="UTC")
    assert codes(chosen)["naive_timestamp"].treatment == "repaired"


def test_offsets_decide_the_order_and_not_the_texts(judge, codes):
    content = table("2017-06-01T00:00:00Z", "2017-06-01T03:00:00+02:00", "2017-05-31 22:00:00-0400")

    assert "unsorted" not in codes(judge(content))


def test_times_that_a_zone_skips_or_repeats_are_kept_out(judge, codes):
    found = codes(judge(table("2017-03-12 01:30", "2017-03-12 02:30", "2017-03-12 03:30"), timezone="America/New_York"))
    assert found["skipped_time"].lines == (3,)
    found = codes(judge(table("2017-11-05 00:30", "2017-11-05 01:30", "2017-11-05 02:30"), timezone="America/New_York"))
    assert found["repeated_time"].lines == (3,)


def test_bars_that_are_not_daily_are_refused_by_their_length(judge, codes):
    for stamps, interval in (
        (["2012-01-03T10:00Z", "2012-01-03T11:00Z", "2012-01-03T12:00Z"], "1h"),
        (["2012-01-03T10:00Z", "2012-01-03T10:05Z", "2012-01-03T10:10Z"], "5min"),
        (["2012-01-06", "2012-01-13", "2012-01-20"], "1w"),
        (["2012-01-31", "2012-02-29", "2012-03-30"], "1mo"),
    ):
        finding = codes(judge(table(*stamps)))["interval_unsupported"]
        assert (finding.treatment, finding.facts) == ("refused", {"interval": interval})


def test_the_future_is_kept_out_and_no_calendar_is_walked_to_it(judge, codes):
    found = codes(judge(table("2012-01-03", "2012-01-04", "2099-01-05")))

    assert found["future_timestamp"].lines == (4,)
    assert found["gap"].lines == (4,)


def test_bars_between_sessions_are_kept_out_unless_the_market_never_closes(judge, codes, sample_rows):
    rows = sample_rows(n_rows=20)
    rows.append(["2000-03-05", *rows[0][1:]])

    assert codes(judge(rows))["not_a_session"].lines == (22,)
    assert "not_a_session" not in codes(judge(rows, calendar="24/7"))


def days(first, n_days):
    start = datetime.date.fromisoformat(first)
    return [start + datetime.timedelta(days=n) for n in range(n_days)]


def priced(dates, prices):
    lines = [f"{day},{price},{price + 1},{price - 1},{price},10\n" for day, price in zip(dates, prices, strict=True)]
    return "date,open,high,low,close,volume\n" + "".join(lines)


def test_weekends_that_repeat_the_friday_do_not_make_a_market_that_never_closes(judge, codes, sample_rows):
    close = {row[0]: float(row[4]) for row in sample_rows("IBM", 1000, 60)}
    dates = [day for day in days(min(close), 100) if str(day) <= max(close)]
    filled, last = [], 0.0
    for day in dates:
        last = close.get(str(day), last)
        filled.append(last)
    examination = judge(priced(dates, filled))

    assert examination.layout.calendar == "XNYS"
    assert codes(examination)["not_a_session"].count == len(dates) - 60
    assert examination.n_kept == 60


def test_bars_on_one_day_of_weekends_only_are_asked_about(judge, codes, sample_rows):
    rows = sample_rows("IBM", 1000, 60)
    shifted = [str(datetime.date.fromisoformat(row[0]) + datetime.timedelta(days=1)) for row in rows]
    asked = judge(priced(shifted, [float(row[4]) for row in rows]))

    assert codes(asked)["calendar_unknown"].option == "calendar"
    assert not asked.is_storable
    assert judge(priced(shifted, [float(row[4]) for row in rows]), calendar="24/7").is_storable


def test_a_few_days_with_one_day_of_a_weekend_are_asked_about(judge, codes):
    week = days("2017-01-09", 6)  # Monday to Saturday
    assert codes(judge(priced(week, [10, 11, 12, 11, 10, 12])))["calendar_unknown"].count == 1
    assert judge(priced(week[:5], [10, 11, 12, 11, 10])).is_storable


def test_winter_and_summer_time_of_one_zone_are_not_mixed(judge, codes, sample_rows):
    rows = sample_rows("IBM", 1000, 80)  # into April
    stamps = [pd.Timestamp(row[0], tz="America/New_York").isoformat() for row in rows]
    assert len({stamp[-6:] for stamp in stamps}) == 2
    examination = judge(priced(stamps, [float(row[4]) for row in rows]))

    assert examination.bars["session"].dt.strftime("%Y-%m-%d").tolist() == [row[0] for row in rows]
    assert "mixed_timezones" not in codes(examination)

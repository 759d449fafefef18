import datetime
import math
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp import formats

NOW = datetime.datetime(2024, 3, 15, 12, 0, tzinfo=datetime.UTC)


def plain(text: str) -> str:
    return text.replace(formats.NO_BREAK, " ")


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(1234.5, 1, "1,234.5"), (-1234.5, 1, "−1,234.5"), (-0.004, 2, "0.00"), (0, 2, "0.00"), (1e9, 0, "1,000,000,000")],
)
def test_numbers_have_separators_and_a_true_minus_and_nought_has_no_sign(value, digits, expected):
    assert formats.number(value, digits) == expected


@pytest.mark.parametrize("write", [formats.number, formats.percent, formats.ratio, formats.count, formats.p_value])
@pytest.mark.parametrize("unknown", [None, math.nan, math.inf, -math.inf])
def test_what_is_unknown_is_a_dash_and_never_a_number(write, unknown):
    assert write(unknown) == "–"


def test_a_sign_is_shown_on_request():
    assert formats.ratio(0.5, signed=True) == "+0.50"
    assert formats.ratio(-0.5, signed=True) == "−0.50"
    assert formats.ratio(0.001, signed=True) == "0.00"


def test_a_fraction_becomes_per_cent_with_one_decimal():
    assert plain(formats.percent(0.12345)) == "12.3 %"
    assert plain(formats.percent(-0.0004)) == "0.0 %"


def test_probabilities_near_the_ends_are_not_shown_as_certain():
    assert formats.p_value(0.0) == "< 0.01"
    assert formats.p_value(1.0) == "> 0.99"
    assert formats.p_value(0.03) == "0.03"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0.0 s"), (9.96, "10.0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (3600, "1 h"), (90000, "1 d 1 h"), (-1, "–")],
)
def test_durations_in_their_two_largest_units(seconds, expected):
    assert plain(formats.duration(seconds)) == expected


@given(st.floats(min_value=0, max_value=1e9))
def test_a_duration_never_shows_more_than_two_units(seconds):
    assert len(plain(formats.duration(seconds)).split()) in {2, 4}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(5, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (3 * 86400, "3 d ago"), (30 * 86400, "2024-02-14")],
)
def test_ago(seconds, expected):
    assert plain(formats.ago(NOW - datetime.timedelta(seconds=seconds), NOW)) == expected


def test_instants_are_shown_in_utc_with_their_zone():
    tokyo = datetime.datetime(2024, 3, 15, 9, 30, tzinfo=ZoneInfo("Asia/Tokyo"))

    assert formats.moment(tokyo) == "2024-03-15 00:30:00 UTC"
    assert formats.moment(None) == "–"


def test_days_also_unknown_ones():
    assert formats.date(pd.Timestamp("2024-03-15 21:00", tz="UTC")) == "2024-03-15"
    assert formats.date(pd.NaT) == "–"


def test_values_of_a_question_as_a_person_would_type_them():
    assert [formats.plain(each) for each in (1e12, -2.0, 1e15)] == ["1,000,000,000,000", "−2", "1e+15"]
    assert [formats.plain(each) for each in (True, 1000, 0.15, -0.5, None, "long")] == [
        "on", "1,000", "0.15", "−0.5", "–", "long",
    ]  # fmt: skip


def test_one_and_many():
    assert plain(formats.plural(1, "entry", "entries")) == "1 entry"
    assert plain(formats.plural(0, "bar")) == "0 bars"


def test_only_gains_and_losses_have_a_colour():
    assert [formats.sign_class(each) for each in (1.0, -1.0, 0.0, None, math.nan)] == ["is-gain", "is-loss", "", "", ""]

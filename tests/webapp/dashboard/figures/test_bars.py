import base64

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from webapp.dashboard.figures.bars import MOST_POINTS, bar_axis, keep_extremes, packed

CLOSES = pd.date_range("2008-01-02 21:00", periods=1100, freq="B", tz="UTC", unit="us")


def unpacked(values):
    return np.frombuffer(base64.b64decode(values["bdata"]), dtype=np.dtype(values["dtype"]).newbyteorder("<"))


def days(text):
    return np.frombuffer(base64.b64decode(text), dtype="<i4").astype("datetime64[D]")


def test_numbers_travel_as_little_endian_bytes():
    values = np.array([1.5, -2.0, np.nan])

    np.testing.assert_array_equal(unpacked(packed(values)), values.astype("f4"))
    assert packed([1, 2], "i4") == {"dtype": "i4", "bdata": base64.b64encode(b"\1\0\0\0\2\0\0\0").decode()}


@given(
    arrays.arrays(np.float64, st.integers(5, 400), elements=st.floats(-1e6, 1e6) | st.just(np.nan)),
    st.integers(min_value=10, max_value=80),
)
def test_thinning_keeps_ends_and_extremes_and_the_limit(values, limit):
    kept = keep_extremes([values], limit)

    assert len(kept) <= max(limit, 4)
    assert (np.diff(kept) > 0).all()
    assert {kept[0], kept[-1]} == {0, len(values) - 1}
    if not np.isnan(values).all():
        assert np.nanmax(values[kept]) == np.nanmax(values)
        assert np.nanmin(values[kept]) == np.nanmin(values)


def test_the_extremes_of_every_column_are_kept():
    first, second = np.zeros(10_000), np.zeros(10_000)
    first[1234], second[8765] = 1.0, -1.0

    kept = keep_extremes([first, second])

    assert {1234, 8765} <= set(kept)
    assert len(kept) <= MOST_POINTS


def test_few_bars_need_no_horizontal_array():
    axis = bar_axis(CLOSES, np.arange(1100.0))

    trace = axis.trace(np.arange(1100.0))
    assert (trace["x0"], trace["dx"], "x" in trace) == (0, 1, False)
    assert "x" not in axis.meta()


def test_many_bars_are_drawn_at_their_own_positions():
    closes = pd.date_range("1950-01-02 21:00", periods=18_000, freq="B", tz="UTC", unit="us")
    wave = np.sin(np.arange(18_000) / 50)

    axis = bar_axis(closes, wave)
    trace = axis.trace(wave)

    positions = unpacked(trace["x"])
    assert len(positions) <= MOST_POINTS
    np.testing.assert_allclose(unpacked(trace["y"]), wave[positions], rtol=1e-6)
    np.testing.assert_array_equal(
        days(axis.meta()["days"]), closes.tz_localize(None).to_numpy().astype("M8[D]")[positions]
    )


def test_a_bar_that_closes_at_midnight_belongs_to_the_day_that_ends():
    midnight = pd.DatetimeIndex(["2024-03-16 00:00", "2024-03-17 00:00"], tz="UTC")

    assert [bar_axis(midnight).date(place) for place in (0, 1)] == ["2024-03-15", "2024-03-16"]


def test_a_close_in_another_zone_is_a_day_of_utc():
    tokyo = pd.DatetimeIndex(["2024-03-15 15:00"], tz="Asia/Tokyo")

    assert bar_axis(tokyo).date(0) == "2024-03-15"


@pytest.mark.parametrize(
    ("n_bars", "first_text"), [(15, "2008-01-02"), (30, "Feb 2008"), (1100, "Apr 2008"), (700, "Feb 2008")]
)
def test_ticks_stand_at_starts_of_periods_and_are_few(n_bars, first_text):
    axis = bar_axis(CLOSES[:n_bars])

    values, text = axis.ticks(most=40 if n_bars == 700 else 17)

    assert text[0] == first_text
    assert 1 <= len(values) == len(text)
    assert all(0 <= value < n_bars for value in values)


def test_ticks_of_a_century_are_few_enough():
    closes = pd.date_range("1900-01-01 21:00", "1999-12-31", freq="W", tz="UTC", unit="us")

    _, text = bar_axis(closes).ticks()

    assert len(text) <= 10
    assert text[0] == "1910"


def test_positions_of_instants():
    axis = bar_axis(CLOSES)

    assert list(axis.positions(CLOSES[[0, 5, 1099]])) == [0, 5, 1099]
    saturday = pd.DatetimeIndex(["2008-01-05 12:00"], tz="UTC")
    assert axis.date(int(axis.positions(saturday)[0])) == "2008-01-07"

import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidPrices
from quant.frames import (
    PANEL_LEVELS,
    PRICE_COLUMNS,
    check_finite,
    check_prices,
    columns_of,
    is_panel_index,
    microseconds,
    of_instrument,
    to_panel,
)


@pytest.fixture
def prices():
    sessions = pd.DatetimeIndex(["2012-11-20", "2012-11-21", "2012-11-23", "2012-11-26"]).as_unit("us")
    index = (sessions + pd.Timedelta(hours=21)).tz_localize("UTC").rename("timestamp")
    table = {
        "session": sessions,
        "open": [10.0, 11.0, 12.0, 13.0],
        "high": [11.0, 11.5, 13.0, 13.0],
        "low": [9.0, 10.0, 12.0, 12.0],
        "close": [10.5, 10.0, 12.5, 12.5],
        "volume": [0.0, 5.0, 6.0, 7.0],
        "split_factor": [1.0, 2.0, 1.0, 1.0],
        "dividend": [0.0, 0.0, 0.1, 0.0],
    }
    return pd.DataFrame(table).set_index(index)[list(PRICE_COLUMNS)]


def test_a_price_frame_is_returned_as_it_is(prices):
    assert check_prices(prices) is prices


@pytest.mark.parametrize("cut", [0, 1, 4])
def test_a_prefix_is_a_price_frame(cut, prices):
    assert len(check_prices(prices[:cut])) == cut


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, -1.0])
@pytest.mark.parametrize("column", ["open", "high", "low", "close"])
def test_impossible_prices(column, value, prices):
    prices.iloc[1, prices.columns.get_loc(column)] = value
    with pytest.raises(InvalidPrices, match=r"1 bars contradict themselves, the first at 2012-11-21T21:00:00\+00:00"):
        check_prices(prices)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("high", 10.9),  # below the open
        ("low", 10.1),  # above the close
        ("volume", -1.0),
        ("volume", np.nan),
        ("volume", np.inf),
        ("split_factor", 0.0),
        ("split_factor", np.nan),
        ("split_factor", np.inf),
        ("dividend", -0.1),
        ("dividend", np.nan),
        ("dividend", np.inf),
    ],
)
def test_impossible_cells(column, value, prices):
    prices.iloc[1, prices.columns.get_loc(column)] = value
    with pytest.raises(InvalidPrices, match="contradict themselves"):
        check_prices(prices)


def test_all_bad_bars_are_counted_and_the_first_is_named(prices):
    prices.loc[prices.index[2:], "close"] = -1.0
    with pytest.raises(InvalidPrices, match="2 bars contradict themselves, the first at 2012-11-23"):
        check_prices(prices)


def test_columns_and_their_order(prices):
    for wrong in (prices.drop(columns="dividend"), prices[list(PRICE_COLUMNS)[::-1]], prices.assign(extra=1.0)):
        with pytest.raises(InvalidPrices, match="Expected the columns session, open"):
            check_prices(wrong)


@pytest.mark.parametrize(
    ("column", "dtype"),
    [("volume", "int64"), ("close", "float32"), ("close", "object"), ("session", "datetime64[ns]")],
)
def test_types(column, dtype, prices):
    with pytest.raises(InvalidPrices, match=f"Expected the column '{column}' to be"):
        check_prices(prices.astype({column: dtype}))


def test_sessions_have_no_time_zone(prices):
    with pytest.raises(InvalidPrices, match=r"'session' to be datetime64\[us\]"):
        check_prices(prices.assign(session=prices["session"].dt.tz_localize("UTC")))


def test_the_index(prices):
    for index in (
        prices.index.rename("time"),
        prices.index.tz_localize(None),
        prices.index.tz_convert("America/New_York"),
        prices.index.as_unit("ns"),
        pd.RangeIndex(4, name="timestamp"),
    ):
        with pytest.raises(InvalidPrices, match="Expected an index named 'timestamp'"):
            check_prices(prices.set_index(index))


@pytest.mark.parametrize("order", [[0, 2, 1, 3], [0, 1, 1, 2]])
def test_the_order_of_bars(order, prices):
    with pytest.raises(InvalidPrices, match="strictly ascending"):
        check_prices(prices.iloc[order])


def test_sessions_ascend_with_the_bars_and_are_known(prices):
    for wrong in (prices["session"].to_numpy()[[0, 2, 1, 3]], [*prices["session"][:3], pd.NaT]):
        with pytest.raises(InvalidPrices, match="ascending session for each bar"):
            check_prices(prices.assign(session=pd.DatetimeIndex(wrong).as_unit("us")))
    same_day = prices.assign(session=prices["session"].iloc[0])  # hours of one session
    assert check_prices(same_day) is same_day


def feature(prices, start, values):
    return pd.DataFrame({"one": values, "two": np.negative(values)}, index=prices.index[start : start + len(values)])


def test_a_panel_is_sorted_by_time_and_instrument(prices):
    panel = to_panel({2: feature(prices, 0, [1.0, 2.0]), 0: feature(prices, 1, [3.0, 4.0])})
    assert tuple(panel.index.names) == PANEL_LEVELS
    assert panel.index.is_monotonic_increasing
    assert panel["one"].tolist() == [1.0, 3.0, 2.0, 4.0]
    assert panel.index.get_level_values("instrument").tolist() == [2, 0, 2, 0]
    assert panel.index.get_level_values("timestamp").dtype == prices.index.dtype


def test_what_went_into_a_panel_comes_out(prices):
    frames = {0: feature(prices, 0, [1.0, np.nan, 3.0, 4.0]), 1: feature(prices, 1, [5.0])}
    panel = to_panel(frames)
    for instrument, frame in frames.items():
        pd.testing.assert_frame_equal(of_instrument(panel, instrument), frame, check_exact=True, check_freq=False)


def test_a_panel_has_no_holes(prices):
    frame = feature(prices, 0, [1.0])
    with pytest.raises(ValueError, match="same columns"):
        to_panel({0: frame, 1: frame[["two", "one"]]})
    with pytest.raises(ValueError, match="at least one"):
        to_panel({})


def test_an_instrument_that_is_not_in_the_panel(prices):
    with pytest.raises(KeyError):
        of_instrument(to_panel({0: feature(prices, 0, [1.0])}), 1)


def test_an_index_is_a_panels_if_sorted_by_both_levels_with_each_row_once():
    stamps = pd.date_range("2020-01-01", periods=4, tz="UTC", unit="us")
    index = pd.MultiIndex.from_product([stamps, [0, 1]], names=PANEL_LEVELS)
    assert is_panel_index(index)
    assert is_panel_index(index[3:6])
    assert is_panel_index(index[:0])
    assert not is_panel_index(index[::-1])
    assert not is_panel_index(index[[0, 1, 1, 2]])
    assert not is_panel_index(index[[1, 0]])
    assert not is_panel_index(index.rename(["instrument", "timestamp"]))
    assert not is_panel_index(stamps)
    with_gap = pd.MultiIndex(levels=index.levels, codes=[[0, -1], [0, 0]], names=PANEL_LEVELS)
    assert not is_panel_index(with_gap)


def test_levels_out_of_order_do_not_hide_the_order_of_rows():
    stamps = pd.date_range("2020-01-01", periods=2, tz="UTC", unit="us")
    codes = [[1, 0], [0, 0]]
    assert is_panel_index(pd.MultiIndex(levels=[stamps[::-1], [0]], codes=codes, names=PANEL_LEVELS))
    assert not is_panel_index(pd.MultiIndex(levels=[stamps[::-1], [0]], codes=[[0, 1], [0, 0]], names=PANEL_LEVELS))


def test_infinite_numbers_are_refused_with_column_and_bar_and_unknown_ones_are_not(prices):
    prices.iloc[2, prices.columns.get_loc("close")] = np.nan
    prices.iloc[1, prices.columns.get_loc("volume")] = np.inf
    check_finite(prices, ["open", "close"])
    with pytest.raises(InvalidPrices, match="of GOOG; found an infinite volume at 2012-11-21T21"):
        check_finite(prices, ["close", "volume"], "GOOG")


def test_columns_are_the_same_from_one_block_and_from_many():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": [3.0, 4.0]})
    mixed = frame.assign(name=["x", "y"])
    for found in (columns_of(frame, "b", "a"), columns_of(mixed, "b", "a")):
        assert [column.dtype for column in found] == [np.float64, np.float64]
        np.testing.assert_array_equal(found, [[3.0, 4.0], [1.0, np.nan]])


@pytest.mark.parametrize("n", [0, 1, 4])
@pytest.mark.parametrize("step", [1, -1])
def test_a_panel_of_one_is_that_part_of_a_panel_of_two(prices, n, step):
    frame = pd.DataFrame({"signal": np.arange(n), "weight": 0.5}, index=prices.index[:n][::step])
    both = to_panel({3: frame, 4: frame})

    pd.testing.assert_frame_equal(to_panel({3: frame}), both[both.index.get_level_values("instrument") == 3])


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_moments_are_microseconds_whatever_their_unit(unit):
    index = pd.DatetimeIndex(["1970-01-01 00:00:01", "2024-03-01 21:00"], tz="UTC").as_unit(unit)
    assert microseconds(index).tolist() == [10**6, 1_709_326_800 * 10**6]
    assert microseconds(pd.Index(list(index), dtype=object)).tolist() == microseconds(index).tolist()

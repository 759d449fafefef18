import numpy as np
import pandas as pd
import pytest

from quant.backtest.alignment import align, over_instruments
from quant.errors import InvalidPrices, NotEnoughData
from quant.frames import to_panel


def test_one_timeline_without_filling(market):
    prices = {5: market.prices([1.0, 2.0], days=[0, 3]), 2: market.prices([7.0, 8.0, 9.0], days=[1, 3, 4])}
    bars = align(prices)
    assert bars.instruments.tolist() == [2, 5]
    assert bars.timestamps.equals(prices[2].index.union(prices[5].index))
    np.testing.assert_array_equal(bars.close, [[np.nan, 1.0], [7.0, np.nan], [8.0, 2.0], [9.0, np.nan]])
    np.testing.assert_array_equal(bars.has_bar, ~np.isnan(bars.close))
    np.testing.assert_array_equal(np.isnan(bars.split_factor), ~bars.has_bar)
    assert bars.n_days.tolist() == [0.0, 1.0, 2.0, 1.0]


def test_start_cuts_every_instrument(market):
    prices = {0: market.prices([1.0, 2.0, 3.0]), 1: market.prices([4.0, 5.0], days=[1, 2])}
    start = prices[0].index[2]
    bars = align(prices, start=start)
    assert bars.timestamps.tolist() == [start]
    assert bars.close.tolist() == [[3.0, 5.0]]


def test_bars_are_aligned_once_and_cut_as_often_as_needed(market):
    prices = {0: market.prices([1.0, 2.0, 3.0]), 1: market.prices([4.0, 5.0], days=[1, 2])}
    start = prices[0].index[1]
    bars = align(prices)
    assert align(bars) is bars
    cut, fresh = align(bars, start=start), align(prices, start=start)
    assert cut.timestamps.equals(fresh.timestamps)
    np.testing.assert_array_equal(cut.has_bar, fresh.has_bar)
    np.testing.assert_array_equal(cut.values, fresh.values)
    with pytest.raises(NotEnoughData, match="earlier start"):
        align(bars, start=prices[0].index[-1] + pd.Timedelta(days=1))


def test_panel_index_is_that_of_a_panel(market):
    prices = {0: market.prices([1.0, 2.0]), 3: market.prices([4.0, 5.0])}
    assert align(prices).panel_index().equals(to_panel(prices).index)
    assert align(prices).panel_index().names == ["timestamp", "instrument"]


def test_days_are_calendar_days_also_over_a_change_of_clocks():
    index = pd.DatetimeIndex(["2024-03-08 21:00", "2024-03-11 20:00", "2024-03-12 20:00"], tz="UTC", name="timestamp")
    frame = pd.DataFrame(
        dict.fromkeys(["open", "high", "low", "close", "split_factor"], 1.0) | {"dividend": 0.0, "volume": 1.0},
        index=index.as_unit("us"),
    )
    assert align({0: frame}).n_days.tolist() == [0.0, 3.0, 1.0]


def test_no_instruments_and_no_bars_are_refused(market):
    with pytest.raises(NotEnoughData, match="one instrument"):
        align({})
    frame = market.prices([1.0, 2.0])
    with pytest.raises(NotEnoughData, match="earlier start"):
        align({0: frame}, start=frame.index[-1] + pd.Timedelta(days=1))


@pytest.mark.parametrize(
    "broken",
    [
        lambda frame: frame[::-1],
        lambda frame: pd.concat([frame, frame]).sort_index(),
        lambda frame: frame.tz_localize(None),
    ],
)
def test_what_is_no_timeline_is_refused(market, broken):
    with pytest.raises(InvalidPrices, match="ascending"):
        align({0: broken(market.prices([1.0, 2.0]))})


@pytest.mark.parametrize("other_days", [[0, 1, 2], [0, 2]])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("open", 0.0),
        ("close", np.nan),
        ("high", np.inf),
        ("low", -1.0),
        ("split_factor", 0.0),
        ("dividend", -0.1),
        ("volume", -1.0),
    ],
)
def test_impossible_values_are_refused_with_all_bars_and_with_some_missing(market, column, value, other_days):
    frame = market.prices([1.0, 2.0, 3.0])
    frame.loc[frame.index[1], column] = value
    with pytest.raises(InvalidPrices, match=f"{column} .* found 1 bars"):
        align({0: frame, 1: market.prices([1.0] * len(other_days), days=other_days)})


@pytest.mark.parametrize("n_instruments", [1, 3, 20])
def test_a_plane_is_added_up_over_its_instruments(n_instruments):
    plane = np.random.default_rng(5).normal(size=(50, n_instruments))
    np.testing.assert_array_equal(over_instruments(plane), plane.sum(axis=1))


def test_bars_since_a_moment_are_a_view_of_one_layout(market):
    prices = {0: market.prices([1.0, 2.0, 4.0, 8.0], split=[1, 1, 1, 2], dividend=[0, 0.1, 0, 0])}
    bars = align(prices)
    later = bars.since(bars.timestamps[2])

    assert np.shares_memory(later.values, bars.values)
    assert not any(each.values.flags.c_contiguous for each in (bars, later))  # noqa: PD011 - no frame
    assert bars.action_rows.tolist() == [1, 3]
    assert later.action_rows.tolist() == [1]
    assert later.close.flags.c_contiguous
    again = align(prices, start=bars.timestamps[2])
    np.testing.assert_array_equal(later.values, again.values)
    assert later.action_rows.tolist() == again.action_rows.tolist()


def test_an_instrument_without_a_bar_has_no_action_there(market):
    bars = align({0: market.prices([1.0, 2.0, 3.0]), 1: market.prices([1.0, 2.0], days=[0, 2], split=[1, 3])})
    assert bars.action_rows.tolist() == [2]

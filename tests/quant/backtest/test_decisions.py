import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.alignment import align
from quant.backtest.decisions import look_up, on_timeline, read_weights
from quant.errors import DataError, NotEnoughData
from quant.frames import to_panel


def weights_at(index, values, instrument=0):
    return to_panel({instrument: pd.DataFrame({"target_weight": values}, index=index)})


def test_weights_are_read_with_the_moment_of_the_first(market):
    index = market.prices([1.0, 2.0, 3.0]).index
    start, places, weights = read_weights(weights_at(index[1:], [0.5, -1.0]))
    assert pd.Timestamp(start, tz="UTC") == index[1]
    assert places.get_level_values(0).equals(index[1:])
    assert weights.tolist() == [0.5, -1.0]


def test_weights_that_sum_up_to_no_number_may_be_finite(market):
    index = market.prices([1.0, 2.0]).index
    assert read_weights(weights_at(index, [1e308, 1e308]))[2].tolist() == [1e308, 1e308]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_refused(market, value):
    with pytest.raises(DataError, match="finite target weights"):
        read_weights(weights_at(market.prices([1.0, 2.0]).index, [0.5, value]))


def test_no_weights_are_refused(market):
    with pytest.raises(NotEnoughData, match="at least one target weight"):
        read_weights(weights_at(market.prices([1.0]).index, [1.0]).iloc[:0])


def test_decisions_stand_in_rows_of_the_timeline_and_places_of_instruments(market):
    prices = {2: market.prices([7.0, 8.0, 9.0], days=[1, 3, 4]), 5: market.prices([1.0, 2.0], days=[0, 3])}
    bars = align(prices)
    panel = pd.concat([weights_at(prices[5].index, [0.1, 0.2], 5), weights_at(prices[2].index[1:], [0.3, 0.4], 2)])
    _, index, weights = read_weights(panel.sort_index())
    decided = on_timeline(index, weights, bars)
    assert decided.rows.tolist() == [0, 2, 2, 3]
    assert decided.instruments.tolist() == [1, 0, 1, 0]
    assert decided.weights.tolist() == [0.1, 0.3, 0.2, 0.4]


def test_moments_of_another_unit_are_the_same_moments(market):
    bars = align({0: market.prices([1.0, 2.0, 3.0])})
    panel = weights_at(bars.timestamps[1:].as_unit("ns"), [0.1, 0.2])
    start, index, weights = read_weights(panel)
    assert pd.Timestamp(start, tz="UTC") == bars.timestamps[1]
    assert on_timeline(index, weights, bars).rows.tolist() == [1, 2]


@pytest.mark.parametrize(("instrument", "days"), [(0, 1), (7, 0)])
def test_the_first_decision_without_a_bar_is_named(market, instrument, days):
    bars = align({0: market.prices([1.0, 2.0], days=[0, 3])})
    at = bars.timestamps[:1] + pd.Timedelta(days=days)
    index = weights_at(at, [0.5], instrument).index
    with pytest.raises(DataError, match=re.escape(f"instrument {instrument} at {at[0]}")):
        on_timeline(index, np.array([0.5]), bars)


@settings(max_examples=200, deadline=None)
@given(
    st.sets(st.integers(0, 400), min_size=1, max_size=60),
    st.lists(st.integers(-20, 420), max_size=60),
    st.sampled_from([1, 10**9]),
)
def test_a_moment_is_found_wherever_it_is_among_uneven_ones(among, wanted, unit):
    found, asked = unit * np.array(sorted(among)), unit * np.array(wanted, dtype=np.int64)
    places = np.empty(len(asked), dtype=np.int64)
    look_up(asked, found, places)

    rows = {moment: row for row, moment in enumerate(found.tolist())}
    assert places.tolist() == [rows.get(moment, -1) for moment in asked.tolist()]

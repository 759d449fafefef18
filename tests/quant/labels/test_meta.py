import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.labels.meta import meta_label, primary_side
from quant.labels.triple_barrier import triple_barrier
from tests.quant.features.generated import price_walk, price_walks

BARRIERS = {"horizon": 5, "width": 1.0, "stop_width": 0.5, "volatility_window": 10, "path": "range"}


def label(prices, **changes):
    return meta_label(prices, **{"rule": "trailing_return", "fast": 3, "slow": 8, **BARRIERS, **changes})


def test_sides_of_both_rules():
    prices = price_walk(7, seed=1).assign(close=[10.0, 12.0, 11.0, 11.0, 9.0, 9.0, 15.0])
    trailing = primary_side(prices, rule="trailing_return", fast=1, slow=2)
    np.testing.assert_array_equal(trailing, [np.nan, np.nan, 1, -1, -1, -1, 1])
    # Averages of 3: 11, 11.33, 10.33, 9.67, 11; of the last: the close itself.
    crossover = primary_side(prices, rule="crossover", fast=1, slow=3)
    np.testing.assert_array_equal(crossover, [np.nan, np.nan, 0, -1, -1, -1, 1])
    assert primary_side(prices, rule="crossover", fast=2, slow=50).isna().all()
    assert primary_side(prices, rule="trailing_return", fast=2, slow=50).isna().all()


@settings(max_examples=20)
@given(prices=price_walks(30, 90), rule=st.sampled_from(["trailing_return", "crossover"]), cut=st.integers(20, 60))
def test_the_side_is_that_of_the_closes_up_to_its_own(prices, rule, cut):
    side = primary_side(prices, rule=rule, fast=4, slow=9)
    pd.testing.assert_series_equal(primary_side(prices.iloc[:cut], rule=rule, fast=4, slow=9), side.iloc[:cut])
    averages = [prices["close"].rolling(window).mean() for window in (4, 9)]
    clear = (averages[0] - averages[1]).abs() > 1e-9
    if rule == "crossover":
        np.testing.assert_array_equal(side[clear], np.sign(averages[0] - averages[1])[clear])


@settings(max_examples=20)
@given(prices=price_walks(40, 120), path=st.sampled_from(["range", "close"]))
def test_a_long_side_is_paid_as_the_barriers_say(prices, path):
    labels, side = label(prices, path=path), primary_side(prices, rule="trailing_return", fast=3, slow=8)
    barriers = {name: value for name, value in BARRIERS.items() if name != "path"}
    plain = triple_barrier(prices, **barriers, classes="three_way", path=path)
    long = (side == 1) & labels["label"].notna()
    pd.testing.assert_series_equal(labels["outcome"][long], plain["outcome"][long])
    assert (labels["label"][long] == (plain["outcome"][long] > 0)).all()
    assert labels["label"][side.isna() | (side == 0)].isna().all()


def test_a_short_side_earns_when_prices_fall():
    closes = 100.0 * np.cumprod(np.tile([0.97, 0.99], 20))
    prices = price_walk(40, seed=1).assign(open=closes, high=closes, low=closes, close=closes)
    labels = label(prices)
    known = labels["label"].notna()
    assert known.sum() == 40 - 10 - 6
    assert (labels["label"][known] == 1.0).all()
    assert (labels["outcome"][known] > 0).all()


@pytest.mark.parametrize(
    "wrong", [{"fast": 0}, {"slow": 0}, {"rule": "crossover", "fast": 8}, {"horizon": 0}, {"stop_width": 0.0}]
)
def test_parameters_out_of_bounds_are_refused(wrong):
    with pytest.raises(InvalidSpec):
        label(price_walk(60, seed=1), **wrong)

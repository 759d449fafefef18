import numpy as np
import pandas as pd
import pytest

from quant.errors import NotEnoughData
from quant.features.catalog import FEATURES, ExponentialMovingAverage, Macd, Return
from quant.features.catalog.cross_asset import Beta, Spread, closes_of
from quant.features.compute import beside, compute_features
from tests.quant.features.generated import price_walk, with_others

EVERY_OTHER = Beta()  # names the one instrument that all defaults name


def test_columns_of_all_features_stand_in_the_order_asked_for():
    prices = with_others(EVERY_OTHER, price_walk(300, seed=1))
    specs = [kind() for kind in reversed(FEATURES)]
    features = compute_features(prices, specs)
    alone = [spec.load()(prices, **spec.parameters()) for spec in specs]
    pd.testing.assert_frame_equal(features, pd.concat(alone, axis=1), check_exact=True)


def test_one_feature_twice_with_other_parameters():
    prices = price_walk(10, seed=1)
    features = compute_features(prices, [Return(window=2), Return(window=1)])
    assert list(features.columns) == ["return_2", "return_1"]
    close = prices["close"]
    pd.testing.assert_series_equal(
        features["return_1"], close / close.shift(1) - 1, check_names=False, check_exact=True
    )
    pd.testing.assert_series_equal(
        features["return_2"], close / close.shift(2) - 1, check_names=False, check_exact=True
    )


def test_one_bar_more_than_the_longest_warm_up_is_enough():
    specs = [Return(window=3), Macd(), ExponentialMovingAverage(window=10)]
    assert compute_features(price_walk(34, seed=2), specs).iloc[-1].notna().all()
    with pytest.raises(NotEnoughData, match=r"more than 33 bars, which macd_12_26_9 needs .*; found 33"):
        compute_features(price_walk(33, seed=2), specs)


def test_no_feature_is_a_frame_without_columns():
    prices = price_walk(5, seed=2)
    features = compute_features(prices, [])
    assert features.shape == (5, 0)
    assert features.index.equals(prices.index)


def test_shortened_history_gives_the_same_bits():
    prices = with_others(EVERY_OTHER, price_walk(400, seed=5))
    specs = [kind() for kind in FEATURES]
    features = compute_features(prices, specs)
    for cut in (253, 254, 256, 300, 399):
        shortened = compute_features(prices.iloc[:cut], specs)
        pd.testing.assert_frame_equal(shortened, features.iloc[:cut], check_exact=True)


def test_later_history_gives_the_same_windows():
    # Windows forget: a year less at the front moves no bit of what looks back less far. Recursions only nearly forget,
    # and so do windows whose sums are carried along from the first bar.
    prices = with_others(EVERY_OTHER, price_walk(900, seed=6))
    specs = [kind() for kind in FEATURES]
    late, full = compute_features(prices.iloc[250:], specs).iloc[500:], compute_features(prices, specs).iloc[750:]
    carried = {"higuchi", "fractional_difference"}
    recursive = np.array([spec.settling > 0 or spec.name in carried for spec in specs for _ in spec.columns])
    pd.testing.assert_frame_equal(late.loc[:, ~recursive], full.loc[:, ~recursive], check_exact=True)
    np.testing.assert_allclose(late.loc[:, recursive], full.loc[:, recursive], rtol=1e-9, atol=1e-12)


def test_beside_a_bar_stands_the_close_that_was_known_then():
    prices, other = price_walk(40, seed=7), price_walk(40, seed=8)
    later = other.set_index(other.index + pd.Timedelta(hours=3))
    column = closes_of("SPY")
    assert beside(prices, {"SPY": other})[column].equals(other["close"].rename(column))
    late = beside(prices, {"SPY": later})[column].to_numpy()
    assert np.isnan(late[0])
    assert (late[1:] == other["close"].to_numpy()[:-1]).all()
    holed = beside(prices, {"SPY": other.drop(other.index[[0, 1, 20]]).iloc[:-5]})[column].to_numpy()
    assert np.flatnonzero(np.isnan(holed)).tolist() == [0, 1, 20, *range(35, 40)]
    assert holed[21] == other["close"].iloc[21]
    older = beside(prices.iloc[5:], {"SPY": other.drop(other.index[[5, 6]])})[column].to_numpy()
    assert np.flatnonzero(np.isnan(older)).tolist() == [0, 1]
    few = beside(prices.drop(prices.index[10:15]), {"SPY": later})[column].to_numpy()
    assert few[10] == other["close"].iloc[14]  # the last that closed by then
    assert beside(prices, {"SPY": other.iloc[:0]})[column].isna().all()
    assert beside(prices.iloc[:0], {"SPY": other})[column].empty
    assert beside(prices, {}) is prices


@pytest.mark.parametrize("cut", [1, 60, 100])
def test_what_the_other_does_later_changes_no_bit(cut):
    prices, other = price_walk(140, seed=7), price_walk(140, seed=8)
    other = other.drop(other.index[[30, 50, 59, 61, 99, 120]])
    specs = [Beta(against="SPY", window=20), Spread(against="SPY", window=20)]
    whole = compute_features(beside(prices, {"SPY": other}), specs).iloc[:cut]
    is_before = other.index < prices.index[cut]
    for later in (other.assign(close=other["close"].where(is_before, 7.0)), other[is_before]):
        found = compute_features(beside(prices, {"SPY": later}), specs, is_cut=True).iloc[:cut]
        pd.testing.assert_frame_equal(found, whole, check_exact=True)

import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec
from quant.features.memory import (
    _weigh,
    _weigh_long,
    difference_weights,
    fractional_difference,
    fractional_feature,
    minimum_order,
)
from quant.stationarity import dickey_fuller
from tests.quant.features.generated import price_walk


def test_known_weights():
    assert difference_weights(0.4, 0.02)[:6].tolist() == pytest.approx([1, -0.4, -0.12, -0.064, -0.0416, -0.029952])
    assert difference_weights(1.0, 1e-5).tolist() == [1.0, -1.0]


@pytest.mark.parametrize(("order", "cut_off"), [(0.4, 1e-3), (0.2, 1e-3), (0.75, 1e-2), (1.0, 1e-3)])
def test_difference_by_its_definition(real, order, cut_off):
    values = np.log(real["close"].to_numpy())
    weights = difference_weights(order, cut_off)
    expected = [np.nan] * (weights.size - 1)
    for t in range(weights.size - 1, values.size):
        expected.append(float(weights @ values[t - weights.size + 1 : t + 1][::-1]))
    np.testing.assert_allclose(fractional_difference(values, order, cut_off), expected, rtol=1e-9)


def test_as_mlfinpy_says():
    """Written down from mlfinpy 0.1.2, `frac_diff_ffd(log close of IBM, 0.4, 1e-3)`: first, second and 101st value."""
    sample = pd.read_csv("quant/data/sample/IBM.csv")
    known = fractional_difference(np.log(sample["close"].to_numpy(dtype=float)), 0.4, 1e-3)
    known = known[~np.isnan(known)]
    assert known.size == 3216
    np.testing.assert_allclose(known[[0, 1, 100]], [0.63500697, 0.61797951, 0.65848898], rtol=1e-7)


def test_long_series_are_differenced_alike_up_to_rounding():
    values = np.cumsum(np.random.default_rng(4).normal(size=60_000))
    weights = difference_weights(0.4, 1e-4)
    direct, long = np.full(values.size, np.nan), np.full(values.size, np.nan)
    _weigh(values, weights, direct)
    _weigh_long(values, weights, long)
    np.testing.assert_allclose(long, direct, rtol=1e-8, atol=1e-9)
    np.testing.assert_array_equal(fractional_difference(values, 0.4, 1e-4), long)
    np.testing.assert_array_equal(fractional_difference(values[:15_000], 0.4, 1e-4), direct[:15_000])


def test_the_feature_is_the_difference_but_for_the_level_of_its_window():
    prices = price_walk(400, seed=3)
    feature = fractional_feature(prices, order=0.4, cut_off=1e-3).iloc[:, 0].to_numpy()
    values = np.log(prices["close"].to_numpy())
    width = difference_weights(0.4, 1e-3).size
    plain = fractional_difference(values, 0.4, 1e-3)
    level = pd.Series(values).rolling(width).mean().to_numpy() * difference_weights(0.4, 1e-3).sum()
    np.testing.assert_allclose(feature, plain - level, atol=1e-10)


def test_the_smallest_order_that_passes(real):
    values = np.log(real["close"].to_numpy())
    order = minimum_order(values)
    assert 0.0 < order < 1.0
    assert dickey_fuller(fractional_difference(values, order, 1e-3)).is_stationary
    assert not dickey_fuller(fractional_difference(values, order - 0.05, 1e-3)).is_stationary or order == 0.05
    assert minimum_order(np.random.default_rng(6).normal(size=500)) == 0.05


def test_what_cannot_be_computed_is_refused():
    for order in (0.0, 1.1):
        with pytest.raises(InvalidSpec, match="order above 0"):
            difference_weights(order, 1e-3)
    with pytest.raises(InvalidSpec, match="cut-off above 0"):
        difference_weights(0.4, 0.0)
    with pytest.raises(InvalidSpec, match="n_steps to be at least 1"):
        minimum_order(np.arange(50.0), n_steps=0)

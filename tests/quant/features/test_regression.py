import numpy as np
import pytest
from scipy import stats

from quant.errors import InvalidSpec
from quant.features.regression import linear_regression, regression_slope
from tests.quant.features.generated import price_walk


def test_line_equals_scipys(real):
    close = real["close"].to_numpy()[:300]
    found = linear_regression(close, 25)
    for end in range(24, 300, 17):
        line = stats.linregress(np.arange(25), close[end - 24 : end + 1])
        assert found.slope[end] == pytest.approx(line.slope, rel=1e-9)
        assert found.r_squared[end] == pytest.approx(line.rvalue**2, rel=1e-9)


def test_a_straight_line_is_explained_and_a_flat_one_is_not():
    straight = linear_regression(3.0 + 0.5 * np.arange(30.0), 10)
    np.testing.assert_allclose(straight.slope[9:], 0.5, rtol=1e-12)
    np.testing.assert_allclose(straight.r_squared[9:], 1.0, rtol=1e-12)
    flat = linear_regression(np.full(30, 7.7), 10)
    np.testing.assert_allclose(flat.slope[9:], 0.0, atol=1e-15)
    assert (flat.r_squared[9:] == 0.0).all()


def test_slope_of_the_feature_is_over_the_close():
    prices = price_walk(60, seed=1)
    line = linear_regression(prices["close"], 8)
    found = regression_slope(prices, window=8)
    np.testing.assert_array_equal(found["regression_slope_8"], line.slope / prices["close"].to_numpy())
    np.testing.assert_array_equal(found["regression_r2_8"], line.r_squared)


def test_one_value_has_no_line():
    with pytest.raises(InvalidSpec):
        linear_regression([1.0], 1)

import numpy as np
import pandas as pd
import pytest

from quant.features.extremes import bars_since_maximum, rolling_maximum, rolling_minimum


@pytest.mark.parametrize("window", [1, 2, 3, 7, 8, 9, 60])
def test_extremes_equal_pandas(window):
    values = np.random.default_rng(1).integers(0, 30, 200).astype(float)
    values[[50, 51, 120]] = np.nan
    rolling = pd.Series(values).rolling(window)
    np.testing.assert_array_equal(rolling_maximum(values, window), rolling.max())
    np.testing.assert_array_equal(rolling_minimum(values, window), rolling.min())


@pytest.mark.parametrize("window", [1, 2, 3, 7, 8, 9, 60])
def test_the_newest_of_equal_extremes_is_found(window):
    values = np.random.default_rng(2).integers(0, 5, 200).astype(float)
    values[90] = np.nan
    expected = pd.Series(values).rolling(window).apply(lambda seen: np.argmax(seen[::-1]), raw=True)
    np.testing.assert_array_equal(bars_since_maximum(values, window), expected)


@pytest.mark.parametrize("extreme", [rolling_maximum, rolling_minimum, bars_since_maximum])
def test_fewer_values_than_the_window_has_are_unknown(extreme):
    assert np.isnan(extreme(np.ones(3), 4)).all()
    assert extreme(np.ones(0), 4).size == 0

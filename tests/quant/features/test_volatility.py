import math

import numpy as np
import pandas as pd
import pytest
import talib

from quant.errors import InvalidSpec
from quant.features.volatility import (
    atr_relative,
    average_true_range,
    bollinger_bands,
    bollinger_position,
    rolling_standard_deviation,
    trailing_volatility,
    true_range,
)
from tests.quant.features.generated import price_walk


def high_low_close(frame):
    return tuple(frame[column].to_numpy() for column in ("high", "low", "close"))


@pytest.mark.parametrize(("window", "width"), [(20, 2.0), (2, 1.0), (5, 3.5), (200, 2.0)])
def test_bollinger_bands_equal_talib(real, window, width):
    close = real["close"].to_numpy()
    upper, middle, lower = talib.BBANDS(close, window, width, width)
    bands = bollinger_bands(close, window, width)
    np.testing.assert_allclose(bands.middle, middle, rtol=1e-9)
    np.testing.assert_allclose(bands.upper, upper, rtol=1e-9)
    np.testing.assert_allclose(bands.lower, lower, rtol=1e-9)


def test_sample_deviation_would_widen_the_bands(real):
    close = real["close"]
    bands = bollinger_bands(close, 20)
    wide = 4.0 * close.rolling(20).std().to_numpy()[19:]
    assert math.sqrt(20 / 19) == pytest.approx(1.02598, abs=5e-6)
    np.testing.assert_allclose(wide / (bands.upper - bands.lower)[19:], math.sqrt(20 / 19), rtol=1e-6)


@pytest.mark.parametrize("window", [2, 20, 100])
def test_standard_deviation_equals_pandas_and_talib(real, window):
    close = real["close"]
    # Both peers keep a running sum of squares, of which few digits are left in a calm window: MSFT closes twice at one
    # price three times, and pandas says 3e-8. Against each window taken alone, ours are tested in test_windows.
    sample = rolling_standard_deviation(close, window)
    np.testing.assert_allclose(sample, close.rolling(window).std(), rtol=1e-6, atol=1e-7)
    population = rolling_standard_deviation(close, window, ddof=0)
    np.testing.assert_allclose(population, talib.STDDEV(close.to_numpy(), window), rtol=1e-6, atol=1e-7)


def test_true_range_equals_talib_to_the_last_bit(real):
    prices = high_low_close(real)
    np.testing.assert_array_equal(true_range(*prices), talib.TRANGE(*prices))


@pytest.mark.parametrize("window", [2, 14, 100])
def test_average_true_range_equals_talib(real, window):
    prices = high_low_close(real)
    np.testing.assert_allclose(average_true_range(*prices, window), talib.ATR(*prices, window), rtol=1e-9)


def test_average_true_range_is_seeded_without_the_first_bar(real):
    high, low, close = high_low_close(real)
    found = average_true_range(high, low, close, 14)
    assert np.flatnonzero(~np.isnan(found))[0] == 14
    ranges = [max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1])) for i in range(1, 16)]
    assert found[14] == pytest.approx(sum(ranges[:14]) / 14, rel=1e-12)
    assert found[15] == pytest.approx((13 * found[14] + ranges[14]) / 14, rel=1e-12)
    assert abs(found[15] - sum(ranges[1:]) / 14) > 1e-6  # the simple mean is another number


@pytest.mark.parametrize(
    ("unknown", "felt_at"), [("high", [2]), ("low", [2]), ("close", [3])], ids=["high", "low", "close"]
)
def test_true_range_knows_what_it_needs(unknown, felt_at):
    prices = pd.DataFrame({"high": [3.0, 4.0, 5.0, 6.0, 7.0], "low": [1.0] * 5, "close": [2.0] * 5})
    prices.loc[2, unknown] = np.nan
    assert np.flatnonzero(np.isnan(true_range(*high_low_close(prices)))).tolist() == [0, *felt_at]


def test_gaps_count_as_range():
    found = true_range(high=[10.0, 14.0, 8.0], low=[9.0, 13.0, 7.0], close=[9.5, 13.5, 7.5])
    np.testing.assert_array_equal(found, [np.nan, 14.0 - 9.5, 13.5 - 7.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: bollinger_bands([1.0], 0),
        lambda: bollinger_bands([1.0], 2, -1.0),
        lambda: rolling_standard_deviation([1.0], 1),
        lambda: rolling_standard_deviation([1.0], 0, ddof=0),
        lambda: rolling_standard_deviation([1.0], 2, ddof=-1),
        lambda: average_true_range([1.0], [1.0], [1.0], 0),
        lambda: true_range([1.0, 2.0], [1.0], [1.0]),
    ],
)
def test_impossible_parameters_are_refused(call):
    with pytest.raises(InvalidSpec):
        call()


def test_volatility_is_that_of_simple_returns():
    prices = price_walk(80, seed=1)
    expected = prices["close"].pct_change().rolling(20).std()
    found = trailing_volatility(prices, window=20)["volatility_20"]
    pd.testing.assert_series_equal(found, expected, check_names=False, rtol=1e-9)


def test_bollinger_position_and_width():
    prices = price_walk(80, seed=2)
    close = prices["close"].to_numpy()
    upper, middle, lower = talib.BBANDS(close, 10, 1.5, 1.5)
    found = bollinger_position(prices, window=10, width=1.5)
    np.testing.assert_allclose(found["bollinger_width_10_1.5"], (upper - lower) / middle, rtol=1e-7)
    moved = ~(upper == lower)
    np.testing.assert_allclose(
        found["bollinger_position_10_1.5"][moved],
        ((close - lower)[moved] / (upper - lower)[moved]),
        rtol=1e-7,
        atol=1e-9,
    )
    assert (found["bollinger_position_10_1.5"][~moved] == 0.5).all()


def test_between_bands_without_width_the_close_is_in_the_middle():
    prices = price_walk(30, seed=3).assign(close=7.7)
    found = bollinger_position(prices, window=10, width=2.0).iloc[9:]
    assert (found["bollinger_position_10_2"] == 0.5).all()
    assert (found["bollinger_width_10_2"] == 0.0).all()


def test_average_true_range_over_the_close():
    prices = price_walk(80, seed=4)
    expected = talib.ATR(*high_low_close(prices), 14) / prices["close"].to_numpy()
    np.testing.assert_allclose(atr_relative(prices, window=14)["atr_14"], expected, rtol=1e-9)

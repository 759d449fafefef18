import numpy as np
import pandas as pd
import pytest
import talib

from quant.errors import InvalidSpec
from quant.features.catalog import ExponentialMovingAverage, Macd, SimpleMovingAverage
from quant.features.trend import (
    ema_distance,
    exponential_moving_average,
    macd,
    macd_relative,
    simple_moving_average,
    sma_distance,
    weighted_moving_average,
    wma_distance,
)
from tests.quant.features.generated import price_walk


@pytest.mark.parametrize("window", [2, 5, 20, 50, 200])
def test_sma_equals_talib(real, window):
    for column in ("close", "volume"):
        values = real[column].to_numpy()
        np.testing.assert_allclose(simple_moving_average(values, window), talib.SMA(values, window), rtol=1e-9)


@pytest.mark.parametrize("window", [2, 12, 20, 26, 200])
def test_ema_equals_talib(real, window):
    close = real["close"].to_numpy()
    np.testing.assert_allclose(exponential_moving_average(close, window), talib.EMA(close, window), rtol=1e-9)


@pytest.mark.parametrize(("fast", "slow", "signal"), [(12, 26, 9), (2, 3, 2), (5, 35, 5), (50, 200, 1), (24, 26, 40)])
def test_macd_equals_talib(real, fast, slow, signal):
    close = real["close"].to_numpy()
    # The lines cross zero; relative to the price they are differences of, they must agree to 1e-9 and do to 1e-13.
    for ours, theirs in zip(macd(close, fast, slow, signal), talib.MACD(close, fast, slow, signal), strict=True):
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        np.testing.assert_allclose(ours / close, theirs / close, rtol=1e-9, atol=1e-13)


def test_first_signal_is_at_bar_33(real):
    for line in macd(real["close"]):
        assert np.flatnonzero(~np.isnan(line))[0] == 33


def test_macd_averages_are_seeded_where_the_slow_seed_ends(real):
    close = real["close"].to_numpy()
    line = macd(close, 12, 26, 1).line
    assert line[25] == pytest.approx(close[14:26].mean() - close[:26].mean(), rel=1e-12)
    # Seeded over closes 0 to 11, the fast average is another one, for a while.
    other = exponential_moving_average(close, 12) - exponential_moving_average(close, 26)
    assert abs(other[50] - line[50]) > 1e-6
    assert abs(other[400] - line[400]) < 1e-12


def test_the_span_without_warm_up_is_another_average(real):
    close = real["close"]
    loose = close.ewm(span=20, adjust=False).mean().to_numpy()
    ours = exponential_moving_average(close, 20)
    assert abs(loose[20] / ours[20] - 1) > 1e-3
    np.testing.assert_allclose(loose[400:], ours[400:], rtol=1e-12)


def test_macd_begins_anew_after_an_unknown_value():
    values = price_walk(120, seed=1)["close"].to_numpy().copy()
    begun_anew = macd(values[41:], 3, 6, 4)
    values[40] = np.nan
    for line, fresh in zip(macd(values, 3, 6, 4), begun_anew, strict=True):
        assert np.isnan(line[40:49]).all()
        np.testing.assert_array_equal(line[41:], fresh)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9])
def test_macd_of_few_values(n):
    lines = macd(np.arange(1.0, n + 1), 3, 6, 4)
    for line in lines:
        assert line.shape == (n,)
        assert np.isfinite(line).sum() == max(0, n - 8)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: simple_moving_average([1.0], 0), "window"),
        (lambda: exponential_moving_average([1.0], 0), "window"),
        (lambda: macd([1.0], fast=0), "fast"),
        (lambda: macd([1.0], signal=0), "signal"),
        (lambda: macd([1.0], fast=26), "slow"),
    ],
)
def test_impossible_windows_are_refused(call, field):
    with pytest.raises(InvalidSpec) as caught:
        call()
    assert caught.value.field == field


def test_features_are_the_indicators_over_the_close():
    prices = price_walk(120, seed=2)
    close = prices["close"].to_numpy()
    sma = sma_distance(prices, window=10)[SimpleMovingAverage(window=10).columns[0]]
    np.testing.assert_allclose(sma, close / talib.SMA(close, 10) - 1, rtol=1e-9, atol=1e-13)
    ema = ema_distance(prices, window=10)[ExponentialMovingAverage(window=10).columns[0]]
    np.testing.assert_allclose(ema, close / talib.EMA(close, 10) - 1, rtol=1e-9, atol=1e-13)
    lines = macd_relative(prices, fast=4, slow=9, signal=3)[list(Macd(fast=4, slow=9, signal=3).columns)]
    expected = np.column_stack(talib.MACD(close, 4, 9, 3)) / close[:, None]
    np.testing.assert_allclose(lines, expected, rtol=1e-9, atol=1e-13)


def test_known_answers():
    # 1 2 3 -> seed 2; then 0.5 x 8 + 0.5 x 2 = 5; then 0.5 x 1 + 0.5 x 5 = 3
    np.testing.assert_array_equal(exponential_moving_average([1, 2, 3, 8, 1], 3), [np.nan, np.nan, 2, 5, 3])
    np.testing.assert_array_equal(simple_moving_average([1, 2, 3, 8, 4], 3), [np.nan, np.nan, 2, 13 / 3, 5])
    pd.testing.assert_series_equal(
        sma_distance(price_walk(5, seed=1).assign(close=[2.0, 4.0, 4.0, 1.0, 3.0]), window=2)["sma_2"].reset_index(
            drop=True
        ),
        pd.Series([np.nan, 1 / 3, 0.0, -0.6, 0.5], name="sma_2"),
    )


def test_weighted_average_by_hand():
    np.testing.assert_allclose(weighted_moving_average([1.0, 2.0, 4.0], 3)[2], (1.0 + 4.0 + 12.0) / 6.0, rtol=1e-15)
    prices = price_walk(60, seed=5)
    expected = prices["close"].to_numpy() / weighted_moving_average(prices["close"], 9) - 1.0
    np.testing.assert_array_equal(wma_distance(prices, window=9)["wma_9"], expected)

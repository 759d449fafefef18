import math

import numpy as np
import pandas as pd
import pytest
import talib

from quant.errors import InvalidSpec
from quant.features.momentum import relative_strength_index
from quant.features.standard import COLUMNS, standard_set, standard_values
from quant.features.trend import exponential_moving_average, macd, simple_moving_average
from quant.features.volatility import average_true_range, bollinger_bands, rolling_standard_deviation
from tests.quant.features.generated import price_walk


def alone(high, low, close):
    bands = bollinger_bands(close)
    returns = np.log(close / np.concatenate([[np.nan], close[:-1]]))
    return np.stack(
        [
            simple_moving_average(close, 20),
            exponential_moving_average(close, 20),
            relative_strength_index(close),
            *macd(close),
            *bands,
            average_true_range(high, low, close),
            rolling_standard_deviation(returns, 20) * math.sqrt(252),
        ]
    )


def by_talib(high, low, close):
    returns = np.log(close / np.concatenate([[np.nan], close[:-1]]))
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    return np.stack(
        [
            talib.SMA(close, 20),
            talib.EMA(close, 20),
            talib.RSI(close, 14),
            *talib.MACD(close, 12, 26, 9),
            lower,
            middle,
            upper,
            talib.ATR(high, low, close, 14),
            talib.STDDEV(returns, 20) * math.sqrt(252 * 20 / 19),
        ]
    )


def ranges(frame):
    return tuple(frame[name].to_numpy() for name in ("high", "low", "close"))


def test_the_set_is_the_indicators_alone_and_talibs(real):
    found = standard_values(*ranges(real))
    scale = np.nanmax(np.abs(found), axis=1, keepdims=True)  # MACD crosses zero, where no digit is left to either
    for expected in (alone(*ranges(real)), by_talib(*ranges(real))):
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_bars", [0, 1, 20, 34, 35, 36, 290, 291, 1500])
def test_the_set_is_the_indicators_alone_for_any_number_of_bars(n_bars):
    prices = ranges(price_walk(n_bars, seed=1))
    np.testing.assert_allclose(standard_values(*prices), alone(*prices), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("row", [3, 700, 1499])
def test_around_an_unknown_price_the_set_is_the_indicators_alone(column, row):
    prices = [values.copy() for values in ranges(price_walk(1500, seed=2))]
    prices[column][row] = np.nan
    np.testing.assert_allclose(standard_values(*prices), alone(*prices), rtol=1e-12)


def test_cutting_off_the_future_changes_no_bit():
    prices = ranges(price_walk(1500, seed=3))
    whole = standard_values(*prices)
    for cut in (36, 500, 546, 1024, 1499):
        np.testing.assert_array_equal(standard_values(*(each[:cut] for each in prices)), whole[:, :cut])


def test_where_to_write_can_be_said():
    prices = ranges(price_walk(100, seed=4))
    out = np.zeros((11, 100))
    assert standard_values(*prices, out=out) is out
    np.testing.assert_array_equal(out, standard_values(*prices))
    for wrong in (np.zeros((11, 99)), np.zeros((11, 100), dtype=np.float32), np.zeros((100, 11)).T):
        with pytest.raises(InvalidSpec, match="contiguous numbers of shape"):
            standard_values(*prices, out=wrong)


def test_the_set_of_a_frame_has_names_and_its_bars():
    prices = price_walk(60, seed=5)
    found = standard_set(prices)
    assert tuple(found.columns) == COLUMNS
    pd.testing.assert_index_equal(found.index, prices.index)
    np.testing.assert_array_equal(found.to_numpy().T, standard_values(*ranges(prices)))


@pytest.mark.parametrize("move", [1.1, 1.13, 1.14, 2.0, 0.5, 1e-3, 1.0])
def test_moves_of_any_size_have_their_logarithm(move):
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(3).normal(0.0, 0.01, 700)))
    close[400:] *= move
    prices = close * 1.01, close * 0.99, close
    np.testing.assert_allclose(standard_values(*prices)[-1], alone(*prices)[-1], rtol=1e-9)

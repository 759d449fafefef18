import numpy as np
import pandas as pd
import pytest
import talib

from quant.errors import InvalidSpec
from quant.features.momentum import rate_of_change, relative_strength_index, rsi, trailing_return
from tests.quant.features.generated import price_walk

# fmt: off
CLOSES = pd.Series([
    44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28,
    46.28, 46.00, 46.03, 46.41, 46.22, 45.64, 46.21, 46.25, 45.71, 46.45, 45.78, 45.35, 44.03, 44.18,
    44.22, 44.57, 43.42, 42.66, 43.13,
])
# fmt: on


def test_known_answers():
    found = relative_strength_index(CLOSES, 14)
    assert np.isnan(found[:14]).all()
    np.testing.assert_allclose(found[14:20], [70.46, 66.25, 66.48, 69.35, 66.29, 57.92], atol=0.005)
    assert found[32] == pytest.approx(37.79, abs=0.005)


@pytest.mark.parametrize(
    ("average", "wrong"),
    [
        (lambda moves: moves.ewm(alpha=1 / 14, adjust=False).mean(), 33.74),
        (lambda moves: moves.ewm(span=14, adjust=False).mean(), 31.31),
        (lambda moves: moves.rolling(14).mean(), 30.22),
    ],
    ids=["first change as seed", "span for Wilder's weight", "simple means"],
)
def test_wrong_variants_are_other_numbers(average, wrong):
    change = CLOSES.diff().dropna()
    gain, loss = average(change.clip(lower=0)), average(-change.clip(upper=0))
    variant = 100 - 100 / (1 + gain / loss)
    assert variant.iloc[-1] == pytest.approx(wrong, abs=0.01)
    assert abs(relative_strength_index(CLOSES, 14)[-1] - variant.iloc[-1]) > 4


@pytest.mark.parametrize("window", [2, 9, 14, 100])
def test_rsi_equals_talib(real, window):
    close = real["close"].to_numpy()
    np.testing.assert_allclose(relative_strength_index(close, window), talib.RSI(close, window), rtol=1e-9)


def test_no_movement_is_neutral_where_talib_says_zero():
    still = np.full(30, 12.5)
    assert (relative_strength_index(still, 14)[14:] == 50.0).all()
    assert (talib.RSI(still, 14)[14:] == 0.0).all()


def test_only_gains_are_100_and_only_losses_0():
    assert (relative_strength_index(np.arange(1.0, 40.0) ** 1.5, 14)[14:] == 100.0).all()
    assert (relative_strength_index(np.arange(40.0, 1.0, -1.0) ** 1.5, 14)[14:] == 0.0).all()


def test_rsi_begins_anew_after_an_unknown_value():
    values = price_walk(60, seed=1)["close"].to_numpy().copy()
    begun_anew = relative_strength_index(values[31:], 5)
    values[30] = np.nan
    found = relative_strength_index(values, 5)
    assert np.isnan(found[30:36]).all()
    np.testing.assert_array_equal(found[31:], begun_anew)


@pytest.mark.parametrize("window", [1, 5, 20])
def test_rate_of_change_equals_talib(real, window):
    close = real["close"].to_numpy()
    np.testing.assert_allclose(rate_of_change(close, window), talib.ROCP(close, window), rtol=1e-9, atol=1e-15)


def test_rate_of_change_of_few_values():
    for n in range(4):
        assert np.isnan(rate_of_change(np.arange(1.0, n + 1), 3)).all()
    np.testing.assert_array_equal(rate_of_change([1.0, 2.0, 4.0, 3.0], 3), [np.nan, np.nan, np.nan, 2.0])


@pytest.mark.parametrize("indicator", [rate_of_change, relative_strength_index])
def test_impossible_windows_are_refused(indicator):
    with pytest.raises(InvalidSpec, match="window to be at least 1; found 0"):
        indicator([1.0, 2.0], 0)


def test_features_are_the_indicators_over_the_close():
    prices = price_walk(60, seed=2)
    close = prices["close"]
    pd.testing.assert_series_equal(
        trailing_return(prices, window=4)["return_4"], close / close.shift(4) - 1, check_names=False
    )
    np.testing.assert_array_equal(rsi(prices, window=7)["rsi_7"], relative_strength_index(close, 7))

import numpy as np
import pytest

from quant.features.catalog import FEATURES, BollingerBands, ExponentialMovingAverage, SimpleMovingAverage
from quant.features.compute import compute_features
from quant.features.overlays import price_lines


@pytest.mark.parametrize("entry", [SimpleMovingAverage(window=10), ExponentialMovingAverage(window=10)])
def test_the_average_is_that_which_the_distance_is_measured_from(prices, entry):
    average = price_lines(prices, entry)["average"]
    distance = compute_features(prices, [entry]).iloc[:, 0]

    np.testing.assert_allclose(prices["close"] / average - 1, distance, atol=1e-12)
    assert average.isna().sum() == entry.warm_up


def test_the_bands_are_those_in_which_the_position_is_told(prices):
    entry = BollingerBands(window=20, width=1.5)
    lines = price_lines(prices, entry)
    position, width = compute_features(prices, [entry]).to_numpy().T

    np.testing.assert_allclose((lines["upper"] - lines["lower"]) / lines["middle"], width, atol=1e-12)
    within = (prices["close"] - lines["lower"]) / (lines["upper"] - lines["lower"])
    np.testing.assert_allclose(within, position, atol=1e-9)


def test_the_lines_of_a_beginning_are_the_beginning_of_the_lines(prices):
    for entry in (SimpleMovingAverage(), ExponentialMovingAverage(), BollingerBands()):
        short, whole = price_lines(prices.iloc[:200], entry), price_lines(prices, entry)
        np.testing.assert_array_equal(short, whole.iloc[:200])


def test_other_features_have_no_lines_over_the_price(prices):
    overlaid = {"sma", "ema", "bollinger"}
    for entry in FEATURES:
        has_lines = price_lines(prices.iloc[:100], entry()) is not None
        assert has_lines == (entry.model_fields["name"].default in overlaid)

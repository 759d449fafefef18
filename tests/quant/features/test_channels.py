import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from quant.errors import InvalidSpec
from quant.features.catalog import Ichimoku
from quant.features.channels import (
    donchian_channel,
    donchian_position,
    ichimoku,
    ichimoku_distance,
    keltner_channels,
    keltner_position,
)
from tests.quant.features.generated import price_walk


def test_ichimoku_equals_its_definition(real):
    def middle(window):
        return (real["high"].rolling(window).max() + real["low"].rolling(window).min()) / 2

    lines = ichimoku(real["high"], real["low"])
    np.testing.assert_allclose(lines.conversion, middle(9), rtol=1e-12)
    np.testing.assert_allclose(lines.base, middle(26), rtol=1e-12)
    np.testing.assert_allclose(lines.span_a, ((middle(9) + middle(26)) / 2).shift(26), rtol=1e-12)
    np.testing.assert_allclose(lines.span_b, middle(52).shift(26), rtol=1e-12)


def test_the_cloud_under_a_bar_was_made_before_it_and_by_nothing_later():
    prices = price_walk(200, seed=1)
    changed = prices.copy()
    changed.iloc[150 - 26 + 1 :, changed.columns.get_indexer(["high", "low"])] *= 2.0
    before, after = (ichimoku(each["high"], each["low"]) for each in (prices, changed))
    assert before.span_a[150] == after.span_a[150]
    assert before.span_b[150] == after.span_b[150]
    assert before.span_b[151] != after.span_b[151]


def test_distances_from_ichimoku_are_those_of_the_close():
    prices = price_walk(120, seed=2)
    lines = ichimoku(prices["high"], prices["low"], 3, 5, 9, 4)
    found = ichimoku_distance(prices, fast=3, base=5, slow=9, shift=4).iloc[12:]
    close = prices["close"].to_numpy()[12:]
    np.testing.assert_array_equal(found["ichimoku_base_3_5_9_4"], close / lines.base[12:] - 1.0)
    top, bottom = found["ichimoku_cloud_top_3_5_9_4"], found["ichimoku_cloud_bottom_3_5_9_4"]
    assert (top <= bottom).all()


def test_lines_of_ichimoku_are_in_order():
    with pytest.raises(ValidationError, match="expected fast below base below slow; found 9, 26 and 26"):
        Ichimoku(slow=26)


def test_donchian_position_and_width():
    prices = price_walk(80, seed=3)
    top, bottom = prices["high"].rolling(10).max(), prices["low"].rolling(10).min()
    found = donchian_position(prices, window=10)
    moved = top > bottom
    expected = ((prices["close"] - bottom) / (top - bottom))[moved]
    pd.testing.assert_series_equal(found["donchian_position_10"][moved], expected, check_names=False, rtol=1e-12)
    width = (top - bottom) / ((top + bottom) / 2)
    pd.testing.assert_series_equal(found["donchian_width_10"], width, check_names=False, rtol=1e-12)
    assert found["donchian_position_10"].dropna().between(0.0, 1.0).all()


def test_keltner_position_is_that_between_its_lines():
    prices = price_walk(80, seed=4)
    lines = keltner_channels(prices["high"], prices["low"], prices["close"], 10, 1.5, 7)
    found = keltner_position(prices, window=10, width=1.5, atr_window=7).iloc[9:]
    close, lower, upper = prices["close"].to_numpy()[9:], lines.lower[9:], lines.upper[9:]
    np.testing.assert_allclose(found["keltner_position_10_1.5_7"], (close - lower) / (upper - lower), rtol=1e-9)
    np.testing.assert_allclose(found["keltner_width_10_1.5_7"], (upper - lower) / lines.middle[9:], rtol=1e-9)


def test_without_any_range_the_close_is_in_the_middle():
    still = price_walk(60, seed=5).assign(open=5.0, high=5.0, low=5.0, close=5.0)
    assert (keltner_position(still, window=5, width=2.0, atr_window=5).iloc[5:, 0] == 0.5).all()
    assert (donchian_position(still, window=5).iloc[4:, 0] == 0.5).all()
    assert (donchian_position(still, window=5).iloc[4:, 1] == 0.0).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: donchian_channel([1.0], [1.0], 0),
        lambda: keltner_channels([1.0], [1.0], [1.0], 0),
        lambda: keltner_channels([1.0], [1.0], [1.0], width=-1.0),
        lambda: ichimoku([1.0], [1.0], 0),
        lambda: ichimoku([1.0], [1.0], shift=-1),
    ],
)
def test_impossible_parameters_are_refused(call):
    with pytest.raises(InvalidSpec):
        call()

import math

import numpy as np
import pytest
import talib

from quant.features.volume import relative_volume
from tests.quant.features.generated import price_walk


def relative(volumes, window):
    prices = price_walk(len(volumes), seed=1).assign(volume=np.asarray(volumes, dtype=float))
    return relative_volume(prices, window=window)[f"relative_volume_{window}"].to_numpy()


def test_usual_is_zero_and_busy_is_positive():
    # 1 3 -> mean 2: log((1 + 1.5) / 2); 3 3 -> mean 3: usual; 3 1 -> mean 2: log((1 + 0.5) / 2)
    found = relative([1.0, 3.0, 3.0, 1.0], 2)
    np.testing.assert_allclose(found, [np.nan, math.log(1.25), 0.0, math.log(0.75)], rtol=1e-15)


def test_a_bar_without_volume_is_at_the_floor():
    assert relative([4.0, 4.0, 0.0], 2)[-1] == pytest.approx(-math.log(2), rel=1e-15)


def test_where_nobody_trades_no_volume_is_usual():
    np.testing.assert_array_equal(relative([0.0, 0.0, 0.0], 2), [np.nan, 0.0, 0.0])


def test_order_is_that_of_the_plain_ratio(real):
    volume = real["volume"].to_numpy()
    ratio = volume / talib.SMA(volume, 20)
    found = relative(volume, 20)
    np.testing.assert_allclose(found, np.log((1 + ratio) / 2), rtol=1e-9, atol=1e-12)
    assert (np.sign(found[19:]) == np.sign(ratio[19:] - 1)).all()


def test_unknown_volume_is_not_no_volume():
    found = relative([1.0, np.nan, 1.0, 1.0], 2)
    np.testing.assert_array_equal(np.isnan(found), [True, True, True, False])

import numpy as np
import pytest

from quant.errors import InvalidSpec
from quant.features.oscillators import (
    cci,
    commodity_channel_index,
    mfi,
    money_flow_index,
    stochastic,
    stochastic_oscillator,
    true_strength_index,
    tsi,
    typical_price,
    williams,
    williams_percent_range,
)
from tests.quant.features.generated import price_walk


def arrays(prices, *names):
    return tuple(prices[name].to_numpy() for name in names)


def test_features_are_the_indicators_of_the_frame():
    prices = price_walk(200, seed=1)
    bars = arrays(prices, "high", "low", "close")
    k, d = stochastic_oscillator(*bars, 10, 2, 4)
    found = stochastic(prices, window=10, smooth=2, signal=4)
    np.testing.assert_array_equal(found.to_numpy().T, [k, d])
    np.testing.assert_array_equal(williams(prices, window=9)["williams_r_9"], williams_percent_range(*bars, 9))
    np.testing.assert_array_equal(cci(prices, window=9)["cci_9"], commodity_channel_index(*bars, 9))
    np.testing.assert_array_equal(tsi(prices, slow=9, fast=4)["tsi_9_4"], true_strength_index(bars[2], 9, 4))
    np.testing.assert_array_equal(mfi(prices, window=9)["mfi_9"], money_flow_index(*bars, prices["volume"], 9))


def test_stochastic_by_hand():
    # Ranges 1 to 5, then 2 to 6; places (3 - 1) / 4 and (5 - 2) / 4.
    found = stochastic_oscillator([5.0, 4.0, 6.0], [1.0, 2.0, 3.0], [2.0, 3.0, 5.0], window=2, smooth=1, signal=2)
    np.testing.assert_array_equal(found.k, [np.nan, np.nan, 75.0])
    np.testing.assert_array_equal(found.d, [np.nan, np.nan, 62.5])


def test_cci_by_hand():
    # Typical prices 1, 2, 6: mean 3, mean absolute deviation 2, so (6 - 3) / (0.015 x 2).
    flat = [1.0, 2.0, 6.0]
    assert commodity_channel_index(flat, flat, flat, window=3)[-1] == pytest.approx(100.0)


def test_mfi_by_hand():
    # Money: up 2 x 10 = 20, unchanged 2 x 50, down 1 x 5 = 5.
    flat = [1.0, 2.0, 2.0, 1.0]
    assert money_flow_index(flat, flat, flat, [9.0, 10.0, 50.0, 5.0], window=3)[-1] == pytest.approx(80.0)


def test_sums_that_differ_by_rounding_alone_are_no_movement():
    # 30.01 + 29.70 + 29.94 and 29.99 + 29.75 + 29.91 are both 89.65, but not as they are added.
    high, low, close = [30.01, 29.99], [29.70, 29.75], [29.94, 29.91]
    typical = typical_price(*(np.array(each) for each in (high, low, close)))
    assert typical[0] != typical[1]
    assert money_flow_index(high, low, close, [1.0, 1.0], window=1)[-1] == 50.0


def test_tsi_is_100_while_all_rises_and_0_without_movement():
    assert true_strength_index(np.arange(1.0, 60.0) ** 1.5)[-1] == pytest.approx(100.0)
    assert true_strength_index(-np.arange(1.0, 60.0))[-1] == pytest.approx(-100.0)
    assert (true_strength_index(np.full(60, 3.0))[37:] == 0.0).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: stochastic_oscillator([1.0], [1.0], [1.0], 0),
        lambda: stochastic_oscillator([1.0], [1.0, 2.0], [1.0]),
        lambda: williams_percent_range([1.0], [1.0], [1.0], 0),
        lambda: commodity_channel_index([1.0], [1.0], [1.0], 0),
        lambda: true_strength_index([1.0], 0, 1),
        lambda: money_flow_index([1.0], [1.0], [1.0], [1.0], 0),
    ],
)
def test_impossible_parameters_are_refused(call):
    with pytest.raises(InvalidSpec):
        call()

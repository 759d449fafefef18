import numpy as np
import pytest

from quant.errors import InvalidSpec
from quant.features.directional import adx, aroon, aroon_indicator, directional_movement
from tests.quant.features.generated import price_walk


def test_directional_movement_by_hand():
    # Of bar 1 the high rises by 2, the low falls by 1: up 2. Bar 2: down 3. Wilder's sum at window 2 halves what was.
    high, low, close = [10.0, 12.0, 11.0], [8.0, 7.0, 4.0], [9.0, 11.0, 5.0]
    found = directional_movement(high, low, close, window=2)
    reach = 0.5 * 5.0 + 7.0
    assert found.plus[2] == pytest.approx(100.0 * (0.5 * 2.0) / reach)
    assert found.minus[2] == pytest.approx(100.0 * 3.0 / reach)
    assert np.isnan(found.strength).all()


def test_without_movement_shares_are_zero_and_the_strength_stays():
    still = np.full(40, 5.0)
    found = directional_movement(still, still, still, window=3)
    assert (found.plus[3:] == 0.0).all()
    assert (found.strength[5:] == 0.0).all()


def test_all_begin_anew_after_an_unknown_bar():
    prices = price_walk(120, seed=2)
    broken = prices.copy()
    broken.iloc[50, broken.columns.get_loc("low")] = np.nan
    found = adx(broken, window=5)
    np.testing.assert_array_equal(found.iloc[51:], adx(prices.iloc[51:], window=5))
    assert found.iloc[50].isna().all()


def test_the_strength_declares_the_warm_up_of_all():
    found = adx(price_walk(60, seed=3), window=14)
    assert list(found.columns) == ["adx_14", "plus_di_14", "minus_di_14"]
    assert found.iloc[:27].isna().all(axis=None)
    assert found.iloc[27:].notna().all(axis=None)


def test_aroon_by_hand():
    found = aroon([1.0, 5.0, 5.0, 2.0, 3.0], [1.0, 0.5, 2.0, 2.0, 3.0], window=4)
    assert found.up[-1] == 50.0  # of the two highs of 5, the one two bars ago
    assert found.down[-1] == 25.0
    assert np.isnan(found.up[:4]).all()


def test_aroon_is_that_of_the_frame():
    prices = price_walk(60, seed=4)
    lines = aroon(prices["high"], prices["low"], 7)
    np.testing.assert_array_equal(aroon_indicator(prices, window=7).to_numpy().T, [lines.up, lines.down])


@pytest.mark.parametrize("call", [lambda: directional_movement([1.0], [1.0], [1.0], 1), lambda: aroon([1.0], [1.0], 0)])
def test_impossible_parameters_are_refused(call):
    with pytest.raises(InvalidSpec):
        call()

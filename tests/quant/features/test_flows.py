import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from quant.errors import InvalidSpec
from quant.features.catalog import AmihudIlliquidity
from quant.features.flows import (
    accumulation_distribution,
    accumulation_line,
    amihud,
    amihud_illiquidity,
    chaikin_money_flow,
    cmf,
    obv,
    on_balance_volume,
    rolling_vwap,
    vwap_distance,
)
from tests.quant.features.generated import price_walk


def arrays(prices, *names):
    return tuple(prices[name].to_numpy() for name in names)


def test_change_of_on_balance_volume_over_all_volume():
    prices = price_walk(100, seed=1)
    close, volume = arrays(prices, "close", "volume")
    line = on_balance_volume(close, volume)
    expected = (line[20:] - line[:-20]) / np.array([volume[i - 19 : i + 1].sum() for i in range(20, 100)])
    np.testing.assert_allclose(obv(prices, window=20)["obv_20"][20:], expected, rtol=1e-9, atol=1e-12)


def test_money_flow_is_the_change_of_the_accumulation_line_over_all_volume():
    prices = price_walk(100, seed=2)
    prices["volume"] += 1.0
    bars = arrays(prices, "high", "low", "close", "volume")
    line = accumulation_distribution(*bars)
    expected = (line[20:] - line[:-20]) / np.array([bars[3][i - 19 : i + 1].sum() for i in range(20, 100)])
    np.testing.assert_allclose(chaikin_money_flow(*bars, 20)[20:], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(cmf(prices, window=20)["cmf_20"], chaikin_money_flow(*bars, 20))


def test_the_accumulation_line_is_held_against_its_own_last_values():
    prices = price_walk(200, seed=8)
    line = pd.Series(accumulation_distribution(*arrays(prices, "high", "low", "close", "volume")), prices.index)
    windows = line.rolling(20)
    expected = (line - windows.mean()) / windows.std(ddof=0)
    found = accumulation_line(prices, window=20)["accumulation_20"]
    moves = windows.max() > windows.min()
    np.testing.assert_allclose(found[moves], expected[moves], rtol=1e-6, atol=1e-8)
    assert (found.iloc[19:][~moves.iloc[19:]] == 0.0).all()
    assert found.iloc[:19].isna().all()


def test_a_line_that_only_moved_before_its_window_stands_at_its_mean():
    prices = price_walk(60, seed=9)
    prices.iloc[10:, prices.columns.get_loc("volume")] = 0.0
    found = accumulation_line(prices, window=20)["accumulation_20"]
    assert (found.iloc[29:] == 0.0).all()
    assert (found.iloc[19:25] != 0.0).any()


def test_once_something_is_unknown_a_sum_of_everything_is():
    line = on_balance_volume([1.0, 2.0, np.nan, 3.0, 4.0], [1.0] * 5)
    assert np.isnan(line[2:]).all()
    assert not np.isnan(line[:2]).any()


def test_vwap_by_hand():
    flat = [1.0, 2.0, 3.0]
    found = rolling_vwap(flat, flat, flat, [0.0, 3.0, 1.0], window=2)
    np.testing.assert_array_equal(found, [np.nan, 2.0, 2.25])


def test_where_nothing_was_traded_all_bars_weigh_the_same():
    flat = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(rolling_vwap(flat, flat, flat, [0.0] * 3, window=2), [np.nan, 1.5, 2.5])


def test_distance_from_vwap_is_that_of_the_close():
    prices = price_walk(60, seed=3)
    bars = arrays(prices, "high", "low", "close", "volume")
    np.testing.assert_array_equal(vwap_distance(prices, window=7)["vwap_7"], bars[2] / rolling_vwap(*bars, 7) - 1.0)


def test_amihud_by_hand_leaves_out_bars_without_volume():
    # Returns 1 and -1/2 on 2 x 5 and 1 x 1 of money; between them a bar without volume.
    found = amihud_illiquidity([1.0, 2.0, 2.0, 1.0], [9.0, 5.0, 0.0, 1.0], window=3)
    assert found[3] == pytest.approx((1.0 / 10.0 + 0.5 / 1.0) / 2.0)
    assert np.isnan(amihud_illiquidity([1.0, 2.0, 3.0], [0.0] * 3, window=2)).all()


def test_amihud_over_its_usual_value():
    prices = price_walk(200, seed=4).assign(volume=1000.0)
    close, volume = arrays(prices, "close", "volume")
    newest, usual = (amihud_illiquidity(close, volume, window) for window in (5, 60))
    found = amihud(prices, window=5, baseline=60)["amihud_5_60"]
    np.testing.assert_allclose(found[60:], np.log(0.5 + 0.5 * newest / usual)[60:], rtol=1e-9, atol=1e-12)


def test_where_nothing_was_traded_lately_illiquidity_is_as_usual():
    prices = price_walk(80, seed=5).assign(volume=1000.0)
    prices.iloc[70:, prices.columns.get_loc("volume")] = 0.0
    assert (amihud(prices, window=5, baseline=60).iloc[74:] == 0.0).all(axis=None)


def test_the_usual_is_longer_than_the_newest():
    with pytest.raises(ValidationError, match="window must be below baseline; found window 20 and baseline 20"):
        AmihudIlliquidity(window=20, baseline=20)


@pytest.mark.parametrize(
    "call",
    [
        lambda: on_balance_volume([1.0], [1.0, 2.0]),
        lambda: chaikin_money_flow([1.0], [1.0], [1.0], [1.0], 0),
        lambda: rolling_vwap([1.0], [1.0], [1.0], [1.0], 0),
        lambda: amihud_illiquidity([1.0], [1.0], 0),
    ],
)
def test_impossible_parameters_are_refused(call):
    with pytest.raises(InvalidSpec):
        call()

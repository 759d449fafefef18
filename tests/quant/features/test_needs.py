import numpy as np
import pytest

from quant.errors import InvalidPrices, NotEnoughData
from quant.features.catalog import AverageTrueRange, RelativeVolume, Return
from quant.features.compute import compute_features
from quant.features.needs import check_bars, check_needs
from tests.quant.features.generated import price_walk


@pytest.mark.parametrize("nothing", [0.0, np.nan])
def test_features_of_volume_are_refused_by_name_where_there_is_none(nothing):
    index = price_walk(50, seed=1).assign(volume=nothing)
    specs = [Return(), RelativeVolume(), RelativeVolume(window=5)]
    with pytest.raises(NotEnoughData, match=r"^Relative volume: expected bars with volume of VIX; found none"):
        check_needs(index, specs, "VIX")
    with pytest.raises(NotEnoughData, match=r"^Relative volume: .* of this instrument"):
        compute_features(index, specs)
    check_needs(index, [Return(), AverageTrueRange()])


def test_one_bar_with_volume_is_enough():
    thin = price_walk(50, seed=1).assign(volume=0.0)
    thin.iloc[30, thin.columns.get_loc("volume")] = 10.0
    values = compute_features(thin, [RelativeVolume(window=5)]).iloc[4:]
    assert np.isfinite(values).all(axis=None)


def test_what_is_left_of_a_history_is_not_refused_for_what_came_later():
    index = price_walk(50, seed=1).assign(volume=0.0)
    assert (compute_features(index, [RelativeVolume(window=5)], is_cut=True).iloc[4:] == 0.0).all(axis=None)


def test_too_few_bars_are_refused_by_name():
    with pytest.raises(NotEnoughData, match=r"more than 20 bars, which return_20 needs .* found 20 of GOOG"):
        check_bars(price_walk(20, seed=1), [Return(window=20), Return(window=5)], "GOOG")


@pytest.mark.parametrize("is_cut", [False, True])
def test_infinite_numbers_are_refused_by_name(is_cut):
    prices = price_walk(50, seed=1)
    prices.iloc[7, prices.columns.get_loc("close")] = np.inf
    with pytest.raises(InvalidPrices, match="infinite close at 2001-01-09"):
        compute_features(prices, [Return()], is_cut=is_cut)
    assert compute_features(prices, [RelativeVolume()], is_cut=is_cut).shape == (50, 1)

import pytest

from quant.features.catalog import BollingerBands, FeatureEntry, Macd, Return
from quant.features.catalog.entry import settling_after


def test_an_entry_must_declare_its_warm_up():
    with pytest.raises(TypeError, match="FeatureEntry does not declare its warm-up"):
        _ = FeatureEntry().warm_up


def test_columns_name_their_parameters():
    assert Return(window=3).columns == ("return_3",)
    assert BollingerBands(width=2.5).columns == ("bollinger_position_20_2.5", "bollinger_width_20_2.5")
    assert Macd().columns == ("macd_12_26_9", "macd_signal_12_26_9", "macd_histogram_12_26_9")


def test_a_seed_counts_one_per_cent_when_it_has_settled():
    assert 0.9 ** settling_after(0.1) <= 0.01 < 0.9 ** (settling_after(0.1) - 1)

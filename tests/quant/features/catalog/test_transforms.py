import pytest
from pydantic import TypeAdapter, ValidationError

from quant.features.catalog import FeatureSpec, Lag, Macd, OnBalanceVolume, Return, Rolling


def test_warm_up_is_that_of_both():
    assert Lag(of=Return(window=5), bars=3).warm_up == 8
    assert Rolling(of=Macd(), window=10).warm_up == 33 + 9
    assert Rolling(of=Macd(), window=10).settling == Macd().settling


def test_columns_say_what_they_are_made_of():
    assert Lag(of=Return(window=5), bars=3).columns == ("return_5_lag_3",)
    assert Rolling(of=Macd(), statistic="rank", window=10).columns[1] == "macd_signal_12_26_9_rank_10"


def test_what_it_is_made_of_needs_what_it_needs():
    assert Lag(of=OnBalanceVolume()).needs == ("close", "volume")


def test_a_transform_is_made_of_a_plain_feature_by_name():
    adapter = TypeAdapter(FeatureSpec)
    spec = adapter.validate_python({"name": "lag", "bars": 2, "of": {"name": "return", "window": 3}})
    assert spec == Lag(of=Return(window=3), bars=2)
    with pytest.raises(ValidationError, match="Input tag 'lag' found"):
        adapter.validate_python({"name": "lag", "of": {"name": "lag"}})

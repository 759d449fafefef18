import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from quant.features.catalog import Lag, Macd, SimpleMovingAverage
from quant.features.columns import columns_values, to_frame, values_of
from quant.features.trend import sma_distance
from tests.quant.features.generated import price_walk


def test_rows_of_a_block_become_columns_without_a_copy():
    prices = price_walk(3, seed=1)
    block = np.arange(6.0).reshape(2, 3)
    frame = to_frame(prices, block, ("a", "b"))
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [3.0, 4.0, 5.0]}, index=prices.index))
    assert np.shares_memory(frame.to_numpy(), block)


def test_several_columns_at_once():
    prices = price_walk(5, seed=1)
    high, low = columns_values(prices, "high", "low")
    assert (high == prices["high"]).all()
    assert (low == prices["low"]).all()


def test_a_feature_called_by_itself_is_a_frame_of_its_values():
    prices = price_walk(80, seed=2)
    for entry in (SimpleMovingAverage(window=7), Macd(), Lag(of=Macd(), bars=2)):
        frame, values = entry.load()(prices, **entry.parameters()), values_of(prices, entry)
        assert tuple(frame.columns) == entry.columns
        assert frame.index.equals(prices.index)
        np.testing.assert_array_equal(frame.to_numpy(), np.column_stack(values))


def test_parameters_of_a_feature_called_by_itself_are_checked():
    with pytest.raises(ValidationError, match="window"):
        sma_distance(price_walk(80, seed=2), window=0)

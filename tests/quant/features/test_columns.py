import numpy as np
import pandas as pd

from quant.features.columns import columns_values, to_frame
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

import numpy as np
import pandas as pd
import pytest

from quant.features.columns import column_values, columns_values, read_once, to_frame
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


def test_a_column_is_read_once_and_cannot_be_written_to():
    prices = price_walk(5, seed=1)
    once = read_once(prices)
    close = column_values(once, "close")
    assert column_values(once, "close") is close
    np.testing.assert_array_equal(close, prices["close"])
    with pytest.raises(ValueError, match="read-only"):
        close[0] = 1.0
    pd.testing.assert_frame_equal(pd.DataFrame(once), prices)


def test_what_is_cut_from_a_frame_that_is_read_once_is_an_ordinary_frame():
    once = read_once(price_walk(5, seed=1))
    column_values(once, "close")
    later = once.iloc[2:]
    assert type(later) is pd.DataFrame
    assert column_values(later, "close").size == 3

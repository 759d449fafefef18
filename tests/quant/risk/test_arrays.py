import numpy as np
import pandas as pd

from quant.risk.arrays import known, to_array


def test_series_lists_and_arrays_become_float64():
    for values in ([1, 2], np.array([1, 2]), pd.Series([1, 2], index=[7, 8])):
        assert to_array(values).dtype == np.float64
        assert to_array(values).tolist() == [1.0, 2.0]


def test_unknown_values_are_left_out_and_never_zero():
    assert known([np.nan, 1.0, np.nan, -2.0]).tolist() == [1.0, -2.0]
    assert known([]).tolist() == []

import numpy as np
import pandas as pd

from quant.risk.arrays import Sample, columns_of, known, to_array, to_sample


def test_series_lists_and_arrays_become_float64():
    for values in ([1, 2], np.array([1, 2]), pd.Series([1, 2], index=[7, 8])):
        assert to_array(values).dtype == np.float64
        assert to_array(values).tolist() == [1.0, 2.0]


def test_unknown_values_are_left_out_and_never_zero():
    assert known([np.nan, 1.0, np.nan, -2.0]).tolist() == [1.0, -2.0]
    assert known([]).tolist() == []


def test_a_sample_knows_what_numpy_computes_to_the_last_bit():
    values = np.random.default_rng(3).normal(0.001, 0.01, 501)
    sample = to_sample(np.concatenate([[np.nan], values]))
    assert len(sample) == 501
    assert sample.mean == values.mean()
    assert sample.deviation == values.std(ddof=1)
    np.testing.assert_array_equal(sample.ascending, np.sort(values))
    np.testing.assert_array_equal(sample.less(0.01).numbers, values - 0.01)
    assert sample.less(0.0) is sample
    assert to_sample(sample) is sample
    assert known(sample) is to_array(sample)


def test_a_sample_of_nothing_has_no_moments():
    assert np.isnan(Sample(np.empty(0)).mean)
    assert np.isnan(Sample(np.ones(1)).deviation)


def test_columns_are_the_same_from_one_block_and_from_many():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": [3.0, 4.0]})
    mixed = frame.assign(name=["x", "y"])
    for found in (columns_of(frame, "b", "a"), columns_of(mixed, "b", "a")):
        assert [column.dtype for column in found] == [np.float64, np.float64]
        np.testing.assert_array_equal(found, [[3.0, 4.0], [1.0, np.nan]])

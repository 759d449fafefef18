import numpy as np
import pandas as pd

from quant.risk.arrays import Sample, known, to_array, to_sample


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
    tallied = Sample(values)
    assert (tallied.tally.mean, tallied.deviation) == (sample.mean, sample.deviation)
    np.testing.assert_array_equal(sample.ascending, np.sort(values))
    np.testing.assert_array_equal(sample.less(0.01).numbers, values - 0.01)
    assert sample.less(0.0) is sample
    assert to_sample(sample) is sample
    assert known(sample) is to_array(sample)


def test_a_sample_of_nothing_has_no_moments():
    assert np.isnan(Sample(np.empty(0)).mean)
    assert np.isnan(Sample(np.ones(1)).deviation)

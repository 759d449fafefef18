import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec
from quant.features.arrays import as_aligned_values, as_values, check_at_least, quotient
from quant.features.trend import simple_moving_average


def test_sound_arrays_are_not_copied():
    values = np.arange(3.0)
    assert as_values(values) is values


def test_lists_integers_series_and_strides_are_accepted():
    expected = np.array([np.nan, 0.5, 1.5])
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    for values in ([0, 1, 2], np.arange(3), pd.Series([0.0, 1.0, 2.0]), np.arange(0.0, 3.0, 0.5)[::2], frozen):
        np.testing.assert_array_equal(simple_moving_average(values, 2), expected)


@pytest.mark.parametrize("values", [3.0, [[1.0, 2.0]], pd.DataFrame({"close": [1.0]})], ids=["number", "rows", "frame"])
def test_other_dimensions_are_refused(values):
    with pytest.raises(InvalidSpec, match=r"Expected values of one dimension; found [02]"):
        as_values(values)


def test_series_of_other_lengths_are_refused():
    with pytest.raises(InvalidSpec, match="one length; found high 2, low 3"):
        as_aligned_values(high=[1.0, 2.0], low=[1.0, 2.0, 3.0])


def test_a_parameter_too_small_is_named():
    check_at_least(1, window=1)
    with pytest.raises(InvalidSpec, match="Expected window to be at least 1; found 0") as caught:
        check_at_least(1, signal=2, window=0)
    assert caught.value.field == "window"
    with pytest.raises(InvalidSpec, match="found nan"):
        check_at_least(0, width=float("nan"))


def test_a_division_by_zero_is_what_was_agreed_and_unknown_stays_unknown():
    found = quotient(np.array([1.0, 0.0, np.nan, 1.0]), np.array([2.0, 0.0, 0.0, np.nan]), 7.0)
    np.testing.assert_array_equal(found, [0.5, 7.0, np.nan, np.nan])

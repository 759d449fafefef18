import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.services.thinning import first_of, highest_of, last_of, line_of, lowest_of, stretch_starts, sum_of

VALUES = st.lists(st.floats(-100, 100) | st.just(np.nan), min_size=1, max_size=40).map(np.array)


@settings(max_examples=60)
@given(VALUES, st.integers(1, 9))
def test_each_stretch_is_what_its_bars_say(values, width):
    starts = stretch_starts(len(values), width)
    stretches = np.split(values, starts[1:])
    known = [stretch[~np.isnan(stretch)] for stretch in stretches]

    def of(what):
        return [what(each) if len(each) else np.nan for each in known]

    assert [len(each) for each in stretches[1:]] == [width] * (len(stretches) - 1)
    np.testing.assert_array_equal(first_of(values, starts), of(lambda each: each[0]))
    np.testing.assert_array_equal(last_of(values, starts), of(lambda each: each[-1]))
    np.testing.assert_array_equal(highest_of(values, starts), of(np.max))
    np.testing.assert_array_equal(lowest_of(values, starts), of(np.min))
    np.testing.assert_allclose(sum_of(values, starts), of(np.sum), atol=1e-9)


def test_a_line_keeps_the_spike_and_the_last_value_of_each_stretch():
    values = np.array([1.0, 1.0, 9.0, 1.0, 2.0, -7.0, 2.0, 2.0])

    assert line_of(values, stretch_starts(8, 4)).tolist() == [9.0, 1.0, -7.0, 2.0]


def test_two_bars_a_stretch_lose_nothing():
    values = np.array([3.0, 1.0, np.nan, 5.0, 2.0, 2.0])

    np.testing.assert_array_equal(line_of(values, stretch_starts(6, 2))[[0, 1, 3, 4, 5]], values[[0, 1, 3, 4, 5]])

import numpy as np
import pytest

from quant.features.recursions import end_of_run, exponential_average


def average_of(values, window, weight):
    averages = np.empty_like(values)
    exponential_average(values, window, weight, averages)
    return averages


def plain_recursion(values, window, weight):
    """The definition, one bar after the other."""
    averages = np.full(values.size, np.nan)
    known, seed = 0, []
    for i, value in enumerate(values):
        if np.isnan(value):
            known, seed = 0, []
            continue
        known += 1
        seed.append(value)
        if known == window:
            averages[i] = np.mean(seed)
        elif known > window:
            averages[i] = averages[i - 1] + weight * (value - averages[i - 1])
    return averages


def test_end_of_run():
    values = np.array([1.0, np.nan, 1.0, 1.0, np.nan, 1.0, 1.0, 1.0])
    assert [end_of_run(values, 0, length) for length in (1, 2, 3, 4)] == [1, 4, 8, -1]
    assert end_of_run(values, 3, 2) == 7
    assert end_of_run(values, 8, 1) == -1


@pytest.mark.parametrize("window", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("n_unknown", [0, 1, 5, 40])
def test_equal_to_the_definition(window, n_unknown):
    rng = np.random.default_rng(window)
    for n in (*range(30), 200):
        values = rng.normal(100.0, 5.0, n)
        values[rng.permutation(n)[:n_unknown]] = np.nan
        weight = 2 / (window + 1)
        expected = plain_recursion(values, window, weight)
        np.testing.assert_allclose(average_of(values, window, weight), expected, rtol=1e-13)


def test_every_length_gives_the_same_bits():
    # Four bars are done in a step; the last one to three must come out as if the step had been complete.
    values = np.random.default_rng(1).lognormal(0.0, 1.0, 200)
    values[[37, 90, 91, 120]] = np.nan
    full = average_of(values, 6, 0.3)
    for n in range(values.size + 1):
        np.testing.assert_array_equal(average_of(values[:n], 6, 0.3), full[:n])


def test_an_unknown_value_changes_no_bit_before_it():
    values = np.random.default_rng(2).lognormal(0.0, 1.0, 60)
    full = average_of(values, 5, 0.2)
    for unknown in range(values.size):
        broken = values.copy()
        broken[unknown] = np.nan
        np.testing.assert_array_equal(average_of(broken, 5, 0.2)[:unknown], full[:unknown])


def test_may_write_into_its_own_values():
    values = np.random.default_rng(3).lognormal(0.0, 1.0, 50)
    values[[0, 20]] = np.nan
    expected = average_of(values, 4, 0.25)
    exponential_average(values, 4, 0.25, values)
    np.testing.assert_array_equal(values, expected)

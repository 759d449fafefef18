import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.features.windows import CHUNK, rolling_dot, rolling_mean, rolling_moments

WINDOWS = (1, 2, 3, 4, 5, 7, 14, 16, 20, 31, 63, 64, 200, 255, 400)


def means_of(values, window):
    means = np.empty_like(values)
    rolling_mean(values, window, means)
    return means


def moments_of(values, window, ddof=0):
    means, deviations = np.empty_like(values), np.empty_like(values)
    rolling_moments(values, window, ddof, means, deviations)
    return means, deviations


def windows_of(values, window):
    return np.lib.stride_tricks.sliding_window_view(values, window)


@pytest.mark.parametrize("window", WINDOWS)
def test_equal_to_each_window_taken_alone(window):
    values = np.random.default_rng(1).lognormal(3.0, 1.0, 2 * CHUNK + window + 5)
    alone = windows_of(values, window)
    means, deviations = moments_of(values, window)
    for found, expected in ((means_of(values, window), alone.mean(axis=1)), (means, alone.mean(axis=1))):
        assert np.isnan(found[: window - 1]).all()
        np.testing.assert_allclose(found[window - 1 :], expected, rtol=1e-14)
    assert np.isnan(deviations[: window - 1]).all()
    np.testing.assert_allclose(deviations[window - 1 :], alone.std(axis=1), rtol=1e-13, atol=0)


def test_sample_deviation():
    values = np.random.default_rng(2).normal(size=100)
    expected = windows_of(values, 20).std(axis=1, ddof=1)
    np.testing.assert_allclose(moments_of(values, 20, ddof=1)[1][19:], expected, rtol=1e-13)


@given(data=st.data(), window=st.integers(1, 400), seed=st.integers(0, 2**32 - 1))
def test_a_value_rests_on_its_window_alone_to_the_last_bit(data, window, seed):
    values = np.random.default_rng(seed).lognormal(0.0, 2.0, CHUNK + 600)
    last = data.draw(st.integers(window - 1, values.size - 1))
    alone = values[last - window + 1 : last + 1].copy()
    assert means_of(values, window)[last] == means_of(alone, window)[-1]
    for along, by_itself in zip(moments_of(values, window), moments_of(alone, window), strict=True):
        assert along[last] == by_itself[-1]


@pytest.mark.parametrize("window", [1, 5, 20, 64, 401])
def test_series_no_longer_than_the_window(window):
    for n in range(window + 1):
        values = np.arange(1.0, n + 1)
        complete = n == window
        assert np.isnan(means_of(values, window)).sum() == n - complete
        assert np.isnan(moments_of(values, window)[1]).sum() == n - complete


@pytest.mark.parametrize("window", [2, 14, 50])
def test_nan_is_felt_while_it_is_in_the_window_and_no_longer(window):
    values = np.random.default_rng(3).normal(100.0, 1.0, 2 * CHUNK)
    broken = values.copy()
    broken[[0, 500, CHUNK]] = np.nan
    in_window = np.zeros(values.size, dtype=bool)
    for position in (0, 500, CHUNK):
        in_window[position : position + window] = True
    for found, whole in zip(
        (means_of(broken, window), *moments_of(broken, window)),
        (means_of(values, window), *moments_of(values, window)),
        strict=True,
    ):
        np.testing.assert_array_equal(found, np.where(in_window, np.nan, whole))


def test_large_values_leave_nothing_behind():
    # A running sum would carry the lost digits of the large values along for ever.
    values = np.concatenate([np.full(100, 1e17), np.full(300, 1.0)])
    assert (means_of(values, 10)[110:] == 1.0).all()
    means, deviations = moments_of(values, 10)
    assert (means[110:] == 1.0).all()
    assert (deviations[110:] == 0.0).all()


def test_no_drift_over_a_million_bars():
    values = np.random.default_rng(4).lognormal(4.0, 3.0, 1_000_000)
    last = [values[-200:], values[-201:-1]]
    expected = [math.fsum(window) / 200 for window in reversed(last)]
    np.testing.assert_allclose(means_of(values, 200)[-2:], expected, rtol=1e-15)


def test_deviation_small_beside_its_mean_keeps_its_digits():
    values = 1e9 + np.random.default_rng(5).normal(0.0, 1e-3, 60)
    _, deviations = moments_of(values, 20)
    for last in (19, 40, 59):
        window = [Fraction(value) for value in values[last - 19 : last + 1]]
        mean = sum(window) / 20
        exact = math.sqrt(float(sum((value - mean) ** 2 for value in window) / 20))
        # Numbers near 1e9 are rounded to 1e-7, a 1e-4th of this deviation; a difference of squares is off by 1e7 of it.
        assert deviations[last] == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-300, 12345.678])
@pytest.mark.parametrize("window", [2, 3, 20, 31])
def test_equal_values_have_no_deviation_at_all(value, window):
    means, deviations = moments_of(np.full(100, value), window)
    assert (deviations[window - 1 :] == 0.0).all()
    assert (means[window - 1 :] == value).all()


@pytest.mark.parametrize("window", [1, 2, 20, 300])
def test_weighted_sums_are_those_of_each_window_alone(window):
    rng = np.random.default_rng(5)
    values, weights = rng.normal(size=2500), rng.normal(size=window)
    values[700] = np.nan
    totals = np.empty_like(values)
    rolling_dot(values, weights, totals)
    seen = np.lib.stride_tricks.sliding_window_view(values, window)
    np.testing.assert_allclose(totals[window - 1 :], seen @ weights, rtol=1e-9, atol=1e-12)
    assert np.isnan(totals[: window - 1]).all()

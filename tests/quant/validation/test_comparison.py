import math

import numpy as np
import pytest

from quant.block_length import usual_block
from quant.bootstrap import stationary_bootstrap
from quant.validation.comparison import (
    LEAST_RETURNS,
    _times_drawn,
    holm,
    resampled_differences,
    sharpe_difference,
)


@pytest.fixture
def rng():
    return np.random.default_rng(20260111)


def correlated(rng, n, *, means=(0.0, 0.0), correlation=0.5):
    covariance = [[1.0, correlation], [correlation, 1.0]]
    return rng.multivariate_normal(means, covariance, size=n).T


def test_ratios_and_error_by_hand():
    first, second = np.tile([0.03, -0.01, 0.02, 0.0], 6), np.tile([0.01, 0.02, -0.02, 0.01], 6)
    found = sharpe_difference(first, second, periods_per_year=4, n_lags=0)

    ratios = [each.mean() / each.std() for each in (first, second)]
    assert found.first == pytest.approx(2 * ratios[0])
    assert found.difference == pytest.approx(2 * (ratios[0] - ratios[1]))
    # Each bar's influence on a Sharpe ratio: z - S z^2 / 2 + S / 2 (Lo 2002), here written independently.
    z = [(each - each.mean()) / each.std() for each in (first, second)]
    influence = [z_ - ratio * (z_**2 - 1) / 2 for z_, ratio in zip(z, ratios, strict=True)]
    assert found.standard_error == pytest.approx(2 * (influence[0] - influence[1]).std() / math.sqrt(24))
    assert found.upper - found.lower == pytest.approx(2 * 1.959963984540054 * found.standard_error)


def test_of_independent_normal_returns_it_is_memmels_formula(rng):
    n, correlation, means = 400_000, 0.6, (0.3, 0.1)
    found = sharpe_difference(*correlated(rng, n, means=means, correlation=correlation), periods_per_year=1, n_lags=0)

    a, b = means
    variance = (2 - 2 * correlation + (a**2 + b**2 - 2 * a * b * correlation**2) / 2) / n
    assert found.standard_error == pytest.approx(math.sqrt(variance), rel=0.01)
    assert found.difference == pytest.approx(0.2, abs=5 * math.sqrt(variance))


def test_equal_strategies_are_called_different_one_time_in_twenty(rng):
    p_values = [sharpe_difference(*correlated(rng, 250), periods_per_year=252).p_value for _ in range(600)]

    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.10


def test_dependence_over_time_makes_it_less_sure(rng):
    def smooth(values):
        return np.convolve(values, np.ones(5) / 5, mode="valid")

    first, second = (smooth(each) for each in correlated(rng, 2000))
    robust = sharpe_difference(first, second, periods_per_year=252)
    naive = sharpe_difference(first, second, periods_per_year=252, n_lags=0)

    assert robust.n_lags == 7
    assert robust.standard_error > 1.5 * naive.standard_error


def test_the_other_way_round_is_the_same_with_the_other_sign(rng):
    first, second = correlated(rng, 300, means=(0.1, 0.0))
    one, other = (sharpe_difference(*each, periods_per_year=252) for each in ((first, second), (second, first)))

    assert other.difference == pytest.approx(-one.difference)
    assert (other.p_value, other.standard_error) == pytest.approx((one.p_value, one.standard_error))
    assert other.lower == pytest.approx(-one.upper)


def test_leverage_changes_nothing_and_a_copy_cannot_be_told_apart(rng):
    first, second = correlated(rng, 300, means=(0.1, 0.0))
    plain = sharpe_difference(first, second, periods_per_year=252)
    levered = sharpe_difference(3 * first, second / 7, periods_per_year=252)
    copy = sharpe_difference(first, 2 * first, periods_per_year=252)

    assert (levered.difference, levered.p_value) == pytest.approx((plain.difference, plain.p_value))
    assert copy.difference == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(copy.p_value)


def test_what_is_unknown_at_one_is_left_out_of_both(rng):
    first, second = correlated(rng, 100)
    with_gaps = first.copy()
    with_gaps[[3, 50]] = np.nan
    keep = np.isfinite(with_gaps)

    assert sharpe_difference(with_gaps, second, periods_per_year=252) == sharpe_difference(
        first[keep], second[keep], periods_per_year=252
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [([], []), ([0.1] * 30, list(range(30))), (list(range(LEAST_RETURNS - 1)), list(range(LEAST_RETURNS - 1)))],
)
def test_too_little_to_tell(first, second):
    found = sharpe_difference(first, second, periods_per_year=252)

    assert math.isnan(found.difference)
    assert math.isnan(found.p_value)
    assert found.n_returns == len(first)


def test_resamples_are_those_of_the_stationary_bootstrap(rng):
    """Bars are drawn as often, and neighbours together as often, as by the kernel that computes everywhere else."""
    n, block, n_resamples = 40, 4.0, 20_000
    ours = _times_drawn(n, n_resamples, block, rng)
    places = stationary_bootstrap(n, n_resamples, block, rng)
    kernels = np.array([np.bincount(row, minlength=n) for row in places])

    assert (ours.sum(axis=1) == n).all()
    assert ours.mean() == pytest.approx(1.0)
    assert np.abs(ours.mean(axis=0) - 1.0).max() < 0.06
    together = [float(np.corrcoef(each[:, 10], each[:, 11])[0, 1]) for each in (ours, kernels)]
    assert together[0] == pytest.approx(together[1], abs=0.03)
    assert together[0] > 0.4


def test_resamples_of_two_strategies_by_hand(rng):
    first, second = correlated(rng, 60, means=(0.3, 0.0))
    [found] = resampled_differences(
        np.column_stack([second, first]), periods_per_year=1, seed=3, n_resamples=200, mean_block=5.0
    )

    counts = _times_drawn(60, 200, 5.0, np.random.default_rng([3, 0x5EED_C0])).astype(int)
    drawn = [[np.repeat(each, count) for each in (first, second)] for count in counts]
    differences = np.array([a.mean() / a.std() - b.mean() / b.std() for a, b in drawn])
    observed = first.mean() / first.std() - second.mean() / second.std()
    assert found.p_value == (1 + (np.abs(differences - observed) >= abs(observed)).sum()) / 201
    assert found.lower == pytest.approx(2 * observed - np.quantile(differences, 0.975, method="inverted_cdf"))
    assert found.upper == pytest.approx(2 * observed - np.quantile(differences, 0.025, method="inverted_cdf"))


def test_resamples_call_equal_strategies_different_one_time_in_twenty(rng):
    p_values = [
        resampled_differences(np.column_stack(correlated(rng, 250)), periods_per_year=252, n_resamples=200)[0].p_value
        for _ in range(300)
    ]

    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.10


def test_blocks_are_as_long_as_the_most_dependent_series_asks(rng):
    calm, _ = correlated(rng, 2_000)
    wild = calm * np.repeat(np.where(rng.random(20) < 0.5, 1.0, 4.0), 100)  # long calm and wild times
    [same] = resampled_differences(np.column_stack([calm, calm[::-1]]), periods_per_year=252, n_resamples=10)
    [other] = resampled_differences(np.column_stack([calm, wild]), periods_per_year=252, n_resamples=10)

    assert same.mean_block == usual_block(calm, calm[::-1]) < 5.0
    assert other.mean_block == usual_block(wild) > 30.0


def test_resamples_say_nothing_of_what_cannot_be_told(rng):
    first, _ = correlated(rng, 100)
    columns = np.column_stack([first, 2 * first, np.zeros(100)])
    scaled, flat = resampled_differences(columns, periods_per_year=252)
    [short] = resampled_differences(columns[: LEAST_RETURNS - 1, :2], periods_per_year=252)

    for found in (scaled, flat, short):
        assert math.isnan(found.p_value)
        assert found.n_resamples == 0


def test_many_tests_ask_for_more():
    assert holm([0.01, np.nan, 0.5, 0.02]) == pytest.approx([0.03, np.nan, 0.5, 0.04], nan_ok=True)
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]

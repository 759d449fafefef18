import math
from statistics import NormalDist

import numpy as np
import pytest

from quant.risk.formulas import (
    annualised_ratio,
    cornish_fisher_loss,
    count_within,
    deviation_of,
    ewma_deviation,
    gains_over_losses,
    growth_rate,
    historical_expected_shortfall,
    historical_tail_ratio,
    historical_value_at_risk,
    moment,
    normal_loss,
    normal_shortfall,
    omega,
    ratio,
)

VALUES = np.array([-0.05, -0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.1])


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(3.0, 2.0, 1.5), (1.0, 0.0, np.nan), (1.0, 1e-15, np.nan), (1e6, 1e-7, np.nan), (1e6, 1e-5, 1e11)],
)
def test_a_ratio_over_rounding_is_unknown(numerator, denominator, expected):
    assert ratio(numerator, denominator) == pytest.approx(expected, nan_ok=True)
    assert annualised_ratio(numerator, denominator, 4.0) == pytest.approx(2.0 * expected, nan_ok=True)
    assert math.isnan(ratio(math.nan, 1.0))


def test_growth_is_of_a_year_and_minus_one_when_all_is_lost():
    assert growth_rate(100.0, 121.0, 24, 12.0) == pytest.approx(0.1)
    assert growth_rate(100.0, 0.0, 24, 12.0) == growth_rate(100.0, -5.0, 24, 12.0) == -1.0
    assert math.isnan(growth_rate(100.0, 100.0, 0, 12.0))


def test_sums_of_too_few_values_say_nothing():
    assert deviation_of(8.0, 3) == 2.0
    assert math.isnan(deviation_of(0.0, 1))
    assert moment(0.5, 3.0, 3, 1.0) == 0.5
    assert math.isnan(moment(0.5, 0.0, 3, 1.0))
    assert math.isnan(moment(0.5, 0.0, 0, math.nan))
    assert omega(3.0, 2.0, 10) == 1.5
    assert math.isnan(omega(3.0, 1e-14, 10))


@pytest.mark.parametrize(
    ("confidence", "n", "expected"), [(0.07, 100, 7), (0.95, 100, 95), (0.95, 10, 10), (0.5, 3, 2)]
)
def test_a_share_of_a_count_is_whole_where_arithmetic_says_so(confidence, n, expected):
    assert count_within(confidence, n) == expected


def test_tails_are_those_of_the_first_values_only():
    ascending = np.concatenate([VALUES, [np.nan]])
    assert historical_value_at_risk(ascending, 10, 0.85) == 0.04
    assert historical_expected_shortfall(ascending, 10, 0.85) == pytest.approx((0.05 + 0.5 * 0.04) / 1.5)
    assert historical_tail_ratio(ascending, 10, 0.95) == 2.0
    for formula in (historical_value_at_risk, historical_expected_shortfall, historical_tail_ratio):
        assert math.isnan(formula(ascending, 0, 0.95))


def test_a_normal_distribution_loses_what_tables_say():
    z = NormalDist().inv_cdf(0.05)
    assert normal_loss(0.001, 0.02, z) == pytest.approx(1.6448536269514722 * 0.02 - 0.001)
    assert normal_shortfall(0.001, 0.02, NormalDist().pdf(z), 0.95) == pytest.approx(2.0627128 * 0.02 - 0.001, rel=1e-6)
    assert cornish_fisher_loss(0.001, 0.02, 0.0, 3.0, z) == normal_loss(0.001, 0.02, z)


def test_a_bent_quantile_is_unknown_where_it_does_not_rise():
    z = NormalDist().inv_cdf(0.05)
    bent = z - (z**2 - 1) / 6 * 0.3 + (z**3 - 3 * z) / 24 * 1.5 - (2 * z**3 - 5 * z) / 36 * 0.09
    assert cornish_fisher_loss(0.0, 1.0, -0.3, 4.5, z) == pytest.approx(-bent)
    assert math.isnan(cornish_fisher_loss(0.0, 1.0, -4.0, 3.0, z))
    assert math.isnan(cornish_fisher_loss(0.0, 1.0, math.nan, math.nan, z))


@pytest.mark.parametrize("n", [1, 2, 9, 1500])
def test_the_latest_squares_count_most(n):
    values = np.random.default_rng(n).normal(0.0, 0.01, n + 1)
    weights = 0.94 ** np.arange(n)[::-1]
    expected = np.sqrt((weights * values[:n] ** 2).sum() / weights.sum())
    assert ewma_deviation(values, n) == pytest.approx(expected, rel=1e-12)
    assert math.isnan(ewma_deviation(values, 0))


def test_gains_over_losses_count_neither_zeros_nor_what_comes_after():
    outcomes = np.array([5.0, -1.0, 0.0, -1.0, 100.0])
    assert gains_over_losses(outcomes, 4) == 2.5
    assert math.isnan(gains_over_losses(outcomes, 1))
    assert math.isnan(gains_over_losses(outcomes, 0))

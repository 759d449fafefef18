import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quant.errors import InvalidSpec, NotEnoughData
from quant.returns import simple_returns
from quant.validation.overfitting import (
    deflated_sharpe_ratio,
    effective_trials,
    expected_best_sharpe,
    expected_maximum,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    return_moments,
)

MONTHLY = {"sharpe": 0.036 / 0.079, "skewness": -2.448, "raw_kurtosis": 10.164}
DAILY = {"sharpe": 2.5 / math.sqrt(250), "n_returns": 1250, "skewness": -3, "raw_kurtosis": 10}
DAILY_VARIANCE = 0.5 / 250
NORMAL = {"skewness": 0, "raw_kurtosis": 3}


def test_the_known_probabilistic_sharpe_ratio():
    assert probabilistic_sharpe_ratio(**MONTHLY, n_returns=24) == pytest.approx(0.9127, abs=5e-5)
    assert probabilistic_sharpe_ratio(MONTHLY["sharpe"], 24, **NORMAL) == pytest.approx(0.9812, abs=5e-5)


def test_excess_kurtosis_is_another_number_and_is_refused_where_it_shows():
    mistaken = math.sqrt(23) * MONTHLY["sharpe"]
    mistaken /= math.sqrt(1 + 2.448 * MONTHLY["sharpe"] + (10.164 - 3 - 1) / 4 * MONTHLY["sharpe"] ** 2)
    assert stats.norm.cdf(mistaken) == pytest.approx(0.9193, abs=5e-5)
    assert abs(stats.norm.cdf(mistaken) - probabilistic_sharpe_ratio(**MONTHLY, n_returns=24)) > 0.006
    with pytest.raises(InvalidSpec, match="Add 3 to an excess kurtosis"):
        probabilistic_sharpe_ratio(1.0, 24, 0.0, 0.0, benchmark=0.6)


def test_a_monthly_ratio_of_one_with_the_right_kurtosis():
    assert probabilistic_sharpe_ratio(1.0, 24, **NORMAL, benchmark=0.6) == pytest.approx(0.941, abs=5e-4)
    assert stats.norm.cdf(0.4 * math.sqrt(23) / math.sqrt(1 - 0.25)) == pytest.approx(0.987, abs=5e-4)  # the mistake


def test_the_known_deflated_sharpe_ratios():
    assert expected_best_sharpe(DAILY_VARIANCE, 100) == pytest.approx(0.1132, abs=5e-5)
    for n_trials, shape, expected in [(100, {}, 0.9004), (46, {}, 0.9505), (88, NORMAL, 0.9505)]:
        found = deflated_sharpe_ratio(**(DAILY | shape), trial_variance=DAILY_VARIANCE, n_trials=n_trials)
        assert found == pytest.approx(expected, abs=5e-5)


def test_annualised_ratios_give_false_certainty():
    annualised = deflated_sharpe_ratio(**(DAILY | {"sharpe": 2.5}), trial_variance=0.5, n_trials=100)
    assert annualised == pytest.approx(1.0, abs=5e-5)
    assert annualised - deflated_sharpe_ratio(**DAILY, trial_variance=DAILY_VARIANCE, n_trials=100) > 0.09


def test_the_known_expected_maxima():
    assert [round(expected_maximum(n), 4) for n in (10, 100, 1000)] == [1.5746, 2.5306, 3.2551]
    assert expected_maximum(1) == 0
    assert expected_maximum(1.1) == 0  # the formula itself is negative here
    with pytest.raises(InvalidSpec, match="at least 1 trial"):
        expected_maximum(0.9)
    with pytest.raises(InvalidSpec, match="at least 1 trial"):
        expected_maximum(math.nan)


@pytest.mark.parametrize(("n_trials", "too_high"), [(10, 0.0233), (100, 0.0092), (1000, 0.0042)])
def test_expected_maxima_are_near_the_exact_ones(n_trials, too_high):
    x = np.linspace(-10, 10, 200_001)
    density_of_maximum = n_trials * stats.norm.pdf(x) * stats.norm.cdf(x) ** (n_trials - 1)
    exact = np.trapezoid(x * density_of_maximum, x)
    assert expected_maximum(n_trials) / exact - 1 == pytest.approx(too_high, abs=5e-4)


def test_the_best_of_worthless_strategies_is_seen_through():
    rng = np.random.default_rng(21)
    verdicts = []
    for _ in range(60):
        moments = [return_moments(returns) for returns in rng.normal(0, 0.01, size=(50, 500))]
        best = max(moments, key=lambda moment: moment.sharpe)
        variance = float(np.var([moment.sharpe for moment in moments], ddof=1))
        shape = (best.sharpe, best.n_returns, best.skewness, best.raw_kurtosis)
        verdicts.append(
            (probabilistic_sharpe_ratio(*shape), deflated_sharpe_ratio(*shape, trial_variance=variance, n_trials=50))
        )
    naive, deflated = np.mean(np.array(verdicts) > 0.95, axis=0)
    assert naive > 0.9  # nearly every winner looks skilled
    assert deflated < 0.12


@settings(max_examples=200, deadline=None)
@given(
    sharpe=st.floats(-1, 1),
    skewness=st.floats(-3, 3),
    extra=st.floats(0, 20),
    n_returns=st.integers(2, 5000),
    n_trials=st.floats(1, 1e4),
    variance=st.floats(0, 0.1),
)
def test_probabilities_behave(sharpe, skewness, extra, n_returns, n_trials, variance):
    kurtosis = 1 + skewness**2 + extra
    alone = probabilistic_sharpe_ratio(sharpe, n_returns, skewness, kurtosis)
    chosen = deflated_sharpe_ratio(sharpe, n_returns, skewness, kurtosis, trial_variance=variance, n_trials=n_trials)
    longer = probabilistic_sharpe_ratio(sharpe, n_returns + 100, skewness, kurtosis)
    assert 0 <= chosen <= alone <= 1
    assert (longer >= alone) if sharpe >= 0 else (longer <= alone)
    assert deflated_sharpe_ratio(sharpe, n_returns, skewness, kurtosis, trial_variance=variance, n_trials=1) == alone


@settings(max_examples=100, deadline=None)
@given(
    sharpe=st.floats(0.02, 1),
    skewness=st.floats(-2, 2),
    extra=st.floats(1, 20),
    confidence=st.floats(0.6, 0.999),
    benchmark=st.floats(-0.5, 0.01),
)
def test_a_track_record_of_the_least_length_just_suffices(sharpe, skewness, extra, confidence, benchmark):
    kurtosis = 1 + skewness**2 + extra
    length = minimum_track_record_length(sharpe, skewness, kurtosis, benchmark=benchmark, confidence=confidence)
    enough = max(math.ceil(length), 2)
    assert probabilistic_sharpe_ratio(sharpe, enough, skewness, kurtosis, benchmark=benchmark) >= confidence - 1e-9
    if math.ceil(length) > 3:
        short = math.ceil(length) - 1
        assert probabilistic_sharpe_ratio(sharpe, short, skewness, kurtosis, benchmark=benchmark) < confidence


def test_no_track_record_shows_what_is_not_there():
    assert minimum_track_record_length(0.1, **NORMAL, benchmark=0.1) == math.inf
    assert minimum_track_record_length(-0.1, **NORMAL) == math.inf
    with pytest.raises(InvalidSpec, match=r"between 0\.5 and 1"):
        minimum_track_record_length(0.1, **NORMAL, confidence=0.5)


def test_moments_are_those_of_scipy_with_raw_kurtosis():
    returns = np.random.default_rng(4).standard_t(5, size=400) * 0.01
    moments = return_moments(returns)
    assert moments.n_returns == 400
    assert moments.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert moments.skewness == pytest.approx(stats.skew(returns))
    assert moments.raw_kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False))
    assert moments.raw_kurtosis == pytest.approx(stats.kurtosis(returns) + 3)
    assert return_moments([*returns, np.nan]) == moments


def test_returns_that_do_not_vary_have_no_sharpe_ratio():
    moments = return_moments([0.1, 0.1, 0.1])
    assert moments.n_returns == 3
    assert math.isnan(moments.sharpe)
    assert math.isnan(
        probabilistic_sharpe_ratio(moments.sharpe, moments.n_returns, moments.skewness, moments.raw_kurtosis)
    )
    assert math.isnan(minimum_track_record_length(moments.sharpe, moments.skewness, moments.raw_kurtosis))


@pytest.mark.parametrize("growth", [0.0001, 0.003, -0.0001])
def test_returns_that_vary_by_rounding_have_no_moments(growth):
    curve = 100.0 * (1.0 + growth) ** np.arange(1000)
    returns = curve[1:] / curve[:-1] - 1.0
    assert returns.std() > 0.0
    moments = return_moments(returns)
    assert np.isnan([moments.sharpe, moments.skewness, moments.raw_kurtosis]).all()


def test_moments_of_real_returns_are_the_plain_ones(prices):
    returns = simple_returns(prices["close"]).dropna().to_numpy()
    moments = return_moments(returns)
    assert moments.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1), rel=1e-12)
    assert moments.skewness == pytest.approx(stats.skew(returns), rel=1e-12)
    assert moments.raw_kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False), rel=1e-12)


def test_a_ratio_that_is_known_exactly_is_certain():
    # Two values whose skewness makes the variance of the Sharpe ratio vanish: skewness 1, kurtosis 2, ratio 2.
    assert probabilistic_sharpe_ratio(2.0, 10, 1.0, 2.0, benchmark=1.9) == 1.0
    assert probabilistic_sharpe_ratio(2.0, 10, 1.0, 2.0, benchmark=2.1) == 0.0
    assert probabilistic_sharpe_ratio(2.0, 10, 1.0, 2.0, benchmark=2.0) == 0.5


def test_two_returns_are_the_least():
    with pytest.raises(NotEnoughData, match="found 1"):
        return_moments([0.1, np.nan])
    with pytest.raises(NotEnoughData, match="found 1"):
        probabilistic_sharpe_ratio(0.1, 1, **NORMAL)


def test_effective_trials_between_one_and_all():
    assert effective_trials(np.eye(7)) == 7
    assert effective_trials(np.ones((7, 7))) == 1
    assert effective_trials([[1.0]]) == 1
    assert effective_trials([[1, 0.2, 0.4], [0.2, 1, 0.6], [0.4, 0.6, 1]]) == pytest.approx(0.4 + 0.6 * 3)
    assert effective_trials([[1, -0.9], [-0.9, 1]]) == 2  # opposites are not more than two


@pytest.mark.parametrize(
    "matrix",
    [
        [],
        [[1, 0.5]],
        [[1, 0.5], [0.4, 1]],
        [[0.5, 0], [0, 1]],
        [[1, 1.5], [1.5, 1]],
        [[1, math.nan], [math.nan, 1]],
        1.0,
    ],
)
def test_what_is_no_correlation_matrix_is_refused(matrix):
    with pytest.raises(InvalidSpec, match="correlation matrix"):
        effective_trials(matrix)


def test_a_variance_is_not_negative():
    for variance in (-0.1, math.nan, math.inf):
        with pytest.raises(InvalidSpec, match="variance of 0 or more"):
            expected_best_sharpe(variance, 10)

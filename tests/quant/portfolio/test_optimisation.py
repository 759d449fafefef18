import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from skfolio import RiskMeasure
from skfolio.moments import LedoitWolf
from skfolio.optimization import InverseVolatility, MeanRisk, ObjectiveFunction, RiskBudgeting
from skfolio.prior import EmpiricalPrior

from quant.errors import ModelError
from quant.portfolio import optimisation
from quant.portfolio.covariance import covariance_of
from quant.portfolio.optimisation import (
    black_litterman,
    blended_means,
    equal_shares,
    inverse_volatility,
    maximum_sharpe,
    minimum_variance,
    risk_parity,
    shrunk_means,
)
from tests.quant.portfolio.test_catalog import SEEDS, market

bounded = settings(max_examples=20, deadline=None)


def searched(objective, n):
    """Return the best shares that a general solver finds."""
    whole = {"type": "eq", "fun": lambda shares: shares.sum() - 1}
    found = minimize(objective, np.full(n, 1 / n), method="SLSQP", bounds=[(0, 1)] * n, constraints=[whole], tol=1e-14)
    return found.x


@bounded
@given(seed=SEEDS)
def test_no_long_only_book_is_calmer(seed):
    returns = market(seed)
    matrix = covariance_of(returns, method="ledoit_wolf")
    shares = minimum_variance(returns)
    scale = np.trace(matrix)
    other = searched(lambda held: held @ matrix @ held / scale, 4)
    assert shares @ matrix @ shares <= (other @ matrix @ other) * (1 + 1e-9)
    slope = matrix @ shares
    held = shares > 1e-12
    np.testing.assert_allclose(slope[held], slope[held].min(), rtol=1e-8)
    assert (slope[~held] >= slope[held].min() * (1 - 1e-8)).all()


@bounded
@given(seed=SEEDS)
def test_no_long_only_book_has_a_higher_ratio(seed):
    returns = market(seed) + 0.002
    matrix, means = covariance_of(returns, method="ledoit_wolf"), returns.mean(axis=0)
    shares = maximum_sharpe(returns, shrink_means=False)

    def ratio(held):
        return held @ means / np.sqrt(held @ matrix @ held)

    assert ratio(shares) >= ratio(searched(lambda held: -ratio(held), 4)) * (1 - 1e-9)


def test_where_nothing_rises_the_calmest_book_is_taken():
    returns = market(1) - 0.05
    np.testing.assert_allclose(maximum_sharpe(returns, shrink_means=False), minimum_variance(returns))


@bounded
@given(seed=SEEDS, n=st.integers(1, 12))
def test_each_brings_the_same_risk(seed, n):
    returns = market(seed, n_instruments=n)
    shares = risk_parity(returns)
    brought = shares * (covariance_of(returns, method="ledoit_wolf") @ shares)
    np.testing.assert_allclose(brought, brought.mean(), rtol=1e-9)


def test_risk_parity_of_two_ignores_their_correlation():
    returns = market(4, n_instruments=2)
    expected = inverse_volatility(returns)
    np.testing.assert_allclose(risk_parity(returns, covariance="sample"), expected, rtol=1e-6)


def test_risk_parity_that_does_not_settle_is_refused(monkeypatch):
    monkeypatch.setattr(optimisation, "_MOST_SWEEPS", 1)
    with pytest.raises(ModelError, match="settle"):
        risk_parity(market(1))


@pytest.mark.parametrize("seed", [3, 8])
def test_skfolio_finds_the_same_to_the_tolerance_of_its_solver(seed):
    """It stops where an interior point method does: its shares are a little off, and never better than ours."""
    returns = market(seed, n_instruments=6) + 0.001
    shrunk = EmpiricalPrior(covariance_estimator=LedoitWolf())
    sharpest = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_RATIO, risk_measure=RiskMeasure.VARIANCE, prior_estimator=shrunk
    )
    parity = RiskBudgeting(risk_measure=RiskMeasure.VARIANCE, prior_estimator=shrunk)
    np.testing.assert_allclose(inverse_volatility(returns), InverseVolatility().fit(returns).weights_, rtol=1e-12)
    for ours, theirs in (
        (minimum_variance(returns), MeanRisk(prior_estimator=shrunk)),
        (maximum_sharpe(returns, shrink_means=False), sharpest),
        (risk_parity(returns), parity),
    ):
        np.testing.assert_allclose(ours, theirs.fit(returns).weights_, atol=1e-3)
    matrix, calmest = (
        covariance_of(returns, method="ledoit_wolf"),
        MeanRisk(prior_estimator=shrunk).fit(returns).weights_,
    )
    calm = minimum_variance(returns)
    assert calm @ matrix @ calm <= (calmest @ matrix @ calmest) * (1 + 1e-9)


def test_means_are_drawn_together_by_bayes_stein_as_by_hand():
    covariance = np.diag([0.04, 0.01])
    means = np.array([0.10, 0.02])
    common = (0.10 / 0.04 + 0.02 / 0.01) / (1 / 0.04 + 1 / 0.01)
    distance = (0.10 - common) ** 2 / 0.04 + (0.02 - common) ** 2 / 0.01
    weight = 4 / (4 + 50 * distance)
    expected = (1 - weight) * means + weight * common
    np.testing.assert_allclose(shrunk_means(means, covariance, n_returns=50), expected)


def test_black_and_litterman_by_hand_for_one_instrument():
    blended = blended_means(np.array([[0.04]]), np.ones(1), np.array([0.02]), confidence=0.5, risk_aversion=2.5)
    np.testing.assert_allclose(blended, [(0.1 + 0.02) / 2])  # as sure of the one as of the other


@bounded
@given(seed=SEEDS)
def test_without_trust_in_the_past_shares_are_equal(seed):
    returns = market(seed)
    np.testing.assert_allclose(black_litterman(returns, confidence=0.0), equal_shares(returns), rtol=1e-7)


def test_trust_leans_towards_what_rose():
    returns = market(6)
    returns[:, 2] += 0.003 - returns[:, 2].mean() + returns.mean()
    little, much = (black_litterman(returns, confidence=trust)[2] for trust in (0.1, 0.9))
    assert 0.25 < little < much

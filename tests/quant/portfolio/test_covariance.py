import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from quant.portfolio.covariance import covariance_of


def test_the_sample_covariance_is_that_of_numpy_but_for_a_billionth_of_the_variance():
    returns = np.random.default_rng(1).normal(0, 0.01, (50, 3))
    found, expected = covariance_of(returns, method="sample"), np.cov(returns, rowvar=False)
    np.testing.assert_allclose(found - expected, np.eye(3) * 1e-9 * np.trace(expected) / 3, atol=1e-18)


def test_ledoit_and_wolf_draw_fewer_returns_further():
    rng = np.random.default_rng(2)
    short, long = rng.normal(0, 1, (10, 5)), rng.normal(0, 1, (5000, 5))
    np.testing.assert_allclose(covariance_of(long, method="ledoit_wolf"), ledoit_wolf(long)[0], rtol=1e-6, atol=1e-8)
    beside = ~np.eye(5, dtype=bool)
    shrunk, measured = (covariance_of(short, method=method)[beside] for method in ("ledoit_wolf", "sample"))
    assert np.abs(shrunk).max() < np.abs(measured).max()


@pytest.mark.parametrize("returns", [np.ones((5, 2)) * [[0.01], [0.02], [0.0], [0.01], [0.03]], np.eye(2, 6)])
def test_it_can_be_inverted_whatever_was_measured(returns):
    matrix = covariance_of(returns, method="sample")
    assert (np.linalg.eigvalsh(matrix) > 0).all()

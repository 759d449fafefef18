import numpy as np
import pytest

from quant.portfolio.hierarchy import hierarchical_risk_parity


def in_order(covariance):
    """Return the order of the paper's tree, by single linkage written out for a handful of instruments."""
    n = len(covariance)
    sd = np.sqrt(np.diag(covariance))
    apart = np.sqrt((1 - np.minimum(covariance / np.outer(sd, sd), 1)) / 2)
    far = np.array([[np.sqrt(((apart[:, i] - apart[:, j]) ** 2).sum()) for j in range(n)] for i in range(n)])
    groups = [[i] for i in range(n)]
    while len(groups) > 1:
        pairs = [(min(far[a, b] for a in x for b in y), i, i + 1 + j)
                 for i, x in enumerate(groups) for j, y in enumerate(groups[i + 1 :])]  # fmt: skip
        _, i, j = min(pairs)
        groups = [group for place, group in enumerate(groups) if place not in {i, j}] + [groups[i] + groups[j]]
    return groups[0]


def test_two_that_move_together_share_what_one_alone_gets():
    rng = np.random.default_rng(7)
    alone, pair = rng.normal(0, 0.01, 4000), rng.normal(0, 0.01, 4000)
    fourth = rng.normal(0, 0.01, 4000)
    returns = np.column_stack([alone, pair, fourth, pair + rng.normal(0, 1e-4, 4000)])
    shares = hierarchical_risk_parity(returns)

    assert shares[1] == pytest.approx(shares[3], rel=0.01)
    assert shares[0] == pytest.approx(shares[2], rel=0.2)
    assert shares[1] + shares[3] < shares[0] + shares[2]


def test_without_correlation_it_is_inverse_variance():
    signs = np.array([[1 if row >> bit & 1 else -1 for bit in range(4)] for row in range(16)])
    deviations = np.array([0.01, 0.02, 0.03, 0.005])
    shares = hierarchical_risk_parity(signs * deviations)
    np.testing.assert_allclose(shares, deviations**-2 / (deviations**-2).sum(), rtol=1e-5)


def test_instruments_that_resemble_each_other_stand_side_by_side():
    rng = np.random.default_rng(3)
    first, second = rng.normal(0, 0.01, (2, 500))
    noise = rng.normal(0, 0.002, (500, 4))
    returns = np.column_stack([first, second, first, second]) + noise
    covariance = np.cov(returns, rowvar=False)
    order = in_order(covariance)
    halves = {frozenset(order[:2]), frozenset(order[2:])}
    assert halves == {frozenset({0, 2}), frozenset({1, 3})}

    shares = hierarchical_risk_parity(returns)
    variance = np.diag(covariance)
    for one, other in ((0, 2), (1, 3)):
        assert shares[one] / shares[other] == pytest.approx(variance[other] / variance[one], rel=1e-6)

"""Every way to divide a book: shares of a whole, and only of what is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.catalog import describe
from quant.portfolio.allocation import shares_of_returns
from quant.portfolio.catalog import ALLOCATIONS, BlackLitterman, HierarchicalRiskParity

WALKING = [kind for kind in ALLOCATIONS if kind.walks]
every = pytest.mark.parametrize("kind", ALLOCATIONS, ids=lambda kind: kind.model_fields["name"].default)
every_walking = pytest.mark.parametrize("kind", WALKING, ids=lambda kind: kind.model_fields["name"].default)
SEEDS = st.integers(0, 2**32 - 1)


def market(seed, n_returns=120, n_instruments=4):
    """Return correlated returns of different size."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.01, (n_returns, 1))
    own = rng.normal(0.0003, 1, (n_returns, n_instruments)) * rng.uniform(0.003, 0.03, n_instruments)
    return common + own


def divided(kind, returns):
    parameters = kind().parameters()
    for name in ("window", "rebalance_bars"):
        parameters.pop(name, None)
    return kind.load()(returns, **parameters)


@every
def test_it_says_what_it_is(kind):
    (entry,) = describe([kind])
    assert entry["title"]
    assert entry["summary"].endswith(".")
    assert entry["reference"]


@every
@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 7))
def test_shares_are_parts_of_a_whole(kind, seed, n):
    shares = divided(kind, market(seed, n_instruments=n))
    assert shares.shape == (n,)
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-12)


# Leaves of a tree may be turned around at each fork, and halves are cut by place.
@pytest.mark.parametrize("kind", [kind for kind in ALLOCATIONS if kind is not HierarchicalRiskParity])
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_order_of_instruments_plays_no_role(kind, seed):
    returns, order = market(seed), np.array([2, 0, 3, 1])
    np.testing.assert_allclose(divided(kind, returns[:, order]), divided(kind, returns)[order], rtol=1e-6, atol=1e-9)


# Means and variances do not scale alike: what follows from a blend of an equilibrium and measured means may change.
@pytest.mark.parametrize("kind", [kind for kind in ALLOCATIONS if kind is not BlackLitterman])
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, scale=st.sampled_from([0.1, 3.0]))
def test_a_common_scale_of_returns_plays_no_role(kind, seed, scale):
    returns = market(seed)
    np.testing.assert_allclose(divided(kind, returns * scale), divided(kind, returns), rtol=1e-6, atol=1e-9)


@every_walking
def test_shares_of_the_past_do_not_know_the_future(kind):
    spec = kind(window=20, rebalance_bars=7)
    returns = pd.DataFrame(np.vstack([np.full(4, np.nan), market(3)]))
    whole = shares_of_returns(returns, spec)
    for cut in (15, 21, 28, 60, 90):
        pd.testing.assert_frame_equal(shares_of_returns(returns.iloc[:cut], spec), whole.iloc[:cut])
        scrambled = returns.copy()
        scrambled.iloc[cut:] = np.random.default_rng(cut).normal(0, 0.5, scrambled.iloc[cut:].shape)
        pd.testing.assert_frame_equal(shares_of_returns(scrambled, spec).iloc[:cut], whole.iloc[:cut])


@every_walking
def test_constant_unknown_and_two_equal_instruments_are_borne(kind):
    returns = np.vstack([np.full(4, np.nan), market(5)])
    returns[:, 1] = returns[:, 0]  # two listings of one share
    returns[:, 2] = 0.0  # never traded
    returns[:60, 3] = np.nan  # begins late
    shares = shares_of_returns(pd.DataFrame(returns), kind(window=20, rebalance_bars=10))

    assert np.isfinite(shares.to_numpy()).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert (shares.iloc[20:][2] == 0).all()
    assert (shares.iloc[20:79][3] == 0).all()
    assert shares.iloc[-1][0] == pytest.approx(shares.iloc[-1][1], abs=1e-4) or kind.category == "Risk and return"

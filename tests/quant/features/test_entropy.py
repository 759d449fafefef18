import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec
from quant.features.entropy import rolling_permutation, rolling_shannon


def entropy_of(counts):
    n = sum(counts)
    return -sum(count / n * math.log(count / n) for count in counts)


@pytest.mark.parametrize(("window", "n_bins"), [(50, 10), (30, 3)])
def test_shannon_by_its_definition(real, window, n_bins):
    close = real["close"].to_numpy()[:300]
    returns = np.log(close[1:] / close[:-1])
    found = rolling_shannon(returns, window, n_bins)
    assert np.isnan(found[: window - 1]).all()
    for end in (window, 111, 299):
        counts = np.histogram(returns[end - window : end], bins=n_bins)[0]
        assert found[end - 1] == pytest.approx(entropy_of([c for c in counts if c]) / math.log(n_bins), rel=1e-9)


@pytest.mark.parametrize("order", [2, 3, 5])
def test_permutation_by_its_definition(real, order):
    close = real["close"].to_numpy()[:300]
    found = rolling_permutation(close, 60, order)
    for end in (60, 111, 299):
        part = close[end - 60 : end]
        orders = Counter(tuple(np.argsort(part[i : i + order], kind="stable")) for i in range(60 - order + 1))
        expected = entropy_of(orders.values()) / math.log(math.factorial(order))
        assert found[end - 1] == pytest.approx(expected, rel=1e-9)


def test_permutation_as_antropy_says():
    """Written down from antropy 0.2.3, `perm_entropy(close[:100], order=3, delay=1, normalize=True)` of IBM, etc."""
    close = pd.read_csv("quant/data/sample/IBM.csv")["close"].to_numpy(dtype=float)[:301]
    found = rolling_permutation(close, 100, 3)[[99, 199, 299]]
    np.testing.assert_allclose(found, [0.9851460125691588, 0.9734951329218401, 0.9754599694205925], rtol=1e-12)


def test_order_and_chance():
    assert rolling_permutation(np.arange(50.0), 50)[-1] == 0.0
    assert rolling_shannon(np.full(50, 2.0), 50)[-1] == 0.0
    noise = np.random.default_rng(7).normal(size=400)
    assert rolling_permutation(noise, 400)[-1] == pytest.approx(1.0, abs=0.01)
    assert rolling_shannon(np.random.default_rng(7).random(4000), 4000)[-1] == pytest.approx(1.0, abs=0.01)


def test_numbers_out_of_bounds_are_refused():
    with pytest.raises(InvalidSpec, match="order to be at most 6; found 7"):
        rolling_permutation(np.zeros(50), 20, 7)
    with pytest.raises(InvalidSpec, match="window to be at least 4; found 3"):
        rolling_permutation(np.zeros(50), 3, 3)
    with pytest.raises(InvalidSpec, match="n_bins to be at least 2"):
        rolling_shannon(np.zeros(50), 20, 1)

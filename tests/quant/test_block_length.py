import math

import numpy as np
import pytest
from scipy.signal import lfilter

from quant.block_length import automatic_block, usual_block


def autoregression(phi, n, seed):
    """Return a series of which each value is this part of the one before, and chance."""
    return lfilter([1.0], [1.0, -phi], np.random.default_rng(seed).normal(size=n))


@pytest.mark.parametrize("phi", [0.2, 0.5, 0.8, -0.5])
def test_the_length_of_a_block_is_what_an_autoregression_asks_for(phi):
    """Patton, Politis and White 2009: the third root of n times the squared ratio of moment and sum, known exactly."""
    n, lags = 100_000, np.arange(1, 400)
    covariances = phi**lags
    ratio = 2.0 * (lags * covariances).sum() / (1.0 + 2.0 * covariances.sum())
    assert ratio == pytest.approx(2.0 * phi / (1.0 - phi**2))
    found = np.mean([automatic_block(autoregression(phi, n, seed)) for seed in range(8)])
    assert found == pytest.approx(abs(ratio) ** (2 / 3) * n ** (1 / 3), rel=0.1)


def test_a_block_by_hand():
    """Six lags at most: all written down once more, with the window of Politis and Romano."""
    values = autoregression(0.7, 60, 3)
    centred, n = values - values.mean(), len(values)
    covariances = [float(centred[lag:] @ centred[: n - lag]) / n for lag in range(20)]
    bound = 2.0 * math.sqrt(math.log10(n) / n)
    large = [abs(covariance) / covariances[0] >= bound for covariance in covariances]
    last = next(lag for lag in range(14) if not any(large[lag + 1 : lag + 6]))
    reach = 2 * max(last, 1)
    parts = [(min(1.0, 2.0 * (1.0 - lag / reach)), lag) for lag in range(1, reach + 1)]
    spectrum = covariances[0] + 2.0 * sum(part * covariances[lag] for part, lag in parts)
    moment = 2.0 * sum(part * lag * covariances[lag] for part, lag in parts)
    assert last >= 1
    assert automatic_block(values) == pytest.approx(((moment / spectrum) ** 2 * n) ** (1 / 3))


def test_the_longest_of_several_blocks_is_taken_and_none_is_longer_than_its_bound():
    calm, wild = np.random.default_rng(1).normal(size=900), autoregression(0.99, 900, 2)
    assert automatic_block(calm) < 4.0
    assert automatic_block(calm, wild) == automatic_block(wild) > 30.0
    taken_back = np.diff(np.random.default_rng(0).normal(size=901))  # three times the root of 900
    assert automatic_block(taken_back) == 90.0
    assert automatic_block(np.full(50, 0.1)) == automatic_block(np.zeros(2)) == automatic_block(np.zeros(0)) == 1.0


def test_the_usual_block_keeps_together_how_large_returns_are():
    rng = np.random.default_rng(4)
    plain = rng.normal(size=2_000)
    wild = plain * np.repeat(np.where(rng.random(20) < 0.5, 1.0, 4.0), 100)  # long calm and wild times
    assert automatic_block(wild) < 5.0
    assert usual_block(plain, wild) == usual_block(wild) == automatic_block(np.abs(wild - wild.mean())) > 30.0
    assert usual_block(np.zeros(0)) == 1.0

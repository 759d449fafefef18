import math

import numpy as np
import pytest

from quant.errors import InvalidSpec, NotEnoughData
from quant.validation.null_test import null_test, usual_block_bars

OPTIONS = {"n_resamples": 199, "mean_block_bars": 5.0, "seed": 1}


def returns(n_bars, n_instruments=1, seed=0):
    return np.random.default_rng(seed).normal(0.0005, 0.01, (n_bars, n_instruments))


def test_positions_that_know_the_next_return_are_never_reached():
    earned = returns(400)
    found = null_test(np.sign(earned), earned, **OPTIONS)
    assert found.p_value == 1 / 200
    assert found.sharpe_ratio > found.resampled.max()


def test_p_values_of_positions_without_skill_are_spread_evenly():
    p_values = []
    for seed in range(60):
        rng = np.random.default_rng(1000 + seed)
        positions = np.repeat(rng.integers(0, 2, 60), 5)[:, None].astype(float)
        p_values.append(null_test(positions, returns(300, seed=seed), **{**OPTIONS, "n_resamples": 99}).p_value)
    assert 0.4 < np.mean(p_values) < 0.6
    assert sum(p <= 0.1 for p in p_values) <= 14  # 6 are expected; more than 14 comes once in 2,000 times


def test_a_rising_market_is_no_timing():
    """Always holding has the same mean whatever the order: about half of the resamples are as good."""
    earned = returns(500) + 0.01
    assert null_test(np.ones_like(earned), earned, **OPTIONS).p_value > 0.2


def test_the_p_value_counts_what_is_at_least_as_good_and_itself():
    earned, positions = returns(120, 3), np.random.default_rng(3).normal(size=(120, 3))
    found = null_test(positions, earned, **OPTIONS)
    mean = (positions * earned).mean(axis=1)
    assert found.sharpe_ratio == pytest.approx(mean.mean() / mean.std(ddof=1))
    assert found.p_value == ((found.resampled >= found.sharpe_ratio).sum() + 1) / 200
    assert null_test(positions, earned, **OPTIONS).resampled.tolist() == found.resampled.tolist()


def test_memory_is_bounded_and_its_bound_changes_no_shape(monkeypatch):
    monkeypatch.setattr("quant.validation.null_test._DRAWS_AT_ONCE", 1000)
    assert len(null_test(np.ones((60, 2)), returns(60, 2), **OPTIONS).resampled) == 199


def test_nothing_held_is_nothing_known():
    found = null_test(np.zeros((60, 1)), returns(60), **OPTIONS)
    assert math.isnan(found.p_value)
    assert math.isnan(found.sharpe_ratio)


def test_unknown_positions_and_returns_earn_nothing():
    earned, positions = returns(60), np.ones((60, 1))
    with_holes, without = positions.copy(), positions.copy()
    with_holes[10], without[10] = np.nan, 0.0
    assert null_test(with_holes, earned, **OPTIONS).p_value == null_test(without, earned, **OPTIONS).p_value


@pytest.mark.parametrize(
    ("positions", "options", "error"),
    [
        (np.ones((60, 2)), {}, InvalidSpec),
        (np.ones(60), {}, InvalidSpec),
        (np.ones((60, 1)), {"n_resamples": 0}, InvalidSpec),
        (np.ones((60, 1)), {"mean_block_bars": 0.5}, InvalidSpec),
    ],
)
def test_what_is_out_of_bounds_is_refused(positions, options, error):
    with pytest.raises(error):
        null_test(positions, returns(60), **{**OPTIONS, **options})


def test_too_short_a_series_is_refused():
    with pytest.raises(NotEnoughData):
        null_test(np.ones((19, 1)), returns(19), **OPTIONS)


def test_the_usual_block_is_no_shorter_than_a_label():
    assert usual_block_bars(1000, 1) == 10.0
    assert usual_block_bars(1000, 25) == 25.0
    assert usual_block_bars(1, 0) == 1.0

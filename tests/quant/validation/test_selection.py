"""The probability of backtest overfitting against the definition, written out combination by combination."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import linregress, rankdata

from quant.errors import InvalidSpec, NotEnoughData
from quant.validation.overfitting import effective_trials
from quant.validation.selection import backtest_overfitting, trial_correlations


def noise(n_bars, n_trials, seed=0):
    return np.random.default_rng(seed).normal(0, 0.01, (n_bars, n_trials))


def by_definition(returns, n_blocks):
    """Return chosen trial, both Sharpe ratios and logit of each combination."""
    blocks = np.array_split(np.arange(len(returns)), n_blocks)
    found = []
    for choice in combinations(range(n_blocks), n_blocks // 2):
        inside = np.concatenate([blocks[block] for block in choice])
        outside = np.setdiff1d(np.arange(len(returns)), inside)
        known, later = (returns[rows].mean(axis=0) / returns[rows].std(axis=0, ddof=1) for rows in (inside, outside))
        best = int(np.argmax(known))
        share = rankdata(later)[best] / (returns.shape[1] + 1)
        found.append((best, known[best], later[best], math.log(share / (1 - share))))
    return np.array(found)


@pytest.mark.parametrize(("n_bars", "n_trials", "n_blocks"), [(96, 5, 4), (101, 7, 6), (83, 12, 8)])
def test_it_is_the_definition(n_bars, n_trials, n_blocks):
    returns = noise(n_bars, n_trials, seed=n_bars)
    found, expected = backtest_overfitting(returns, n_blocks=n_blocks), by_definition(returns, n_blocks)
    np.testing.assert_allclose(found.combinations.to_numpy(), expected, rtol=1e-9, atol=1e-12)
    assert found.probability == pytest.approx((expected[:, 3] <= 0).mean())
    assert found.probability_of_loss == pytest.approx((expected[:, 2] < 0).mean())
    line = linregress(expected[:, 1], expected[:, 2])
    assert (found.slope, found.r_squared) == pytest.approx((line.slope, line.rvalue**2))


def test_sixteen_blocks_make_the_known_number_of_combinations():
    found = backtest_overfitting(noise(320, 6))
    assert len(found.combinations) == 12_870
    assert (found.n_bars, found.n_trials, found.n_blocks) == (320, 6, 16)


def test_luck_is_overfit_about_every_second_time_and_skill_is_not():
    lucky = [backtest_overfitting(noise(480, 20, seed), n_blocks=8).probability for seed in range(12)]
    assert 0.35 < np.mean(lucky) < 0.75
    skill = noise(480, 20) + np.r_[np.zeros(19), 0.01]
    found = backtest_overfitting(skill, n_blocks=8)
    assert found.probability == 0.0
    assert set(found.combinations["chosen"]) == {19}


def test_a_history_that_reverses_is_overfit_for_certain():
    """Each trial earns in one block what it loses in all others: the best of one half is the worst of the other."""
    n_blocks, n = 6, 20
    returns = noise(n_blocks * n, n_blocks, seed=3) * 0.01
    for block in range(n_blocks):
        returns[block * n : (block + 1) * n] += np.where(np.arange(n_blocks) == block, 0.05, -0.01)
    found = backtest_overfitting(returns, n_blocks=n_blocks)
    assert found.probability == 1.0
    assert found.probability_of_loss == 1.0


def test_a_trial_that_never_moves_earns_nothing_and_equals_share_their_rank():
    returns = noise(64, 6)
    returns[:, 1:] = 0.0
    returns[:, 0] -= 0.05  # the one that moves loses always, so one that does not is chosen
    found = backtest_overfitting(returns, n_blocks=4)
    assert set(found.combinations["chosen"]) == {1}
    assert set(found.combinations["out_of_sample"]) == {0.0}
    share = 4 / 7  # ranks 2 to 6 of 6, their mean over 7
    np.testing.assert_allclose(found.combinations["logit"], math.log(share / (1 - share)))


def test_bars_that_one_trial_does_not_know_are_left_out_of_all():
    returns = noise(70, 5)
    with_holes = np.insert(returns, 10, np.nan, axis=0)
    with_holes[10, 1:] = 7.0
    assert backtest_overfitting(with_holes, n_blocks=4).combinations.equals(
        backtest_overfitting(returns, n_blocks=4).combinations
    )


@pytest.mark.parametrize(
    ("returns", "n_blocks", "error"),
    [
        (noise(64, 5)[:, 0], 4, InvalidSpec),
        (np.full((64, 5), np.inf), 4, InvalidSpec),
        (noise(64, 5), 5, InvalidSpec),
        (noise(64, 5), 22, InvalidSpec),
        (noise(64, 4), 4, NotEnoughData),
        (noise(31, 5), 16, NotEnoughData),
    ],
)
def test_what_cannot_be_judged_is_refused(returns, n_blocks, error):
    with pytest.raises(error):
        backtest_overfitting(returns, n_blocks=n_blocks)


def test_correlations_are_those_of_numpy_and_zero_for_what_never_moves():
    returns = noise(50, 4)
    returns[:, 2] = 0.001
    found = trial_correlations(returns)
    moving = [0, 1, 3]
    np.testing.assert_allclose(found[np.ix_(moving, moving)], np.corrcoef(returns[:, moving], rowvar=False))
    assert found[2].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert trial_correlations(returns[:1]).tolist() == np.eye(4).tolist()


def test_copies_of_a_trial_are_one_effective_trial():
    copies = np.repeat(noise(200, 1), 6, axis=1)
    assert effective_trials(trial_correlations(copies)) == pytest.approx(1.0)
    assert 5.0 < effective_trials(trial_correlations(noise(2000, 6))) <= 6.0

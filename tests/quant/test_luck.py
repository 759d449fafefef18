"""What luck explains of a run: trials that were made, the choice among them, the order of the returns."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from quant.analysis import run_analysis
from quant.luck import count_luck, look_at_choice, resample
from quant.preparation import fetch_instruments
from quant.validation.overfitting import deflated_sharpe_ratio, return_moments
from quant.validation.selection import backtest_overfitting
from tests.quant.test_learning import tried


def trials(n, *, n_bars=320, seed=0):
    rng = np.random.default_rng(seed)
    made = [tried(number=number, earned=rng.normal(0, 0.01, n_bars)) for number in range(n)]
    return [dataclasses.replace(trial, sharpe_ratio=return_moments(trial.earned).sharpe) for trial in made]


def curve(n_bars=500):
    return pd.Series(np.random.default_rng(9).normal(0.0005, 0.01, n_bars))


def test_luck_is_per_bar_and_counts_every_trial(quick_result):
    luck = quick_result.facts["honesty"]["luck"]
    returns = quick_result.frames["equity"]["return"].dropna()

    assert luck["n_trials"] == len(quick_result.frames["candidates"]) == 2
    assert luck["n_returns"] == len(returns)
    assert luck["sharpe_ratio"] == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert luck["deflated_sharpe_ratio"] < luck["probabilistic_sharpe_ratio"]
    # At least what chance gives curves without skill over as many bars, however alike the trials were.
    assert luck["trial_variance"] >= 1 / (luck["n_returns"] - 1)


def test_copies_of_a_trial_deflate_by_one_and_are_counted_as_many():
    copies = [dataclasses.replace(trials(1)[0], number=number) for number in range(8)]
    luck = count_luck(curve(), copies)
    assert luck["n_trials"] == 8
    assert luck["n_effective_trials"] == pytest.approx(1.0)
    assert luck["deflated_by_effective"] == pytest.approx(luck["probabilistic_sharpe_ratio"])
    assert luck["deflated_sharpe_ratio"] < luck["deflated_by_effective"]
    moments = return_moments(curve())
    assert luck["deflated_sharpe_ratio"] == deflated_sharpe_ratio(
        moments.sharpe,
        moments.n_returns,
        moments.skewness,
        moments.raw_kurtosis,
        trial_variance=luck["trial_variance"],
        n_trials=8,
    )


def test_a_trial_that_did_not_fit_counts_as_one_of_its_own():
    made = [*trials(6), tried(number=6, score=None, sharpe_ratio=None)]
    with_it, without = count_luck(curve(), made), count_luck(curve(), made[:6])
    assert with_it["n_trials"] == 7
    assert with_it["n_effective_trials"] == pytest.approx(without["n_effective_trials"] + 1)


def test_of_an_even_sample_all_are_taken_to_be_as_alike_as_those_in_it():
    made = trials(6)
    unsampled = [dataclasses.replace(made[0], number=6 + number, earned=None) for number in range(94)]
    sampled, alone = count_luck(curve(), [*made, *unsampled], is_sampled=True), count_luck(curve(), made)
    assert sampled["n_trials"] == 100
    assert sampled["n_effective_trials"] - 1 == pytest.approx((alone["n_effective_trials"] - 1) * 99 / 5)
    assert sampled["n_effective_trials"] < count_luck(curve(), [*made, *unsampled])["n_effective_trials"]


def test_trials_that_others_made_count_each_as_one_of_its_own():
    more, without = count_luck(curve(), trials(6), 3), count_luck(curve(), trials(6))
    assert more["n_trials"] == 9
    assert more["n_effective_trials"] == pytest.approx(without["n_effective_trials"] + 3)
    assert more["deflated_sharpe_ratio"] < without["deflated_sharpe_ratio"]


def test_a_curve_that_never_moved_has_no_ratio():
    luck = count_luck(curve() * 0.0, trials(3))
    assert luck["n_trials"] == 3
    assert luck["deflated_sharpe_ratio"] is luck["deflated_by_effective"] is luck["sharpe_ratio"] is None


def test_the_choice_among_enough_trials_is_looked_at():
    made = trials(7)
    found = look_at_choice([*made, tried(number=7, sharpe_ratio=None)])
    expected = backtest_overfitting(np.column_stack([trial.earned for trial in made]))
    assert found.facts["probability"] == expected.probability
    assert found.facts["n_combinations"] == found.frames["overfitting"]["n_combinations"].sum() == 12_870
    bins = found.frames["overfitting"]
    assert bins.loc[bins["logit"] < 0, "n_combinations"].sum() / 12_870 == pytest.approx(expected.probability)


@pytest.mark.parametrize("made", [trials(4), trials(6, n_bars=31)])
def test_too_few_trials_or_bars_say_nothing(made):
    assert look_at_choice(made).facts is None
    assert look_at_choice(made).frames == {}


def test_a_search_is_looked_at_with_all_its_trials_whether_they_were_stored_or_not(quick_spec):
    """Stored trials give back what they earned: a second run of the same question says the same of luck."""
    from quant.stages import MemoryStore  # noqa: PLC0415  # used here only

    tuned = quick_spec.model_copy(
        update={
            "models": quick_spec.models[:1],
            "validation": quick_spec.validation.model_copy(update={"target": 0.99}),
            "tuning": quick_spec.tuning.model_copy(update={"n_trials": 5}),
            "audit": quick_spec.audit.model_copy(update={"enabled": False}),
            "importance": False,
        }
    )
    store = MemoryStore()
    first, second = (run_analysis(tuned, fetch_instruments, store=store) for _ in range(2))
    assert first.facts["honesty"]["overfitting"]["n_trials"] == 6
    assert first.facts["honesty"]["luck"]["n_effective_trials"] < 6  # logistic regressions resemble each other
    assert first.hash() == second.hash()


def test_signals_are_tried_on_returns_in_another_order(quick_spec, quick_result):
    null = quick_result.facts["honesty"]["null_test"]
    drawn = quick_result.frames["null_test"]["sharpe_ratio"]
    assert len(drawn) == null["n_resamples"] == 199
    assert null["p_value"] == ((drawn >= null["sharpe_ratio"]).sum() + 1) / 200
    assert null["mean_block_bars"] == round(null["n_bars"] ** (1 / 3))

    stamps = pd.date_range("2020-01-01", periods=60, tz="UTC", unit="us", name="timestamp")
    panel = pd.MultiIndex.from_product([stamps, [0, 1]], names=["timestamp", "instrument"])
    earned = pd.Series(np.random.default_rng(0).normal(0, 0.01, 120), index=panel)
    knows = resample(quick_spec, np.sign(earned), earned)
    assert knows.facts["p_value"] == 1 / 200
    nothing = resample(quick_spec, earned * 0.0, earned)
    assert nothing.facts["p_value"] is None
    assert nothing.frames == {}
    assert resample(quick_spec, earned.iloc[:38], earned).facts is None
    off = quick_spec.model_copy(update={"overfitting": quick_spec.overfitting.model_copy(update={"n_resamples": 0})})
    assert resample(off, earned, earned).facts is None

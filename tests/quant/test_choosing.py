"""Choosing a model: trials are told in the order of their numbers, whoever computed them, and in whatever order."""

from contextlib import contextmanager
from functools import partial

import pandas as pd
import pytest

import quant.analysis
from quant.analysis import help_tuning, run_analysis
from quant.errors import AnalysisCancelled
from quant.fitting import fit_folds
from quant.learning import TrainingSpan, best_of, learning_part
from quant.models.importance import UNKNOWN_MEASURE
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from quant.stages import MemoryStore, NoPeers
from quant.validation.tuning import random_search
from quant.watcher import Silent
from tests.quant.conftest import QUICK

SPEC = AnalysisSpec.model_validate(
    {
        **QUICK,
        "models": [{"name": "logistic"}, {"name": "xgboost", "n_rounds": 10}],
        "validation": {**QUICK["validation"], "target": 0.99},
        "tuning": {"n_trials": 5, "time_budget_seconds": 600},
        "importance": False,
        "audit": {"enabled": False},
    }
)


class Recorder(Silent):
    def __init__(self):
        self.trials, self.fractions = [], []

    def at(self, stage, fraction, _message=""):
        if stage == "tune":
            self.fractions.append(fraction)

    def tried(self, models):
        self.trials += [(model.kind, model.number) for model in models]


class Board(NoPeers):
    """What is offered, and a helper who takes it as soon as it is."""

    def __init__(self, store, n_helped, spec=SPEC):
        self.store, self.n_helped, self.spec, self.offered, self.helping = store, n_helped, spec, [], False

    @contextmanager
    def claim(self, wanted):
        if not self.helping:
            yield next(key for key in wanted if key not in self.store.outputs)
            return
        free = [key for key in self.offered if key not in self.store.outputs]
        self.n_helped -= 1
        yield free[-1] if free and self.n_helped >= 0 else None  # the last first: the order must not matter

    def offer(self, stages):
        self.offered = list(stages)
        self.helping = True
        help_tuning(self.spec, fetch_instruments, store=self.store, peers=self, watcher=Silent())
        self.helping = False


@pytest.fixture(scope="module")
def alone():
    watcher = Recorder()
    return run_analysis(SPEC, fetch_instruments, watcher=watcher), watcher


@pytest.mark.parametrize("n_helped", [1, 4])
def test_help_changes_no_number_and_no_order(alone, n_helped):
    result, watcher = alone
    store, recorder = MemoryStore(), Recorder()
    helped = run_analysis(SPEC, fetch_instruments, store=store, peers=Board(store, n_helped), watcher=recorder)

    assert helped.hash() == result.hash()
    tuning = [("tuning", number) for number in range(5)]
    assert recorder.trials == watcher.trials == [("candidate", 0), ("candidate", 1), *tuning]
    assert recorder.fractions == sorted(recorder.fractions)
    assert recorder.fractions[-1] == 1.0


def searched(**tuning):
    return SPEC.model_copy(update={"tuning": SPEC.tuning.model_copy(update=tuning), "models": SPEC.models[:1]})


def test_a_search_that_learns_is_the_same_with_help_and_in_a_re_run():
    """In rounds of two: what the second round tries depends on what the first has found, whoever computed it."""
    spec = searched(method="tpe", round_size=2)
    store, recorder = MemoryStore(), Recorder()
    alone = run_analysis(spec, fetch_instruments, watcher=recorder)
    helped = run_analysis(spec, fetch_instruments, store=store, peers=Board(store, 9, spec))
    again = run_analysis(spec, fetch_instruments, store=store, pinned_n_tuning_trials=5)

    assert alone.hash() == helped.hash() == again.hash()
    assert recorder.trials[1:] == [("tuning", number) for number in range(5)]
    other = run_analysis(searched(method="tpe", round_size=5), fetch_instruments)
    assert alone.frames["candidates"]["parameters"][:3].equals(other.frames["candidates"]["parameters"][:3])


def test_a_grid_is_walked_through_in_its_order():
    result = run_analysis(searched(method="grid"), fetch_instruments)
    parameters = result.frames["candidates"]["parameters"][1:].tolist()
    assert parameters == ['{"c": 0.1}', '{"c": 0.001}', '{"c": 10.0}', '{"c": 0.01}', '{"c": 1.0}']


def test_what_a_helper_has_done_counts_when_the_time_is_over(monkeypatch):
    clock = iter(range(0, 10**6, 10**4))  # no time is left after the first
    monkeypatch.setattr("quant.choosing.random_search", partial(random_search, clock=lambda: next(clock)))

    class InOrder(Board):
        @contextmanager
        def claim(self, wanted):
            self.offered.reverse()
            with super().claim(wanted) as key:
                self.offered.reverse()
                yield key

    for n_helped in (0, 2):
        store, recorder = MemoryStore(), Recorder()
        result = run_analysis(SPEC, fetch_instruments, store=store, peers=InOrder(store, n_helped), watcher=recorder)
        assert result.facts["tuning"]["n_trials"] == 1 + n_helped
        assert recorder.trials[2:] == [("tuning", number) for number in range(1 + n_helped)]


def test_who_helps_stops_when_told():
    class Impatient(Silent):
        def at(self, stage, _fraction, _message=""):
            if stage == "tune":
                raise AnalysisCancelled("Stop.")

    store = MemoryStore()
    with pytest.raises(AnalysisCancelled):
        help_tuning(SPEC, fetch_instruments, store=store, peers=NoPeers(), watcher=Impatient())
    assert len(store.outputs) == 1  # the features


def test_what_a_model_learns_from_leaves_out_what_it_is_held_against():
    part = learning_part(SPEC, SPEC.models[0])
    other = SPEC.model_copy(update={"validation": SPEC.validation.model_copy(update={"target": 0.5})})

    assert part == learning_part(other, other.models[0])
    assert part != learning_part(SPEC, SPEC.models[1])


NESTED = {
    "instruments": [{"symbol": "GOOG"}],
    "end": "2006-12-29",
    "features": [{"name": "return", "window": 5}, {"name": "volatility", "window": 10}],
    "models": [{"name": "logistic", "c": c} for c in (0.0001, 1.0)],
    "validation": {"train_bars": 200, "test_bars": 100, "n_folds": 3, "target": None, "nested": True},
    "strategy": {"enter_above": 0.5, "exit_below": 0.5},
    "overfitting": {"n_resamples": 0, "n_chance_runs": 1},
    "audit": {"n_cuts": 2},
}


@pytest.fixture(scope="module")
def nested():
    """A run whose folds choose for themselves, what its audit was given, and how many trials it told of."""
    told = []

    class Noting(Silent):
        def tried(self, models):
            told.extend((model.kind, model.number) for model in models)

    seen = {}
    honest = quant.analysis.look_ahead_audit

    def noted(run, **options):
        seen["run"] = run
        return honest(run, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quant.analysis, "look_ahead_audit", noted)
        seen["result"] = run_analysis(AnalysisSpec.model_validate(NESTED), fetch_instruments, watcher=Noting())
    return seen | {"told": told}


def test_each_fold_has_the_model_that_its_own_training_rows_choose(nested):
    result, run = nested["result"], nested["run"]
    choices = result.facts["honesty"]["nested"]["folds"]
    assert [each["fold"] for each in choices] == list(range(len(run.folds) + 1))
    clean = quant.analysis.clean_prices(run.spec, dict(enumerate(run.instruments)))
    bars, earned = quant.analysis.bar_returns(clean.adjusted), quant.analysis.next_bar_returns(clean.adjusted)
    rows, outcomes = quant.analysis.samples(run.spec, run.features, run.labels)
    for fold, choice in zip(run.folds, choices[:-1], strict=True):
        span = TrainingSpan(run.spec, rows, outcomes, next_returns=earned, bars=bars, folds=[fold])
        trials = [
            span.judge(model, number=number, kind="candidate", n_jobs=1) for number, model in enumerate(run.spec.models)
        ]
        assert choice["parameters"] == dict(best_of(trials).parameters)
        assert choice["score"] == best_of(trials).score
        own = run.predictions[run.predictions["fold"] == fold.number]
        expected, _ = fit_folds(run.spec, run.models[fold.number], rows, outcomes, [fold], bars=bars)
        assert own["probability"].tolist() == expected["probability"].tolist()


def test_folds_that_choose_for_themselves_are_purged_audited_and_tell_of_each_trial_once(nested):
    honesty = nested["result"].facts["honesty"]
    assert honesty["audit"]["passed"]
    assert honesty["purge"]["nested"]["n_folds"] == 3 * len(nested["run"].folds)
    assert honesty["purge"]["nested"]["n_purged"] > 0
    later = [f"candidate {fold + 1}" for fold in range(len(nested["run"].folds))]
    assert nested["told"] == [(kind, number) for kind in ("candidate", *later) for number in (0, 1)]
    assert honesty["luck"]["n_trials"] == 2
    assert honesty["chance_runs"]["n_runs"] == 1


MIXED = {
    **NESTED,
    "end": "2005-12-15",
    "models": [{"name": "logistic"}, {"name": "random_forest", "n_trees": 10}],
    "validation": {**NESTED["validation"], "n_folds": 2, "target": 0.52},
    "tuning": {"n_trials": 2},
    "explanation": {"single_feature": True, "clusters": True, "learning_curve": True, "partial_dependence": True},
    "overfitting": {"n_resamples": 0, "path_groups": 4},
    "audit": {"enabled": False},
}


@pytest.fixture(scope="module")
def mixed():
    """A run whose folds choose models of different kinds, the last after a search."""
    return run_analysis(AnalysisSpec.model_validate(MIXED), fetch_instruments)


def test_folds_that_choose_models_of_different_kinds_have_importances_out_of_sample_only(mixed):
    choices = mixed.facts["honesty"]["nested"]["folds"]
    assert [each["model"] for each in choices] == ["logistic", "random_forest", "random_forest"]
    importance = mixed.frames["importance"]
    assert importance["impurity"].isna().all()
    assert set(importance["impurity_measure"]) == {UNKNOWN_MEASURE}
    assert importance["mean"].notna().all()


def test_trials_of_later_folds_that_the_first_did_not_make_count_as_trials(mixed):
    honesty = mixed.facts["honesty"]
    assert not mixed.facts["tuning"]["started"]
    assert honesty["nested"]["n_later_trials"] == 2  # those of the search that later folds needed, each once
    assert honesty["luck"]["n_trials"] == len(mixed.frames["candidates"]) + 2
    assert "after 4 trials" in mixed.facts["verdict"]["text"]


def test_what_is_scored_after_the_first_window_is_of_the_model_that_it_chose(mixed):
    validation = {**MIXED["validation"], "nested": False}
    once = run_analysis(AnalysisSpec.model_validate({**MIXED, "validation": validation}), fetch_instruments)
    for name in ("paths", "clusters", "learning_curve", "single_feature"):
        pd.testing.assert_frame_equal(mixed.frames[name], once.frames[name], check_exact=True)
    assert not mixed.frames["partial_dependence"].equals(once.frames["partial_dependence"])  # that of the final model
    assert mixed.facts["honesty"]["paths"]["share_seen"] == 200 / len(once.frames["paths"])


def test_what_comes_later_changes_no_earlier_choice(nested):
    shorter = AnalysisSpec.model_validate(
        {**NESTED, "end": "2006-06-30", "overfitting": {"n_resamples": 0}, "audit": {"enabled": False}}
    )
    choices = run_analysis(shorter, fetch_instruments).facts["honesty"]["nested"]["folds"][:-1]
    assert choices == nested["result"].facts["honesty"]["nested"]["folds"][: len(choices)]


def test_one_choice_for_all_folds_is_said_nowhere(quick_result):
    assert "nested" not in quick_result.facts["honesty"]
    assert "nested" not in quick_result.facts["honesty"]["purge"]

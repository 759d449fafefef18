"""Choosing a model: trials are told in the order of their numbers, whoever computed them, and in whatever order."""

from contextlib import contextmanager
from functools import partial

import pytest

from quant.analysis import help_tuning, run_analysis
from quant.choosing import learning_part
from quant.errors import AnalysisCancelled
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

import dataclasses
import math

import pytest

from quant.errors import InvalidSpec, LeakageError, ModelError
from quant.validation.tuning import Candidate, draw_parameters, grid_of, next_round, random_search

CANDIDATES = [
    Candidate("flat", lambda rng: {"level": float(rng.random())}),
    Candidate("steep", lambda rng: {"depth": int(rng.integers(1, 10)), "rate": float(rng.random())}),
]


class Clock:
    """Seconds that pass when a trial runs."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def scored_by_level(_candidate, parameters):
    value = parameters.get("level", parameters.get("rate"))
    return [value, value / 2]


def search(evaluate=scored_by_level, **arguments):
    return random_search(
        CANDIDATES, evaluate, **{"n_trials": 6, "time_budget_seconds": 60, "seed": 5, "clock": Clock()} | arguments
    )


def what_was_tried(trials):
    return [(trial.number, trial.candidate, trial.model, trial.parameters) for trial in trials]


def test_candidates_take_turns_and_trials_are_numbered():
    trials = search()
    assert [trial.number for trial in trials] == [0, 1, 2, 3, 4, 5]
    assert [trial.model for trial in trials] == ["flat", "steep"] * 3
    assert [trial.candidate for trial in trials] == [0, 1] * 3
    for trial in trials:
        value = trial.parameters.get("level", trial.parameters.get("rate"))
        assert trial.fold_scores == (value, value / 2)
        assert trial.score == pytest.approx(0.75 * value)
        assert (trial.status, trial.error) == ("finished", None)


def test_parameters_depend_on_seed_and_number_alone():
    short, long = search(n_trials=2), search(n_trials=6)
    assert what_was_tried(short) == what_was_tried(long)[:2]
    assert draw_parameters(CANDIDATES, 5, 3) == (1, long[3].parameters)
    assert what_was_tried(search(seed=6)) != what_was_tried(long)
    assert len({str(trial.parameters) for trial in long}) == 6


def test_the_time_budget_decides_only_how_many_start():
    clock = Clock()

    def evaluate(candidate, parameters):
        clock.now += 25
        return scored_by_level(candidate, parameters)

    trials = search(evaluate, clock=clock)
    assert len(trials) == 3  # started at 0, 25 and 50 of 60 seconds
    assert {trial.seconds for trial in trials} == {25}
    unhurried = [dataclasses.replace(trial, seconds=25.0) for trial in search()]
    assert trials == unhurried[:3]


def test_a_trial_that_somebody_has_begun_counts_though_the_time_is_over():
    clock = Clock()

    def evaluate(candidate, parameters):
        clock.now += 25
        return scored_by_level(candidate, parameters)

    trials = search(evaluate, clock=clock, is_begun=lambda number: number in {3, 5})
    assert [trial.number for trial in trials] == [0, 1, 2, 3]  # the fifth was not begun, so the sixth is left out


def test_a_pinned_search_repeats_whatever_the_time():
    clock = Clock()

    def evaluate(candidate, parameters):
        clock.now += 1000
        return scored_by_level(candidate, parameters)

    assert len(search(evaluate, clock=clock)) == 1
    repeated = search(evaluate, clock=clock, pinned_n_trials=4)
    assert what_was_tried(repeated) == what_was_tried(search())[:4]


def test_a_model_that_does_not_fit_fails_its_trial_only():
    def evaluate(candidate, parameters):
        if candidate == 1:
            raise ModelError("not finite")
        return scored_by_level(candidate, parameters)

    trials = search(evaluate)
    assert [trial.status for trial in trials] == ["finished", "failed"] * 3
    assert [trial.error for trial in trials[:2]] == [None, "not finite"]
    assert (trials[1].score, trials[1].fold_scores) == (None, ())


def test_any_other_error_ends_the_search():
    def evaluate(_candidate, _parameters):
        raise LeakageError("train meets test")

    with pytest.raises(LeakageError):
        search(evaluate)


def test_unknown_fold_scores_are_left_out_of_the_mean():
    trial = search(lambda *_: [0.6, math.nan, 0.5], n_trials=1)[0]
    assert trial.fold_scores == (0.6, None, 0.5)
    assert trial.score == pytest.approx(0.55)
    unknown = search(lambda *_: [math.nan], n_trials=1)[0]
    assert (unknown.score, unknown.status) == (None, "finished")


def test_the_caller_hears_of_each_trial_and_may_cancel():
    heard = []

    def on_trial(trial):
        heard.append(trial)
        if trial.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(on_trial=on_trial)
    assert [trial.number for trial in heard] == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"n_trials": 0}, "n_trials"),
        ({"pinned_n_trials": 0}, "pinned_n_trials"),
        ({"pinned_n_trials": 7}, "pinned_n_trials"),
    ],
)
def test_numbers_out_of_bounds_are_refused(arguments, field):
    with pytest.raises(InvalidSpec) as refused:
        search(**arguments)
    assert refused.value.field == field


def test_without_a_model_there_is_nothing_to_search():
    with pytest.raises(InvalidSpec, match="at least one model"):
        random_search([], scored_by_level, n_trials=1, time_budget_seconds=5, seed=0)


# --- Grid and tree-structured Parzen estimators ----------------------------------------------------------------------

LEARNING = [
    Candidate("hill", lambda _rng: {}, suggest=lambda trial: {"x": trial.suggest_float("x", 0.0, 1.0)}),
    Candidate("step", lambda _rng: {}, suggest=lambda trial: {"n": trial.suggest_int("n", 1, 9)}),
]


def learned(n_rounds, round_size, *, seed=0, candidates=LEARNING[:1], higher_is_better=True, score=None):
    """Return the parameters of all trials of a search that is best at x = 0.3."""
    score = score or (lambda parameters: -((parameters["x"] - 0.3) ** 2))
    tried, scores = [], []
    for _ in range(n_rounds):
        found = next_round(candidates, scores, round_size=round_size, seed=seed, higher_is_better=higher_is_better)
        tried += found
        scores += [score(parameters) for _, parameters in found]
    return tried


def test_candidates_of_a_grid_take_turns_until_none_has_a_point_left():
    candidates = [
        Candidate("short", lambda _rng: {}, grid=lambda: iter([{"a": 1}, {"a": 2}])),
        Candidate("long", lambda _rng: {}, grid=lambda: ({"b": number} for number in range(4))),
    ]
    order = [(0, {"a": 1}), (1, {"b": 0}), (0, {"a": 2}), (1, {"b": 1}), (1, {"b": 2}), (1, {"b": 3})]
    assert grid_of(candidates, 50) == order
    assert grid_of(candidates, 3) == order[:3]


def test_a_search_that_learns_gathers_where_trials_did_well():
    tried = [parameters["x"] for _, parameters in learned(12, 5)]
    first, last = (sum(abs(x - 0.3) for x in part) / 20 for part in (tried[:20], tried[-20:]))
    assert last < 0.6 * first
    lower = learned(12, 5, higher_is_better=False, score=lambda parameters: (parameters["x"] - 0.3) ** 2)
    assert [parameters["x"] for _, parameters in lower] == tried


def test_what_is_tried_depends_on_scores_and_seed_alone():
    assert learned(4, 3) == learned(4, 3)
    assert learned(4, 3) != learned(4, 3, seed=1)
    assert learned(2, 3) == learned(4, 3)[:6]


def test_candidates_of_a_search_that_learns_take_turns_and_failures_teach_nothing():
    found = learned(3, 3, candidates=LEARNING, score=lambda _parameters: None)
    assert [place for place, _ in found] == [0, 1] * 4 + [0]
    assert all(1 <= parameters["n"] <= 9 for place, parameters in found if place == 1)


@pytest.mark.parametrize(("scores", "round_size"), [([1.0], 2), ([], 0)])
def test_parts_of_rounds_are_refused(scores, round_size):
    with pytest.raises(InvalidSpec):
        next_round(LEARNING, scores, round_size=round_size, seed=0, higher_is_better=True)

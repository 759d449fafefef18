import dataclasses

import pytest

from tests.webapp.reports import told
from webapp.reports.belief import belief
from webapp.reports.blocks import Bullets

PATHS = {"n_paths": 5, "n_splits": 15, "share_at_or_below_zero": 0.0, "least": 0.01, "most": 0.09}
RUNS = {"n_runs": 99, "score_name": "roc_auc", "score_p_value": 0.01, "sharpe_p_value": 0.4}
NESTED = {"folds": [{}, {}], "n_different": 1}


def lines(**honesty):
    found = told.result()
    facts = {**found.facts, "honesty": {**found.facts["honesty"], **honesty}}
    [bullets, _] = belief(dataclasses.replace(found, facts=facts)).blocks
    assert isinstance(bullets, Bullets)
    return list(bullets.items)


def test_what_was_not_asked_for_is_not_spoken_of():
    said = " ".join(text for _, text in lines())

    assert "Look-ahead audit passed" in said
    assert "ways through the same history" not in said


def test_the_choice_in_a_sweep_is_told_of_a_sample():
    found = told.result()
    choice = {"probability": 0.3, "n_trials": 100, "n_combinations": 12870}
    facts = {
        **found.facts,
        "honesty": {**found.facts["honesty"], "overfitting": choice},
        "sweep": {"n_sampled": 100, "n_combinations": 900},
    }
    [bullets, _] = belief(dataclasses.replace(found, facts=facts)).blocks
    assert isinstance(bullets, Bullets)
    assert any("even sample of the sweep's 900 combinations" in text for _, text in bullets.items)


@pytest.mark.parametrize(("share", "state"), [(0.0, "good"), (0.2, "open"), (0.8, "bad"), (None, "open")])
def test_many_paths_hold_if_none_loses(share, state):
    assert lines(paths={**PATHS, "share_at_or_below_zero": share})[-1][0] == state


@pytest.mark.parametrize(("p_values", "state"), [((0.01, 0.02), "good"), ((0.01, 0.4), "open"), ((0.3, 0.4), "bad")])
def test_chance_runs_hold_if_both_do(p_values, state):
    runs = {**RUNS, "score_p_value": p_values[0], "sharpe_p_value": p_values[1]}

    assert lines(chance_runs=runs)[-1][0] == state


def test_a_choice_for_each_fold_is_told():
    assert "anew for each of 2 folds" in lines(nested=NESTED)[-1][1].replace("\N{NO-BREAK SPACE}", " ")

import dataclasses

import pytest

from quant.verdict import Evidence, verdict

SOUND = Evidence(
    n_signals=500,
    n_trades=40,
    n_trials=23,
    ruined_at=None,
    total_return=0.8,
    benchmark_return=0.5,
    sharpe_ratio=1.1,
    benchmark_sharpe_ratio=0.9,
    deflated_sharpe_ratio=0.97,
    score_title="area under the ROC curve",
    score=0.57,
    target=0.55,
    target_met=True,
    is_audited=True,
    audit_failure=None,
)


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({}, "promising", "deflated Sharpe 0.97 after 23 trials of this question"),
        (
            {"deflated_sharpe_ratio": 0.61, "n_trials": 48},
            "luck",
            "deflated Sharpe 0.61 after 48 trials of this question.",
        ),
        ({"deflated_sharpe_ratio": None, "n_trials": 1}, "luck", "deflated Sharpe unknown after 1 trial of"),
        ({"total_return": 0.4}, "behind_benchmark", "holding the benchmark earned more"),
        ({"sharpe_ratio": 0.9}, "behind_benchmark", "no more for its risk"),
        ({"n_trades": 0, "n_signals": 0}, "no_trades", "no prediction crossed an entry threshold"),
        ({"n_trades": 0}, "no_trades", "none could be filled"),
        ({"ruined_at": "2008-10-10T20:00:00+00:00"}, "ruined", "on 2008-10-10"),
        ({"audit_failure": "column x at bar 3 used later prices."}, "not_credible", "column x at bar 3"),
        ({"audit_failure": "column x.", "n_trades": 0}, "not_credible", "column x"),
        (
            {"target_met": False, "score": 0.512},
            "promising",
            "target of 0.55 for the area under the ROC curve; the best reached 0.512.",
        ),
        ({"target_met": False, "score": None}, "promising", "no score"),
        ({"target_met": False, "chance_score": 0.6}, "promising", "no better than the 0.600 of a forecast that knows"),
    ],
)
def test_the_verdict_says_what_weighs_most(change, level, words):
    found = verdict(dataclasses.replace(SOUND, **change))

    assert found["level"] == level
    assert words in found["text"]


def test_the_curve_of_a_sweep_is_said_to_be_of_other_bars_or_of_the_same():
    swept = dataclasses.replace(SOUND, is_rule=True, n_combinations=90)
    held_out = verdict(dataclasses.replace(swept, chosen_until="2009-07-02T20:00:00+00:00"))["text"]
    assert "best of 90 combinations was chosen on bars up to 2009-07-02" in held_out
    assert "on which it was chosen as the best of 90 combinations" in verdict(swept)["text"]
    assert "whole range" not in held_out + verdict(swept)["text"]


def test_credible_means_that_the_audit_ran_and_found_nothing():
    assert verdict(SOUND)["is_credible"] is True
    assert verdict(dataclasses.replace(SOUND, audit_failure="x"))["is_credible"] is False
    unaudited = verdict(dataclasses.replace(SOUND, is_audited=False))
    assert unaudited["is_credible"] is None
    assert "not audited" in unaudited["text"]

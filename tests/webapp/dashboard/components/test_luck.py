import dataclasses

import pytest
from dash import html

from tests.webapp.dashboard import reading
from webapp import formats
from webapp.dashboard.components import luck


def content(result):
    return html.Div(luck.panels(result, "light"))


def changed(result, **facts):
    honesty = {name: fact for name, fact in {**result.facts["honesty"], **facts}.items() if fact != "gone"}
    return dataclasses.replace(result, facts={**result.facts, "honesty": honesty})


@pytest.fixture
def words(result):
    return reading.text(content(result))


def test_trials_are_counted_here_and_by_everybody(words):
    assert "5 trials were made for this answer, and 7 trials by anyone on these prices so far" in words


def test_the_deflated_sharpe_ratio_comes_with_its_source_and_its_strict_bound(words, result):
    deflated = result.facts["honesty"]["luck"]["deflated_sharpe_ratio"]
    assert f"Deflated Sharpe ratio {formats.p_value(deflated)}" in words
    trials = formats.plural(result.n_ledger_trials, "trial").replace("\N{NO-BREAK SPACE}", " ")
    assert f"The same, counting {trials} {formats.p_value(result.deflated_by_ledger)}" in words
    assert "Bailey and López de Prado 2014" in words


def test_a_curve_that_never_moved_has_unknown_numbers(result):
    never = dict.fromkeys(result.facts["honesty"]["luck"]) | {"n_trials": 1}

    assert "Deflated Sharpe ratio –" in reading.text(content(changed(result, luck=never)))


def test_trials_of_the_ledger_count_as_the_independent_ones_that_they_amount_to(words, result):
    assert "Of those, counting" not in words
    looked = dataclasses.replace(result, n_ledger_independent=2.5)
    shown = formats.p_value(looked.deflated_by_independent)
    assert f"Of those, counting 2.5 independent ones {shown}" in reading.text(content(looked))


def test_effective_trials_are_shown_and_unknown_in_older_answers(words, result):
    found = result.facts["honesty"]["luck"]
    assert f"Independent trials this answer's amount to {found['n_effective_trials']:.1f}" in words
    older = {name: fact for name, fact in found.items() if "effective" not in name}
    assert "Independent trials this answer's amount to –" in reading.text(content(changed(result, luck=older)))


def test_the_choice_has_a_sentence_and_a_picture(words, result):
    found = result.facts["honesty"]["overfitting"]
    assert found["n_trials"] == 5
    assert luck.choice_in_words(found).replace("\N{NO-BREAK SPACE}", " ") in words
    share = formats.percent(found["probability"], 0).replace("\N{NO-BREAK SPACE}", " ")
    assert f"in {share} of 12,870 ways to halve it" in words
    assert {"analysis-choice", "analysis-chance"} <= {str(each) for each in reading.ids(content(result))}


def test_of_a_sweep_it_says_that_it_is_of_a_sample(result):
    of_some = dataclasses.replace(result, facts={**result.facts, "sweep": {"n_sampled": 100, "n_combinations": 2400}})
    assert "an even sample of the sweep's 2,400 combinations" in reading.text(content(of_some))
    of_all = dataclasses.replace(result, facts={**result.facts, "sweep": {"n_sampled": 90, "n_combinations": 90}})
    assert "sample" not in luck.choice_in_words(result.facts["honesty"]["overfitting"], of_all.facts["sweep"])


@pytest.mark.parametrize(
    ("probability", "meaning"),
    [(0.02, "carried over"), (0.3, "better than taking any"), (0.5, "no better than taking any")],
)
def test_the_sentence_follows_the_number(result, probability, meaning):
    assert meaning in luck.choice_in_words({**result.facts["honesty"]["overfitting"], "probability": probability})


@pytest.mark.parametrize(
    ("p_value", "meaning"),
    [
        (0.005, "probability of 0.005"),
        (0.05, "better times than chance"),
        (0.31, "0.31"),
        (0.31, "chance does this easily"),
    ],
)
def test_chance_is_said_with_its_probability(result, p_value, meaning):
    assert meaning in luck.chance_in_words({**result.facts["honesty"]["null_test"], "p_value": p_value})


@pytest.mark.parametrize(
    ("part", "fact", "sentence"),
    [
        ("overfitting", None, "it takes five"),
        ("overfitting", "gone", "older than this test"),
        ("null_test", None, "switched off"),
        ("null_test", "gone", "older than this test"),
        ("null_test", {"p_value": None}, "Nothing was held"),
    ],
)
def test_what_is_not_there_says_why(result, part, fact, sentence):
    assert sentence in reading.text(content(changed(result, **{part: fact})))


def test_paths_have_a_sentence_and_two_pictures(result):
    tree = luck.paths_panel(result, "light")
    found = result.facts["honesty"]["paths"]
    assert luck.paths_in_words(found).replace("\N{NO-BREAK SPACE}", " ") in reading.text(tree)
    assert {"analysis-paths", "analysis-path-sharpes"} <= {str(each) for each in reading.ids(tree)}
    assert "On 3 ways through the same history" in reading.text(tree)
    assert f"seen by the choice {100 * found['share_seen']:.0f} %" in reading.text(tree)


@pytest.mark.parametrize(
    ("share", "meaning"),
    [
        (0.0, "the result does not hang on one path"),
        (0.25, "the result hangs on the path"),
        (1.0, "on most paths there was nothing to earn"),
        (None, "the model never held anything"),
    ],
)
def test_paths_are_told_in_words(result, share, meaning):
    assert meaning in luck.paths_in_words({**result.facts["honesty"]["paths"], "share_at_or_below_zero": share})


def test_trials_of_later_folds_are_not_said_to_be_ranked(result):
    alone = {**result.facts["honesty"]["luck"], "n_trials": 6}
    words = reading.text(
        luck.panels(changed(result, luck=alone, overfitting=None, nested={"n_later_trials": 4}), "light")
    )
    assert "2 trials cannot be ranked" in words.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("paths", ["gone", None])
def test_who_asked_for_no_paths_is_told_how_to(result, paths):
    assert "Ask for groups of paths" in reading.text(luck.paths_panel(changed(result, paths=paths), "light"))


def test_chance_runs_have_a_sentence_and_two_pictures(result):
    tree = luck.chance_runs_panel(result, "light")
    assert {"analysis-chance-score", "analysis-chance-sharpe"} <= {str(each) for each in reading.ids(tree)}
    assert "again on outcomes of other bars, 3 times, did as well by" in reading.text(tree)


@pytest.mark.parametrize(
    ("by_score", "by_sharpe", "meaning"),
    [
        (0.01, 0.02, "there was something to find"),
        (0.01, None, "there was something to find"),
        (0.01, 0.4, "the two do not agree"),
        (0.4, 0.3, "the search finds as much where there is nothing"),
        (None, None, "a probability of unknown"),
    ],
)
def test_chance_runs_are_told_in_words(result, by_score, by_sharpe, meaning):
    found = {**result.facts["honesty"]["chance_runs"], "score_p_value": by_score, "sharpe_p_value": by_sharpe}
    assert meaning in luck.chance_runs_in_words(found, "accuracy")


@pytest.mark.parametrize("found", ["gone", None])
def test_who_asked_for_no_chance_runs_is_told_how_to(result, found):
    words = reading.text(luck.chance_runs_panel(changed(result, chance_runs=found), "light"))
    assert "Ask for chance runs" in words
    rule = changed(result, chance_runs=found, paths=found, purge={})
    assert "chooses no model" in reading.text(luck.chance_runs_panel(rule, "light"))
    assert "it has one path" in reading.text(luck.paths_panel(rule, "light"))


def test_runs_that_never_fitted_are_not_drawn(result):
    none = result.frames["chance_runs"].assign(score=float("nan"))
    tree = luck.chance_runs_panel(dataclasses.replace(result, frames={**result.frames, "chance_runs": none}), "light")
    assert "analysis-chance-score" not in {str(each) for each in reading.ids(tree)}

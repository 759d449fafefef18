import dataclasses

import numpy as np
import pandas as pd
import pytest

from quant.validation.by_class import calibration_by_class, roc_by_class
from quant.validation.scores import SCORES, confusion
from tests.webapp.dashboard import reading
from webapp.dashboard.components.tabs import model


def changed(result, *, frames=None, **facts):
    return dataclasses.replace(result, frames={**result.frames, **(frames or {})}, facts={**result.facts, **facts})


def in_words(result):
    return " ".join(text for _, text in model.choice_in_words(result, SCORES["roc_auc"]))


def test_a_missed_target_is_said_plainly(result):
    words = in_words(result)

    assert "It misses the target of 0.9" in words
    assert "3\u00a0parameter sets were tried inside the training span" in words
    assert "misses the same target" in words


def test_a_target_that_is_met_in_training_and_missed_outside_is_not_praised(result):
    chosen = {**result.facts["chosen"], "target": 0.53, "target_met": True}
    good = changed(result, chosen=chosen, scores={**result.facts["scores"], "roc_auc": 0.48})

    marks = [is_good for is_good, _ in model.choice_in_words(good, SCORES["roc_auc"])]

    assert "It meets the target of 0.53." in in_words(good)
    assert "it reached 0.480, which misses the same target" in in_words(good)
    assert marks[-1] is False


def test_a_target_that_is_reached_by_chance_is_not_met(result):
    chosen = {**result.facts["chosen"], "target": 0.5, "score": 0.51, "target_met": False, "chance_score": 0.52}
    words = in_words(changed(result, chosen=chosen))

    assert "the shares of the classes alone get 0.520" in words
    assert "It is at the target of 0.5, but no better than those shares: not good enough." in words


def test_two_models_of_a_kind_are_told_apart_by_the_parameters_in_which_they_differ():
    trials = [
        {"model": "logistic", "kind": "candidate", "parameters": '{"c": 0.1}'},
        {"model": "random_forest", "kind": "candidate", "parameters": '{"n_trees": 10, "max_depth": 3}'},
        {"model": "logistic", "kind": "candidate", "parameters": '{"c": 1.0}'},
        {"model": "logistic", "kind": "tuning", "parameters": '{"c": 0.3}'},
        {"model": "random_forest", "kind": "candidate", "parameters": '{"n_trees": 20, "max_depth": 3}'},
    ]
    assert model.trial_titles(trials) == [
        "Logistic regression (c 0.1)",
        "Random forest (n_trees 10)",
        "Logistic regression (c 1)",
        "Logistic regression, tuned",
        "Random forest (n_trees 20)",
    ]


def test_without_a_target_nothing_is_met_or_missed(result):
    chosen = {**result.facts["chosen"], "target": None, "target_met": None}
    free = changed(result, chosen=chosen, tuning={**result.facts["tuning"], "started": False})

    assert {is_good for is_good, _ in model.choice_in_words(free, SCORES["roc_auc"])} == {None}
    assert "No target was set" in in_words(free)


def test_models_that_folds_chose_for_themselves_are_named(view, result):
    numbers = result.frames["fold_scores"]["fold"].tolist()
    titles = ["Kernel machine", *["Linear one"] * (len(numbers) - 1), "Final one"]
    choices = [{"fold": fold, "title": title} for fold, title in zip([*numbers, len(numbers)], titles, strict=True)]
    nested = changed(result, honesty={**result.facts["honesty"], "nested": {"folds": choices}})

    assert "each later one chose for itself" in in_words(nested)
    assert "chose for itself" not in in_words(result)
    drawn = reading.by_id(model.content(view(), nested, "light"), "analysis-walk-forward").figure["data"]
    assert {each["name"] for each in drawn} == {"Kernel machine or Linear one"}


def test_a_score_that_is_not_defined_has_words(result):
    assert "not defined" in in_words(changed(result, scores={**result.facts["scores"], "roc_auc": None}))


def test_all_that_was_measured_is_drawn(view, result):
    tree = model.content(view(), result, "light")

    assert {each for each in reading.ids(tree) if str(each).startswith("analysis-")} == {
        "analysis-purged-folds", "analysis-walk-forward", "analysis-roc", "analysis-calibration", "analysis-importance",
        "analysis-trials", "analysis-coverage", "analysis-impurity",
    }  # fmt: skip


def test_the_chosen_trial_is_drawn_first_with_its_own_scores(view, result):
    chosen = result.facts["chosen"]
    of_kind = result.frames["candidates"][result.frames["candidates"]["kind"] == chosen["kind"]]
    number = int(of_kind.iloc[chosen["number"]]["number"])
    scores = result.frames["cv_scores"]

    figure = reading.by_id(model.content(view(), result, "light"), "analysis-purged-folds").figure

    first = figure["data"][0]
    assert first["name"] == "Logistic regression, tuned"
    assert first["y"] == pytest.approx(scores[scores["number"] == number]["score"].tolist())
    assert np.mean(first["y"]) == pytest.approx(chosen["score"])
    assert len(figure["data"]) == 3


def test_every_trial_is_listed(view, result):
    tree = model.content(view(), result, "light")

    words = reading.text(tree)
    assert words.count("tuning") == 3
    assert words.count("candidate ") >= 2


def test_three_classes_have_three_rows_and_columns():
    pairs = [(actual, predicted) for actual in (-1, 0, 1) for predicted in (-1, 0, 1)]
    confusion = pd.DataFrame(pairs, columns=["actual", "predicted"]).assign(n_rows=range(9))

    words = reading.text(model.confusion_table(confusion))

    assert "Said up" in words
    assert "Said neither" in words
    assert "21" in words  # 6 + 7 + 8


def test_confusion_counts_every_known_bar(result):
    table = model.confusion_table(result.frames["confusion"])

    rows = [reading.text(row) for row in reading.of_type(reading.of_type(table, "Tbody")[0], "Tr")]
    counts = result.frames["confusion"].set_index(["actual", "predicted"])["n_rows"]
    assert rows[0].startswith("Label 1")
    assert str(counts[1, 1]) in rows[0]
    assert rows[1].endswith(str(counts[0].sum()))


def test_importance_that_was_switched_off_is_said_so(view, result):
    without = dataclasses.replace(
        result, frames={name: frame for name, frame in result.frames.items() if name != "importance"}
    )

    assert "switched off" in reading.text(model.content(view(), without, "light"))


def test_importance_that_could_not_be_measured_is_said_so(view, result):
    unknown = changed(result, frames={"importance": result.frames["importance"].assign(mean=np.nan)})

    assert "could not be measured" in reading.text(model.content(view(), unknown, "light"))


def test_outcomes_that_are_all_alike_leave_no_curve(view, result):
    flat = changed(
        result, frames={"roc": result.frames["roc"].iloc[:0], "calibration": result.frames["calibration"].iloc[:0]}
    )

    ids = reading.ids(model.content(view(), flat, "light"))
    assert "analysis-roc" not in ids
    assert "analysis-calibration" not in ids


def test_it_reads_no_more_than_it_shows(view, result):
    narrow = dataclasses.replace(
        result, frames={name: result.frames[name] for name in model.FRAMES if name in result.frames}
    )

    assert reading.text(model.content(view(), narrow, "light"))


def test_each_of_three_classes_has_its_curves_and_is_reported(view, result):
    labels, probability = np.array([1.0, 0.0, -1.0] * 20), np.tile([[0.6, 0.2], [0.3, 0.3], [0.1, 0.7]], (20, 1))
    frames = {
        "roc": roc_by_class(labels, probability),
        "calibration": calibration_by_class(labels, probability),
        "confusion": confusion(labels, probability),
    }

    tree = model.content(view(), dataclasses.replace(result, frames={**result.frames, **frames}), "light")

    for chart in ("analysis-roc", "analysis-calibration"):
        drawn = reading.by_id(tree, chart).figure
        assert [trace["name"] for trace in drawn["data"][1:]] == ["Up", "Neither", "Down"]
        assert len({trace["line"]["dash"] for trace in drawn["data"][1:]}) == 3
        assert drawn["layout"]["showlegend"]
    words = reading.text(tree)
    assert "each class against the others" in words
    assert "Precision" in words


def test_predicted_returns_have_their_own_pictures(view, result):
    bins = pd.DataFrame({"mean_predicted": [-0.01, 0.02], "mean_outcome": [0.0, 0.01], "n_rows": [10, 11]})
    frames = {name: frame for name, frame in result.frames.items() if name not in {"roc", "calibration", "confusion"}}
    numbers = dataclasses.replace(result, frames={**frames, "forecast_bins": bins})

    tree = model.content(view(), numbers, "light")

    figure = reading.by_id(tree, "analysis-forecasts").figure
    assert figure["data"][1]["y"] == [0.0, 0.01]
    assert "analysis-roc" not in reading.ids(tree)


def test_coverage_is_said_in_words_and_older_answers_say_what_to_do(view, result):
    words = reading.text(model.content(view(), result, "light"))
    assert "that should hold 80" in words
    older = {name: fact for name, fact in result.facts.items() if name != "intervals"}
    none = {**result.facts["intervals"], "covered": None}
    assert "run it again" in reading.text(model.content(view(), dataclasses.replace(result, facts=older), "light"))
    assert "Too few outcomes" in reading.text(model.content(view(), changed(result, intervals=none), "light"))


def test_a_kernel_machine_has_no_importance_in_training(view, result):
    frame = result.frames["importance"].assign(impurity=np.nan)
    words = reading.text(model.content(view(), changed(result, frames={"importance": frame}), "light"))
    assert "leans on bars" in words


def test_calibration_is_one_number_beside_what_chance_makes(view, result):
    facts = {"expected_error": 0.031, "expected_error_by_chance": 0.024, "n_bins": 10}
    words = reading.text(model.content(view(), changed(result, calibration=facts), "light"))

    assert "a probability is 3.1 % from how often it came true" in words.replace("\u202f", " ").replace("\u00a0", " ")
    assert f"Brier score {result.facts['scores']['brier']:.3f}" in words


def test_an_answer_from_before_there_was_a_comparison_is_drawn_without(view, result):
    old = {name: fact for name, fact in result.facts.items() if name not in {"comparison", "calibration"}}
    words = reading.text(model.content(view(), dataclasses.replace(result, facts=old), "light"))

    assert "Paired test" not in words
    assert "expected calibration error" not in words


def test_by_what_rows_weigh_in_scores_is_said(view, result):
    own = view()
    weighed = dataclasses.replace(own, spec={**own.spec, "weights": {"by": "uniqueness"}})

    assert "rows weigh by uniqueness in scores" in reading.text(model.content(weighed, result, "light"))
    assert "rows weigh" not in reading.text(model.content(own, result, "light"))


def test_scores_stand_with_their_intervals_over_the_folds(view, result):
    found = result.facts["score_intervals"]["accuracy"]
    words = reading.text(model.content(view(), result, "light"))

    assert f"{found['lower']:.3f} to {found['upper']:.3f}" in words
    few = {name: {**each, "lower": None, "upper": None} for name, each in result.facts["score_intervals"].items()}
    assert "too few folds" in reading.text(model.content(view(), changed(result, score_intervals=few), "light"))
    older = changed(result, score_intervals=None)
    assert "Mean of folds" not in reading.text(model.content(view(), older, "light"))

import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError

from quant.analysis import run_analysis
from quant.explaining import Explaining
from quant.fitting import fit_folds
from quant.learning import TrainingSpan
from quant.models.importance import permutation_importance
from quant.preparation import (
    bar_returns,
    clean_prices,
    features_panel,
    fetch_instruments,
    labels_panel,
    next_bar_returns,
    samples,
    traded_folds,
)
from quant.spec import AnalysisSpec
from quant.validation.scores import SCORES, roc_auc
from tests.quant.conftest import QUICK

ALL = {
    "partial_dependence": True,
    "decision_boundary": True,
    "single_feature": True,
    "clusters": True,
    "learning_curve": True,
}


def question(**changes):
    return AnalysisSpec.model_validate({**QUICK, "models": [{"name": "logistic"}], "explanation": ALL, **changes})


@pytest.fixture(scope="module")
def explaining():
    spec = question()
    clean = clean_prices(spec, dict(enumerate(fetch_instruments(spec))))
    rows, outcomes = samples(spec, features_panel(spec, clean.adjusted), labels_panel(spec, clean.adjusted))
    folds = traded_folds(spec, outcomes)
    returns, bars = next_bar_returns(clean.adjusted), bar_returns(clean.adjusted)
    span = TrainingSpan(spec, rows, outcomes, next_returns=returns, bars=bars, folds=folds)
    return Explaining(spec, spec.models[0], spec.models[0], rows, outcomes, folds, span)


def test_nothing_is_computed_that_was_not_asked_for(explaining):
    assert list(explaining.parts()) == list(ALL)
    assert dataclasses.replace(explaining, spec=question(explanation={})).parts() == {}


def test_one_feature_alone_is_judged_as_the_model_of_all_is(explaining):
    table = explaining.single_features()
    narrow = explaining.span.of_features(["rsi_14"])
    trial = narrow.judge(explaining.model, number=0, kind="candidate", n_jobs=1)

    assert table["feature"].tolist() == list(explaining.rows.columns)
    assert table.set_index("feature").loc["rsi_14", "mean"] == pytest.approx(trial.score)
    assert table.set_index("feature").loc["rsi_14", "std"] == pytest.approx(np.std(trial.fold_scores, ddof=1))
    assert len(explaining.span.features.columns) == 3


def test_what_cannot_be_fitted_on_one_feature_is_unknown(explaining, monkeypatch):
    from quant.errors import ModelError  # noqa: PLC0415  # for this test only

    def refuse(*_args, **_options):
        raise ModelError("Expected two features.")

    monkeypatch.setattr(TrainingSpan, "judge", refuse)
    table = explaining.single_features()

    assert table["mean"].isna().all()
    assert (table["n_folds"] == 0).all()


def test_groups_of_one_are_single_features_and_all_in_one_group_is_all(explaining):
    alone = dataclasses.replace(explaining, spec=question(explanation={**ALL, "likeness": 0.99})).clusters()
    together = dataclasses.replace(explaining, spec=question(explanation={**ALL, "likeness": 1e-9})).clusters()
    _, fitted = fit_folds(
        explaining.spec, explaining.model, explaining.rows, explaining.outcomes, explaining.folds,
        bars=explaining.span.bars,
    )  # fmt: skip
    labels = explaining.outcomes["label"]
    first = [
        permutation_importance(
            model, explaining.rows.iloc[known], labels.iloc[known], roc_auc, explaining.spec.seed + fold.number, 3
        )["mean"]
        for fold, model in zip(explaining.folds, fitted, strict=True)
        if len(known := fold.test[labels.notna().to_numpy()[fold.test]]) >= 30
    ]

    assert alone["mean"].to_numpy() == pytest.approx(np.mean(first, axis=0))
    assert together["n_features"].tolist() == [3]


def test_groups_are_of_bars_before_the_first_that_is_traded(explaining):
    later = explaining.rows.copy()
    later.iloc[explaining.folds[0].test[0] :] = 1.0
    before = explaining.clusters()["features"]

    assert dataclasses.replace(explaining, rows=later).clusters()["features"].equals(before)


def test_a_learning_curve_is_of_the_latest_bars_before_the_same_windows(explaining):
    curve = explaining.learning_curve()
    fold = explaining.folds[0]
    short = dataclasses.replace(fold, train=fold.train[-curve["n_bars"][1] :])
    predictions, (model,) = fit_folds(
        explaining.spec, explaining.model, explaining.rows, explaining.outcomes, [short], bars=explaining.span.bars
    )
    only = dataclasses.replace(explaining, folds=[fold]).learning_curve()
    label = explaining.outcomes["label"]

    assert curve["n_bars"].tolist() == [60, 120, 180, 240, 300]
    assert only["mean"][1] == pytest.approx(roc_auc(label.reindex(predictions.index), predictions["probability"]))
    said = model.predict_proba(explaining.rows.iloc[short.train].to_numpy())[:, 1]
    assert only["training_mean"][1] == pytest.approx(roc_auc(label.iloc[short.train], said))
    assert (curve["n_folds"] == len(explaining.folds) - 1).all()  # the last window has fewer than 30 known labels


def test_what_does_not_fit_on_so_few_bars_is_unknown(explaining):
    few = question(validation={**QUICK["validation"], "train_bars": 100})
    tiny = dataclasses.replace(explaining, spec=few)
    outcomes = explaining.outcomes.copy()
    first = explaining.folds[0].train
    outcomes.iloc[first[-20:], outcomes.columns.get_loc("label")] = 1.0
    curve = dataclasses.replace(tiny, outcomes=outcomes, folds=explaining.folds[:1]).learning_curve()

    assert np.isnan(curve["mean"][0])
    assert curve["n_folds"].tolist() == [0, 1, 1, 1, 1]


def test_the_answer_has_what_was_asked_for_and_nothing_else_changes(quick_result):
    spec = AnalysisSpec.model_validate({**QUICK, "explanation": ALL, "audit": {"enabled": False}})
    answer = run_analysis(spec, fetch_instruments)

    assert set(answer.frames) - set(quick_result.frames) == set(ALL)
    assert answer.facts["scores"] == quick_result.facts["scores"]
    assert answer.frames["importance"].equals(quick_result.frames["importance"])
    assert {name for name in answer.stage_keys if name in ALL} == set(ALL)
    assert SCORES[spec.validation.score].name == "roc_auc"


def test_the_boundary_is_between_the_features_that_move_predictions_most(explaining):
    curves = explaining.dependence()
    reach = curves.groupby("feature")["mean"].agg(np.ptp).sort_values()
    found = explaining.boundary()

    assert (found["across"].iloc[0], found["up"].iloc[0]) == (reach.index[-1], reach.index[-2])
    assert len(found) == 25 * 25


def test_the_boundary_is_between_the_features_that_were_chosen(explaining):
    one, other = list(explaining.rows.columns)[:2]
    spec = question(explanation={"decision_boundary": True, "boundary_x": other, "boundary_y": one})
    changed = dataclasses.replace(explaining, spec=spec)
    found = changed.boundary()

    assert (found["across"].iloc[0], found["up"].iloc[0]) == (other, one)
    assert changed.options("decision_boundary") == {"across": other, "up": one}
    half = question(explanation={"decision_boundary": True, "boundary_x": one})
    assert dataclasses.replace(explaining, spec=half).boundary()["across"].iloc[0] == one


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"boundary_x": "rsi_15"}, "boundary_x and boundary_y ask for columns of the features"),
        ({"boundary_x": "rsi_14", "boundary_y": "rsi_14"}, "asks for two different columns"),
    ],
)
def test_a_boundary_between_what_is_not_there_is_refused(asked, words):
    with pytest.raises(ValidationError, match=words):
        question(explanation={"decision_boundary": True, **asked})

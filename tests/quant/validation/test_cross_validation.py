import dataclasses
import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from quant.errors import AnalysisCancelled, InvalidSpec, ModelError
from quant.models import catalog as models
from quant.models.build import build
from quant.models.prediction import predict_probability
from quant.validation.catalog import ValidationSpec
from quant.validation.cross_validation import fit_predict_folds, score_folds
from quant.validation.splits import purged_k_fold, walk_forward

PATIENCE_SECONDS = 30
MODELS = [models.LogisticRegression(), models.RandomForest(n_trees=15), models.XgBoost(n_rounds=15)]


def predict(model, features):
    return model.predict_proba(features.to_numpy())[:, 1]


def scaled_regression():
    return make_pipeline(StandardScaler(), LogisticRegression())


def noise(labels, n_features=4, seed=1):
    """Features that know nothing."""
    values = np.random.default_rng(seed).normal(size=(len(labels), n_features))
    return pd.DataFrame(values, index=labels.index, columns=[f"noise_{i}" for i in range(n_features)])


def walk(**fields):
    return ValidationSpec.model_construct(**{"train_bars": 60, "test_bars": 20, "embargo_bars": 1} | fields)


def test_predictions_cover_the_test_rows_in_order(daily_labels):
    labels = daily_labels(130, n_instruments=2, n_unknown=3)
    folds = walk_forward(labels, walk())
    predictions, fitted = fit_predict_folds(scaled_regression, noise(labels), labels, folds, predict=predict, n_jobs=1)
    assert predictions.index.equals(labels.index[120:])  # the last rows too, whose labels are unknown
    assert predictions.dtypes.to_dict() == {"probability": np.float64, "fold": np.int64}
    assert predictions["fold"].tolist() == np.repeat([0, 1, 2, 3], [40, 40, 40, 20]).tolist()
    assert len(fitted) == len(folds) == 4
    for fold, model in zip(folds, fitted, strict=True):
        rows = noise(labels).to_numpy()[fold.train]
        expected = scaled_regression().fit(rows, labels["label"].iloc[fold.train].astype(int))
        assert (predict(model, noise(labels)) == predict(expected, noise(labels))).all()


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
def test_the_number_of_threads_changes_nothing(daily_labels, spec):
    labels = daily_labels(140, n_instruments=2, horizon=2)
    features = noise(labels)
    folds = purged_k_fold(labels, 6, 1)
    runs = [
        fit_predict_folds(
            lambda: build(spec, seed=3), features, labels, folds, predict=predict_probability, n_jobs=n_jobs
        )
        for n_jobs in (1, 2, 6, 1)
    ]
    for predictions, fitted in runs[1:]:
        pd.testing.assert_frame_equal(predictions, runs[0][0], check_exact=True)
        for model, same in zip(fitted, runs[0][1], strict=True):
            assert (predict_probability(model, features) == predict_probability(same, features)).all()


def test_the_scaler_learns_inside_the_fold(daily_labels):
    labels = daily_labels(120)
    features = noise(labels)
    features.iloc[60:] += 1000  # what comes later would show in any mean that had seen it
    folds = walk_forward(labels, walk(test_bars=30))
    _, fitted = fit_predict_folds(scaled_regression, features, labels, folds, predict=predict, n_jobs=2)
    for fold, model in zip(folds, fitted, strict=True):
        scaler = model.named_steps["standardscaler"]
        assert scaler.mean_ == pytest.approx(features.iloc[fold.train].mean().to_numpy())
        assert scaler.n_samples_seen_ == len(fold.train)
    assert (np.abs(fitted[0].named_steps["standardscaler"].mean_) < 1).all()


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
def test_noise_scores_like_noise_and_a_planted_cheat_shows(daily_labels, spec):
    labels = daily_labels(1200, horizon=5, seed=11)
    folds = purged_k_fold(labels, 5, 5)

    def mean_score(features):
        predictions, _ = fit_predict_folds(
            lambda: build(spec, seed=3), features, labels, folds, predict=predict_probability, n_jobs=2
        )
        return score_folds(predictions, labels)["roc_auc"].mean()

    features = noise(labels)
    assert mean_score(features) == pytest.approx(0.5, abs=0.04)
    assert mean_score(features.assign(cheat=labels["label"])) > 0.99


def test_each_fold_is_reported_in_the_callers_thread(daily_labels):
    labels = daily_labels(120)
    folds = purged_k_fold(labels, 4, 0)
    reported, told_in = [], set()

    def on_fold(result):
        reported.append(result)
        told_in.add(threading.get_ident())

    predictions, fitted = fit_predict_folds(
        scaled_regression, noise(labels), labels, folds, predict=predict, n_jobs=2, on_fold=on_fold
    )
    assert told_in == {threading.get_ident()}
    by_number = {result.fold.number: result for result in reported}
    assert sorted(by_number) == [0, 1, 2, 3]
    for number, result in by_number.items():
        assert result.fold is folds[number]
        assert result.model is fitted[number]
        assert result.seconds > 0
        pd.testing.assert_frame_equal(result.predictions, predictions[predictions["fold"] == number])


def test_cancelling_is_prompt_and_starts_no_further_fold(daily_labels):
    labels = daily_labels(120)
    both_run, may_end, started = threading.Event(), threading.Event(), []

    class Slow(DummyClassifier):
        def fit(self, X, y):  # noqa: N803  # scikit-learn's name
            started.append(len(started))
            if len(started) > 1:
                both_run.set()
                assert may_end.wait(PATIENCE_SECONDS)
            assert both_run.wait(PATIENCE_SECONDS)
            return super().fit(X, y)

    def cancel(result):
        raise AnalysisCancelled(f"after fold {result.fold.number}")

    try:
        with pytest.raises(AnalysisCancelled, match="after fold"):
            fit_predict_folds(
                Slow, noise(labels), labels, purged_k_fold(labels, 6, 0), predict=predict, n_jobs=2, on_fold=cancel
            )
        assert not may_end.is_set()  # raised while the other fold was still being fitted
    finally:
        may_end.set()
    assert len(started) == 2


def test_a_part_of_the_folds_gives_their_part_of_the_predictions(daily_labels):
    labels = daily_labels(120)
    folds = purged_k_fold(labels, 4, 0)
    arguments = (scaled_regression, noise(labels), labels)
    everything, _ = fit_predict_folds(*arguments, folds, predict=predict, n_jobs=1)
    later, _ = fit_predict_folds(*arguments, [folds[3], folds[1]], predict=predict, n_jobs=1)
    pd.testing.assert_frame_equal(later, everything[everything["fold"].isin([1, 3])])


def never():
    raise AssertionError("nothing may be fitted")


def test_a_fold_with_one_outcome_is_refused_before_anything_is_fitted(daily_labels):
    labels = daily_labels(120)
    folds = walk_forward(labels, walk(expanding=False))
    labels.iloc[folds[-1].train, 0] = 1.0
    with pytest.raises(ModelError, match=r"58 training labels of fold 2; found 1\. Choose"):
        fit_predict_folds(never, noise(labels), labels, folds, predict=predict, n_jobs=1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_unknown_features_are_refused(daily_labels, value):
    labels = daily_labels(120)
    features = noise(labels)
    features.iloc[7, 2] = value
    with pytest.raises(ModelError, match="the first in noise_2 at 2020-01-08"):
        fit_predict_folds(never, features, labels, purged_k_fold(labels, 3, 0), predict=predict, n_jobs=1)


def test_what_does_not_fit_together_is_refused(daily_labels):
    labels = daily_labels(120)
    folds = purged_k_fold(labels, 3, 0)
    with pytest.raises(InvalidSpec, match="same rows"):
        fit_predict_folds(never, noise(labels).iloc[1:], labels, folds, predict=predict, n_jobs=1)
    with pytest.raises(InvalidSpec, match="at least one fold"):
        fit_predict_folds(never, noise(labels), labels, [], predict=predict, n_jobs=1)
    with pytest.raises(InvalidSpec, match="tested twice"):
        fit_predict_folds(never, noise(labels), labels, [folds[0], folds[0]], predict=predict, n_jobs=1)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_fit_that_fails_names_its_fold(daily_labels, n_jobs):
    labels = daily_labels(120)

    class Broken(DummyClassifier):
        def fit(self, *_):
            raise ValueError("numbers too large")

    with pytest.raises(ModelError, match=r"fits in fold [01]; found numbers too large"):
        fit_predict_folds(Broken, noise(labels), labels, purged_k_fold(labels, 3, 0), predict=predict, n_jobs=n_jobs)


@pytest.mark.parametrize(
    "spoiled", [lambda values: values * np.nan, lambda values: values[1:], lambda values: values.reshape(-1, 1)]
)
def test_a_prediction_that_is_no_probability_is_refused(daily_labels, spoiled):
    labels = daily_labels(120)
    with pytest.raises(ModelError, match=r"finite predictions of shape \(40,\) in fold 0"):
        fit_predict_folds(
            DummyClassifier,
            noise(labels),
            labels,
            purged_k_fold(labels, 3, 0),
            predict=lambda model, features: spoiled(predict(model, features)),
            n_jobs=1,
        )


def test_scores_by_fold(daily_labels):
    labels = daily_labels(10, n_unknown=1)
    labels["label"] = [0, 1, 0, 1, 1, 1, 1, 1, 0, np.nan]
    predictions = pd.DataFrame(
        {"probability": [0.9, 0.6, 0.7, 0.8, 0.2, 0.6], "fold": [1, 1, 1, 2, 2, 2]}, index=labels.index[4:]
    )
    scores = score_folds(predictions, labels, ["roc_auc", "brier"])
    assert list(scores.columns) == [
        "fold", "test_from", "test_to", "n_rows", "n_scored", "share_positive", "roc_auc", "brier",
    ]  # fmt: skip
    assert scores["fold"].tolist() == [1, 2]
    assert scores["n_rows"].tolist() == [3, 3]
    assert scores["n_scored"].tolist() == [3, 2]
    assert scores["share_positive"].tolist() == [1.0, 0.5]
    assert np.isnan(scores["roc_auc"][0])  # all labels alike
    assert scores["roc_auc"][1] == 1.0
    assert scores["brier"].tolist() == pytest.approx([(0.01 + 0.16 + 0.09) / 3, (0.04 + 0.04) / 2])
    assert scores["test_from"].tolist() == [labels.index[4][0], labels.index[7][0]]


def test_a_prediction_without_a_label_row_is_refused(daily_labels):
    labels = daily_labels(10)
    predictions = pd.DataFrame({"probability": 0.5, "fold": 0}, index=labels.index)
    with pytest.raises(InvalidSpec, match="found none for 4"):
        score_folds(predictions, labels.iloc[4:])


def test_folds_may_come_in_any_order(daily_labels):
    labels = daily_labels(120)
    folds = purged_k_fold(labels, 4, 0)
    arguments = (scaled_regression, noise(labels), labels)
    forward, _ = fit_predict_folds(*arguments, folds, predict=predict, n_jobs=1)
    backward, fitted = fit_predict_folds(*arguments, folds[::-1], predict=predict, n_jobs=1)
    pd.testing.assert_frame_equal(forward, backward)
    assert (predict(fitted[0], noise(labels).iloc[folds[3].test]) == forward["probability"].iloc[90:]).all()


def test_a_renumbered_fold_keeps_its_number(daily_labels):
    labels = daily_labels(120)
    folds = [dataclasses.replace(fold, number=fold.number + 10) for fold in purged_k_fold(labels, 2, 0)]
    predictions, _ = fit_predict_folds(scaled_regression, noise(labels), labels, folds, predict=predict, n_jobs=1)
    assert predictions["fold"].unique().tolist() == [10, 11]

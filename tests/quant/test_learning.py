import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from quant.fitting import fit_folds
from quant.labels.catalog import ForwardReturnSize, TripleBarrier, WeightSpec
from quant.labels.weights import label_spans, sample_weights
from quant.learning import (
    TrainingSpan,
    best_of,
    candidates_frame,
    compare_trials,
    cv_scores_frame,
    learning_part,
    meets_target,
    to_model,
)
from quant.models.catalog import LogisticRegression
from quant.preparation import (
    bar_returns,
    clean_prices,
    features_panel,
    fetch_instruments,
    labels_panel,
    next_bar_returns,
    samples,
)
from quant.result import TriedModel
from quant.validation.splits import Fold, walk_forward

TRIED = TriedModel(
    number=0,
    kind="candidate",
    model="logistic",
    parameters={"c": 0.1},
    score_name="roc_auc",
    score=0.52,
    fold_scores=(0.5, None, 0.54),
    sharpe_ratio=0.01,
)


def tried(**changes):
    return dataclasses.replace(TRIED, **changes)


@pytest.fixture(scope="module")
def span_and_folds(quick_spec):
    clean = clean_prices(quick_spec, dict(enumerate(fetch_instruments(quick_spec))))
    features, labels = features_panel(quick_spec, clean.adjusted), labels_panel(quick_spec, clean.adjusted)
    rows, outcomes = samples(quick_spec, features, labels)
    folds = walk_forward(outcomes, quick_spec.validation)
    return TrainingSpan(
        quick_spec,
        rows,
        outcomes,
        next_returns=next_bar_returns(clean.adjusted),
        bars=bar_returns(clean.adjusted),
        folds=folds,
    ), folds


def test_choosing_sees_nothing_of_the_traded_span(span_and_folds):
    span, folds = span_and_folds
    first_traded = folds[0].test_span[0]

    assert (span.features.index.get_level_values("timestamp") < first_traded).all()
    assert (span.labels["label_end"] < first_traded).all()


def test_a_judged_model_has_a_score_of_each_fold_and_their_mean(span_and_folds, quick_spec):
    span, _ = span_and_folds
    judged = span.judge(LogisticRegression(), number=4, kind="tuning", n_jobs=1)

    assert len(judged.fold_scores) == quick_spec.validation.n_folds
    assert judged.score == pytest.approx(math.fsum(judged.fold_scores) / len(judged.fold_scores))
    assert (judged.number, judged.kind, judged.parameters) == (4, "tuning", {"c": 0.1})
    assert span.judge(LogisticRegression(), number=4, kind="tuning", n_jobs=3) == judged


def test_the_best_is_by_the_scores_own_direction_and_the_first_of_equals():
    low, high, twin = tried(score=0.5), tried(score=0.6, number=1), tried(score=0.6, number=2)
    assert best_of([low, high, twin]) is high
    losses = [tried(score_name="log_loss", score=score) for score in (0.7, 0.68, 0.69)]
    assert best_of(losses) is losses[1]


def test_a_trial_without_a_score_is_never_better():
    assert best_of([tried(score=None), tried(score=0.1, number=1)]).number == 1
    assert best_of([tried(score=0.1), tried(score=None, number=1)]).number == 0


@pytest.mark.parametrize(("target", "score", "met"), [(None, 0.5, None), (0.55, 0.55, True), (0.55, 0.54, False)])
def test_the_target_is_met_missed_or_not_set(quick_spec, target, score, met):
    spec = quick_spec.model_copy(update={"validation": quick_spec.validation.model_copy(update={"target": target})})
    assert meets_target(spec, tried(score=score), None) is met
    assert meets_target(spec, tried(score=score), 0.5) is met
    assert meets_target(spec, tried(score=score), 0.55) is (None if target is None else False)  # as good as chance
    assert meets_target(spec, tried(score=None), None) is (None if target is None else False)


@pytest.mark.parametrize("classes", ["two_way", "three_way"])
@pytest.mark.parametrize("score", ["accuracy", "log_loss", "brier", "roc_auc"])
def test_chance_is_the_score_of_the_shares_of_the_training_classes(span_and_folds, quick_spec, classes, score):
    from sklearn import metrics  # noqa: PLC0415  # an oracle
    from sklearn.dummy import DummyClassifier  # noqa: PLC0415  # an oracle

    asked = span_and_folds[0].spec.model_copy(
        update={
            "label": TripleBarrier(classes=classes),
            "validation": quick_spec.validation.model_copy(update={"score": score}),
        }
    )
    span = span_and_folds[0].asked_by(asked)
    if classes == "three_way":
        span.labels = span.labels.assign(label=np.arange(len(span.labels)) % 7 % 3 - 1.0)
    label = span.labels["label"].to_numpy()
    expected = []
    for fold in span.folds:
        guess = DummyClassifier(strategy="prior").fit(np.zeros((len(fold.train), 1)), label[fold.train])
        shares, came = guess.predict_proba(np.zeros((len(fold.test), 1))), label[fold.test]
        of_class = {which: shares[:, place] for place, which in enumerate(guess.classes_)}
        expected.append(
            {
                "accuracy": metrics.accuracy_score(came, guess.predict(np.zeros((len(fold.test), 1)))),
                "log_loss": metrics.log_loss(came, shares, labels=guess.classes_),
                "brier": sum(((came == which) - share) ** 2 for which, share in of_class.items()).mean() / 2,
                "roc_auc": 0.5,
            }[score]
        )
    assert span.chance() == pytest.approx(np.mean(expected))


def test_numbers_have_no_chance_of_classes(span_and_folds):
    span = span_and_folds[0]
    assert span.asked_by(span.spec.model_copy(update={"label": ForwardReturnSize()})).chance() is None


def test_a_trial_leads_back_to_its_model(quick_spec):
    assert to_model(quick_spec, tried(parameters={"c": 0.25})) == LogisticRegression(c=0.25)


def test_trials_as_frames_keep_unknown_scores_unknown():
    trials = [tried(), tried(score=None, sharpe_ratio=None)]

    frame = candidates_frame(trials)
    assert frame["parameters"].tolist() == ['{"c": 0.1}'] * 2
    assert frame["score"].isna().tolist() == [False, True]
    assert cv_scores_frame(trials)["score"].isna().sum() == 2


def test_the_chosen_trial_is_compared_with_the_next_best_of_each_model():
    fold = Fold(0, np.arange(80), np.arange(20), (0, 99), pd.MultiIndex.from_product([range(100), [0]]))
    trials = [
        tried(model="logistic", score=0.52, fold_scores=(0.51, 0.52, 0.53)),
        tried(model="random_forest", score=0.60, fold_scores=(0.59, 0.60, 0.61)),
        tried(model="random_forest", score=0.56, fold_scores=(0.50, 0.60, 0.58)),
        tried(model="random_forest", score=0.55, fold_scores=(0.54, 0.55, 0.56)),
        tried(model="xgboost", score=None, fold_scores=(None, None, None)),
        tried(model="ridge", score=0.5, fold_scores=(0.5, 0.5, None)),
    ]
    linear, forest, ridge = compare_trials(trials, trials[1], [fold])

    assert (linear["trial"], forest["trial"], ridge["trial"]) == (0, 2, 5)
    assert linear["difference"] == pytest.approx(0.08)
    assert linear["p_value"] is None  # the same in every fold
    assert forest["difference"] == pytest.approx((0.09 + 0.0 + 0.03) / 3)
    assert forest["p_value_adjusted"] == forest["p_value"] > 0.05
    assert not forest["is_distinguishable"]
    assert (ridge["n_folds"], ridge["p_value"]) == (2, None)


def test_a_difference_in_every_fold_is_one():
    fold = Fold(0, np.arange(80), np.arange(20), (0, 99), pd.MultiIndex.from_product([range(100), [0]]))
    best = tried(score=0.6, fold_scores=(0.60, 0.61, 0.59, 0.60))
    other = tried(model="xgboost", score=0.5, fold_scores=(0.50, 0.50, 0.50, 0.51))

    assert compare_trials([best, other], best, [fold])[0]["is_distinguishable"]
    assert compare_trials([best], best, [fold]) == []
    assert compare_trials([other], tried(score=None), [fold]) is None


@pytest.mark.parametrize("weights", [{"by": "uniqueness"}, {"by": "attribution", "decay": 0.2, "balanced": True}])
def test_what_weighs_in_learning_weighs_in_scoring(span_and_folds, quick_spec, weights):
    """Each purged fold's score once more: of its own test rows, by what they share with one another, not by age."""
    from sklearn import metrics  # noqa: PLC0415  # an oracle

    asked = quick_spec.model_copy(update={"weights": WeightSpec(**weights)})
    span = span_and_folds[0].asked_by(asked)
    judged = span.judge(LogisticRegression(), number=0, kind="candidate", n_jobs=1)
    predictions, _ = fit_folds(asked, LogisticRegression(), span.features, span.labels, span.folds, bars=span.bars)
    axis = span.bars.swaplevel().sort_index()
    for fold, score in zip(span.folds, judged.fold_scores, strict=True):
        tested = span.labels.iloc[fold.test]
        spans = label_spans(tested, axis.index)
        by = sample_weights(*spans, by=weights["by"], decay=1.0, returns=axis.to_numpy())
        said = predictions.loc[tested.index, "probability"]
        assert score == pytest.approx(metrics.roc_auc_score(tested["label"], said, sample_weight=by))
    plain = span_and_folds[0].judge(LogisticRegression(), number=0, kind="candidate", n_jobs=1)
    assert judged.fold_scores != plain.fold_scores


def test_a_question_whose_rows_weigh_the_same_keeps_the_address_of_its_trials(quick_spec):
    assert "scores" not in learning_part(quick_spec, LogisticRegression())
    weighed = quick_spec.model_copy(update={"weights": WeightSpec(by="uniqueness")})
    assert learning_part(weighed, LogisticRegression())["scores"] == "weighed"

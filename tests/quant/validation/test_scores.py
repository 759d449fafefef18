import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.exceptions import UndefinedMetricWarning

from quant.errors import InvalidSpec, ModelError
from quant.validation.catalog import CLASS_SCORES, QUANTILE_SCORES
from quant.validation.scores import (
    SCORES,
    accuracy,
    brier,
    calibration_bins,
    confusion,
    log_loss,
    roc_auc,
    roc_curve_points,
    scores_for,
)

FUNCTIONS = [roc_auc, log_loss, brier, accuracy, confusion, roc_curve_points, calibration_bins]


@st.composite
def predictions(draw, min_size=1):
    """Labels and probabilities; few decimals, so that ties are common."""
    n_rows = draw(st.integers(min_size, 60))
    decimals = draw(st.sampled_from([1, 2, 15]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    share = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    return (rng.random(n_rows) < share).astype(float), rng.random(n_rows).round(decimals)


@settings(max_examples=200, deadline=None)
@given(predictions())
def test_scores_equal_those_of_scikit_learn(rows):
    labels, probability = rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        expected = metrics.roc_auc_score(labels, probability)
    assert roc_auc(labels, probability) == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert log_loss(labels, probability) == pytest.approx(
        metrics.log_loss(labels, probability, labels=[0, 1]), abs=1e-12
    )
    assert brier(labels, probability) == pytest.approx(metrics.brier_score_loss(labels, probability, pos_label=1))
    assert accuracy(labels, probability) == metrics.accuracy_score(labels, probability > 0.5)
    counts = confusion(labels, probability)["n_rows"].to_numpy().reshape(2, 2)
    assert (counts == metrics.confusion_matrix(labels, probability > 0.5, labels=[0, 1])).all()


def test_hand_computed_values():
    labels, probability = [1, 0, 1, 0], [0.8, 0.6, 0.6, 0.1]
    # Pairs (1 over 0): 0.8>0.6, 0.8>0.1, 0.6=0.6 (half), 0.6>0.1.
    assert roc_auc(labels, probability) == 3.5 / 4
    assert brier(labels, probability) == pytest.approx((0.04 + 0.36 + 0.16 + 0.01) / 4)
    assert log_loss(labels, probability) == pytest.approx(-np.log([0.8, 0.4, 0.6, 0.9]).mean())
    assert accuracy(labels, probability) == 0.75
    assert confusion(labels, probability, threshold=0.7)["n_rows"].tolist() == [2, 0, 1, 1]


def test_one_half_predicts_zero():
    assert accuracy([0.0], [0.5]) == 1.0
    assert confusion([1.0], [0.5])["n_rows"].tolist() == [0, 0, 1, 0]


def test_a_certain_error_is_dear_but_finite():
    assert log_loss([1.0], [0.0]) == pytest.approx(36.04, abs=0.01)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_rows_with_unknown_labels_do_not_count(function):
    labels, probability = np.array([1, np.nan, 0, 0, 1.0]), np.array([0.7, 0.9, 0.6, 0.2, 0.4])
    known = ~np.isnan(labels)
    both = function(labels, probability), function(labels[known], probability[known])
    if isinstance(both[0], pd.DataFrame):
        pd.testing.assert_frame_equal(*both)
    else:
        assert both[0] == both[1]


def test_a_single_outcome_cannot_be_ranked():
    assert np.isnan(roc_auc([1, 1], [0.2, 0.4]))
    assert np.isnan(roc_auc([0, np.nan], [0.2, 0.4]))
    assert roc_curve_points([0, 0], [0.2, 0.4]).empty
    assert log_loss([1, 1], [0.5, 0.5]) == pytest.approx(np.log(2))


@pytest.mark.parametrize("score", [score for name, score in SCORES.items() if name not in QUANTILE_SCORES])
def test_nothing_known_scores_nothing(score):
    assert np.isnan(score([np.nan], [0.3]))
    assert np.isnan(score([], []))


def test_charts_of_nothing_known_are_empty():
    assert calibration_bins([np.nan], [0.3]).empty
    assert roc_curve_points([np.nan], [0.3]).empty
    assert confusion([np.nan], [0.3])["n_rows"].sum() == 0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_cannot_be_scored_is_refused(function):
    with pytest.raises(InvalidSpec, match="as many labels"):
        function([1, 0], [0.5])
    with pytest.raises(InvalidSpec, match="found 2"):
        function([1, 2], [0.5, 0.5])
    with pytest.raises(ModelError, match="found 1 that are not"):
        function([1, 0], [0.5, np.nan])


def test_each_score_knows_which_way_is_better():
    perfect, poor = [0.99, 0.01], [0.4, 0.6]
    for score in map(SCORES.get, scores_for("two_way")):
        good, bad = score([1, 0], perfect), score([1, 0], poor)
        assert score.is_better(good, bad)
        assert not score.is_better(bad, good)
        assert not score.is_better(good, good)
        assert score.meets(good, bad)
        assert score.meets(good, good)
        assert not score.meets(bad, good)
        assert score.meets(bad, None)
        assert not score.meets(float("nan"), good)
        assert score.is_better(bad, float("nan"))
        assert not score.is_better(float("nan"), bad)
        assert not score.is_better(float("nan"), float("nan"))
    assert [name for name, score in SCORES.items() if score.name != name] == []


@settings(max_examples=100, deadline=None)
@given(predictions(min_size=2))
def test_roc_points_are_those_of_scikit_learn(rows):
    labels, probability = rows
    points = roc_curve_points(labels, probability)
    if labels.min() == labels.max():
        assert points.empty
        return
    expected = np.array(metrics.roc_curve(labels, probability, drop_intermediate=False))
    found = points[["false_positive_rate", "true_positive_rate", "threshold"]].to_numpy().T
    assert found == pytest.approx(expected)


def test_long_roc_curves_are_thinned_and_keep_their_area():
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, 5000).astype(float)
    probability = np.clip(0.5 + 0.2 * (labels - 0.5) + 0.2 * rng.normal(size=5000), 0, 1)
    points = roc_curve_points(labels, probability)
    assert len(points) <= 200
    assert points.iloc[0].tolist() == [np.inf, 0, 0]
    assert points[["false_positive_rate", "true_positive_rate"]].iloc[-1].tolist() == [1, 1]
    area = np.trapezoid(points["true_positive_rate"], points["false_positive_rate"])
    assert area == pytest.approx(roc_auc(labels, probability), abs=1e-3)


def test_calibration_is_that_of_scikit_learn():
    rng = np.random.default_rng(6)
    probability = rng.random(1000)
    labels = (rng.random(1000) < probability**2).astype(float)
    bins = calibration_bins(labels, probability)
    observed, mean = metrics_of(labels, probability)
    assert bins["observed_share"].to_numpy() == pytest.approx(observed)
    assert bins["mean_probability"].to_numpy() == pytest.approx(mean)
    assert bins["n_rows"].tolist() == [100] * 10


def metrics_of(labels, probability):
    return calibration_curve(labels, probability, n_bins=10, strategy="quantile")


@settings(max_examples=100, deadline=None)
@given(predictions(), st.integers(1, 200))
def test_calibration_bins_hold_every_row_once(rows, n_bins):
    labels, probability = rows
    bins = calibration_bins(labels, probability, n_bins)
    assert 1 <= len(bins) <= n_bins
    assert bins["n_rows"].sum() == len(labels)
    assert bins["mean_probability"].is_monotonic_increasing
    assert (bins["mean_probability"] * bins["n_rows"]).sum() == pytest.approx(probability.sum())
    assert (bins["observed_share"] * bins["n_rows"]).sum() == pytest.approx(labels.sum())


def test_charts_have_a_size_one_can_draw():
    with pytest.raises(InvalidSpec, match="2 points"):
        roc_curve_points([0, 1], [0.1, 0.2], n_points=1)
    with pytest.raises(InvalidSpec, match="1 to 200 bins"):
        calibration_bins([0, 1], [0.1, 0.2], n_bins=0)


THREE = np.array([[0.5, 0.2], [0.2, 0.6], [0.1, 0.3], [0.4, 0.4]])  # of up and of down
CAME = [1, -1, 0, 1]


def test_scores_of_three_classes_are_those_of_scikit_learn():
    proba = np.column_stack([THREE[:, 1], 1 - THREE.sum(axis=1), THREE[:, 0]])
    assert SCORES["log_loss"](CAME, THREE) == pytest.approx(metrics.log_loss(CAME, proba, labels=[-1, 0, 1]))
    assert SCORES["accuracy"](CAME, THREE) == pytest.approx(0.75)
    assert SCORES["brier"](CAME, THREE) == pytest.approx(
        metrics.brier_score_loss(CAME, proba, labels=[-1, 0, 1], scale_by_half=True)
    )
    areas = [metrics.roc_auc_score(np.array(CAME) == side, THREE[:, column]) for side, column in ((1, 0), (-1, 1))]
    assert SCORES["roc_auc"](CAME, THREE) == pytest.approx(np.mean(areas))


@settings(max_examples=50, deadline=None)
@given(predictions())
def test_three_classes_of_which_one_never_comes_score_as_two(rows):
    labels, probability = rows
    both = np.column_stack([probability, 1 - probability])
    for name in ("log_loss", "brier"):
        assert SCORES[name](2 * labels - 1, both) == pytest.approx(SCORES[name](labels, probability), abs=1e-9)


def test_confusion_of_three_classes_counts_every_pair():
    table = confusion(CAME, THREE).pivot_table(index="actual", columns="predicted", values="n_rows")
    assert table.to_numpy().tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]


def test_labels_of_three_classes_need_two_probabilities():
    with pytest.raises(InvalidSpec, match="found -1"):
        SCORES["brier"]([-1, 1], [0.5, 0.5])
    with pytest.raises(InvalidSpec, match="found 2"):
        SCORES["brier"]([2, 1], THREE[:2])


WEIGHTS = np.random.default_rng(11).random(300) ** 3


@pytest.mark.parametrize("n_levels", [5, 10_000])  # with ties, and hardly any
def test_weighted_scores_are_those_of_scikit_learn(n_levels):
    rng = np.random.default_rng(12)
    labels = rng.integers(0, 2, 300)
    probability = np.clip(np.round(rng.random(300) * 0.8 + 0.1 * labels, 1 if n_levels == 5 else 12), 0.01, 0.99)
    theirs = {
        "roc_auc": metrics.roc_auc_score(labels, probability, sample_weight=WEIGHTS),
        "log_loss": metrics.log_loss(labels, probability, sample_weight=WEIGHTS),
        "brier": metrics.brier_score_loss(labels, probability, sample_weight=WEIGHTS),
        "accuracy": metrics.accuracy_score(labels, probability > 0.5, sample_weight=WEIGHTS),
    }
    for name, expected in theirs.items():
        assert SCORES[name](labels, probability, WEIGHTS) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", CLASS_SCORES)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_weight_is_so_many_rows_and_what_weighs_nothing_is_not_there(name, n_classes):
    rng = np.random.default_rng(13)
    labels = rng.integers(0, 2, 60) if n_classes == 2 else rng.integers(-1, 2, 60)
    probability = rng.random(60) if n_classes == 2 else rng.dirichlet(np.ones(3), 60)[:, :2]
    times = rng.integers(0, 4, 60)
    repeated = SCORES[name](np.repeat(labels, times), np.repeat(probability, times, axis=0))
    assert SCORES[name](labels, probability, times) == pytest.approx(repeated)
    assert SCORES[name](labels, probability, np.ones(60)) == pytest.approx(SCORES[name](labels, probability))
    unknown = np.where(times == 0, np.nan, labels)
    assert SCORES[name](unknown, probability, times) == pytest.approx(repeated)
    assert np.isnan(SCORES[name](labels, probability, np.zeros(60)))


def test_weights_must_fit_and_none_be_negative():
    for weights in ([1.0], [1.0, -1.0], [1.0, np.nan]):
        with pytest.raises(InvalidSpec, match="a weight of 0 or more for each of 2 labels"):
            brier([0, 1], [0.5, 0.5], weights)

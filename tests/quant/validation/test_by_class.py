import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from quant.errors import InvalidSpec
from quant.validation.by_class import calibration_by_class, calibration_error, class_report, roc_by_class
from quant.validation.scores import calibration_bins, confusion, roc_curve_points


@pytest.fixture(scope="module")
def three():
    """Return labels of three classes, some unknown, and probabilities of 1 and -1."""
    rng = np.random.default_rng(8)
    raw = rng.dirichlet([2.0, 2.0, 2.0], size=600)
    labels = np.array([rng.choice([1, -1, 0], p=row) for row in raw], dtype=np.float64)
    labels[::17] = np.nan
    return labels, raw[:, :2]


def test_two_classes_have_one_curve():
    labels, probability = np.array([0, 1, 1, 0, np.nan]), np.array([0.2, 0.9, 0.6, 0.7, 0.5])
    pd.testing.assert_frame_equal(roc_by_class(labels, probability), roc_curve_points(labels, probability))
    pd.testing.assert_frame_equal(calibration_by_class(labels, probability), calibration_bins(labels, probability))


def test_each_of_three_classes_has_its_curve_against_the_others(three):
    labels, probability = three
    known = ~np.isnan(labels)
    curves = roc_by_class(labels, probability)
    assert list(curves["class"].unique()) == [1, 0, -1]
    of_class = {1: probability[:, 0], 0: 1 - probability.sum(axis=1), -1: probability[:, 1]}
    for which, curve in curves.groupby("class"):
        area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
        assert area == pytest.approx(roc_auc_score(labels[known] == which, of_class[which][known]), abs=0.01)
    bins = calibration_by_class(labels, probability)
    assert (bins.groupby("class")["n_rows"].sum() == known.sum()).all()


def test_a_class_that_never_came_has_no_curve(three):
    labels, probability = three
    without = np.where(labels == 0, np.nan, labels)
    assert list(roc_by_class(without, probability)["class"].unique()) == [1, -1]
    assert roc_by_class(np.full(len(labels), np.nan), probability).empty


def test_what_is_no_label_is_refused(three):
    labels, probability = three
    with pytest.raises(InvalidSpec, match="found 2"):
        roc_by_class(np.full(len(labels), 2.0), probability)
    with pytest.raises(InvalidSpec, match="found the shape"):
        roc_by_class(labels[:5], probability)


def test_the_report_agrees_with_scikit_learn(three):
    labels, probability = three
    known = ~np.isnan(labels)
    report = class_report(confusion(labels, probability))
    full = np.column_stack([probability, 1 - probability.sum(axis=1)])[known]
    said = np.array([1, -1, 0])[full.argmax(axis=1)]
    expected = precision_recall_fscore_support(labels[known], said, labels=[1, 0, -1])
    for column, values in zip(["precision", "recall", "f1", "n_rows"], expected, strict=True):
        np.testing.assert_allclose(report[column], values, rtol=1e-9)


def test_what_was_never_said_has_no_precision():
    report = class_report(confusion([0, 1, 0], [0.1, 0.2, 0.3])).set_index("class")
    assert np.isnan(report.loc[1, "precision"])
    assert report.loc[1, "recall"] == 0.0
    assert report.loc[1, "f1"] == 0.0
    assert report.loc[0, "precision"] == pytest.approx(2 / 3)


def test_the_calibration_error_is_the_mean_distance_over_rows():
    bins = pd.DataFrame({"mean_probability": [0.2, 0.5], "observed_share": [0.3, 0.2], "n_rows": [100, 300]})
    error, by_chance = calibration_error(bins)

    assert error == pytest.approx(0.1 * 0.25 + 0.3 * 0.75)
    # The mean of |N(0, s)| is s √(2/π).
    assert by_chance == pytest.approx(np.sqrt(2 / np.pi) * (0.04 * 0.25 + 0.75 * np.sqrt(0.25 / 300)))
    assert np.isnan(calibration_error(bins.iloc[:0])).all()


def test_probabilities_that_mean_what_they_say_have_the_error_of_chance():
    rng = np.random.default_rng(4)
    found = []
    for _ in range(200):
        probability = rng.uniform(0.3, 0.7, 500)
        found.append(
            calibration_error(calibration_by_class((rng.random(500) < probability).astype(float), probability))
        )
    error, by_chance = np.mean(found, axis=0)

    assert error == pytest.approx(by_chance, rel=0.05)


def test_with_three_classes_the_calibration_error_is_the_mean_over_them(three):
    bins = calibration_by_class(*three)
    each = [calibration_error(of_class)[0] for _, of_class in bins.groupby("class")]

    assert calibration_error(bins)[0] == pytest.approx(np.mean(each))

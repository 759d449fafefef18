import numpy as np
import pytest
from sklearn.svm import SVC, SVR

from quant.models import kernel
from quant.models.kernel import CalibratedSvm, StandardisedSvr


def test_every_score_of_the_curve_is_by_a_machine_that_saw_neither_the_block_nor_its_neighbours(rows, monkeypatch):
    features, labels = (np.asarray(part) for part in rows)
    seen = []

    class Watched(SVC):
        def fit(self, X, y, weights):  # noqa: N803  # scikit-learn's names
            seen.append(np.flatnonzero(np.isin(features[:, 0], X[:, 0])))
            return super().fit(X, y, weights)

    monkeypatch.setattr(kernel, "SVC", Watched)
    CalibratedSvm(gap=7).fit(features, labels)

    assert len(seen) == 4
    for block, rows_of in zip(np.array_split(np.arange(len(features)), 3), seen[:3], strict=True):
        expected = np.concatenate([np.arange(max(0, block[0] - 7)), np.arange(block[-1] + 8, len(features))])
        assert rows_of.tolist() == expected.tolist()
    assert len(seen[3]) == len(features)


def test_its_border_is_that_of_scikit_learn_and_its_probabilities_follow_the_score(rows):
    features, labels = (np.asarray(part) for part in rows)
    model = CalibratedSvm(c=0.5, gamma=0.3).fit(features, labels)
    score = SVC(C=0.5, gamma=0.3 / 5).fit(features, labels).decision_function(features)
    probability = model.predict_proba(features)
    assert probability.sum(axis=1) == pytest.approx(1.0)
    assert (np.argsort(probability[:, 1]) == np.argsort(score)).all()
    assert (model.predict(features) == (probability[:, 1] > 0.5)).all()


def test_noise_is_given_no_sure_probabilities():
    rng = np.random.default_rng(3)
    features, labels = rng.normal(size=(300, 4)), rng.integers(0, 2, 300)
    probability = CalibratedSvm(c=5.0, gamma=2.0, gap=5).fit(features, labels).predict_proba(features)[:, 1]
    assert abs(probability - 0.5).max() < 0.25  # it separates its training rows almost perfectly, and knows better


def test_three_classes(rows):
    features, _ = rows
    labels = np.digitize(features["strong"], [-0.5, 0.5])
    scaled = (features / features.std()).to_numpy()
    model = CalibratedSvm().fit(scaled, labels)
    assert (model.predict(scaled) == labels).mean() > 0.8


def test_an_outcome_that_only_one_third_has_is_refused():
    features = np.random.default_rng(1).normal(size=(90, 2))
    with pytest.raises(ValueError, match="Expected all 2 outcomes"):
        CalibratedSvm().fit(features, (np.arange(90) < 20).astype(int))


def test_regression_is_that_of_scikit_learn_on_the_standardised_label(rows):
    features, labels = np.asarray(rows[0]), rows[1] * 0.01
    ours = StandardisedSvr(c=0.5, gamma=0.3, epsilon=0.2).fit(features, labels).predict(features)
    standard = (labels - labels.mean()) / labels.std()
    theirs = SVR(C=0.5, gamma=0.3 / 5, epsilon=0.2).fit(features, standard).predict(features)
    assert ours == pytest.approx(theirs * labels.std() + labels.mean())


def test_a_label_that_never_changes_is_predicted(rows):
    features = np.asarray(rows[0])
    assert StandardisedSvr().fit(features, np.full(len(features), 0.01)).predict(features) == pytest.approx(0.01)


def test_a_row_of_weight_two_counts_as_two_rows(rows):
    features, labels = rows[0].to_numpy()[:60], rows[1][:60].astype(float)
    twice = np.repeat(np.arange(60), np.where(labels == 1, 2, 1))
    weighed = StandardisedSvr(c=0.5, gamma=0.3).fit(features, labels, np.where(labels == 1, 2.0, 1.0))
    heavier = CalibratedSvm(0.5, 0.3).fit(rows[0], rows[1], np.where(rows[1] == 1, 3.0, 1.0)).predict_proba(rows[0])
    plain = CalibratedSvm(0.5, 0.3).fit(rows[0], rows[1]).predict_proba(rows[0])
    assert heavier[:, 1].mean() > plain[:, 1].mean() + 0.1
    assert len(twice) > 60
    assert (
        weighed.predict(features).mean()
        > StandardisedSvr(c=0.5, gamma=0.3).fit(features, labels).predict(features).mean()
    )

import numpy as np

from quant.bootstrap import sequential_bootstrap
from quant.models.bagging import BaggedClassifier, BaggedRegressor

N = 400


def overlapping():
    """Return spans of which the first half all share their bars, and the others share none."""
    starts = np.concatenate([np.full(N // 2, 1000), 2000 + np.arange(N // 2)])
    return np.column_stack((starts, starts))


def test_rows_are_drawn_by_the_sequential_bootstrap_of_their_labels(rows, monkeypatch):
    drawn = []

    def draw(*spans_and_more):
        drawn.append(sequential_bootstrap(*spans_and_more))
        return drawn[-1]

    monkeypatch.setattr("quant.models.bagging.sequential_bootstrap", draw)
    BaggedClassifier(n_trees=3).fit(*rows, label_spans=overlapping())
    assert [len(each) for each in drawn] == [N] * 3
    assert all((each < N // 2).mean() < 0.1 for each in drawn)


def test_without_spans_or_if_told_so_rows_are_drawn_evenly(rows):
    features, _ = rows
    plain = BaggedClassifier(n_trees=5).fit(*rows)
    told = BaggedClassifier(n_trees=5, sequential=False).fit(*rows, label_spans=overlapping())
    other = BaggedClassifier(n_trees=5).fit(*rows, label_spans=overlapping())
    assert np.array_equal(plain.predict_proba(features), told.predict_proba(features))
    assert not np.array_equal(plain.predict_proba(features), other.predict_proba(features))


def test_a_class_that_a_tree_did_not_draw_has_no_probability_there():
    features = np.arange(60.0)[:, None]
    labels = np.where(np.arange(60) == 0, 2, np.arange(60) % 2)
    model = BaggedClassifier(n_trees=20, min_samples_leaf=1).fit(features, labels)
    probability = model.predict_proba(features)
    assert {len(tree.classes_) for tree in model.estimators_} == {2, 3}
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert set(model.predict(features)) <= {0, 1, 2}


def test_weights_count_where_rows_were_drawn(rows):
    features, labels = rows
    weights = np.where(features["strong"] > 0, 1.0, 0.0)
    model = BaggedRegressor(n_trees=5).fit(features, labels, sample_weight=weights)
    only = labels[weights > 0]
    assert abs(model.predict(features).mean() - only.mean()) < 0.15

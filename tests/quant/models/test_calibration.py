import numpy as np
import pytest
from scipy.special import logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression as SklearnLogisticRegression
from sklearn.model_selection import cross_val_predict

from quant.models.blocks import purged_blocks
from quant.models.build import build
from quant.models.calibration import calibrated
from quant.models.catalog import BaggedTrees, LogisticRegression, NearestNeighbours, RandomForest
from quant.models.importance import impurity_importance
from quant.models.persistence import from_bytes, to_bytes

FOREST = RandomForest(n_trees=20, max_depth=3)


def wrapped(spec, method, *, n_parts=3, gap=7):
    return calibrated(build(spec, seed=2, gap=gap), method=method, n_parts=n_parts, gap=gap)


@pytest.fixture(scope="module")
def folded(rows):
    return rows[0].to_numpy(), rows[1], [tuple(others_first) for others_first in purged_blocks(400, 3, 7)]


def test_steps_are_those_of_scikit_learn_over_the_same_purged_blocks(folded):
    features, labels, blocks = folded
    splits = [(others, block) for block, others in blocks]
    oracle = CalibratedClassifierCV(build(FOREST, seed=2), method="isotonic", cv=splits, ensemble=False)
    expected = oracle.fit(features, labels).predict_proba(features)

    assert wrapped(FOREST, "isotonic").fit(features, labels).predict_proba(features) == pytest.approx(expected)


def test_the_smooth_curve_is_a_logistic_regression_of_log_odds_of_rows_not_seen(folded):
    features, labels, blocks = folded
    splits = [(others, block) for block, others in blocks]
    said = cross_val_predict(build(FOREST, seed=2), features, labels, cv=splits, method="predict_proba")[:, 1]
    curve = SklearnLogisticRegression(C=np.inf, tol=1e-8).fit(logit(said)[:, None], labels)
    full = build(FOREST, seed=2).fit(features, labels).predict_proba(features)[:, 1]

    found = wrapped(FOREST, "sigmoid").fit(features, labels).predict_proba(features)
    assert found[:, 1] == pytest.approx(curve.predict_proba(logit(full)[:, None])[:, 1], abs=1e-4)


class Watched(ClassifierMixin, BaseEstimator):
    """A classifier that writes down which rows it was fitted on, and with what."""

    seen: list = []  # noqa: RUF012  # for the one test that looks

    def fit(self, X, y, sample_weight=None, label_spans=None):  # noqa: N803  # scikit-learn's names
        self.classes_ = np.unique(y)
        Watched.seen.append((X[:, 0], sample_weight, label_spans))
        return self

    def predict_proba(self, X):  # noqa: N803  # scikit-learn's name
        return np.full((len(X), 2), 0.5)


def test_every_row_of_the_curve_was_unknown_to_the_model_and_to_its_neighbours_labels():
    Watched.seen.clear()
    position = np.arange(90.0)
    spans = np.column_stack([position, position + 4]).astype(int)
    pipeline = build(LogisticRegression(), seed=0)
    pipeline.steps = [("model", Watched())]
    model = calibrated(pipeline, method="sigmoid", n_parts=3, gap=5)
    model.fit(
        position[:, None], (position % 2).astype(int), model__sample_weight=position + 1, model__label_spans=spans
    )

    for (seen, weights, ends), block in zip(Watched.seen, np.split(position, 3), strict=False):
        assert not np.isin(seen, np.arange(block[0] - 5, block[-1] + 6)).any()
        assert len(seen) == 90 - 30 - 5 * (1 if block[0] in {0, 60} else 2)
        assert weights.tolist() == (seen + 1).tolist()
        assert ends[:, 0].tolist() == seen.tolist()
    assert len(Watched.seen) == 4
    assert len(Watched.seen[-1][0]) == 90


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_probabilities_that_were_too_sure_are_so_no_more(method):
    rng = np.random.default_rng(6)
    features = rng.normal(size=(1500, 5))
    labels = (rng.random(1500) < 1 / (1 + np.exp(-0.8 * features[:, 0]))).astype(int)
    sure = NearestNeighbours(n_neighbours=5)
    train, test = slice(0, 1000), slice(1000, None)
    before = build(sure, seed=0).fit(features[train], labels[train]).predict_proba(features[test])[:, 1]
    after = wrapped(sure, method).fit(features[train], labels[train]).predict_proba(features[test])[:, 1]

    brier = lambda probability: np.mean((probability - labels[test]) ** 2)  # noqa: E731  # used twice
    assert brier(after) < brier(before) - 0.01


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_what_predicts_the_wrong_way_round_becomes_the_base_rate(method):
    """Blocks are levels that the others do not have: what is learned beside a block is wrong in it."""
    features = np.repeat([[0.0], [1.0]], 200, axis=0)
    labels = np.r_[np.tile([0, 0, 0, 1], 50), np.tile([1, 1, 1, 0], 50)]
    order = np.argsort(np.tile([0, 1], 200), kind="stable")
    features[order[:60]] = 1 - features[order[:60]]
    model = wrapped(LogisticRegression(c=10.0), method, n_parts=2, gap=0).fit(features, labels)
    said = model.predict_proba(np.array([[0.0], [1.0]]))[:, 1]

    assert said[0] == pytest.approx(said[1])
    assert said[0] == pytest.approx(labels.mean(), abs=0.01)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_three_classes_sum_to_one_and_each_row_stands_for_itself(method, rows):
    features = rows[0].to_numpy()
    labels = np.digitize(rows[0]["strong"], [-0.5, 0.5])
    model = wrapped(FOREST, method).fit(features, labels)
    together = model.predict_proba(features)

    assert together.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(together[7:8], model.predict_proba(features[7:8]))
    assert (model.predict(features) == labels).mean() > 0.8
    assert np.array_equal(from_bytes(*to_bytes(model)).predict_proba(features), together)


def test_weights_and_spans_reach_the_model_inside(rows):
    features, labels = rows[0].to_numpy(), rows[1]
    position = np.arange(len(labels))
    given = {
        "model__sample_weight": np.where(labels == 1, 3.0, 1.0),
        "model__label_spans": np.column_stack([position, position + 4]),
    }
    bagged = BaggedTrees(n_trees=10)
    plain = wrapped(bagged, "sigmoid").fit(features, labels).predict_proba(features)[:, 1]
    weighted = wrapped(bagged, "sigmoid").fit(features, labels, **given).predict_proba(features)[:, 1]

    assert weighted.mean() > plain.mean() + 0.1


def test_importance_is_that_of_the_model_inside(rows):
    names = list(rows[0].columns)
    inside = build(FOREST, seed=2).fit(rows[0].to_numpy(), rows[1])
    model = wrapped(FOREST, "sigmoid").fit(rows[0].to_numpy(), rows[1])

    assert impurity_importance(model, names).equals(impurity_importance(inside, names))


def test_an_outcome_that_only_one_part_has_is_refused():
    features = np.random.default_rng(1).normal(size=(90, 2))
    with pytest.raises(ValueError, match="Expected all 2 outcomes"):
        wrapped(LogisticRegression(), "sigmoid").fit(features, (np.arange(90) < 20).astype(int))

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.dummy import DummyClassifier
from sklearn.inspection import permutation_importance as sklearn_permutation_importance
from sklearn.pipeline import Pipeline

from quant.errors import InvalidSpec, ModelError
from quant.models.build import build
from quant.models.catalog import (
    HistogramBoosting,
    LogisticRegression,
    NearestNeighbours,
    RandomForest,
    Voting,
    XgBoost,
)
from quant.models.importance import average_importance, impurity_importance, permutation_importance

SPECS = [LogisticRegression(), RandomForest(n_trees=30), XgBoost(n_rounds=30)]
by_name = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)


def negative_brier(labels, probability):
    return -np.square(labels - probability).mean()


class Rule:
    """A model that knows: the probability is 0.9 where `strong` is positive, else 0.1; all else is ignored."""

    classes_ = np.array([0, 1])
    feature_names_in_ = ("strong",)  # it wants frames, as a model that was fitted on one

    def predict_proba(self, features):
        probability = np.where(features["strong"] > 0, 0.9, 0.1)
        return np.column_stack((1 - probability, probability))


@by_name
def test_inside_a_model_the_strong_feature_leads(spec, rows):
    features, labels = rows
    table = impurity_importance(build(spec, seed=2).fit(features, labels), list(features.columns))
    assert table.columns.tolist() == ["feature", "mean", "std", "measure"]
    assert table["feature"].tolist() == list(features.columns)
    assert table["mean"].idxmax() == 0
    assert table["mean"].nlargest(2).index.tolist() == [0, 1]
    assert (table["mean"] >= 0).all()
    assert (table["measure"] == table["measure"][0]).all()
    assert table["std"].isna().all() == (spec.name != "random_forest")


def test_a_forest_reports_its_mean_decrease_in_impurity(rows):
    features, labels = rows
    model = build(RandomForest(n_trees=30), seed=2).fit(features, labels)
    table = impurity_importance(model, list(features.columns))
    forest = model.named_steps["model"]
    assert table["mean"].to_numpy() == pytest.approx(forest.feature_importances_)
    by_tree = np.array([tree.feature_importances_ for tree in forest.estimators_])
    assert table["std"].to_numpy() == pytest.approx(by_tree.std(axis=0, ddof=1))


def prepared(spec, rows, *steps):
    """Return a model behind steps of a preparation, which says by itself what its columns are made of."""
    features, labels = rows
    pipeline = build(spec, seed=2)
    pipeline.steps[:0] = steps
    return pipeline.fit(np.asarray(features), labels)


class Columns(TransformerMixin, BaseEstimator):
    """A step that takes some columns."""

    def __init__(self, sources):
        self.sources = sources

    def fit(self, X, _y=None):  # noqa: N803  # scikit-learn's name
        self.sources_, self.n_features_in_ = np.array(self.sources), X.shape[1]
        return self

    def transform(self, X):  # noqa: N803  # scikit-learn's name
        return X[:, self.sources_]


@by_name
def test_importance_goes_back_to_the_features_that_columns_are_made_of(spec, rows):
    names = list(rows[0].columns)
    spec = RandomForest(n_trees=30, max_features=1.0) if spec.name == "random_forest" else spec
    model = prepared(spec, rows, ("some", Columns([3, 1, 0, 0])), ("order", Columns([2, 1, 3])))
    table = impurity_importance(model, names).set_index("feature")
    assert (table.loc[names[2:], "mean"] == 0).all()
    learner = impurity_importance(prepared(spec, (rows[0].iloc[:, [0, 1, 0]], rows[1])), ["strong", "weak", "again"])
    assert table.loc["weak", "mean"] == pytest.approx(learner["mean"][1])
    assert table.loc["strong", "mean"] == pytest.approx(learner["mean"][0] + learner["mean"][2])


def test_behind_components_no_feature_has_an_importance_of_its_own(rows):
    step = Columns([0, 1])
    step.components_ = np.eye(2)
    model = prepared(RandomForest(n_trees=10), rows, ("some", step))
    table = impurity_importance(model, list(rows[0].columns))
    assert table["mean"].isna().all()
    assert set(table["measure"]) == {"not defined for this model"}


def test_where_one_feature_is_tried_at_a_cut_zero_is_unknown(rows):
    features, labels = rows
    model = build(RandomForest(n_trees=10, max_depth=1, max_features=0.2), seed=2).fit(features, labels)
    by_tree = np.array([tree.feature_importances_ for tree in model.named_steps["model"].estimators_])
    assert set(by_tree.ravel()) == {0.0, 1.0}  # each tree cuts once, on the one feature it tried
    table = impurity_importance(model, list(features.columns))
    tried = by_tree.any(axis=0)
    # Where it was tried it took all of the tree's importance: over the trees that tried it, each feature has 1.
    assert table["mean"].to_numpy()[tried] == pytest.approx(1 / tried.sum())
    assert table["mean"][~tried].isna().all()
    assert model.named_steps["model"].feature_importances_ == pytest.approx(by_tree.mean(axis=0))  # zeros counted


def test_a_histogram_booster_reports_the_gain_of_its_cuts(rows):
    features, labels = rows
    model = build(HistogramBoosting(n_rounds=10), seed=2).fit(features, labels)
    table = impurity_importance(model, list(features.columns))
    assert table["mean"].sum() == pytest.approx(1.0)
    assert table["mean"].nlargest(2).index.tolist() == [0, 1]


def test_what_leans_on_rows_or_on_other_models_has_no_importance_inside(rows):
    features, labels = rows
    for spec in (NearestNeighbours(), Voting(forest=False, boosting=False, neighbours=True)):
        table = impurity_importance(build(spec, seed=2).fit(features, labels), list(features.columns))
        assert table["mean"].isna().all()


def test_a_booster_reports_its_share_of_the_loss(rows):
    features, labels = rows
    model = build(XgBoost(n_rounds=10, max_depth=1), seed=2).fit(features, labels)
    table = impurity_importance(model, list(features.columns))
    gain = model.named_steps["model"].get_booster().get_score(importance_type="total_gain")
    expected = np.array([gain.get(name, 0.0) for name in features.columns])
    assert table["mean"].to_numpy() == pytest.approx(expected / expected.sum())
    assert (table["mean"] == 0).any()  # ten cuts did not need all five features


def test_a_booster_fitted_on_an_array_has_features_too(rows):
    features, labels = rows
    named, bare = (build(XgBoost(n_rounds=10), seed=2).fit(x, labels) for x in (features, features.to_numpy()))
    pd.testing.assert_frame_equal(*(impurity_importance(model, list(features.columns)) for model in (named, bare)))


def test_a_linear_model_reports_standardised_coefficients(rows):
    features, labels = rows
    stretched = features.assign(strong=features["strong"] * 1000)
    tables = [
        impurity_importance(build(LogisticRegression(), seed=2).fit(x, labels), list(x.columns))
        for x in (features, stretched)
    ]
    assert tables[0]["mean"].to_numpy() == pytest.approx(tables[1]["mean"].to_numpy(), rel=1e-6)
    assert "per standard deviation" in tables[0]["measure"][0]


def test_a_model_that_cut_nothing_leans_on_nothing(rows):
    features, labels = rows
    for spec in (RandomForest(n_trees=10, min_samples_leaf=1000), XgBoost(n_rounds=10, l2=1000, max_depth=1)):
        few = features[:40], labels[:40]
        table = impurity_importance(build(spec, seed=2).fit(*few), list(features.columns))
        assert (table["mean"] == 0).all() == isinstance(spec, RandomForest)


def test_importances_that_are_not_defined_are_refused(rows):
    features, labels = rows
    with pytest.raises(ModelError, match="found DummyClassifier"):
        impurity_importance(Pipeline([("model", DummyClassifier())]).fit(features, labels), list(features.columns))
    for spec in SPECS:
        with pytest.raises(ModelError, match="the 5 features"):
            impurity_importance(build(spec, seed=2).fit(features, labels), ["strong"])


def test_shuffling_what_a_model_ignores_costs_nothing(rows):
    features, labels = rows
    table = permutation_importance(Rule(), features, pd.Series(labels), negative_brier, seed=3)
    assert table["mean"][0] > 0.1
    assert (table["mean"][1:] == 0).all()
    assert (table["std"][1:] == 0).all()
    assert table["std"][0] > 0


@by_name
def test_permutation_agrees_with_scikit_learn(spec, rows):
    features, labels = rows
    model = build(spec, seed=2).fit(features[:250], labels[:250])
    ours = permutation_importance(model, features[250:], pd.Series(labels)[250:], negative_brier, seed=3, n_repeats=40)

    def scorer(fitted, x, y):
        return negative_brier(y, fitted.predict_proba(x)[:, 1])

    theirs = sklearn_permutation_importance(
        model, features[250:], labels[250:], scoring=scorer, n_repeats=40, random_state=1
    )
    assert ours["mean"].to_numpy() == pytest.approx(theirs.importances_mean, abs=0.01)
    assert ours["mean"].idxmax() == 0


def test_the_number_of_repeats_only_adds_shuffles(rows):
    features, labels = rows
    once = permutation_importance(Rule(), features, pd.Series(labels), negative_brier, seed=3, n_repeats=1)
    again = permutation_importance(Rule(), features, pd.Series(labels), negative_brier, seed=3, n_repeats=1)
    pd.testing.assert_frame_equal(once, again)
    assert once["std"].isna().all()
    other = permutation_importance(Rule(), features, pd.Series(labels), negative_brier, seed=4, n_repeats=1)
    assert once["mean"][0] != other["mean"][0]
    reversed_ = features[features.columns[::-1]]  # another position, another shuffle, the same finding
    assert permutation_importance(Rule(), reversed_, pd.Series(labels), negative_brier, 3)["mean"][4] > 0.1


def test_a_loss_is_turned_round(rows):
    features, labels = rows

    def brier(outcomes, probability):
        return -negative_brier(outcomes, probability)

    gain = permutation_importance(Rule(), features, pd.Series(labels), negative_brier, seed=3)
    loss = permutation_importance(Rule(), features, pd.Series(labels), brier, seed=3, higher_is_better=False)
    pd.testing.assert_frame_equal(gain, loss)


def test_rows_with_unknown_labels_are_left_out(rows):
    features, labels = rows
    outcomes = pd.Series(labels, dtype=float)
    outcomes[100:] = np.nan
    known = permutation_importance(Rule(), features[:100], outcomes[:100], negative_brier, seed=3)
    pd.testing.assert_frame_equal(permutation_importance(Rule(), features, outcomes, negative_brier, seed=3), known)


@pytest.mark.parametrize("label", [np.nan, 1.0])
def test_where_the_score_is_not_defined_so_is_the_importance(rows, label):
    features, _ = rows
    outcomes = pd.Series(np.full(len(features), label))

    def undefined(_labels, _probability):
        return float("nan")

    table = permutation_importance(Rule(), features, outcomes, undefined, seed=3)
    assert table["mean"].isna().all()
    assert len(table) == 5


def test_the_features_are_left_as_they_were(rows):
    features, labels = rows
    before = features.copy(deep=True)
    permutation_importance(Rule(), features, pd.Series(labels), negative_brier, seed=3)
    pd.testing.assert_frame_equal(features, before)


def test_permutation_refuses_what_does_not_fit_together(rows):
    features, labels = rows
    with pytest.raises(InvalidSpec, match="same rows"):
        permutation_importance(Rule(), features, pd.Series(labels[1:]), negative_brier, seed=3)
    with pytest.raises(InvalidSpec, match="at least 1 shuffle"):
        permutation_importance(Rule(), features, pd.Series(labels), negative_brier, seed=3, n_repeats=0)


def test_folds_are_averaged():
    folds = [
        pd.DataFrame({"feature": ["a", "b"], "mean": means, "std": [9.0, 9.0], "measure": "m"})
        for means in ([1.0, np.nan], [3.0, 0.5])
    ]
    table = average_importance(folds)
    assert table["mean"].tolist() == [2.0, 0.5]
    assert table["std"][0] == pytest.approx(np.sqrt(2))
    assert np.isnan(table["std"][1])
    assert table["measure"].tolist() == ["m", "m"]


def test_different_importances_are_not_averaged():
    frame = pd.DataFrame({"feature": ["a"], "mean": [1.0], "std": [0.0], "measure": "m"})
    with pytest.raises(InvalidSpec, match="different ones"):
        average_importance([frame, frame.assign(measure="n")])
    with pytest.raises(InvalidSpec, match="found none"):
        average_importance([])

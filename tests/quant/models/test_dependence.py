import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import partial_dependence as sklearn_partial_dependence

from quant.errors import InvalidSpec
from quant.models.build import build
from quant.models.catalog import RandomForest, Ridge
from quant.models.dependence import decision_boundary, most_moving, partial_dependence
from quant.models.prediction import predict_probability, predict_return


def test_it_is_that_of_scikit_learn_over_the_same_values(rows):
    features, labels = rows
    model = build(RandomForest(n_trees=20), seed=2).fit(features, labels)
    found = partial_dependence(model, features, predict=predict_probability, n_points=7, most_rows=400)

    assert list(found["feature"].unique()) == list(features.columns)
    for name, curve in found.groupby("feature"):
        oracle = sklearn_partial_dependence(
            model, features, [name], kind="average", method="brute", response_method="predict_proba",
            custom_values={name: curve["value"].to_numpy()},
        )  # fmt: skip
        assert curve["mean"].to_numpy() == pytest.approx(oracle["average"][0])
        assert curve["value"].iloc[[0, -1]].tolist() == pytest.approx(features[name].quantile([0.02, 0.98]).tolist())


def test_of_a_straight_line_it_is_the_line_and_rows_do_not_differ(rows):
    features, _ = rows
    model = build(Ridge(), seed=0).fit(features, 0.01 * features["strong"])
    curve = partial_dependence(model, features[list(features.columns)], predict=predict_return).iloc[:20]
    slope = np.diff(curve["mean"]) / np.diff(curve["value"])

    assert slope == pytest.approx(slope[0])
    assert slope[0] == pytest.approx(model.named_steps["model"].coef_[0] / features["strong"].std(ddof=0))
    assert (curve["upper"] - curve["lower"]).max() < 1e-12


class Product:
    """What it says is a product: the feature works through the other."""

    feature_names_in_ = ("a", "b")

    def predict(self, rows):
        return (rows["a"] * rows["b"]).to_numpy()


def test_what_works_through_another_feature_has_a_wide_band():
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.choice([-1.0, 1.0], size=(200, 2)), columns=["a", "b"])
    curve = partial_dependence(Product(), features, predict=predict_return).query("feature == 'a'")

    assert curve["value"].tolist() == [-1.0, 1.0]
    assert curve["upper"].to_numpy() - curve["lower"].to_numpy() == pytest.approx([2.0, 2.0])


def test_a_feature_that_is_never_known_has_no_curve_and_what_makes_no_sense_is_refused():
    features = pd.DataFrame({"a": [1.0, 2.0], "b": [np.nan, np.nan]})
    model = Product()
    model.predict = lambda rows: rows["a"].to_numpy()

    assert set(partial_dependence(model, features, predict=predict_return)["feature"]) == {"a"}
    for changes in ({"features": features.iloc[:0]}, {"n_points": 1}, {"most_rows": 0}):
        with pytest.raises(InvalidSpec, match="Expected rows"):
            partial_dependence(model, **{"features": features, "predict": predict_return, **changes})


def test_a_map_is_what_the_model_says_with_all_others_at_their_medians(rows):
    features, labels = rows
    model = build(RandomForest(n_trees=20), seed=2).fit(features, labels)
    found = decision_boundary(model, features, "weak", "strong", predict=predict_probability, n_points=5)

    assert found[["across", "up"]].drop_duplicates().to_numpy().tolist() == [["weak", "strong"]]
    expected = np.linspace(*features["weak"].quantile([0.02, 0.98]), 5)
    assert found["x"].iloc[:5].to_numpy() == pytest.approx(expected)
    for _, point in found.iloc[::7].iterrows():
        row = features.median().to_frame().T
        row["weak"], row["strong"] = point["x"], point["y"]
        assert point["predicted"] == predict_probability(model, row)[0]


def test_features_are_ranked_by_how_far_they_move_the_mean():
    curves = pd.DataFrame({"feature": ["a", "a", "b", "b", "c", "c"], "mean": [0.5, 0.6, 0.1, 0.9, 0.3, 0.3]})
    assert most_moving(curves) == ["b", "a", "c"]


def test_a_feature_that_is_never_known_leaves_no_map(rows):
    features, labels = rows
    model = build(Ridge(), seed=0).fit(features, labels)
    unknown = features.assign(weak=np.nan)
    assert decision_boundary(model, unknown, "weak", "strong", predict=predict_return).empty
    for pair in (("weak", "weak"), ("weak", "strange")):
        with pytest.raises(InvalidSpec, match="two different features"):
            decision_boundary(model, features, *pair, predict=predict_return)

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest

from quant.errors import ModelError
from quant.models.attribution import shap_summary, shap_values
from quant.models.build import build
from quant.models.calibration import calibrated
from quant.models.catalog import RandomForest, XgBoost
from quant.models.prediction import predict_probability, predict_return
from quant.models.quantiles_catalog import XgBoostQuantiles
from quant.models.trees_catalog import XgBoostRegression
from quant.transforms.build import build_steps
from quant.transforms.catalog import Impute


def test_what_features_add_and_the_average_are_what_the_model_says(rows):
    features, labels = rows
    for entry in (XgBoost(n_rounds=20), XgBoost(n_rounds=20, stop_early=True)):
        model = build(entry, seed=1).fit(features.to_numpy(), labels)
        values, expected = shap_values(model, features)
        odds = values.sum(axis=1) + expected
        assert 1 / (1 + np.exp(-odds)) == pytest.approx(predict_probability(model, features), abs=1e-5)
    numbers = features["strong"].to_numpy() * 0.01
    model = build(XgBoostRegression(n_rounds=20), seed=1).fit(features.to_numpy(), numbers)
    values, expected = shap_values(model, features)
    assert values.sum(axis=1) + expected == pytest.approx(predict_return(model, features), abs=1e-6)


def test_of_quantiles_it_is_the_median_and_of_three_classes_the_first_label(rows):
    features, labels = rows
    model = build(XgBoostQuantiles(n_rounds=20), seed=1).fit(features.to_numpy(), labels.astype(float))
    values, expected = shap_values(model, features)
    assert values.sum(axis=1) + expected == pytest.approx(model.predict(features.to_numpy())[:, 2], abs=1e-5)
    three = labels + (features["strong"].to_numpy() > 1)
    model = build(XgBoost(n_rounds=20), seed=1).fit(features.to_numpy(), three)
    values, expected = shap_values(model, features)
    margins = model.named_steps["model"].predict(features.to_numpy(), output_margin=True)
    assert values.sum(axis=1) + expected == pytest.approx(margins[:, 2], abs=1e-5)


def test_of_quantiles_that_cross_it_is_the_median_before_they_are_sorted(rows):
    features, labels = rows
    entry = XgBoostQuantiles(n_rounds=20)
    model = build(entry, seed=1).fit(features.to_numpy(), labels.astype(float))
    fitted, in_order = model.predict(features.to_numpy()), predict_return(model, features)
    assert (np.diff(fitted) < 0).any()
    values, expected = shap_values(model, features)
    said = values.sum(axis=1) + expected
    assert said == pytest.approx(fitted[:, 2], abs=1e-5)
    assert not np.allclose(said, in_order[:, 2], atol=1e-4)


def test_they_are_the_values_of_shapley_of_the_trees_own_expectations():
    """By all subsets, of one tree: where a feature is not known, both branches count by the rows that went there."""
    rng = np.random.default_rng(6)
    features = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    numbers = (features["a"] * (features["b"] > 0) + 0.3 * features["c"]).to_numpy()
    entry = XgBoostRegression(n_rounds=10, max_depth=3, subsample=1.0, column_share=1.0, l2=0.0)
    model = build(entry, seed=1).fit(features.to_numpy(), numbers)
    tables = model.named_steps["model"].get_booster().trees_to_dataframe()
    trees = [table.set_index("ID") for _, table in tables.groupby("Tree")]

    def expectation(tree, node, row, known):
        at = tree.loc[node]
        if at["Feature"] == "Leaf":
            return at["Gain"]
        place = int(at["Feature"][1:])
        if place in known:
            return expectation(tree, at["Yes"] if np.float32(row[place]) < at["Split"] else at["No"], row, known)
        yes, no = tree.loc[at["Yes"], "Cover"], tree.loc[at["No"], "Cover"]
        branches = expectation(tree, at["Yes"], row, known), expectation(tree, at["No"], row, known)
        return (yes * branches[0] + no * branches[1]) / (yes + no)

    for row in features.to_numpy()[:3]:
        said = {
            known: sum(expectation(tree, tree.index[0], row, known) for tree in trees)
            for n_known in range(4) for known in combinations(range(3), n_known)
        }  # fmt: skip
        exact = np.zeros(3)
        for place in range(3):
            for known in (each for each in said if place not in each):
                share = factorial(len(known)) * factorial(2 - len(known)) / factorial(3)
                exact[place] += share * (said[tuple(sorted((*known, place)))] - said[known])
        values, _ = shap_values(model, pd.DataFrame([row], columns=list("abc")))
        assert values[0] == pytest.approx(exact, abs=1e-5)


def test_what_was_unknown_counts_for_its_feature(rows):
    features, labels = rows
    holes = features.mask(np.random.default_rng(0).random(features.shape) < 0.2)
    model = build(XgBoost(n_rounds=20), seed=1)
    model.steps[:0] = build_steps([Impute()], learns="classes", seed=1)
    model.fit(holes.to_numpy(), labels)
    values, expected = shap_values(model, holes)

    assert values.shape == features.shape
    odds = values.sum(axis=1) + expected
    assert 1 / (1 + np.exp(-odds)) == pytest.approx(predict_probability(model, holes), abs=1e-5)


def test_a_calibrated_model_tells_what_the_one_inside_does(rows):
    features, labels = rows
    plain = build(XgBoost(n_rounds=20), seed=1)
    model = calibrated(plain, method="sigmoid", n_parts=2, gap=0).fit(features.to_numpy(), labels)
    inside = build(XgBoost(n_rounds=20), seed=1).fit(features.to_numpy(), labels)

    assert (shap_values(model, features)[0] == shap_values(inside, features)[0]).all()


def test_the_summary_says_how_much_and_which_way(rows):
    features, labels = rows
    model = build(XgBoost(n_rounds=50), seed=1).fit(features.to_numpy(), labels)
    summary = shap_summary(model, features, most_rows=150).set_index("feature")

    assert summary["mean"].idxmax() == "strong"
    assert summary.loc["strong", "direction"] > 0.8
    flat = build(XgBoost(n_rounds=10), seed=1).fit(features.assign(weak=1.0).to_numpy(), labels)
    assert np.isnan(shap_summary(flat, features.assign(weak=1.0)).set_index("feature").loc["weak", "direction"])


def test_other_models_are_refused_by_name(rows):
    features, labels = rows
    model = build(RandomForest(n_trees=10), seed=1).fit(features.to_numpy(), labels)
    with pytest.raises(ModelError, match="found RandomForestClassifier"):
        shap_values(model, features)

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from xgboost import DMatrix, train

from quant.models.prediction import predict_probability
from quant.models.trees import random_forest, xgboost

FOREST = {"n_trees": 25, "max_depth": 4, "min_samples_leaf": 5, "max_features": 0.6}
BOOSTER = {
    "n_rounds": 30, "max_depth": 3, "learning_rate": 0.1, "subsample": 0.8, "column_share": 0.6, "l2": 2.0,
    "stop_early": False, "device": "cpu", "gap": 0,
}  # fmt: skip


def test_the_forest_is_that_of_scikit_learn(rows):
    features, labels = rows
    ours = random_forest(**FOREST, seed=4).fit(features, labels)
    theirs = RandomForestClassifier(
        n_estimators=25, max_depth=4, min_samples_leaf=5, max_features=0.6, random_state=4
    ).fit(features, labels)
    assert (predict_probability(ours, features) == theirs.predict_proba(features)[:, 1]).all()


def test_the_booster_is_that_of_xgboost(rows):
    features, labels = rows
    ours = xgboost(**BOOSTER, seed=4).fit(features, labels)
    settings = {
        "objective": "binary:logistic", "max_depth": 3, "eta": 0.1, "subsample": 0.8, "colsample_bytree": 0.6,
        "lambda": 2.0, "tree_method": "hist", "device": "cpu", "nthread": 1, "seed": 4,
    }  # fmt: skip
    theirs = train(settings, DMatrix(features, labels, nthread=1), num_boost_round=30)
    assert (predict_probability(ours, features) == theirs.predict(DMatrix(features, nthread=1))).all()


def test_trees_do_not_care_for_scale(rows):
    features, labels = rows
    larger = pd.DataFrame(features.to_numpy() * 2.0 ** np.arange(5), columns=features.columns)
    for build in (lambda: random_forest(**FOREST, seed=4), lambda: xgboost(**BOOSTER, seed=4)):
        first = predict_probability(build().fit(features, labels), features)
        assert (predict_probability(build().fit(larger, labels), larger) == first).all()


def test_the_seed_decides(rows):
    features, labels = rows
    for build in (lambda seed: random_forest(**FOREST, seed=seed), lambda seed: xgboost(**BOOSTER, seed=seed)):
        first, second = (predict_probability(build(seed).fit(features, labels), features) for seed in (1, 2))
        assert (first != second).any()

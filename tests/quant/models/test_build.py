import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from quant.models.build import build
from quant.models.catalog import (
    MODELS,
)
from quant.models.prediction import predict_probability, predict_return

ROOT = Path(__file__).parents[3]
FEWER = {"n_trees": 20, "n_rounds": 20, "n_neighbours": 20, "forest": False, "boosting": False, "neighbours": True}
SPECS = [entry(**{name: few for name, few in FEWER.items() if name in entry.model_fields}) for entry in MODELS]
SCALED = {
    "logistic", "ridge", "elastic_net", "svm", "svm_regression", "neighbours", "neighbours_regression",
    "linear_quantiles",
}  # fmt: skip
by_name = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)

FRESH_PROCESS = """
import hashlib, sys
import numpy as np, pandas as pd
from quant.models import catalog
from quant.models.build import build
from quant.models.prediction import predict_probability, predict_return
features = pd.read_pickle(sys.argv[1])
labels = np.frombuffer(bytes.fromhex(sys.argv[2]), dtype=np.int8).astype(np.int64)
fewer = {"n_trees": 20, "n_rounds": 20, "n_neighbours": 20, "forest": False, "boosting": False, "neighbours": True}
for entry in catalog.MODELS:
    spec = entry(**{name: few for name, few in fewer.items() if name in entry.model_fields})
    predict = predict_return if entry.learns == "numbers" else predict_probability
    model = build(spec, seed=5).fit(features, labels)
    print(hashlib.sha256(predict(model, features).tobytes()).hexdigest())
"""


def fitted(spec, rows, seed=5):
    features, labels = rows
    return build(spec, seed).fit(features, labels)


def said(model, features):
    """What a model says: the probability of 1, or the number itself. Regressors learn 0 and 1 as numbers here."""
    return (predict_probability if hasattr(model, "classes_") else predict_return)(model, features)


@by_name
def test_a_model_is_an_unfitted_pipeline(spec):
    pipeline = build(spec, seed=1)
    assert isinstance(pipeline, Pipeline)
    assert list(pipeline.named_steps)[-1] == "model"
    with pytest.raises(NotFittedError):
        check_is_fitted(pipeline)
    assert build(spec, seed=1) is not pipeline
    assert clone(pipeline).get_params().keys() == pipeline.get_params().keys()


@by_name
def test_only_models_that_measure_distances_are_scaled(spec):
    steps = [type(step) for step in build(spec, seed=1).named_steps.values()]
    assert (StandardScaler in steps) == (spec.name in SCALED)


@by_name
def test_parameters_and_seed_arrive(spec):
    parameters = build(spec, seed=11).named_steps["model"].get_params()
    assert parameters.get("random_state", 11) == 11
    assert parameters.get("n_jobs") in {1, None}
    expected = {
        "logistic": {"C": 0.1},
        "random_forest": {"n_estimators": 20, "max_depth": 5, "min_samples_leaf": 20, "max_features": 0.5},
        "xgboost": {
            "n_estimators": 20,
            "max_depth": 3,
            "learning_rate": 0.03,
            "subsample": 0.7,
            "colsample_bytree": 0.7,
            "reg_lambda": 1.0,
            "tree_method": "hist",
            "device": "cpu",
        },
        "svm": {"c": 0.5, "gamma": 0.3, "gap": 0},
        "ridge": {"alpha": 100.0},
        "svm_regression": {"c": 0.1, "gamma": 0.3, "epsilon": 0.1},
        "elastic_net": {"penalty": 0.01, "l1_share": 0.5},
        "hist_boosting": {
            "max_iter": 20,
            "learning_rate": 0.05,
            "max_leaf_nodes": 8,
            "min_samples_leaf": 20,
            "l2_regularization": 1.0,
            "early_stopping": False,
        },
        "neighbours": {"n_neighbours": 20, "by_distance": False},
        "bagged_trees": {
            "n_trees": 20,
            "max_depth": 5,
            "min_samples_leaf": 20,
            "max_features": 1.0,
            "sequential": True,
        },
        "voting": {"combine": "mean"},
        "stacking": {"pull": 1.0, "gap": 0},
        "linear_quantiles": {"penalty": 0.01},
        "hist_boosting_quantiles": {"max_iter": 20, "learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 20},
        "xgboost_quantiles": {"n_estimators": 20, "max_depth": 3, "quantile_alpha": [0.1, 0.25, 0.5, 0.75, 0.9]},
    }[spec.name if spec.name == "svm_regression" else spec.name.removesuffix("_regression")]
    assert {name: parameters[name] for name in expected} == expected


@by_name
def test_it_learns_what_there_is_to_learn(spec, rows):
    features, labels = rows
    probability = said(fitted(spec, (features[:300], labels[:300])), features[300:])
    if spec.predicts_quantiles:  # the median of 0 and 1 is one of them in the end: early on, its order tells
        probability, middle = probability[:, 0], np.median(probability[:, 0])
    else:
        middle = 0.5
    assert ((probability > middle) == labels[300:]).mean() > 0.75


@by_name
def test_two_fits_are_equal_bit_for_bit(spec, rows):
    features, _ = rows
    first = said(fitted(spec, rows), features)
    fitted(spec, rows, seed=99)  # random numbers drawn in between change nothing
    assert (said(fitted(spec, rows), features) == first).all()


@by_name
def test_fits_on_several_threads_at_once_are_equal_bit_for_bit(spec, rows):
    features, _ = rows
    seeds = [5, 6, 5, 7, 5, 6]
    alone = {seed: said(fitted(spec, rows, seed), features) for seed in set(seeds)}
    with ThreadPoolExecutor(4) as executor:
        together = executor.map(lambda seed: said(fitted(spec, rows, seed), features), seeds)
        for seed, probability in zip(seeds, together, strict=True):
            assert (probability == alone[seed]).all()


@by_name
def test_the_number_of_cores_changes_no_bit(spec, rows):
    features, _ = rows
    probabilities = []
    for n_threads in (1, 2, 4):
        with threadpool_limits(limits=n_threads):
            probabilities.append(said(fitted(spec, rows), features))
    assert (probabilities[0] == probabilities[1]).all()
    assert (probabilities[0] == probabilities[2]).all()


@by_name
def test_a_row_is_predicted_alike_alone_and_among_others(spec, rows):
    features, _ = rows
    model = fitted(spec, rows)
    together = said(model, features)
    assert (said(model, features[:137]) == together[:137]).all()
    alone = [said(model, features[row : row + 1])[0] for row in range(40)]
    assert (np.array(alone) == together[:40]).all()


@pytest.mark.parametrize("n_blas_threads", [1, 2])
def test_a_fresh_process_gives_the_same_bits(rows, tmp_path, n_blas_threads):
    features, labels = rows
    path = tmp_path / "features.pickle"
    features.to_pickle(path)
    answer = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS, str(path), labels.astype(np.int8).tobytes().hex()],
        cwd=ROOT,
        env={"OPENBLAS_NUM_THREADS": str(n_blas_threads), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [said(fitted(spec, rows), features) for spec in SPECS]
    assert answer.stdout.split() == [hashlib.sha256(probability.tobytes()).hexdigest() for probability in here]


def test_nothing_heavy_is_imported_before_a_model_is_built():
    question = """
import sys
import quant.models.catalog, quant.models.build, quant.models.prediction, quant.models.search, quant.models.importance
import quant.validation.catalog, quant.validation.splits, quant.validation.certificate, quant.validation.scores
import quant.validation.cross_validation, quant.validation.tuning, quant.validation.overfitting
print(*({"sklearn", "xgboost", "numba", "scipy"} & set(sys.modules)))
"""
    answer = subprocess.run(
        [sys.executable, "-c", question],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == []


def test_a_forest_needs_no_xgboost():
    question = """
import sys
from quant.models.catalog import RandomForest
RandomForest.load()
print("xgboost" in sys.modules)
"""
    answer = subprocess.run(
        [sys.executable, "-c", question],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "False"

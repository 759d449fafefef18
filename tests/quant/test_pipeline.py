import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from quant.models.catalog import LogisticRegression, RandomForest, RandomForestRegression
from quant.models.prediction import PREDICT, predict_probability
from quant.pipeline import Builder, new_pipeline
from quant.preparation import label_gap
from quant.spec import AnalysisSpec
from quant.transforms.catalog import TRANSFORMS
from quant.validation.cross_validation import fit_predict_folds
from quant.validation.splits import Fold, purged_k_fold

FIVE = [
    *({"name": "fractional_difference", "order": order} for order in (0.6, 0.2)),
    *({"name": "return", "window": window} for window in (1, 5, 20)),
]


def question(*preparation, **changes):
    return AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], "preparation": preparation, **changes})


@pytest.fixture(scope="module")
def panel():
    """Return features with gaps, labels, and one fold with test rows in the middle."""
    rng = np.random.default_rng(5)
    stamps = pd.date_range("2020-01-01", periods=240, tz="UTC")
    index = pd.MultiIndex.from_product([stamps, [0]], names=["timestamp", "instrument"])
    features = pd.DataFrame(rng.normal(size=(240, 5)), index=index, columns=list("abcde"))
    features["e"] = features["a"] + 0.1 * features["e"]
    labels = pd.DataFrame({"label": (features["a"] + rng.normal(size=240) > 0).astype(float)}, index=index)
    at = np.arange(240)
    test = at[100:150]
    train = np.setdiff1d(at, at[90:160])
    return features, labels, Fold(0, train, test, (0, 239), index)


def test_what_is_calibrated_holds_all_steps():
    spec = question({"name": "clip"}, calibration={"method": "isotonic", "n_parts": 4})
    pipeline = new_pipeline(spec, LogisticRegression())
    model = pipeline.named_steps["model"]

    assert list(pipeline.named_steps) == ["model"]
    assert list(model.pipeline.named_steps) == ["clip", "scaler", "model"]
    assert (model.method, model.n_parts, model.gap) == ("isotonic", 4, label_gap(spec))


def test_steps_come_before_those_of_the_model():
    spec = question({"name": "clip"}, {"name": "pca"})
    assert list(new_pipeline(spec, LogisticRegression()).named_steps) == ["clip", "pca", "scaler", "model"]
    assert list(new_pipeline(question(), LogisticRegression()).named_steps) == ["scaler", "model"]


def test_steps_know_what_is_learned_the_seed_and_the_gap():
    spec = question(
        {"name": "select_clusters"},
        label={"name": "forward_return_size", "horizon": 7},
        models=[{"name": "ridge"}],
        validation={"score": "rank_ic", "target": None},
        seed=9,
    )
    step = new_pipeline(spec, RandomForestRegression()).steps[0][1]
    assert (step.learns, step.seed, step.gap) == ("numbers", 9, label_gap(spec))


@pytest.mark.parametrize("entry", TRANSFORMS, ids=lambda entry: entry.model_fields["name"].default)
def test_nothing_fitted_depends_on_test_rows(entry, panel):
    features, labels, fold = panel
    spec = question(entry().model_dump(), features=FIVE)
    rng = np.random.default_rng(1)
    scrambled, other = features.copy(), labels.copy()
    scrambled.iloc[fold.test] = rng.normal(50.0, 99.0, size=(len(fold.test), 5))
    other.iloc[fold.test] = 1.0 - other.iloc[fold.test]
    fitted = []
    for rows, outcomes in ((features, labels), (scrambled, other)):
        _, models = fit_predict_folds(
            Builder(spec, LogisticRegression()), rows, outcomes, [fold], predict=predict_probability, n_jobs=1
        )
        fitted.append(models[0])
    one, two = fitted
    names = [name for name in vars(one.steps[0][1]) if name.endswith("_")]
    assert {"sources_", "components_"} & set(names)
    for name in names:
        assert np.array_equal(getattr(one.steps[0][1], name), getattr(two.steps[0][1], name)), name
    assert np.array_equal(one.named_steps["model"].coef_, two.named_steps["model"].coef_)


def test_unknown_values_stop_a_run_unless_they_are_filled_in(panel):
    features, labels, fold = panel
    gaps = features.copy()
    gaps.iloc[::9, 1] = np.nan
    common = {"predict": predict_probability, "n_jobs": 1}
    with pytest.raises(Exception, match="or let the preparation fill in what is unknown"):
        fit_predict_folds(Builder(question(), LogisticRegression()), gaps, labels, [fold], **common)
    build = Builder(question({"name": "impute"}), LogisticRegression())
    predictions, models = fit_predict_folds(build, gaps, labels, [fold], **common)
    assert len(predictions) == len(fold.test)
    assert models[0].named_steps["impute"].marked_.tolist() == [1]
    gaps.iloc[3, 0] = np.inf
    with pytest.raises(Exception, match="found 1 values that are not"):
        fit_predict_folds(build, gaps, labels, [fold], **common)


def test_each_fold_gets_a_pipeline_of_its_own():
    build = Builder(question({"name": "clip"}), LogisticRegression())
    assert build() is not build()
    assert clone(build()).get_params().keys() == build().get_params().keys()


@pytest.mark.parametrize(
    ("model", "most"),
    [(RandomForest(n_trees=20), 2), (RandomForestRegression(n_trees=20), 2), (LogisticRegression(), None)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_threads_that_no_fold_needs_grow_the_same_trees(model, most, panel, monkeypatch):
    features, labels, _ = panel
    numbers = model.learns == "numbers"
    changes = {"label": {"name": "forward_return_size"}, "validation": {"score": "rank_ic", "target": None}}
    spec = question(models=[model.model_dump()], features=FIVE, **(changes if numbers else {}))
    outcomes = labels.assign(
        label=features["a"] if numbers else labels["label"],
        label_end=labels.index.get_level_values("timestamp").to_numpy(),
    )
    folds, common = purged_k_fold(outcomes, 3, 0), {"predict": PREDICT[spec.label.task], "task": spec.label.task}
    build, asked = Builder(spec, spec.models[0]), []
    alone, _ = fit_predict_folds(build, features, outcomes, folds, n_jobs=1, **common)
    fit_on = Builder.fit_on

    def note(builder, pipeline, n_threads):
        fit_on(builder, pipeline, n_threads)
        asked.append(pipeline.get_params().get("model__n_jobs"))

    monkeypatch.setattr(Builder, "fit_on", note)
    shared, fitted = fit_predict_folds(build, features, outcomes, folds, n_jobs=2, **common)
    pd.testing.assert_frame_equal(alone, shared, check_exact=True)
    assert asked.count(2) == (1 if most else 0)
    assert {pipeline.get_params().get("model__n_jobs") for pipeline in fitted} == {1 if most else None}

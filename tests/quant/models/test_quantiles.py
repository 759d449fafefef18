import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import QuantileRegressor

from quant.frames import QUANTILES
from quant.models.build import build
from quant.models.importance import impurity_importance
from quant.models.prediction import predict_return
from quant.models.quantiles_catalog import HistogramBoostingQuantiles, LinearQuantiles, XgBoostQuantiles

SPECS = [LinearQuantiles(), HistogramBoostingQuantiles(n_rounds=60), XgBoostQuantiles(n_rounds=60)]
by_name = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)


@pytest.fixture(scope="module")
def noise():
    """Return a feature that widens what comes, one that moves it, one of nothing, and what came."""
    rng = np.random.default_rng(4)
    features = pd.DataFrame(
        {"width": rng.uniform(0.5, 2.0, 1500), "mean": rng.normal(size=1500), "none": rng.normal(size=1500)}
    )
    return features, 0.01 * (0.5 * features["mean"] + features["width"] * rng.normal(size=1500)).to_numpy()


@by_name
def test_as_many_outcomes_lie_below_a_quantile_as_it_says(spec, noise):
    features, came = noise
    model = build(spec, seed=1).fit(features.iloc[:1000].to_numpy(), came[:1000])
    said = predict_return(model, features.iloc[1000:])

    assert said.shape == (500, 5)
    below = [(came[1000:] <= of_one).mean() for of_one in said[:, [1, 2, 0, 3, 4]].T]
    assert below == pytest.approx(QUANTILES, abs=0.1)


def test_quantiles_that_crossed_are_sorted_and_the_median_stays_in_the_middle(noise):
    features, came = noise
    n_crossed = 0
    for spec in SPECS:
        model = build(spec, seed=1).fit(features.iloc[:60].to_numpy(), came[:60])  # few rows: they cross
        fitted, said = model.predict(features.to_numpy()), predict_return(model, features)
        n_crossed += int((np.diff(fitted, axis=1) < 0).sum())
        assert (np.sort(fitted, axis=1) == said[:, [1, 2, 0, 3, 4]]).all()
    assert n_crossed > 0


def test_the_lines_are_those_of_scikit_learn(noise):
    features, came = noise
    scaled = ((features - features.mean()) / features.std(ddof=0)).iloc[:300]
    scaled, numbers = scaled - scaled.mean(), came[:300]
    scaled /= scaled.std(ddof=0)
    model = build(LinearQuantiles(penalty=0.0), seed=1).fit(features.iloc[:300].to_numpy(), numbers)
    for share, of_one in zip(QUANTILES, model.predict(features.iloc[:300].to_numpy()).T, strict=True):
        line = QuantileRegressor(quantile=share, alpha=0.0).fit(scaled.to_numpy(), numbers)
        assert of_one == pytest.approx(line.predict(scaled.to_numpy()), abs=1e-6)


def test_the_boosters_are_those_of_scikit_learn(noise):
    features, came = noise
    spec = HistogramBoostingQuantiles(n_rounds=20)
    said = build(spec, seed=1).fit(features.to_numpy(), came).predict(features.to_numpy())
    for share, of_one in zip(QUANTILES, said.T, strict=True):
        booster = HistGradientBoostingRegressor(
            loss="quantile", quantile=share, max_iter=20, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=20,
            l2_regularization=1.0, early_stopping=False, random_state=1,
        )  # fmt: skip
        assert booster.fit(features.to_numpy(), came).predict(features.to_numpy()) == pytest.approx(of_one, rel=1e-9)


@by_name
def test_rows_that_weigh_nothing_teach_nothing(spec, noise):
    features, came = noise
    strange = came.copy()
    strange[750:] += 1.0
    weights = np.where(np.arange(1500) < 750, 1.0, 0.0)
    model = build(spec, seed=1).fit(features.to_numpy(), strange, model__sample_weight=weights)

    assert np.abs(predict_return(model, features)).max() < 0.2


@by_name
def test_what_matters_is_what_is_leaned_on(spec, noise):
    features, came = noise
    model = build(spec, seed=1).fit(features.to_numpy(), came)
    leaned = impurity_importance(model, list(features.columns)).set_index("feature")["mean"]

    assert leaned["none"] < min(leaned["width"], leaned["mean"])


def test_boosting_may_stop_early_on_the_pinball_loss_of_a_purged_tail(noise):
    features, came = noise
    model = build(XgBoostQuantiles(n_rounds=400, learning_rate=0.3, stop_early=True), seed=1, gap=5)
    fitted = model.fit(features.to_numpy(), came).named_steps["model"]

    assert 1 <= fitted.n_rounds_ < 400
    assert predict_return(model, features).shape == (1500, 5)

import numpy as np
import pytest
from xgboost import XGBClassifier

from quant.models.build import build
from quant.models.catalog import XgBoost, XgBoostRegression
from quant.models.prediction import predict_probability, predict_return


def stopped(rows, **changes):
    return build(XgBoost(stop_early=True, learning_rate=0.3, **changes), seed=3, gap=10).fit(*rows)


def test_rounds_are_chosen_on_a_tail_that_labels_of_the_others_do_not_reach(rows, monkeypatch):
    features, labels = rows
    seen = []
    fit = XGBClassifier.fit

    def watched(self, X, y, **parameters):  # noqa: N803  # XGBoost's name
        seen.append((X, parameters.get("eval_set")))
        return fit(self, X, y, **parameters)

    monkeypatch.setattr(XGBClassifier, "fit", watched)
    stopped(rows)
    table = features.to_numpy()
    assert np.array_equal(seen[0][0], table[:310])
    assert np.array_equal(seen[0][1][0][0], table[320:])
    assert np.array_equal(seen[0][1][0][1], labels[320:])
    assert np.array_equal(seen[1][0], table)
    assert seen[1][1] is None


def test_fewer_rounds_are_used_and_they_are_those_of_all_rows(rows):
    features, labels = rows
    model = stopped(rows)
    learner = model.named_steps["model"]
    assert 1 <= learner.n_rounds_ < 100
    assert learner.get_booster().num_boosted_rounds() == learner.n_rounds_
    plain = build(XgBoost(n_rounds=max(10, learner.n_rounds_), learning_rate=0.3), seed=3)
    plain.named_steps["model"].set_params(n_estimators=learner.n_rounds_)
    assert np.array_equal(
        predict_probability(plain.fit(features, labels), features), predict_probability(model, features)
    )
    assert np.array_equal(learner.predict(features), learner.predict_proba(features).argmax(axis=1))


def test_numbers_and_weights(rows):
    features, labels = rows
    weights = np.linspace(0.1, 2.0, len(labels))
    spec = XgBoostRegression(stop_early=True, learning_rate=0.3)
    one, other = (
        build(spec, seed=3).fit(features, labels * 0.01, model__sample_weight=each)
        for each in (weights, np.ones(len(labels)))
    )
    assert not np.array_equal(predict_return(one, features), predict_return(other, features))


def test_what_cannot_be_stopped_by_a_tail_is_refused(rows):
    features, labels = rows
    with pytest.raises(
        ValueError, match="Expected at least as many rows before the purged tail as in it, 80; found 20"
    ):
        build(XgBoost(stop_early=True), seed=3, gap=300).fit(features, labels)
    late = (np.arange(400) > 350).astype(np.int64)
    with pytest.raises(ValueError, match="Expected all 2 outcomes among the 320 rows before the purged tail; found 1"):
        build(XgBoost(stop_early=True), seed=3).fit(features, late)

from typing import ClassVar

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as Logistic

from quant.models.build import build
from quant.models.catalog import LogisticRegression, NearestNeighbours, Stacking, Voting, VotingRegression
from quant.models.ensembles import StackingClassifier, StackingRegressor
from quant.models.ensembles_catalog import StackingRegression

FEW = {"forest": False, "boosting": False, "neighbours": True}


def member(spec, rows):
    return build(spec, seed=4).fit(np.asarray(rows[0]), rows[1]).predict_proba(np.asarray(rows[0]))


def test_a_vote_is_the_mean_of_its_members(rows):
    vote = build(Voting(**FEW), seed=4).fit(*rows)
    expected = (member(LogisticRegression(), rows) + member(NearestNeighbours(), rows)) / 2
    np.testing.assert_allclose(vote.predict_proba(rows[0]), expected, rtol=1e-12)


def test_the_median_is_pulled_by_no_single_member(rows):
    features, labels = rows
    spec = VotingRegression(combine="median", histograms=True, **FEW)
    vote = build(spec, seed=4).fit(features, labels)
    said = np.array([each.predict(features.to_numpy()) for each in vote.named_steps["model"].members_])
    assert len(said) == 3
    assert np.array_equal(vote.predict(features), np.median(said, axis=0))


class Told:
    """A member that notes which rows it was fitted on, and says the second column."""

    fitted: ClassVar[list] = []

    def get_params(self, **_deep):
        return {}

    def fit(self, rows, _labels):
        self.fitted.append(rows[:, 0].astype(int))
        return self

    def predict(self, rows):
        return rows[:, 1]

    def predict_proba(self, rows):
        return np.column_stack([1 - rows[:, 1], rows[:, 1]])


@pytest.mark.parametrize("stack", [StackingClassifier, StackingRegressor])
def test_weights_rest_on_rows_that_members_had_not_seen(stack):
    Told.fitted.clear()
    rows = np.column_stack([np.arange(90), np.linspace(0.2, 0.8, 90)])
    stack([Told(), Told()], gap=4).fit(rows, np.arange(90) % 2)
    first, second, third, all_rows = Told.fitted[::2]
    assert first.tolist() == list(range(34, 90))
    assert second.tolist() == [*range(26), *range(64, 90)]
    assert third.tolist() == list(range(56))
    assert all_rows.tolist() == list(range(90))


def test_a_stack_of_one_honest_member_and_noise_leans_on_the_honest_one(rows):
    features, labels = rows
    stack = build(StackingRegression(pull=0.01, **FEW), seed=4).fit(features, labels - 0.5).named_steps["model"]
    assert stack.shares_.min() >= 0.0
    assert 0.8 < stack.shares_.sum() < 2.0
    held = build(StackingRegression(pull=1000.0, **FEW), seed=4).fit(features, labels - 0.5).named_steps["model"]
    np.testing.assert_allclose(held.shares_, 0.5, atol=0.05)


def test_a_stack_weighs_log_odds(rows):
    features, labels = rows
    model = build(Stacking(**FEW), seed=4).fit(features, labels)
    probability = model.predict_proba(features)
    learner = model.named_steps["model"]
    said = np.clip([each.predict_proba(features.to_numpy()) for each in learner.members_], 1e-4, 1.0)
    odds = np.log(said[:, :, 1] / said[:, :, 0]).T
    expected = Logistic().fit(odds, labels)
    expected.coef_, expected.intercept_ = learner.judge_.coef_, learner.judge_.intercept_
    np.testing.assert_allclose(probability, expected.predict_proba(odds), rtol=1e-9)
    assert np.array_equal(model.predict(features), probability.argmax(axis=1))


def test_an_outcome_that_only_one_third_has_is_refused(rows):
    late = (np.arange(400) > 280).astype(np.int64)
    with pytest.raises(ValueError, match="Expected all 2 outcomes among the 267 rows beside each third"):
        build(Stacking(**FEW), seed=4).fit(rows[0], late)


def test_weights_reach_every_member(rows):
    features, labels = rows
    weights = np.where(labels == 1, 3.0, 1.0)
    for spec in (Voting(kernel=True, histograms=True, **FEW), Stacking(**FEW)):
        one, other = (
            build(spec, seed=4).fit(features, labels, model__sample_weight=each).predict_proba(features)[:, 1].mean()
            for each in (weights, np.ones(len(labels)))
        )
        assert one > other + 0.05

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from quant.errors import ModelError
from quant.models.build import build
from quant.models.catalog import RandomForest
from quant.models.prediction import predict_probability


def test_it_is_the_probability_of_one(rows):
    features, labels = rows
    probability = predict_probability(DummyClassifier(strategy="prior").fit(features, labels), features[:3])
    assert probability.tolist() == pytest.approx([labels.mean()] * 3)
    assert probability.dtype == np.float64


@pytest.mark.parametrize("only", [0, 1])
def test_a_model_that_saw_one_outcome_has_nothing_to_say(rows, only):
    features, _ = rows
    model = build(RandomForest(n_trees=10), seed=1).fit(features, np.full(len(features), only))
    with pytest.raises(ModelError, match=rf"trained on \[{only}\]"):
        predict_probability(model, features)


def test_what_is_not_finite_is_refused(rows):
    features, labels = rows

    class Broken(DummyClassifier):
        def predict_proba(self, X):  # noqa: N803  # scikit-learn's name
            probability = super().predict_proba(X)
            probability[2] = np.nan
            return probability

    with pytest.raises(ModelError, match="found 1 of 400 that are not, the first in row 2"):
        predict_probability(Broken().fit(features, labels), features)


def test_other_columns_than_those_it_learned_are_refused(rows):
    features, labels = rows
    model = build(RandomForest(n_trees=10), seed=1).fit(features, labels)
    with pytest.raises(ValueError, match="feature names"):
        predict_probability(model, features[features.columns[::-1]])

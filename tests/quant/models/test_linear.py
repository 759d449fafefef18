import numpy as np
import pytest
import sklearn.linear_model
from scipy.optimize import minimize
from sklearn.utils.estimator_checks import estimator_checks_generator
from threadpoolctl import threadpool_limits

from quant.models.linear import SteadyLogisticRegression, logistic_regression

# All of scikit-learn's own checks but those of arrays from other libraries (torch, cupy, ...), which are not installed.
CHECKS = [
    (estimator, check)
    for estimator, check in estimator_checks_generator(SteadyLogisticRegression())
    if "array_api" not in check.func.__name__
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # some checks allow few iterations
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=[check.func.__name__ for _, check in CHECKS])
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def test_numbers_are_those_of_scikit_learn(rows):
    features, labels = rows
    ours = SteadyLogisticRegression(C=0.3).fit(features, labels)
    theirs = sklearn.linear_model.LogisticRegression(C=0.3).fit(features, labels)
    assert ours.coef_ == pytest.approx(theirs.coef_, rel=1e-9)
    assert ours.decision_function(features) == pytest.approx(theirs.decision_function(features), rel=1e-9)
    assert ours.predict_proba(features) == pytest.approx(theirs.predict_proba(features), rel=1e-9)


def test_more_than_two_classes_still_work(rows):
    features, labels = rows
    three = labels + (features["weak"] > 1)
    ours = SteadyLogisticRegression(max_iter=1000).fit(features, three)
    theirs = sklearn.linear_model.LogisticRegression(max_iter=1000).fit(features, three)
    assert ours.decision_function(features) == pytest.approx(theirs.decision_function(features))


@pytest.fixture(scope="module")
def many_rows():
    """Return enough rows and features for the linear algebra library to share them among cores."""
    features = np.random.default_rng(1).normal(size=(20_000, 60))
    return features, (features[:, 0] + np.random.default_rng(2).normal(size=20_000) > 0).astype(int)


def test_large_fits_do_not_depend_on_the_number_of_cores(many_rows):
    coefficients, probabilities = [], []
    for n_threads in (1, 2):
        with threadpool_limits(limits=n_threads, user_api="blas"):
            model = SteadyLogisticRegression(C=0.1).fit(*many_rows)
            coefficients.append(model.coef_)
            probabilities.append(model.predict_proba(many_rows[0]))
    assert (coefficients[0] == coefficients[1]).all()
    assert (probabilities[0] == probabilities[1]).all()


def test_large_batches_do_not_change_a_row(many_rows):
    features, labels = many_rows
    model = SteadyLogisticRegression(C=0.1).fit(features[:, :11], labels)
    together = model.predict_proba(features[:800, :11])
    for first in range(0, 200, 7):
        for size in (1, 2, 3, 5, 137):
            rows = slice(first, first + size)
            assert (model.predict_proba(features[rows, :11]) == together[rows]).all()


@pytest.mark.parametrize("c", [0.001, 0.1, 1000.0])
def test_the_minimum_is_the_minimum(rows, c):
    features, labels = rows
    pipeline = logistic_regression(c=c, seed=0).fit(features, labels)
    scaled = ((features - features.mean()) / features.std(ddof=0)).to_numpy()

    def penalised_loss(weights):
        margin = (2 * labels - 1) * (scaled @ weights[:-1] + weights[-1])
        return np.logaddexp(0, -margin).sum() + weights[:-1] @ weights[:-1] / (2 * c)

    expected = minimize(penalised_loss, np.zeros(6), method="BFGS", options={"gtol": 1e-5}).x
    model = pipeline.named_steps["model"]
    assert [*model.coef_[0], model.intercept_[0]] == pytest.approx(expected, abs=2e-4)


def test_a_feature_that_never_varies_does_no_harm(rows):
    features, labels = rows
    model = logistic_regression(c=0.1, seed=0).fit(features.assign(strong=7.0), labels)
    assert model.named_steps["model"].coef_[0][0] == 0

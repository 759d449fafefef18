"""Linear models. Importing this module imports scikit-learn, so only a catalogue entry's `load` does it."""

from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from quant.one_core import one_core


class SteadyLogisticRegression(LogisticRegression):  # type: ignore[misc]  # scikit-learn has no types
    """Logistic regression whose numbers depend neither on the number of cores nor on the size of a batch.

    scikit-learn leaves its products to the linear algebra library, which splits the work among the cores and takes rows
    in groups: the last bits of a coefficient then depend on the machine, and those of a probability on which other rows
    are asked about. Here a fit uses one core, and each row is summed by itself.

    Parameters, attributes and methods are those of `sklearn.linear_model.LogisticRegression`.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit on one core; fits from several threads wait for one another.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows.
        y : array-like of shape (n_rows,)
            Their classes.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights; None: all the same.

        Returns
        -------
        Self
            The fitted model.
        """
        with one_core():
            super().fit(X, y, sample_weight)
        return self

    def decision_function(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the log odds of the second class, or one score a class if there are more than two.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_classes)
            Each row's value is the same whatever other rows `X` has.
        """
        check_is_fitted(self)
        if issparse(X) or issparse(self.coef_):  # not asked for in this house
            return super().decision_function(X)
        rows = validate_data(self, X, reset=False)
        if len(self.classes_) > 2:  # noqa: PLR2004  # two classes share one score
            return (np.ascontiguousarray(rows)[:, None, :] * self.coef_).sum(axis=2) + self.intercept_
        return (np.ascontiguousarray(rows) * self.coef_[0]).sum(axis=1) + self.intercept_[0]


def logistic_regression(*, c: float, seed: int) -> Pipeline:
    """Return an unfitted logistic regression on standardised features.

    Parameters
    ----------
    c : float
        Inverse strength of the L2 penalty, above 0; the intercept is not penalised.
    seed : int
        Accepted for the sake of one call for all models; the solution is unique and needs no random numbers.

    Returns
    -------
    Pipeline
        Steps `scaler` (mean and standard deviation of the rows it is fitted on) and `model`.

    Notes
    -----
    Timing: the scaler is a step of the pipeline, so its means and deviations come from training rows only.

    References
    ----------
    Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, section 4.4.
    """
    # The penalty makes the problem strictly convex: the default solver's answer is the minimum to about eight digits.
    model = SteadyLogisticRegression(C=c, solver="lbfgs", tol=1e-6, max_iter=2000, random_state=seed)
    return Pipeline([("scaler", StandardScaler()), ("model", model)])


class SteadyRidge(Ridge):  # type: ignore[misc]  # scikit-learn has no types
    """Ridge regression whose numbers depend neither on the number of cores nor on the size of a batch.

    Parameters, attributes and methods are those of `sklearn.linear_model.Ridge`; see `SteadyLogisticRegression`.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit on one core; fits from several threads wait for one another.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows.
        y : array-like of shape (n_rows,)
            Their numbers.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights; None: all the same.

        Returns
        -------
        Self
            The fitted model.
        """
        with one_core():
            super().fit(X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the predicted number of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_targets)
            Of one target, each row's value is the same whatever other rows `X` has.
        """
        check_is_fitted(self)
        if issparse(X) or np.ndim(self.coef_) > 1:  # not asked for in this house
            return super().predict(X)
        rows = validate_data(self, X, reset=False)
        return (np.ascontiguousarray(rows) * self.coef_).sum(axis=1) + self.intercept_


def ridge(*, alpha: float, seed: int) -> Pipeline:
    """Return an unfitted ridge regression on standardised features.

    Parameters
    ----------
    alpha : float
        Strength of the L2 penalty, above 0; the intercept is not penalised.
    seed : int
        Accepted for the sake of one call for all models; the solution is unique and needs no random numbers.

    Returns
    -------
    Pipeline
        Steps `scaler` (mean and standard deviation of the rows it is fitted on) and `model`.

    Notes
    -----
    Timing: the scaler is a step of the pipeline, so its means and deviations come from training rows only.

    References
    ----------
    Hoerl and Kennard 1970, Technometrics 12(1).
    """
    return Pipeline([("scaler", StandardScaler()), ("model", SteadyRidge(alpha=alpha, random_state=seed))])


class StandardisedElasticNet(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Elastic net that measures the label in its own standard deviations, those of the training rows.

    Returns are so small that the penalty of `sklearn.linear_model.ElasticNet` would drop every feature.

    Parameters
    ----------
    penalty : float, default=0.01
        Strength of the penalty.
    l1_share : float, default=0.5
        Share of it that drops features.
    """

    def __init__(self, penalty: float = 0.01, l1_share: float = 0.5) -> None:
        self.penalty = penalty
        self.l1_share = l1_share

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit on one core.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows.
        y : array-like of shape (n_rows,)
            Their numbers.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights; None: all the same.

        Returns
        -------
        Self
            The fitted model.
        """
        rows, numbers = np.ascontiguousarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
        centre, scale = float(numbers.mean()), float(numbers.std()) or 1.0
        net = ElasticNet(alpha=self.penalty, l1_ratio=self.l1_share, max_iter=10_000)
        with one_core():
            net.fit(rows, (numbers - centre) / scale, sample_weight)
        self.coef_, self.intercept_ = net.coef_ * scale, float(net.intercept_) * scale + centre
        self.n_features_in_ = rows.shape[1]
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the predicted number of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows,)
            In the unit of the label; each row's value is the same whatever other rows `X` has.
        """
        check_is_fitted(self)
        return (np.ascontiguousarray(X, dtype=np.float64) * self.coef_).sum(axis=1) + self.intercept_


def elastic_net(*, penalty: float, l1_share: float, seed: int) -> Pipeline:
    """Return an unfitted elastic net on standardised features.

    Parameters
    ----------
    penalty : float
        Strength of the penalty, in standard deviations of the label; above 0.
    l1_share : float
        Share of the penalty that drops features, above 0 and at most 1.
    seed : int
        Accepted for the sake of one call for all models; coordinates take turns in their order.

    Returns
    -------
    Pipeline
        Steps `scaler` (mean and standard deviation of the rows it is fitted on) and `model`.

    Notes
    -----
    Timing: features and labels are scaled by training rows only.

    References
    ----------
    Zou and Hastie 2005, Journal of the Royal Statistical Society B 67(2).
    """
    del seed
    return Pipeline([("scaler", StandardScaler()), ("model", StandardisedElasticNet(penalty, l1_share))])

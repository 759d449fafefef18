"""Support vector machines. Importing this module imports scikit-learn, so only a catalogue entry's `load` does it."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.utils.validation import check_is_fitted

from quant.models.blocks import purged_blocks
from quant.models.linear import SteadyLogisticRegression
from quant.models.most_probable import MostProbable

N_PARTS = 3  # of the training rows, for the calibration
PLATT = {"C": 1e4, "solver": "lbfgs", "tol": 1e-8, "max_iter": 2000}  # almost without a penalty: one slope, one shift


class CalibratedSvm(MostProbable, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A support vector machine whose probabilities come from rows that it was not fitted on.

    The training rows are cut into three blocks in the order of time. Each is scored by a machine of the other two,
    without the `gap` rows on either side of the block, whose labels may overlap it. A logistic curve is fitted to these
    scores; it turns the scores of the machine of all rows into probabilities.

    Parameters
    ----------
    c : float, default=1.0
        Cost of a row on the wrong side.
    gamma : float, default=1.0
        Inverse reach of the kernel, over the number of features.
    gap : int, default=0
        Rows left out on either side of a block.
    """

    def __init__(self, c: float = 1.0, gamma: float = 1.0, gap: int = 0) -> None:
        self.c = c
        self.gamma = gamma
        self.gap = gap

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit the machine and the curve that makes its scores probabilities.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows in the order of time.
        y : array-like of shape (n_rows,)
            Their classes.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights, of the cost of a row and in the curve; None: all the same.

        Returns
        -------
        Self
            The fitted model.

        Raises
        ------
        ValueError
            If a part of the rows has not all classes, so that its machine would have another border to find.
        """
        rows, classes = np.asarray(X, dtype=np.float64), np.asarray(y)
        self.classes_ = np.unique(classes)
        scores = []
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        for block, others in purged_blocks(len(rows), N_PARTS, self.gap):
            if len(np.unique(classes[others])) < len(self.classes_):
                raise ValueError(
                    f"Expected all {len(self.classes_)} outcomes among the {len(others)} rows beside each third of the "
                    "training rows; found fewer. Choose a longer training window."
                )
            of_others = None if weights is None else weights[others]
            scores.append(_scores(self._machine(rows).fit(rows[others], classes[others], of_others), rows[block]))
        self.curve_ = SteadyLogisticRegression(**PLATT).fit(np.concatenate(scores), classes, weights)
        self.machine_ = self._machine(rows).fit(rows, classes, weights)
        self.n_features_in_ = rows.shape[1]
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803  # scikit-learn's name
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
            In the order of `classes_`; each row's values are the same whatever other rows `X` has.
        """
        check_is_fitted(self)
        probability: NDArray[np.float64] = self.curve_.predict_proba(
            _scores(self.machine_, np.asarray(X, dtype=np.float64))
        )
        return probability

    def _machine(self, rows: NDArray[np.float64]) -> Any:
        return SVC(C=self.c, gamma=self.gamma / rows.shape[1], kernel="rbf", cache_size=50)


class StandardisedSvr(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Support vector regression that measures the label in its own standard deviations, those of the training rows.

    Returns are so small that the parameters of `sklearn.svm.SVR` would mean something else for every horizon.

    Parameters
    ----------
    c : float, default=1.0
        Cost of an error.
    gamma : float, default=1.0
        Inverse reach of the kernel, over the number of features.
    epsilon : float, default=0.1
        Errors that cost nothing, in standard deviations of the label.
    """

    def __init__(self, c: float = 1.0, gamma: float = 1.0, epsilon: float = 0.1) -> None:
        self.c = c
        self.gamma = gamma
        self.epsilon = epsilon

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit on the standardised label.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows.
        y : array-like of shape (n_rows,)
            Their numbers.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the cost of a row; None: all the same.

        Returns
        -------
        Self
            The fitted model.
        """
        rows, numbers = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
        self.centre_, self.scale_ = float(numbers.mean()), float(numbers.std()) or 1.0
        machine = SVR(C=self.c, gamma=self.gamma / rows.shape[1], epsilon=self.epsilon, cache_size=50)
        self.machine_ = machine.fit(rows, (numbers - self.centre_) / self.scale_, sample_weight)
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
            In the unit of the label.
        """
        check_is_fitted(self)
        return self.machine_.predict(np.asarray(X, dtype=np.float64)) * self.scale_ + self.centre_


def support_vector_machine(*, c: float, gamma: float, gap: int, seed: int) -> Pipeline:
    """Return an unfitted support vector machine on standardised features, with calibrated probabilities.

    Parameters
    ----------
    c : float
        Cost of a row on the wrong side, above 0.
    gamma : float
        Inverse reach of the kernel, over the number of features; above 0.
    gap : int
        Rows left out on either side of a block of the calibration.
    seed : int
        Accepted for the sake of one call for all models; nothing here is drawn at random.

    Returns
    -------
    Pipeline
        Steps `scaler` (mean and standard deviation of the rows it is fitted on) and `model`.

    Notes
    -----
    Timing: scaling and calibration see training rows only. scikit-learn's own `probability=True` shuffles the rows into
    five parts: with labels that overlap, each part knows its neighbours, and the probabilities come out too sure.

    References
    ----------
    Cortes and Vapnik 1995, Machine Learning 20(3). Platt 1999, Advances in Large Margin Classifiers.
    """
    del seed
    return Pipeline([("scaler", StandardScaler()), ("model", CalibratedSvm(c=c, gamma=gamma, gap=gap))])


def support_vector_regression(*, c: float, gamma: float, epsilon: float, seed: int) -> Pipeline:
    """Return an unfitted support vector regression on standardised features.

    Parameters
    ----------
    c : float
        Cost of an error, above 0.
    gamma : float
        Inverse reach of the kernel, over the number of features; above 0.
    epsilon : float
        Errors that cost nothing, in standard deviations of the label.
    seed : int
        Accepted for the sake of one call for all models; nothing here is drawn at random.

    Returns
    -------
    Pipeline
        Steps `scaler` (mean and standard deviation of the rows it is fitted on) and `model`.

    Notes
    -----
    Timing: features and labels are scaled by training rows only.

    References
    ----------
    Drucker, Burges, Kaufman, Smola and Vapnik 1997, Support Vector Regression Machines, NIPS 9.
    """
    del seed
    return Pipeline([("scaler", StandardScaler()), ("model", StandardisedSvr(c=c, gamma=gamma, epsilon=epsilon))])


def _scores(machine: Any, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    scores = np.asarray(machine.decision_function(rows), dtype=np.float64)
    return scores.reshape(len(rows), -1)

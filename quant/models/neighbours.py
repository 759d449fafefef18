"""Nearest neighbours. Importing this module imports scikit-learn, so only a catalogue entry's `load` does it."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.neighbors import KDTree
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from quant.models.most_probable import MostProbable

NEAREST = 1e-12  # a distance below it counts as this: an equal bar counts for much, not for all


class _Neighbours(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What is known of the training rows nearest to a row.

    scikit-learn's own neighbours take no weights of samples, and find neighbours by products of matrices, whose last
    bits differ with the number of rows that are asked about. Here a tree is asked row by row.

    Parameters
    ----------
    n_neighbours : int, default=50
        Rows to look at; all if there are fewer.
    by_distance : bool, default=False
        Whether a row counts for its weight over its distance, not for its weight alone.
    """

    has_no_importance = True

    def __init__(self, n_neighbours: int = 50, by_distance: bool = False) -> None:  # noqa: FBT001, FBT002  # scikit-learn's way
        self.n_neighbours = n_neighbours
        self.by_distance = by_distance

    def __getstate__(self) -> Any:
        """Leave the tree out: it is made of the rows."""
        return {name: value for name, value in super().__getstate__().items() if name != "tree_of_rows"}

    def _remember(self, rows: Any, sample_weight: Any) -> None:
        self.rows_ = np.ascontiguousarray(rows, dtype=np.float64)
        weights = np.ones(len(self.rows_)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self.weights_ = weights
        self.n_features_in_ = self.rows_.shape[1]
        self.__dict__.pop("tree_of_rows", None)

    def _nearest(self, rows: Any) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return positions and shares of the neighbours of each row."""
        check_is_fitted(self)
        tree = self.__dict__.get("tree_of_rows")
        if tree is None:
            tree = KDTree(self.rows_)
            self.tree_of_rows = tree
        n_neighbours = min(self.n_neighbours, len(self.rows_))
        distance, place = tree.query(np.ascontiguousarray(rows, dtype=np.float64), k=n_neighbours)
        counts = self.weights_[place]
        counts = np.where(counts.sum(axis=1, keepdims=True) > 0, counts, 1.0)
        if self.by_distance:
            counts /= np.maximum(distance, NEAREST)
        return place, counts / counts.sum(axis=1, keepdims=True)


class NeighboursClassifier(MostProbable, _Neighbours):
    """The shares of the classes among the nearest rows; see `_Neighbours` for its parameters."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Remember rows and classes.

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
        self._remember(X, sample_weight)
        self.classes_, self.labels_ = np.unique(np.asarray(y), return_inverse=True)
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
            In the order of `classes_`.
        """
        place, shares = self._nearest(X)
        labels = self.labels_[place]
        return np.column_stack([(shares * (labels == number)).sum(axis=1) for number in range(len(self.classes_))])


class NeighboursRegressor(RegressorMixin, _Neighbours):  # type: ignore[misc]  # scikit-learn has no types
    """The mean number of the nearest rows; see `_Neighbours` for its parameters."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Remember rows and numbers.

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
        self._remember(X, sample_weight)
        self.labels_ = np.asarray(y, dtype=np.float64)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the mean number of the neighbours of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows,)
            In the unit of the label.
        """
        place, shares = self._nearest(X)
        return (shares * self.labels_[place]).sum(axis=1)


def nearest_neighbours(*, n_neighbours: int, by_distance: bool, seed: int) -> Pipeline:
    """Return unfitted nearest neighbours on standardised features.

    Parameters
    ----------
    n_neighbours : int
        Training rows to look at, at least 1.
    by_distance : bool
        Whether nearer rows count for more.
    seed : int
        Accepted for the sake of one call for all models; nothing here is drawn at random.

    Returns
    -------
    Pipeline
        Steps `scaler` (mean and standard deviation of the rows it is fitted on) and `model`.

    Notes
    -----
    Timing: neighbours are training rows, with labels that were known. Rows next to each other in time are alike and
    share much of their label, so that 50 neighbours may be worth 5: look at many.

    References
    ----------
    Cover and Hart 1967, IEEE Transactions on Information Theory 13(1).
    """
    del seed
    return Pipeline([("scaler", StandardScaler()), ("model", NeighboursClassifier(n_neighbours, by_distance))])


def nearest_neighbours_regression(*, n_neighbours: int, by_distance: bool, seed: int) -> Pipeline:
    """Return unfitted nearest neighbours that predict numbers.

    Parameters
    ----------
    n_neighbours, by_distance, seed
        As `nearest_neighbours` has them.

    Returns
    -------
    Pipeline
        Steps `scaler` and `model`.

    Notes
    -----
    Timing: that of `nearest_neighbours`.

    References
    ----------
    Cover and Hart 1967, IEEE Transactions on Information Theory 13(1).
    """
    del seed
    return Pipeline([("scaler", StandardScaler()), ("model", NeighboursRegressor(n_neighbours, by_distance))])

"""Bagged trees. Importing this module imports scikit-learn, so only a catalogue entry's `load` does it."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted

from quant.bootstrap import sequential_bootstrap
from quant.models.most_probable import MostProbable


class _Bagged(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Trees, each of as many rows as there are, drawn with replacement.

    Parameters
    ----------
    n_trees : int, default=100
        Number of trees.
    max_depth : int, default=5
        Greatest depth of a tree.
    min_samples_leaf : int, default=20
        Fewest rows in a leaf.
    max_features : float, default=1.0
        Share of the features tried at each cut.
    sequential : bool, default=True
        Whether rows are drawn by how little their labels overlap, where their spans are known.
    random_state : int, default=0
        Start of the random numbers.
    """

    def __init__(
        self,
        n_trees: int = 100,
        max_depth: int = 5,
        min_samples_leaf: int = 20,
        max_features: float = 1.0,
        sequential: bool = True,  # noqa: FBT001, FBT002  # scikit-learn's way of parameters
        random_state: int = 0,
    ) -> None:
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features
        self.sequential = sequential
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None, label_spans: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Draw rows for each tree and grow it.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows.
        y : array-like of shape (n_rows,)
            Their labels.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows where they are drawn; None: all the same.
        label_spans : array-like of shape (n_rows, 2), default=None
            First and last bar of each row's label; None: no label overlaps another.

        Returns
        -------
        Self
            The fitted model.
        """
        rows, labels = np.asarray(X, dtype=np.float64), self._encoded(np.asarray(y))
        spans = None if label_spans is None else np.asarray(label_spans, dtype=np.int64)
        self.n_features_in_ = rows.shape[1]
        self.estimators_ = []
        for number in range(self.n_trees):
            rng = np.random.default_rng([self.random_state, number])
            drawn = self._draw(len(rows), spans, rng)
            tree = self._tree(int(rng.integers(2**31)))
            weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)[drawn]
            self.estimators_.append(tree.fit(rows[drawn], labels[drawn], weights))
        return self

    def _draw(self, n_rows: int, spans: Any, rng: np.random.Generator) -> NDArray[np.int64]:
        if self.sequential and spans is not None:
            starts, ends = np.ascontiguousarray(spans[:, 0]), np.ascontiguousarray(spans[:, 1])
            first = starts.min()  # bars before the first label belong to none
            return sequential_bootstrap(starts - first, ends - first, n_rows, rng)
        return rng.integers(n_rows, size=n_rows)

    def _shape(self, seed: int) -> dict[str, Any]:
        return {
            "max_depth": self.max_depth,
            "min_samples_leaf": self.min_samples_leaf,
            "max_features": self.max_features,
            "random_state": seed,
        }

    def _encoded(self, labels: NDArray[Any]) -> NDArray[Any]:
        return labels

    def _tree(self, seed: int) -> Any:
        raise NotImplementedError


class BaggedClassifier(MostProbable, _Bagged):
    """Bagged trees that average their probabilities; see `_Bagged` for its parameters."""

    def _encoded(self, labels: NDArray[Any]) -> NDArray[Any]:
        self.classes_, places = np.unique(labels, return_inverse=True)
        return places

    def _tree(self, seed: int) -> Any:
        return DecisionTreeClassifier(**self._shape(seed))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803  # scikit-learn's name
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
            In the order of `classes_`; a tree that did not draw a class gives it 0.
        """
        check_is_fitted(self)
        rows = np.asarray(X, dtype=np.float64)
        total = np.zeros((len(rows), len(self.classes_)))
        for tree in self.estimators_:
            total[:, tree.classes_] += tree.predict_proba(rows)
        return total / len(self.estimators_)


class BaggedRegressor(RegressorMixin, _Bagged):  # type: ignore[misc]  # scikit-learn has no types
    """Bagged trees that average their numbers; see `_Bagged` for its parameters."""

    def _tree(self, seed: int) -> Any:
        return DecisionTreeRegressor(**self._shape(seed))

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the mean of what the trees say of each row.

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
        rows = np.asarray(X, dtype=np.float64)
        total = np.zeros(len(rows))
        for tree in self.estimators_:
            total += tree.predict(rows)
        return total / len(self.estimators_)


def bagged_trees(
    *, n_trees: int, max_depth: int, min_samples_leaf: int, max_features: float, sequential: bool, seed: int
) -> Pipeline:
    """Return unfitted bagged trees.

    Parameters
    ----------
    n_trees : int
        Number of trees.
    max_depth : int
        Greatest depth of a tree.
    min_samples_leaf : int
        Fewest training rows in a leaf.
    max_features : float
        Share of the features tried at each cut.
    sequential : bool
        Whether rows are drawn by how little their labels overlap.
    seed : int
        Start of the random numbers.

    Returns
    -------
    Pipeline
        One step, `model`; its `fit` takes `label_spans`.

    Notes
    -----
    Timing: rows are drawn among those it is fitted on, by the spans of their labels.

    References
    ----------
    Breiman 1996, Machine Learning 24(2). López de Prado 2018, Advances in Financial Machine Learning, sections 4.5 and
    6.3.
    """
    return Pipeline([("model", BaggedClassifier(n_trees, max_depth, min_samples_leaf, max_features, sequential, seed))])


def bagged_trees_regression(
    *, n_trees: int, max_depth: int, min_samples_leaf: int, max_features: float, sequential: bool, seed: int
) -> Pipeline:
    """Return unfitted bagged trees that predict numbers.

    Parameters
    ----------
    n_trees, max_depth, min_samples_leaf, max_features, sequential, seed
        As `bagged_trees` has them.

    Returns
    -------
    Pipeline
        One step, `model`; its `fit` takes `label_spans`.

    Notes
    -----
    Timing: that of `bagged_trees`.

    References
    ----------
    Breiman 1996, Machine Learning 24(2).
    """
    return Pipeline([("model", BaggedRegressor(n_trees, max_depth, min_samples_leaf, max_features, sequential, seed))])

"""Forests and boosted trees. Importing this module imports scikit-learn, so only a catalogue entry's `load` does it."""

from typing import Any, Self

from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.pipeline import Pipeline

from quant.models.gpu import require_gpu
from quant.models.stopping import TailStoppedClassifier, TailStoppedRegressor
from quant.one_core import one_thread


def random_forest(*, n_trees: int, max_depth: int, min_samples_leaf: int, max_features: float, seed: int) -> Pipeline:
    """Return an unfitted random forest.

    Parameters
    ----------
    n_trees : int
        Number of trees.
    max_depth : int
        Greatest depth of a tree.
    min_samples_leaf : int
        Fewest training rows in a leaf.
    max_features : float
        Share of the features tried at each cut, above 0 and at most 1.
    seed : int
        Start of the random numbers that choose rows and features.

    Returns
    -------
    Pipeline
        One step, `model`. Trees only ask whether a value is above another, so they get no scaler.

    Notes
    -----
    Each tree sees as many rows as there are, drawn with replacement. Neighbouring labels overlap, so the rows outside
    a tree's sample are no independent test: out-of-bag scores are not used here.

    References
    ----------
    Breiman 2001, Machine Learning 45(1).
    """
    forest = RandomForestClassifier(
        n_estimators=n_trees,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        random_state=seed,
        n_jobs=1,
    )
    return Pipeline([("model", forest)])


def xgboost(  # noqa: PLR0913  # one a parameter of the entry
    *,
    n_rounds: int,
    max_depth: int,
    learning_rate: float,
    subsample: float,
    column_share: float,
    l2: float,
    stop_early: bool,
    device: str,
    gap: int,
    seed: int,
) -> Pipeline:
    """Return an unfitted XGBoost classifier.

    Parameters
    ----------
    n_rounds : int
        Number of boosting rounds: all of them are used, or, if it stops early, at most so many.
    max_depth : int
        Greatest depth of a tree.
    learning_rate : float
        Weight of each new tree.
    subsample : float
        Share of the training rows each tree sees.
    column_share : float
        Share of the features each tree sees.
    l2 : float
        L2 penalty on leaf values.
    stop_early : bool
        Whether the number of rounds is chosen on a purged tail of the training rows, see `quant.models.stopping`.
    device : {"cpu", "gpu"}
        Where trees are grown.
    gap : int
        Rows left out before that tail.
    seed : int
        Start of the random numbers that choose rows and features.

    Returns
    -------
    Pipeline
        One step, `model`. Trees only ask whether a value is above another, so they get no scaler.

    Raises
    ------
    ModelError
        If a graphics card is asked for and there is none.

    Notes
    -----
    Timing: no row that is scored later decides when to stop. One thread on the CPU: sums of gradients then have one
    order, and with it one result; a graphics card adds in an order of its own.

    References
    ----------
    Chen and Guestrin 2016, XGBoost: A Scalable Tree Boosting System, KDD.
    """
    from xgboost import XGBClassifier  # noqa: PLC0415  # a second of import that a random forest need not pay

    if device == "gpu":
        require_gpu()
    booster = XGBClassifier(
        n_estimators=n_rounds,
        max_depth=max_depth,
        learning_rate=learning_rate,
        subsample=subsample,
        colsample_bytree=column_share,
        reg_lambda=l2,
        objective="binary:logistic",
        tree_method="hist",
        device="cuda" if device == "gpu" else "cpu",
        random_state=seed,
        n_jobs=1,
    )
    model = TailStoppedClassifier(booster, gap) if stop_early else booster
    return Pipeline([("model", model)])


def random_forest_regression(
    *, n_trees: int, max_depth: int, min_samples_leaf: int, max_features: float, seed: int
) -> Pipeline:
    """Return an unfitted random forest that predicts numbers.

    Parameters
    ----------
    n_trees, max_depth, min_samples_leaf, max_features, seed
        As `random_forest` has them.

    Returns
    -------
    Pipeline
        One step, `model`; it minimises squared errors.

    References
    ----------
    Breiman 2001, Machine Learning 45(1).
    """
    forest = RandomForestRegressor(
        n_estimators=n_trees,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        random_state=seed,
        n_jobs=1,
    )
    return Pipeline([("model", forest)])


def xgboost_regression(  # noqa: PLR0913  # one a parameter of the entry
    *,
    n_rounds: int,
    max_depth: int,
    learning_rate: float,
    subsample: float,
    column_share: float,
    l2: float,
    stop_early: bool,
    device: str,
    gap: int,
    seed: int,
) -> Pipeline:
    """Return an unfitted XGBoost model that predicts numbers.

    Parameters
    ----------
    n_rounds, max_depth, learning_rate, subsample, column_share, l2, stop_early, device, gap, seed
        As `xgboost` has them.

    Returns
    -------
    Pipeline
        One step, `model`; it minimises squared errors.

    Raises
    ------
    ModelError
        If a graphics card is asked for and there is none.

    References
    ----------
    Chen and Guestrin 2016, XGBoost: A Scalable Tree Boosting System, KDD.
    """
    from xgboost import XGBRegressor  # noqa: PLC0415  # a second of import that a random forest need not pay

    if device == "gpu":
        require_gpu()
    booster = XGBRegressor(
        n_estimators=n_rounds,
        max_depth=max_depth,
        learning_rate=learning_rate,
        subsample=subsample,
        colsample_bytree=column_share,
        reg_lambda=l2,
        objective="reg:squarederror",
        tree_method="hist",
        device="cuda" if device == "gpu" else "cpu",
        random_state=seed,
        n_jobs=1,
    )
    model = TailStoppedRegressor(booster, gap) if stop_early else booster
    return Pipeline([("model", model)])


class SteadyHistogramClassifier(HistGradientBoostingClassifier):  # type: ignore[misc]  # scikit-learn has no types
    """Histogram boosting that keeps to the calling thread: folds and trials are what runs side by side here.

    Parameters, attributes and methods are those of `sklearn.ensemble.HistGradientBoostingClassifier`.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit on one thread.

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
        with one_thread():
            super().fit(X, y, sample_weight)
        return self

    def predict_proba(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the probability of each class, on one thread.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
            In the order of `classes_`.
        """
        with one_thread():
            return super().predict_proba(X)


class SteadyHistogramRegressor(HistGradientBoostingRegressor):  # type: ignore[misc]  # scikit-learn has no types
    """Histogram boosting of numbers that keeps to the calling thread.

    Parameters, attributes and methods are those of `sklearn.ensemble.HistGradientBoostingRegressor`.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit on one thread.

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
        with one_thread():
            super().fit(X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the predicted number of each row, on one thread.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows,)
            In the unit of the label.
        """
        with one_thread():
            return super().predict(X)


def histogram_boosting(
    *, n_rounds: int, learning_rate: float, max_leaves: int, min_samples_leaf: int, l2: float, seed: int
) -> Pipeline:
    """Return unfitted boosted trees on histograms.

    Parameters
    ----------
    n_rounds : int
        Number of boosting rounds; all of them are used.
    learning_rate : float
        Weight of each new tree.
    max_leaves : int
        Most leaves of a tree, at least 2.
    min_samples_leaf : int
        Fewest training rows in a leaf.
    l2 : float
        L2 penalty on leaf values.
    seed : int
        Start of the random numbers; with up to 200,000 rows none is drawn.

    Returns
    -------
    Pipeline
        One step, `model`. Trees only ask whether a value is above another, so they get no scaler.

    Notes
    -----
    Timing: where features may be cut is decided by the rows it is fitted on.

    References
    ----------
    Friedman 2001, Annals of Statistics 29(5). Ke et al. 2017, LightGBM, NIPS 30.
    """
    model = SteadyHistogramClassifier(
        max_iter=n_rounds,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaves,
        min_samples_leaf=min_samples_leaf,
        l2_regularization=l2,
        early_stopping=False,
        random_state=seed,
    )
    return Pipeline([("model", model)])


def histogram_boosting_regression(
    *, n_rounds: int, learning_rate: float, max_leaves: int, min_samples_leaf: int, l2: float, seed: int
) -> Pipeline:
    """Return unfitted boosted trees on histograms that predict numbers.

    Parameters
    ----------
    n_rounds, learning_rate, max_leaves, min_samples_leaf, l2, seed
        As `histogram_boosting` has them.

    Returns
    -------
    Pipeline
        One step, `model`; it minimises squared errors.

    Notes
    -----
    Timing: that of `histogram_boosting`.

    References
    ----------
    Friedman 2001, Annals of Statistics 29(5).
    """
    model = SteadyHistogramRegressor(
        max_iter=n_rounds,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaves,
        min_samples_leaf=min_samples_leaf,
        l2_regularization=l2,
        early_stopping=False,
        random_state=seed,
    )
    return Pipeline([("model", model)])

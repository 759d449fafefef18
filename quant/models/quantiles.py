"""Models of quantiles. Importing this module imports scikit-learn, so only a catalogue entry's `load` does it.

Each predicts `quant.frames.QUANTILES`, a column each. Fitted one by one they may cross in a row: `predict` says what
was fitted, and `quant.models.prediction.predict_return` sorts it.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import QuantileRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from quant.frames import QUANTILES
from quant.models.gpu import require_gpu
from quant.models.stopping import TailStoppedRegressor
from quant.models.trees import SteadyHistogramRegressor
from quant.one_core import one_core


class LinearQuantiles(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Linear quantile regressions that measure the label in its own standard deviations, those of the training rows.

    Parameters
    ----------
    penalty : float, default=0.01
        Strength of the L1 penalty.
    """

    def __init__(self, penalty: float = 0.01) -> None:
        self.penalty = penalty

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit a line for each quantile, as a linear programme that HiGHS solves.

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
        lines = [QuantileRegressor(quantile=share, alpha=self.penalty, solver="highs") for share in QUANTILES]
        with one_core():
            for line in lines:
                line.fit(rows, (numbers - centre) / scale, sample_weight)
        self.coef_ = np.stack([line.coef_ for line in lines]) * scale
        self.intercept_ = np.array([line.intercept_ for line in lines]) * scale + centre
        self.n_features_in_ = rows.shape[1]
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:  # noqa: N803  # scikit-learn's name
        """Return the quantiles of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows, n_quantiles)
            In the unit of the label; each row's values are the same whatever other rows `X` has.
        """
        check_is_fitted(self)
        rows = np.ascontiguousarray(X, dtype=np.float64)
        return np.column_stack(
            [(rows * coef).sum(axis=1) + constant for coef, constant in zip(self.coef_, self.intercept_, strict=True)]
        )


class BoostedQuantiles(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Histogram boosting, once for each quantile.

    Parameters
    ----------
    max_iter, learning_rate, max_leaf_nodes, min_samples_leaf, l2_regularization, random_state
        Those of `sklearn.ensemble.HistGradientBoostingRegressor`.
    """

    def __init__(
        self,
        *,
        max_iter: int = 100,
        learning_rate: float = 0.05,
        max_leaf_nodes: int = 8,
        min_samples_leaf: int = 20,
        l2_regularization: float = 1.0,
        random_state: int | None = None,
    ) -> None:
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Boost trees for each quantile, on one thread.

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
        rows = np.asarray(X, dtype=np.float64)
        self.by_quantile_ = [
            SteadyHistogramRegressor(loss="quantile", quantile=share, early_stopping=False, **self.get_params()).fit(
                rows, y, sample_weight
            )
            for share in QUANTILES
        ]
        self.n_features_in_ = rows.shape[1]
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:  # noqa: N803  # scikit-learn's name
        """Return the quantiles of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows, n_quantiles)
            In the unit of the label.
        """
        check_is_fitted(self)
        rows = np.asarray(X, dtype=np.float64)
        return np.column_stack([booster.predict(rows) for booster in self.by_quantile_])


def linear_quantiles(*, penalty: float, seed: int) -> Pipeline:
    """Return unfitted linear quantile regressions on standardised features.

    Parameters
    ----------
    penalty : float
        Strength of the L1 penalty, in standard deviations of the label; 0 or more.
    seed : int
        Accepted for the sake of one call for all models; a linear programme needs no random numbers.

    Returns
    -------
    Pipeline
        Steps `scaler` (mean and standard deviation of the rows it is fitted on) and `model`.

    Notes
    -----
    Timing: features and labels are scaled by training rows only. The time of a linear programme grows faster than its
    number of rows.

    References
    ----------
    Koenker and Bassett 1978, Econometrica 46(1).
    """
    del seed
    return Pipeline([("scaler", StandardScaler()), ("model", LinearQuantiles(penalty))])


def histogram_boosting_quantiles(
    *, n_rounds: int, learning_rate: float, max_leaves: int, min_samples_leaf: int, l2: float, seed: int
) -> Pipeline:
    """Return unfitted boosted trees on histograms that predict quantiles.

    Parameters
    ----------
    n_rounds, learning_rate, max_leaves, min_samples_leaf, l2, seed
        As `quant.models.trees.histogram_boosting` has them.

    Returns
    -------
    Pipeline
        One step, `model`; it minimises the pinball loss of each quantile by itself.

    Notes
    -----
    Timing: where features may be cut is decided by the rows it is fitted on.

    References
    ----------
    Friedman 2001, Annals of Statistics 29(5). Koenker and Bassett 1978, Econometrica 46(1).
    """
    model = BoostedQuantiles(
        max_iter=n_rounds,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaves,
        min_samples_leaf=min_samples_leaf,
        l2_regularization=l2,
        random_state=seed,
    )
    return Pipeline([("model", model)])


def xgboost_quantiles(  # noqa: PLR0913  # one a parameter of the entry
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
    """Return an unfitted XGBoost model that predicts quantiles.

    Parameters
    ----------
    n_rounds, max_depth, learning_rate, subsample, column_share, l2, stop_early, device, gap, seed
        As `quant.models.trees.xgboost` has them.

    Returns
    -------
    Pipeline
        One step, `model`; it minimises the pinball loss, with a tree a round for each quantile.

    Raises
    ------
    ModelError
        If a graphics card is asked for and there is none.

    References
    ----------
    Chen and Guestrin 2016, XGBoost: A Scalable Tree Boosting System, KDD. Koenker and Bassett 1978, Econometrica 46(1).
    """
    from xgboost import XGBRegressor  # noqa: PLC0415  # a second of import that the other models need not pay

    if device == "gpu":
        require_gpu()
    booster = XGBRegressor(
        n_estimators=n_rounds,
        max_depth=max_depth,
        learning_rate=learning_rate,
        subsample=subsample,
        colsample_bytree=column_share,
        reg_lambda=l2,
        objective="reg:quantileerror",
        quantile_alpha=list(QUANTILES),
        tree_method="hist",
        device="cuda" if device == "gpu" else "cpu",
        random_state=seed,
        n_jobs=1,
    )
    model = TailStoppedRegressor(booster, gap) if stop_early else booster
    return Pipeline([("model", model)])

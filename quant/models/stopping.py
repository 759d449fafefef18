"""Boosting that stops early, by rows of the training span that were set aside and purged."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

TAIL_SHARE = 0.2
PATIENCE = 30  # rounds without a better tail


class _TailStopped(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A booster whose number of rounds is chosen on the last fifth of its training rows.

    The rows before that tail, without the `gap` rows next to it whose labels may reach into it, are boosted until the
    tail has not been predicted better for `PATIENCE` rounds. Then all training rows are boosted for as many rounds as
    were best.

    Parameters
    ----------
    booster : XGBModel
        The unfitted booster; its `n_estimators` is the most rounds.
    gap : int, default=0
        Rows left out before the tail.
    """

    def __init__(self, booster: Any, gap: int = 0) -> None:
        self.booster = booster
        self.gap = gap

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Choose the number of rounds, then boost all rows for as many.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows in the order of time.
        y : array-like of shape (n_rows,)
            Their labels.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights; None: all the same.

        Returns
        -------
        Self
            The fitted model, with `n_rounds_`.

        Raises
        ------
        ValueError
            If the rows before the tail are too few, or have not all classes.
        """
        rows, labels = np.asarray(X, dtype=np.float64), np.asarray(y)
        tail = slice(len(rows) - int(len(rows) * TAIL_SHARE), len(rows))
        head = slice(0, max(0, tail.start - self.gap))
        self._check(labels, head, tail)
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        of_head = {} if weights is None else {"sample_weight": weights[head], "sample_weight_eval_set": [weights[tail]]}
        trial = clone(self.booster).set_params(early_stopping_rounds=PATIENCE)
        trial.fit(rows[head], labels[head], eval_set=[(rows[tail], labels[tail])], verbose=False, **of_head)
        self.n_rounds_ = int(trial.best_iteration) + 1
        self.booster_ = (
            clone(self.booster).set_params(n_estimators=self.n_rounds_).fit(rows, labels, sample_weight=weights)
        )
        self.n_features_in_ = rows.shape[1]
        return self

    def get_booster(self) -> Any:
        """Return XGBoost's own trees."""
        check_is_fitted(self)
        return self.booster_.get_booster()

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the prediction of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows,)
            Classes or numbers.
        """
        check_is_fitted(self)
        return self.booster_.predict(X)

    def _check(self, labels: Any, head: slice, tail: slice) -> None:
        n_head, n_tail = head.stop, tail.stop - tail.start
        if n_head < n_tail or not n_tail:
            raise ValueError(
                f"Expected at least as many rows before the purged tail as in it, {n_tail}; found {n_head}. Choose a "
                "longer training window, or do not stop early."
            )
        del labels


class TailStoppedClassifier(ClassifierMixin, _TailStopped):  # type: ignore[misc]  # scikit-learn has no types
    """A boosted classifier that stops early; see `_TailStopped` for its parameters."""

    @property
    def classes_(self) -> Any:
        """The classes that were learned."""
        return self.booster_.classes_

    def predict_proba(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
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
        check_is_fitted(self)
        return self.booster_.predict_proba(X)

    def _check(self, labels: Any, head: slice, tail: slice) -> None:
        super()._check(labels, head, tail)
        n_classes, n_seen = len(np.unique(labels)), len(np.unique(labels[head]))
        if n_seen < n_classes:
            raise ValueError(
                f"Expected all {n_classes} outcomes among the {head.stop} rows before the purged tail; found {n_seen}. "
                "Choose a longer training window, or do not stop early."
            )


class TailStoppedRegressor(RegressorMixin, _TailStopped):  # type: ignore[misc]  # scikit-learn has no types
    """A boosted regressor that stops early; see `_TailStopped` for its parameters."""

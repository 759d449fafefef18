"""Votes and stacks. Importing this module imports scikit-learn, so only a catalogue entry's `load` does it."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from quant.models.blocks import purged_blocks
from quant.models.build import build
from quant.models.catalog import MODELS
from quant.models.linear import SteadyLogisticRegression
from quant.models.most_probable import MostProbable
from quant.one_core import one_core

N_PARTS = 3  # of the training rows, for the weights of a stack
SUREST = 1e-4  # a member is never surer than that, so that one row cannot decide


class _Ensemble(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Several models as one.

    Parameters
    ----------
    members : list of Pipeline
        Unfitted models, whose last step is named `model`.
    """

    has_no_importance = True

    def __init__(self, members: Sequence[Any] = ()) -> None:
        self.members = members

    def _fitted(self, rows: Any, labels: Any, weights: Any) -> list[Any]:
        parameters = {} if weights is None else {"model__sample_weight": weights}
        return [clone(member).fit(rows, labels, **parameters) for member in self.members]

    def _start(self, rows: Any, labels: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        table = np.ascontiguousarray(rows, dtype=np.float64)
        self.n_features_in_ = table.shape[1]
        return table, np.asarray(labels), weights


class VotingClassifier(MostProbable, _Ensemble):
    """The mean or the median of the probabilities of several models.

    Parameters
    ----------
    members : list of Pipeline
        Unfitted models.
    combine : {"mean", "median"}, default="mean"
        What is made of their probabilities; medians are brought to a sum of 1.
    """

    def __init__(self, members: Sequence[Any] = (), combine: str = "mean") -> None:
        super().__init__(members)
        self.combine = combine

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit every member.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows in the order of time.
        y : array-like of shape (n_rows,)
            Their classes.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights; None: all the same.

        Returns
        -------
        Self
            The fitted model.
        """
        rows, labels, weights = self._start(X, y, sample_weight)
        self.classes_ = np.unique(labels)
        self.members_ = self._fitted(rows, labels, weights)
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
        check_is_fitted(self)
        said = _probabilities(self.members_, X)
        middle: NDArray[np.float64] = np.median(said, axis=0) if self.combine == "median" else _mean(said)
        scaled: NDArray[np.float64] = middle / middle.sum(axis=1, keepdims=True)
        return scaled


class VotingRegressor(RegressorMixin, _Ensemble):  # type: ignore[misc]  # scikit-learn has no types
    """The mean or the median of the numbers of several models.

    Parameters
    ----------
    members : list of Pipeline
        Unfitted models.
    combine : {"mean", "median"}, default="mean"
        What is made of their numbers.
    """

    def __init__(self, members: Sequence[Any] = (), combine: str = "mean") -> None:
        super().__init__(members)
        self.combine = combine

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit every member.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows in the order of time.
        y : array-like of shape (n_rows,)
            Their numbers.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights; None: all the same.

        Returns
        -------
        Self
            The fitted model.
        """
        self.members_ = self._fitted(*self._start(X, y, sample_weight))
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the middle of what the members say of each row.

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
        said = _numbers(self.members_, X)
        return np.median(said, axis=0) if self.combine == "median" else _mean(said)


class StackingClassifier(MostProbable, _Ensemble):
    """A logistic regression of the log odds that several models gave to rows that they had not seen.

    The training rows are cut into three blocks in the order of time. Of each, the members that say something were
    fitted on the other two, without the `gap` rows on either side of the block. The members that predict later are
    fitted on all training rows.

    Parameters
    ----------
    members : list of Pipeline
        Unfitted models.
    pull : float, default=1.0
        L2 penalty on the weights.
    gap : int, default=0
        Rows left out on either side of a block.
    """

    def __init__(self, members: Sequence[Any] = (), pull: float = 1.0, gap: int = 0) -> None:
        super().__init__(members)
        self.pull = pull
        self.gap = gap

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit the members on parts, the regression on what they say, and the members on all rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows in the order of time.
        y : array-like of shape (n_rows,)
            Their classes.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights; None: all the same.

        Returns
        -------
        Self
            The fitted model.

        Raises
        ------
        ValueError
            If the rows beside a block have not all classes.
        """
        rows, labels, weights = self._start(X, y, sample_weight)
        self.classes_ = np.unique(labels)
        said = []
        for block, others in purged_blocks(len(rows), N_PARTS, self.gap):
            if len(np.unique(labels[others])) < len(self.classes_):
                raise ValueError(
                    f"Expected all {len(self.classes_)} outcomes among the {len(others)} rows beside each third of the "
                    "training rows; found fewer. Choose a longer training window."
                )
            members = self._fitted(rows[others], labels[others], None if weights is None else weights[others])
            said.append(_log_odds(members, rows[block]))
        self.judge_ = SteadyLogisticRegression(C=1.0 / self.pull, tol=1e-8, max_iter=1000).fit(
            np.concatenate(said), labels, weights
        )
        self.members_ = self._fitted(rows, labels, weights)
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
        check_is_fitted(self)
        probability: NDArray[np.float64] = self.judge_.predict_proba(_log_odds(self.members_, X))
        return probability


class StackingRegressor(RegressorMixin, _Ensemble):  # type: ignore[misc]  # scikit-learn has no types
    """Weights, none below zero, of the numbers that several models gave to rows that they had not seen.

    Parameters
    ----------
    members : list of Pipeline
        Unfitted models.
    pull : float, default=1.0
        Penalty on weights that are not all the same, in units of what an average member says.
    gap : int, default=0
        Rows left out on either side of a block.
    """

    def __init__(self, members: Sequence[Any] = (), pull: float = 1.0, gap: int = 0) -> None:
        super().__init__(members)
        self.pull = pull
        self.gap = gap

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Fit the members on parts, the weights on what they say, and the members on all rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows in the order of time.
        y : array-like of shape (n_rows,)
            Their numbers.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights; None: all the same.

        Returns
        -------
        Self
            The fitted model, with `shares_`.
        """
        rows, labels, weights = self._start(X, y, sample_weight)
        said = np.empty((len(rows), len(self.members)))
        for block, others in purged_blocks(len(rows), N_PARTS, self.gap):
            members = self._fitted(rows[others], labels[others], None if weights is None else weights[others])
            said[block] = _numbers(members, rows[block]).T
        root = np.ones(len(rows)) if weights is None else np.sqrt(weights)
        table, wanted = said * root[:, None], labels * root
        n_members = len(self.members)
        hold = np.sqrt(self.pull * (table**2).sum() / n_members)
        with one_core():
            self.shares_, _ = nnls(
                np.vstack([table, hold * np.eye(n_members)]),
                np.concatenate([wanted, np.full(n_members, hold / n_members)]),
            )
        self.members_ = self._fitted(rows, labels, weights)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the weighted sum of what the members say of each row.

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
        said = _numbers(self.members_, X)
        total = np.zeros(said.shape[1])
        for share, numbers in zip(self.shares_, said, strict=True):
            total += share * numbers
        return total


def voting(*, members: Sequence[str], combine: str, gap: int, seed: int) -> Pipeline:
    """Return an unfitted vote of several classifiers.

    Parameters
    ----------
    members : sequence of str
        Names of entries of `quant.models.catalog`, each with its default parameters.
    combine : {"mean", "median"}
        What is made of their probabilities.
    gap : int
        For members that divide their rows by themselves: neighbouring rows whose labels may overlap.
    seed : int
        Start of the members' random numbers.

    Returns
    -------
    Pipeline
        One step, `model`; members that need a scaler have one of their own.

    Notes
    -----
    Timing: every member sees the rows the vote is fitted on, and no others.

    References
    ----------
    Clemen 1989, International Journal of Forecasting 5(4).
    """
    return Pipeline([("model", VotingClassifier(_members(members, gap, seed), combine))])


def voting_regression(*, members: Sequence[str], combine: str, gap: int, seed: int) -> Pipeline:
    """Return an unfitted vote of several regressors.

    Parameters
    ----------
    members, combine, gap, seed
        As `voting` has them.

    Returns
    -------
    Pipeline
        One step, `model`.

    Notes
    -----
    Timing: that of `voting`.

    References
    ----------
    Clemen 1989, International Journal of Forecasting 5(4).
    """
    return Pipeline([("model", VotingRegressor(_members(members, gap, seed), combine))])


def stacking(*, members: Sequence[str], pull: float, gap: int, seed: int) -> Pipeline:
    """Return an unfitted stack of several classifiers.

    Parameters
    ----------
    members : sequence of str
        Names of entries of `quant.models.catalog`, each with its default parameters.
    pull : float
        L2 penalty on the weights of the members, above 0.
    gap : int
        Rows left out on either side of a block.
    seed : int
        Start of the members' random numbers.

    Returns
    -------
    Pipeline
        One step, `model`.

    Notes
    -----
    Timing: weights rest on what members said of training rows that neither they nor labels that overlap had seen.

    References
    ----------
    Wolpert 1992, Neural Networks 5(2).
    """
    return Pipeline([("model", StackingClassifier(_members(members, gap, seed), pull, gap))])


def stacking_regression(*, members: Sequence[str], pull: float, gap: int, seed: int) -> Pipeline:
    """Return an unfitted stack of several regressors.

    Parameters
    ----------
    members, pull, gap, seed
        As `stacking` has them; the penalty is on the distance of the weights from equal ones.

    Returns
    -------
    Pipeline
        One step, `model`.

    Notes
    -----
    Timing: that of `stacking`.

    References
    ----------
    Breiman 1996, Stacked Regressions, Machine Learning 24(1).
    """
    return Pipeline([("model", StackingRegressor(_members(members, gap, seed), pull, gap))])


def _members(names: Sequence[str], gap: int, seed: int) -> list[Pipeline]:
    entries = {entry.model_fields["name"].default: entry for entry in MODELS}
    return [build(entries[name](), seed, gap=gap) for name in names]


def _probabilities(members: Sequence[Any], rows: Any) -> NDArray[np.float64]:
    table = np.ascontiguousarray(rows, dtype=np.float64)
    return np.array([member.predict_proba(table) for member in members], dtype=np.float64)


def _numbers(members: Sequence[Any], rows: Any) -> NDArray[np.float64]:
    table = np.ascontiguousarray(rows, dtype=np.float64)
    return np.array([member.predict(table) for member in members], dtype=np.float64)


def _mean(said: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(said.shape[1:])
    for each in said:
        total += each
    return total / len(said)


def _log_odds(members: Sequence[Any], rows: Any) -> NDArray[np.float64]:
    """Return each member's log odds of every class but the first against the first, side by side."""
    said = np.clip(_probabilities(members, rows), SUREST, 1.0)
    odds = np.log(said[:, :, 1:]) - np.log(said[:, :, :1])
    return np.hstack(list(odds))

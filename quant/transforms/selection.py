"""Steps that keep some features: by variance, by mutual information, by recursive elimination."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_selection import RFE, mutual_info_classif, mutual_info_regression

from quant.transforms.step import Step

DROPPED_AT_ONCE = 0.2  # of the features that remain, in each round of the elimination
FOREST = {"n_estimators": 50, "max_depth": 5, "min_samples_leaf": 20, "max_features": 0.5, "n_jobs": 1}


class VarianceSelector(Step):
    """Features whose (population) variance on the training rows is above a bound.

    Parameters
    ----------
    least_variance : float, default=0.0
        The bound.
    """

    _takes_unknown = True

    def __init__(self, least_variance: float = 0.0) -> None:
        self.least_variance = least_variance

    def _learn(self, rows: NDArray[np.float64], labels: NDArray[Any]) -> None:  # noqa: ARG002  # not asked about
        known = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
        # The deviation of equal numbers is a few roundings, not 0: their range is.
        varies = np.nanmax(known, axis=0) > np.nanmin(known, axis=0)
        self.variances_ = np.where(varies, np.nanvar(known, axis=0), 0.0)
        self.sources_ = np.flatnonzero(self.variances_ > self.least_variance)
        if not len(self.sources_):
            raise ValueError(
                f"Expected a feature whose variance is above {self.least_variance:g}; the largest of "
                f"{rows.shape[1]} is {self.variances_.max():g}. Lower the bound."
            )


class InformationSelector(Step):
    """The features with the most mutual information with the label.

    Parameters
    ----------
    n_kept : int, default=10
        How many; all if there are fewer.
    learns : {"classes", "numbers"}, default="classes"
        What the labels are.
    seed : int, default=0
        Start of the random numbers: the estimate adds a little noise to features, so that no two values are equal.
    """

    _needs_labels = True

    def __init__(self, n_kept: int = 10, learns: str = "classes", seed: int = 0) -> None:
        self.n_kept = n_kept
        self.learns = learns
        self.seed = seed

    def _learn(self, rows: NDArray[np.float64], labels: NDArray[Any]) -> None:
        measure = mutual_info_regression if self.learns == "numbers" else mutual_info_classif
        self.information_ = measure(rows, labels, discrete_features=False, random_state=self.seed)
        best = np.argsort(-self.information_, kind="stable")[: self.n_kept]
        self.sources_ = np.sort(best)


class EliminationSelector(Step):
    """The features that remain when a small forest drops its least important ones again and again.

    Parameters
    ----------
    n_kept : int, default=10
        How many; all if there are fewer.
    learns : {"classes", "numbers"}, default="classes"
        What the labels are.
    seed : int, default=0
        Start of the forest's random numbers.
    """

    _needs_labels = True

    def __init__(self, n_kept: int = 10, learns: str = "classes", seed: int = 0) -> None:
        self.n_kept = n_kept
        self.learns = learns
        self.seed = seed

    def _learn(self, rows: NDArray[np.float64], labels: NDArray[Any]) -> None:
        if self.n_kept >= rows.shape[1]:
            self.sources_ = np.arange(rows.shape[1])
            return
        forest = RandomForestRegressor if self.learns == "numbers" else RandomForestClassifier
        rounds = RFE(
            forest(**FOREST, random_state=self.seed), n_features_to_select=self.n_kept, step=DROPPED_AT_ONCE
        ).fit(rows, labels)
        self.sources_ = np.flatnonzero(rounds.support_)


def by_variance(*, least_variance: float, learns: str, seed: int, gap: int) -> VarianceSelector:
    """Return an unfitted step that keeps features that vary.

    Parameters
    ----------
    least_variance : float
        Variance that a feature must exceed, at least 0.
    learns, seed, gap
        Accepted for the sake of one call for all steps.

    Returns
    -------
    VarianceSelector
        It raises a ValueError in `fit` if no feature is left.

    Notes
    -----
    Timing: variances are those of the rows it is fitted on.
    """
    del learns, seed, gap
    return VarianceSelector(least_variance)


def by_information(*, n_kept: int, learns: str, seed: int, gap: int) -> InformationSelector:
    """Return an unfitted step that keeps the features that say most about the label, each by itself.

    Parameters
    ----------
    n_kept : int
        Features to keep, at least 1.
    learns : {"classes", "numbers"}
        What the labels are.
    seed : int
        Start of the random numbers.
    gap : int
        Accepted for the sake of one call for all steps.

    Returns
    -------
    InformationSelector
        Columns stay in their order.

    Notes
    -----
    Timing: information is measured on the rows it is fitted on. Labels that overlap make it look larger than it is,
    for every feature alike.

    References
    ----------
    Kraskov, Stögbauer and Grassberger 2004, Physical Review E 69. Ross 2014, PLoS ONE 9(2).
    """
    del gap
    return InformationSelector(n_kept, learns, seed)


def by_elimination(*, n_kept: int, learns: str, seed: int, gap: int) -> EliminationSelector:
    """Return an unfitted step that drops the least important features again and again.

    Parameters
    ----------
    n_kept : int
        Features to keep, at least 1.
    learns : {"classes", "numbers"}
        What the labels are.
    seed : int
        Start of the forest's random numbers.
    gap : int
        Accepted for the sake of one call for all steps.

    Returns
    -------
    EliminationSelector
        Columns stay in their order.

    Notes
    -----
    Timing: every forest is fitted on the rows the step is fitted on.

    References
    ----------
    Guyon, Weston, Barnhill and Vapnik 2002, Machine Learning 46.
    """
    del gap
    return EliminationSelector(n_kept, learns, seed)

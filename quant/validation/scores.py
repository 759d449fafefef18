"""How good predicted probabilities are, in one number and in a few points for a chart.

Every function takes `labels` and `probability` of the same rows: labels of 0 or 1 with one probability a row, that the
label is 1; or labels of -1, 0 or 1 with two a row, that the label is 1 and that it is -1. Scores of three classes are
those of two in the literature's usual extension: with two classes they are the same numbers. Rows whose label is NaN
are unknown and left out: they are predicted and traded, never scored. `weights` say how much each row counts, not
negative; None: all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from quant.catalog import Task
from quant.errors import InvalidSpec, ModelError
from quant.validation.catalog import CLASS_SCORES, NUMBER_SCORES, QUANTILE_SCORES, ScoreName
from quant.validation.number_scores import (
    hit_rate,
    information_coefficient,
    known_weights,
    mean_error,
    mean_of,
    pinball_loss,
    r2,
    rank_ic,
)

Numbers: TypeAlias = NDArray[np.float64]

MAX_POINTS = 200  # more cannot be told apart on a screen


@dataclass(frozen=True)
class Score:
    """A score: its function, and which way is better.

    Attributes
    ----------
    name : str
        Name in a specification.
    title : str
        What a person calls it.
    higher_is_better : bool
        False for losses.
    no_skill : str
        What a forecast without skill gets, to compare with.
    function : callable
        `function(labels, probability, weights)`; calling the score does the same.
    """

    name: ScoreName
    title: str
    higher_is_better: bool
    no_skill: str
    function: Callable[[ArrayLike, ArrayLike, ArrayLike | None], float]

    def __call__(self, labels: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Return the score; NaN where it is not defined."""
        return self.function(labels, probability, weights)

    def meets(self, value: float, target: float | None) -> bool:
        """Tell whether a value is at least as good as the target: NaN never is, and without a target every value is."""
        if target is None:
            return True
        return value >= target if self.higher_is_better else value <= target

    def is_better(self, value: float, other: float) -> bool:
        """Tell whether a value is strictly better than another; an unknown one (NaN) never is, and a known one is."""
        if np.isnan(value) or np.isnan(other):
            return not np.isnan(value) and bool(np.isnan(other))
        return value > other if self.higher_is_better else value < other


def roc_auc(labels: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the area under the ROC curve.

    Parameters
    ----------
    labels, probability, weights : array-like of shape (n_rows,)
        See the head of this module; with three classes, `probability` has the shape (n_rows, 2).

    Returns
    -------
    float
        Probability that a random row with label 1 is ranked above a random one with label 0, ties counting half: 0.5 is
        no skill, 1 perfect. NaN if all labels are alike, for then there is nothing to rank. With three classes, the
        mean of two areas: of ranking 1 above the others, and of ranking -1 above the others.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is none of the classes, nor NaN.
    ModelError
        If a probability is not finite.

    References
    ----------
    Hanley and McNeil 1982, Radiology 143(1). Equal to scikit-learn's `roc_auc_score`.

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    known, values = _known(labels, probability)
    counted = known_weights(labels, weights)
    if values.ndim > 1:
        return (roc_auc(known == 1, values[:, 0], counted) + roc_auc(known == -1, values[:, 1], counted)) / 2
    if counted is not None:
        return _weighted_area(known == 1, values, counted)
    n_positive = float(known.sum())
    n_negative = len(known) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2  # of each group of ties, from 1
    wins = mean_rank[group][known == 1].sum() - n_positive * (n_positive + 1) / 2
    return float(wins / (n_positive * n_negative))


def log_loss(labels: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the mean negative log-likelihood of the labels.

    Parameters
    ----------
    labels, probability, weights : array-like of shape (n_rows,)
        See the head of this module; with three classes, `probability` has the shape (n_rows, 2).

    Returns
    -------
    float
        In nats, 0 or more, lower is better; 0.693 is a coin, 1.099 a die of three classes. NaN if no label is known.
        Probabilities are kept 2.2e-16 away from 0 and 1, so that one certain error does not make it infinite.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is none of the classes, nor NaN.
    ModelError
        If a probability is not finite.

    References
    ----------
    Good 1952, JRSS B 14(1). Equal to scikit-learn's `log_loss`.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 6)
    0.693147
    """
    known, values = _known(labels, probability)
    tiny = np.finfo(np.float64).eps
    certain = np.clip(_of_what_came(known, values), tiny, 1 - tiny)
    return mean_of(-np.log(certain), known_weights(labels, weights))


def brier(labels: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the mean squared distance of probability and label.

    Parameters
    ----------
    labels, probability, weights : array-like of shape (n_rows,)
        See the head of this module; with three classes, `probability` has the shape (n_rows, 2).

    Returns
    -------
    float
        From 0 to 1, lower is better; 0.25 is a coin. NaN if no label is known. With three classes, half the squared
        distance of all three probabilities; 1/3 is a die.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is none of the classes, nor NaN.
    ModelError
        If a probability is not finite.

    References
    ----------
    Brier 1950, Monthly Weather Review 78(1), halved as is usual for two outcomes. Equal to scikit-learn's
    `brier_score_loss`.

    Examples
    --------
    >>> brier([1, 0], [0.5, 0.5])
    0.25
    """
    known, values = _known(labels, probability)
    counted = known_weights(labels, weights)
    if values.ndim > 1:
        happened = known[:, None] == [1, -1, 0]
        return mean_of(np.square(_all_three(values) - happened).sum(axis=1), counted) / 2
    return mean_of(np.square(values - known), counted)


def accuracy(labels: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the share of rows whose more probable outcome came true.

    Parameters
    ----------
    labels, probability, weights : array-like of shape (n_rows,)
        See the head of this module; with three classes, `probability` has the shape (n_rows, 2).

    Returns
    -------
    float
        From 0 to 1; a probability above one half predicts 1, one half itself predicts 0. With three classes, the most
        probable one is predicted: of equals 0, then -1. Compare with the share of the
        commoner label, which always predicting it would reach. NaN if no label is known.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is none of the classes, nor NaN.
    ModelError
        If a probability is not finite.

    Examples
    --------
    >>> accuracy([1, 0, 0], [0.7, 0.2, 0.6])
    0.6666666666666666
    """
    known, values = _known(labels, probability)
    return mean_of(_predicted(values) == known, known_weights(labels, weights))


SCORES: dict[ScoreName, Score] = {
    score.name: score
    for score in (
        Score("roc_auc", "Area under the ROC curve", higher_is_better=True, no_skill="0.5", function=roc_auc),
        Score("log_loss", "Log loss", higher_is_better=False, no_skill="that of the base rate", function=log_loss),
        Score("brier", "Brier score", higher_is_better=False, no_skill="that of the base rate", function=brier),
        Score("accuracy", "Accuracy", higher_is_better=True, no_skill="share of the commoner label", function=accuracy),
        Score("r2", "R² out of sample", higher_is_better=True, no_skill="0, or a little below", function=r2),
        Score(
            "information_coefficient",
            "Information coefficient",
            higher_is_better=True,
            no_skill="0",
            function=information_coefficient,
        ),
        Score("rank_ic", "Rank IC", higher_is_better=True, no_skill="0", function=rank_ic),
        Score(
            "mean_error",
            "Mean absolute error",
            higher_is_better=False,
            no_skill="that of predicting 0",
            function=mean_error,
        ),
        Score("hit_rate", "Hit rate", higher_is_better=True, no_skill="share of the commoner sign", function=hit_rate),
        Score(
            "pinball_loss",
            "Pinball loss",
            higher_is_better=False,
            no_skill="that of the quantiles of all outcomes",
            function=pinball_loss,
        ),
    )
}


def scores_for(task: Task, *, has_quantiles: bool = False) -> tuple[ScoreName, ...]:
    """Return the names of the scores that a task can be judged by, and models that predict quantiles if these do."""
    if task != "regression":
        return CLASS_SCORES
    return (*NUMBER_SCORES, *QUANTILE_SCORES) if has_quantiles else NUMBER_SCORES


def confusion(labels: ArrayLike, probability: ArrayLike, threshold: float = 0.5) -> pd.DataFrame:
    """Count what was predicted and what came true.

    Parameters
    ----------
    labels, probability : array-like of shape (n_rows,)
        See the head of this module; with three classes, `probability` has the shape (n_rows, 2).
    threshold : float, default=0.5
        A probability above it predicts 1; with three classes, the most probable one is predicted.

    Returns
    -------
    DataFrame of shape (n_classes², 3)
        One row a pair of classes: `actual` and `predicted`, `n_rows`.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is none of the classes, nor NaN.
    ModelError
        If a probability is not finite.
    """
    known, values = _known(labels, probability)
    classes = np.array([-1, 0, 1] if values.ndim > 1 else [0, 1])
    n_classes, lowest = len(classes), classes[0]
    pair = n_classes * (known.astype(np.int64) - lowest) + _predicted(values, threshold).astype(np.int64) - lowest
    return pd.DataFrame(
        {
            "actual": np.repeat(classes, n_classes),
            "predicted": np.tile(classes, n_classes),
            "n_rows": np.bincount(pair, minlength=n_classes**2),
        }
    )


def roc_curve_points(labels: ArrayLike, probability: ArrayLike, n_points: int = MAX_POINTS) -> pd.DataFrame:
    """Return points of the ROC curve for a chart.

    Parameters
    ----------
    labels, probability : array-like of shape (n_rows,)
        See the head of this module; with three classes, `probability` has the shape (n_rows, 2).
    n_points : int, default=200
        Most points to return, at least 2. Of longer curves, points at even steps along the curve are kept, the first
        and the last among them.

    Returns
    -------
    DataFrame of shape (at most n_points, 3)
        `threshold`, descending from infinity; `false_positive_rate` and `true_positive_rate` of predicting 1 from that
        probability on, ascending from 0 to 1. Empty if all labels are alike.

    Raises
    ------
    InvalidSpec
        If the lengths differ, a label is neither 0, 1 nor NaN, or `n_points` is below 2.
    ModelError
        If a probability is not finite.
    """
    if n_points < 2:  # noqa: PLR2004  # both ends
        raise InvalidSpec(f"Expected at least 2 points; found {n_points}.", field="n_points")
    known, values = _known(labels, probability)
    n_positive = int(known.sum())
    if n_positive in {0, len(known)}:
        return pd.DataFrame({"threshold": [], "false_positive_rate": [], "true_positive_rate": []}, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(values[order])), len(known) - 1)
    hits = np.cumsum(known[order])[last_of_tie]
    true_rate = np.append(0.0, hits / n_positive)
    false_rate = np.append(0.0, (last_of_tie + 1 - hits) / (len(known) - n_positive))
    threshold = np.append(np.inf, values[order][last_of_tie])
    length = true_rate + false_rate  # along the curve, from 0 to 2
    if len(length) > n_points:
        kept = np.unique(np.searchsorted(length, np.linspace(0.0, 2.0, n_points)).clip(max=len(length) - 1))
    else:
        kept = np.arange(len(length))
    return pd.DataFrame(
        {
            "threshold": threshold[kept],
            "false_positive_rate": false_rate[kept],
            "true_positive_rate": true_rate[kept],
        }
    )


def calibration_bins(labels: ArrayLike, probability: ArrayLike, n_bins: int = 10) -> pd.DataFrame:
    """Compare predicted probabilities with how often the label was 1.

    Parameters
    ----------
    labels, probability : array-like of shape (n_rows,)
        See the head of this module; with three classes, `probability` has the shape (n_rows, 2).
    n_bins : int, default=10
        Bins of about equally many rows, from 1 to 200. Market predictions crowd around one half, where bins of equal
        width would leave most of them empty.

    Returns
    -------
    DataFrame of shape (at most n_bins, 3)
        `mean_probability`, ascending; `observed_share` of label 1; `n_rows`. Equal probabilities share a bin, so there
        may be fewer.

    Raises
    ------
    InvalidSpec
        If the lengths differ, a label is neither 0, 1 nor NaN, or `n_bins` is out of its bounds.
    ModelError
        If a probability is not finite.

    Notes
    -----
    Overlapping labels are not independent, so a share strays further from the diagonal than its `n_rows` suggests.
    """
    if not 1 <= n_bins <= MAX_POINTS:
        raise InvalidSpec(f"Expected from 1 to {MAX_POINTS} bins; found {n_bins}.", field="n_bins")
    known, values = _known(labels, probability)
    if not len(known):
        return pd.DataFrame({"mean_probability": [], "observed_share": [], "n_rows": np.zeros(0, dtype=np.int64)})
    inner_edges = np.quantile(values, np.arange(1, n_bins) / n_bins)
    _, group, counts = np.unique(np.searchsorted(inner_edges, values), return_inverse=True, return_counts=True)
    return pd.DataFrame(
        {
            "mean_probability": np.bincount(group, weights=values) / counts,
            "observed_share": np.bincount(group, weights=known) / counts,
            "n_rows": counts,
        }
    )


def _weighted_area(is_positive: NDArray[np.bool_], values: Numbers, weights: Numbers) -> float:
    """Return the weight of pairs that are ranked rightly, ties counting half, in that of all pairs."""
    _, group = np.unique(values, return_inverse=True)
    positive, negative = (np.bincount(group, weights=weights * of_class) for of_class in (is_positive, ~is_positive))
    pairs = positive.sum() * negative.sum()
    below = np.cumsum(negative) - negative / 2
    return float((positive * below).sum() / pairs) if pairs > 0.0 else float("nan")


def _all_three(values: Numbers) -> Numbers:
    """Return the probabilities of 1, -1 and 0."""
    return np.column_stack([values, 1.0 - values.sum(axis=1)])


def _of_what_came(known: Numbers, values: Numbers) -> Numbers:
    """Return the probability that was given to what came true."""
    if values.ndim == 1:
        return np.where(known == 1, values, 1 - values)
    return np.select([known == 1, known == -1], [values[:, 0], values[:, 1]], 1.0 - values.sum(axis=1))


def _predicted(values: Numbers, threshold: float = 0.5) -> Numbers:
    """Return the class that is predicted of each row."""
    if values.ndim == 1:
        return (values > threshold).astype(np.float64)
    up, down, neither = _all_three(values).T
    return np.select([(up > down) & (up > neither), down > neither], [1.0, -1.0], 0.0)


def _known(labels: ArrayLike, probability: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return labels and probabilities of the rows whose label is known."""
    outcomes = np.asarray(labels, dtype=np.float64)
    values = np.asarray(probability, dtype=np.float64)
    if outcomes.ndim != 1 or values.shape not in {outcomes.shape, (*outcomes.shape, 2)}:
        raise InvalidSpec(
            f"Expected as many labels as probabilities; found shapes {outcomes.shape} and {values.shape}.",
            field="labels",
        )
    is_known = ~np.isnan(outcomes)
    outcomes, values = outcomes[is_known], values[is_known]
    classes = (0.0, 1.0) if values.ndim == 1 else (-1.0, 0.0, 1.0)
    if not np.isin(outcomes, classes).all():
        strange = outcomes[~np.isin(outcomes, classes)][0]
        shown = ", ".join(f"{each:g}" for each in classes)
        raise InvalidSpec(f"Expected labels of {shown} or NaN; found {strange}.", field="labels")
    if not np.isfinite(values).all():
        raise ModelError(
            f"Expected finite probabilities for known labels; found {int((~np.isfinite(values)).sum())} that are not. "
            "Predict every row before scoring."
        )
    return outcomes, values

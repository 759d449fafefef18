"""How good predicted probabilities are, in one number and in a few points for a chart.

Every function takes `labels` (0 or 1) and `probability` (that the label is 1) of the same rows. Rows whose label is NaN
are unknown and left out: they are predicted and traded, never scored.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec, ModelError
from quant.validation.catalog import ScoreName

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
        `function(labels, probability)`; calling the score does the same.
    """

    name: ScoreName
    title: str
    higher_is_better: bool
    no_skill: str
    function: Callable[[ArrayLike, ArrayLike], float]

    def __call__(self, labels: ArrayLike, probability: ArrayLike) -> float:
        """Return the score; NaN where it is not defined."""
        return self.function(labels, probability)

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


def roc_auc(labels: ArrayLike, probability: ArrayLike) -> float:
    """Return the area under the ROC curve.

    Parameters
    ----------
    labels, probability : array-like of shape (n_rows,)
        See the head of this module.

    Returns
    -------
    float
        Probability that a random row with label 1 is ranked above a random one with label 0, ties counting half: 0.5 is
        no skill, 1 perfect. NaN if all labels are alike, for then there is nothing to rank.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is neither 0, 1 nor NaN.
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
    n_positive = float(known.sum())
    n_negative = len(known) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2  # of each group of ties, from 1
    wins = mean_rank[group][known == 1].sum() - n_positive * (n_positive + 1) / 2
    return float(wins / (n_positive * n_negative))


def log_loss(labels: ArrayLike, probability: ArrayLike) -> float:
    """Return the mean negative log-likelihood of the labels.

    Parameters
    ----------
    labels, probability : array-like of shape (n_rows,)
        See the head of this module.

    Returns
    -------
    float
        In nats, 0 or more, lower is better; 0.693 is a coin. NaN if no label is known. Probabilities are kept 2.2e-16
        away from 0 and 1, so that one certain error does not make it infinite.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is neither 0, 1 nor NaN.
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
    certain = np.clip(np.where(known == 1, values, 1 - values), tiny, 1 - tiny)
    return float(-np.log(certain).mean()) if len(known) else float("nan")


def brier(labels: ArrayLike, probability: ArrayLike) -> float:
    """Return the mean squared distance of probability and label.

    Parameters
    ----------
    labels, probability : array-like of shape (n_rows,)
        See the head of this module.

    Returns
    -------
    float
        From 0 to 1, lower is better; 0.25 is a coin. NaN if no label is known.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is neither 0, 1 nor NaN.
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
    return float(np.square(values - known).mean()) if len(known) else float("nan")


def accuracy(labels: ArrayLike, probability: ArrayLike) -> float:
    """Return the share of rows whose more probable outcome came true.

    Parameters
    ----------
    labels, probability : array-like of shape (n_rows,)
        See the head of this module.

    Returns
    -------
    float
        From 0 to 1; a probability above one half predicts 1, one half itself predicts 0. Compare with the share of the
        commoner label, which always predicting it would reach. NaN if no label is known.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is neither 0, 1 nor NaN.
    ModelError
        If a probability is not finite.

    Examples
    --------
    >>> accuracy([1, 0, 0], [0.7, 0.2, 0.6])
    0.6666666666666666
    """
    known, values = _known(labels, probability)
    return float(((values > 0.5) == (known == 1)).mean()) if len(known) else float("nan")  # noqa: PLR2004  # one half


SCORES: dict[ScoreName, Score] = {
    score.name: score
    for score in (
        Score("roc_auc", "Area under the ROC curve", higher_is_better=True, no_skill="0.5", function=roc_auc),
        Score("log_loss", "Log loss", higher_is_better=False, no_skill="that of the base rate", function=log_loss),
        Score("brier", "Brier score", higher_is_better=False, no_skill="that of the base rate", function=brier),
        Score("accuracy", "Accuracy", higher_is_better=True, no_skill="share of the commoner label", function=accuracy),
    )
}


def confusion(labels: ArrayLike, probability: ArrayLike, threshold: float = 0.5) -> pd.DataFrame:
    """Count what was predicted and what came true.

    Parameters
    ----------
    labels, probability : array-like of shape (n_rows,)
        See the head of this module.
    threshold : float, default=0.5
        A probability above it predicts 1.

    Returns
    -------
    DataFrame of shape (4, 3)
        One row a pair: `actual` and `predicted` (0 or 1), `n_rows`.

    Raises
    ------
    InvalidSpec
        If the lengths differ or a label is neither 0, 1 nor NaN.
    ModelError
        If a probability is not finite.
    """
    known, values = _known(labels, probability)
    pair = 2 * known.astype(np.int64) + (values > threshold)
    return pd.DataFrame({"actual": [0, 0, 1, 1], "predicted": [0, 1, 0, 1], "n_rows": np.bincount(pair, minlength=4)})


def roc_curve_points(labels: ArrayLike, probability: ArrayLike, n_points: int = MAX_POINTS) -> pd.DataFrame:
    """Return points of the ROC curve for a chart.

    Parameters
    ----------
    labels, probability : array-like of shape (n_rows,)
        See the head of this module.
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
        See the head of this module.
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


def _known(labels: ArrayLike, probability: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return labels and probabilities of the rows whose label is known."""
    outcomes = np.asarray(labels, dtype=np.float64)
    values = np.asarray(probability, dtype=np.float64)
    if outcomes.shape != values.shape or outcomes.ndim != 1:
        raise InvalidSpec(
            f"Expected as many labels as probabilities; found shapes {outcomes.shape} and {values.shape}.",
            field="labels",
        )
    is_known = ~np.isnan(outcomes)
    outcomes, values = outcomes[is_known], values[is_known]
    if not np.isin(outcomes, (0.0, 1.0)).all():
        strange = outcomes[~np.isin(outcomes, (0.0, 1.0))][0]
        raise InvalidSpec(f"Expected labels of 0, 1 or NaN; found {strange}.", field="labels")
    if not np.isfinite(values).all():
        raise ModelError(
            f"Expected finite probabilities for known labels; found {int((~np.isfinite(values)).sum())} that are not. "
            "Predict every row before scoring."
        )
    return outcomes, values

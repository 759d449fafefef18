"""How good predicted numbers are, in one number and in a few points for a chart.

Every function takes `labels` and `predicted`, numbers of the same rows. Rows whose label is NaN are unknown and left
out: they are predicted and traded, never scored. Of predicted quantiles (`quant.frames.forecast_columns`) there are
five numbers a row, the median first: all scores but the pinball loss are of the median.
"""

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec, ModelError
from quant.frames import QUANTILES

Numbers: TypeAlias = NDArray[np.float64]

MAX_BINS = 200  # more cannot be told apart on a screen
MEDIAN = 0.5
MEDIAN_FIRST = (MEDIAN, *(share for share in QUANTILES if share != MEDIAN))


def r2(labels: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the share of the labels' variance that predictions explain.

    Parameters
    ----------
    labels, predicted, weights : array-like of shape (n_rows,)
        Numbers, and how much each row counts (None: all the same); rows whose label is NaN are left out.

    Returns
    -------
    float
        At most 1; 0 is always predicting the mean of these labels, which nobody knew, so a little below 0 is no skill.
        NaN if there are fewer than two labels or all are alike.

    Raises
    ------
    InvalidSpec
        If the lengths differ.
    ModelError
        If a prediction is not finite.

    References
    ----------
    Equal to scikit-learn's `r2_score`. Campbell and Thompson 2008 compare with the mean of the past instead.

    Examples
    --------
    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """
    known, values = _known_numbers(labels, predicted)
    counted = known_weights(labels, weights)
    centre = mean_of(known, counted)
    total = _sum_of(np.square(known - centre), counted) if len(known) else 0.0
    return float(1.0 - _sum_of(np.square(known - values), counted) / total) if total > 0.0 else float("nan")


def information_coefficient(labels: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the correlation of predictions and labels.

    Parameters
    ----------
    labels, predicted, weights : array-like of shape (n_rows,)
        Numbers, and how much each row counts (None: all the same); rows whose label is NaN are left out.

    Returns
    -------
    float
        From -1 to 1; 0 is no skill. NaN if there are fewer than two labels, or all labels or predictions are alike.

    Raises
    ------
    InvalidSpec
        If the lengths differ.
    ModelError
        If a prediction is not finite.

    References
    ----------
    Grinold and Kahn 1999, Active Portfolio Management, chapter 6; Pearson's coefficient.

    Examples
    --------
    >>> round(information_coefficient([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]), 12)
    1.0
    """
    known, values = _known_numbers(labels, predicted)
    if len(known) < 2 or np.ptp(known) == 0.0 or np.ptp(values) == 0.0:  # noqa: PLR2004  # one has no correlation
        return float("nan")
    counted = known_weights(labels, weights)
    one, other = (each - mean_of(each, counted) for each in (known, values))
    spread = np.sqrt(_sum_of(np.square(one), counted) * _sum_of(np.square(other), counted))
    return float(_sum_of(one * other, counted) / spread) if spread > 0.0 else float("nan")


def rank_ic(labels: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the correlation of the ranks of predictions and labels.

    Parameters
    ----------
    labels, predicted, weights : array-like of shape (n_rows,)
        Numbers, and how much each row counts (None: all the same); rows whose label is NaN are left out.

    Returns
    -------
    float
        From -1 to 1; 0 is no skill. Equals get the mean of their ranks. NaN as `information_coefficient`.

    Raises
    ------
    InvalidSpec
        If the lengths differ.
    ModelError
        If a prediction is not finite.

    References
    ----------
    Spearman 1904. Equal to scipy's `spearmanr`.

    Examples
    --------
    >>> round(rank_ic([0.1, 0.2, 9.0], [1.0, 2.0, 3.0]), 12)
    1.0
    """
    known, values = _known_numbers(labels, predicted)
    came, said = (pd.Series(each).rank().to_numpy() for each in (known, values))
    return information_coefficient(came, said, known_weights(labels, weights))


def mean_error(labels: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the mean absolute distance of predictions and labels.

    Parameters
    ----------
    labels, predicted, weights : array-like of shape (n_rows,)
        Numbers, and how much each row counts (None: all the same); rows whose label is NaN are left out.

    Returns
    -------
    float
        In the unit of the label, lower is better. NaN if no label is known.

    Raises
    ------
    InvalidSpec
        If the lengths differ.
    ModelError
        If a prediction is not finite.

    Examples
    --------
    >>> mean_error([0.5, 0.25], [0.25, 0.25])
    0.125
    """
    known, values = _known_numbers(labels, predicted)
    return mean_of(np.abs(known - values), known_weights(labels, weights))


def hit_rate(labels: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the share of labels whose sign was predicted.

    Parameters
    ----------
    labels, predicted, weights : array-like of shape (n_rows,)
        Numbers, and how much each row counts (None: all the same); rows whose label is NaN or 0 are left out.

    Returns
    -------
    float
        From 0 to 1; a prediction of 0 is a miss. Compare with the share of the commoner sign. NaN if no label counts.

    Raises
    ------
    InvalidSpec
        If the lengths differ.
    ModelError
        If a prediction is not finite.

    Examples
    --------
    >>> hit_rate([0.1, -0.1], [0.2, 0.3])
    0.5
    """
    known, values = _known_numbers(labels, predicted)
    moved, counted = known != 0.0, known_weights(labels, weights)
    hits = np.sign(known[moved]) == np.sign(values[moved])
    return mean_of(hits, None if counted is None else counted[moved])


def pinball_loss(labels: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the mean pinball loss of predicted quantiles.

    Parameters
    ----------
    labels : array-like of shape (n_rows,)
        Numbers; rows whose label is NaN are left out.
    predicted : array-like of shape (n_rows, 5)
        The median, and the quantiles of 10, 25, 75 and 90 %.
    weights : array-like of shape (n_rows,), default=None
        How much each row counts; None: all the same.

    Returns
    -------
    float
        In the unit of the label, 0 or more, lower is better; the mean over the five quantiles. The loss of the quantile
        q is q times what an outcome lies above it, or 1 - q times what it lies below. NaN if no label is known.

    Raises
    ------
    InvalidSpec
        If the lengths differ, or there are not five numbers a row.
    ModelError
        If a prediction is not finite.

    References
    ----------
    Koenker and Bassett 1978, Econometrica 46(1). Of each quantile equal to scikit-learn's `mean_pinball_loss`.

    Examples
    --------
    >>> round(pinball_loss([1.0], [[0.0, 0.0, 0.0, 0.0, 0.0]]), 12)
    0.5
    """
    quantiles = np.asarray(predicted, dtype=np.float64)
    if quantiles.shape != (*np.shape(labels), len(QUANTILES)):
        raise InvalidSpec(
            f"Expected as many labels as predictions of {len(QUANTILES)} quantiles; found shapes {np.shape(labels)} "
            f"and {quantiles.shape}. Score predictions of one number by another score.",
            field="labels",
        )
    losses = []
    for share, of_one in zip(MEDIAN_FIRST, quantiles.T, strict=True):
        known, values = _known_numbers(labels, of_one)
        above = known - values
        losses.append(np.maximum(share * above, (share - 1.0) * above))
    counted = known_weights(labels, weights)
    return mean_of(np.ravel(losses), None if counted is None else np.tile(counted, len(losses)))


def forecast_bins(labels: ArrayLike, predicted: ArrayLike, n_bins: int = 10) -> pd.DataFrame:
    """Compare predicted numbers with what came, in groups of neighbouring predictions.

    Parameters
    ----------
    labels, predicted : array-like of shape (n_rows,)
        Numbers; rows whose label is NaN are left out.
    n_bins : int, default=10
        Groups of about equally many rows, from 1 to 200. Equal predictions share a group.

    Returns
    -------
    DataFrame of shape (at most n_bins, 3)
        `mean_predicted`, ascending; `mean_outcome`; `n_rows`.

    Raises
    ------
    InvalidSpec
        If the lengths differ, or `n_bins` is out of its bounds.
    ModelError
        If a prediction is not finite.

    Notes
    -----
    Overlapping labels are not independent, so a mean strays further than its `n_rows` suggests.
    """
    if not 1 <= n_bins <= MAX_BINS:
        raise InvalidSpec(f"Expected from 1 to {MAX_BINS} bins; found {n_bins}.", field="n_bins")
    known, values = _known_numbers(labels, predicted)
    if not len(known):
        return pd.DataFrame({"mean_predicted": [], "mean_outcome": [], "n_rows": np.zeros(0, dtype=np.int64)})
    inner_edges = np.quantile(values, np.arange(1, n_bins) / n_bins)
    _, group, counts = np.unique(np.searchsorted(inner_edges, values), return_inverse=True, return_counts=True)
    return pd.DataFrame(
        {
            "mean_predicted": np.bincount(group, weights=values) / counts,
            "mean_outcome": np.bincount(group, weights=known) / counts,
            "n_rows": counts,
        }
    )


def known_weights(labels: ArrayLike, weights: ArrayLike | None) -> Numbers | None:
    """Return the weights of the rows whose label is known; None if all count the same."""
    if weights is None:
        return None
    outcomes, counted = np.asarray(labels, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if counted.shape != outcomes.shape or not (counted >= 0.0).all():
        raise InvalidSpec(
            f"Expected a weight of 0 or more for each of {len(outcomes)} labels; found shape {counted.shape} and a "
            f"least of {counted.min(initial=np.inf):g}.",
            field="weights",
        )
    return counted[~np.isnan(outcomes)]


def mean_of(values: NDArray[Any], weights: Numbers | None) -> float:
    """Return the mean of values, each counted as much as it weighs; NaN if none counts."""
    if weights is None:
        return float(values.mean()) if len(values) else float("nan")
    total = weights.sum()
    return float((values * weights).sum() / total) if total > 0.0 else float("nan")


def _sum_of(values: Numbers, weights: Numbers | None) -> float:
    return float(values.sum() if weights is None else (values * weights).sum())


def _known_numbers(labels: ArrayLike, predicted: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return labels and predictions of the rows whose label is known."""
    outcomes, values = np.asarray(labels, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if values.shape == (*outcomes.shape, len(QUANTILES)):
        values = values[:, 0]
    if outcomes.shape != values.shape or outcomes.ndim != 1:
        raise InvalidSpec(
            f"Expected as many labels as predictions; found shapes {outcomes.shape} and {values.shape}.", field="labels"
        )
    is_known = ~np.isnan(outcomes)
    outcomes, values = outcomes[is_known], values[is_known]
    if not np.isfinite(values).all():
        raise ModelError(
            f"Expected finite predictions for known labels; found {int((~np.isfinite(values)).sum())} that are not. "
            "Predict every row before scoring."
        )
    return outcomes, values

"""How well each class is told from the others."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec
from quant.validation.scores import calibration_bins, roc_curve_points

THREE = (1, 0, -1)


def roc_by_class(labels: ArrayLike, probability: ArrayLike) -> pd.DataFrame:
    """Return points of the ROC curve of each class against the others, for a chart.

    Parameters
    ----------
    labels, probability : array-like
        As `quant.validation.scores` takes them: labels of shape (n_rows,), probabilities of (n_rows,) or (n_rows, 2).

    Returns
    -------
    DataFrame of shape (n_points, 3 or 4)
        With two classes, as `roc_curve_points` returns it, of class 1: the curve of class 0 is its mirror image. With
        three, that of each class, one after the other, and its `class`: 1, 0, -1. A class that did not come, or that
        alone came, has no point.

    Raises
    ------
    InvalidSpec
        If the shapes do not fit, or a label is none of the classes, nor NaN.
    ModelError
        If a probability is not finite.

    Notes
    -----
    Timing: that of the labels; curves are of predictions that have come true.
    """
    return _by_class(roc_curve_points, labels, probability)


def calibration_by_class(labels: ArrayLike, probability: ArrayLike) -> pd.DataFrame:
    """Compare the predicted probabilities of each class with how often it came.

    Parameters
    ----------
    labels, probability : array-like
        As `quant.validation.scores` takes them.

    Returns
    -------
    DataFrame of shape (n_bins, 3 or 4)
        With two classes, as `calibration_bins` returns it; with three, that of each class, one after the other, and its
        `class`: 1, 0, -1.

    Raises
    ------
    InvalidSpec
        If the shapes do not fit, or a label is none of the classes, nor NaN.
    ModelError
        If a probability is not finite.

    Notes
    -----
    Timing: that of the labels.
    """
    return _by_class(calibration_bins, labels, probability)


def class_report(confusion: pd.DataFrame) -> pd.DataFrame:
    """Return how well each class was found.

    Parameters
    ----------
    confusion : DataFrame of shape (n_classes², 3)
        As `quant.validation.scores.confusion` returns it: `actual`, `predicted`, `n_rows`.

    Returns
    -------
    DataFrame of shape (n_classes, 5)
        One row a class, the highest first: `class`; `precision`, the share of those said to be of the class that were;
        `recall`, the share of those of the class that were said to be; `f1`, their harmonic mean; `n_rows` of the
        class. NaN where nothing was said or came, so that there is no share.

    Notes
    -----
    Timing: that of the confusion.

    References
    ----------
    Van Rijsbergen 1979, Information Retrieval, chapter 7. scikit-learn's `classification_report` has 0 where a share is
    not defined; here it is NaN.
    """
    counts = confusion.pivot_table(index="actual", columns="predicted", values="n_rows", aggfunc="sum", fill_value=0)
    classes = sorted(counts.index, reverse=True)
    table = counts.reindex(index=classes, columns=classes, fill_value=0).to_numpy(dtype=np.float64)
    hits = np.diag(table)
    said, came = table.sum(axis=0), table.sum(axis=1)
    return pd.DataFrame(
        {
            "class": np.array(classes, dtype=np.int64),
            "precision": _share(hits, said),
            "recall": _share(hits, came),
            "f1": _share(2.0 * hits, said + came),
            "n_rows": came.astype(np.int64),
        }
    )


def calibration_error(bins: pd.DataFrame) -> tuple[float, float]:
    """Return how far predicted probabilities are from how often they came true, and how far chance alone puts them.

    Parameters
    ----------
    bins : DataFrame of shape (n_bins, 3 or 4)
        As `calibration_by_class` returns it.

    Returns
    -------
    error : float
        Expected calibration error: the mean distance of `mean_probability` and `observed_share` over the rows of the
        bins; with three classes the mean over the classes. From 0 to 1; NaN without bins.
    by_chance : float
        What probabilities that mean what they say would show on average in bins of so many rows, were all rows
        independent. Labels that overlap are not, so chance makes at least so much.

    Notes
    -----
    Timing: that of the bins. The bins hold about equally many rows, so the error differs from one of bins of equal
    width; it is biased upwards by `by_chance`, whose formula is the mean of an absolute normal deviation.

    References
    ----------
    Naeini, Cooper and Hauskrecht 2015, AAAI; of several classes: Kull et al. 2019, NeurIPS, class-wise error. The bias:
    Bröcker 2012, Climate Dynamics 39(3).

    Examples
    --------
    >>> bins = pd.DataFrame({"mean_probability": [0.4, 0.6], "observed_share": [0.5, 0.6], "n_rows": [30, 10]})
    >>> [round(each, 4) for each in calibration_error(bins)]
    [0.075, 0.0844]
    """
    if not len(bins):
        return np.nan, np.nan
    predicted, n_rows = bins["mean_probability"].to_numpy(), bins["n_rows"].to_numpy(dtype=np.float64)
    error = np.abs(predicted - bins["observed_share"].to_numpy())
    by_chance = np.sqrt(2.0 / np.pi * predicted * (1.0 - predicted) / n_rows)
    weights = n_rows / n_rows.sum()  # each of three classes has all rows: the mean over classes is that over all
    return float((error * weights).sum()), float((by_chance * weights).sum())


def _by_class(curve: Callable[..., pd.DataFrame], labels: ArrayLike, probability: ArrayLike) -> pd.DataFrame:
    known, values = np.asarray(labels, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    if values.ndim == 1:
        return curve(known, values)
    if values.shape != (len(known), 2):
        raise InvalidSpec(
            f"Expected two probabilities for each of {len(known)} labels; found the shape {values.shape}.",
            field="probability",
        )
    strange = ~(np.isnan(known) | np.isin(known, THREE))
    if strange.any():
        raise InvalidSpec(f"Expected labels of -1, 0 or 1; found {known[strange][0]:g}.", field="labels")
    of_class = {1: values[:, 0], 0: 1.0 - values.sum(axis=1), -1: values[:, 1]}
    curves = [
        curve(np.where(np.isnan(known), np.nan, known == which), of_class[which]).assign(**{"class": which})
        for which in THREE
    ]
    return pd.concat([each for each in curves if len(each)] or curves[:1], ignore_index=True)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.full(len(part), np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares

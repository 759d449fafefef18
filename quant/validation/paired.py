"""Whether one model scores really better than another, when both were scored on the same purged folds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from quant.errors import InvalidSpec
from quant.validation.splits import Fold

LEAST_FOLDS = 3
LEVEL = 0.05  # a difference that chance makes less often is called one


@dataclass(frozen=True)
class ScoreDifference:
    """The paired test of two models' scores.

    Attributes
    ----------
    difference : float
        Mean of first minus second over the folds in which both have a score; NaN if there is none.
    standard_error : float
        Of that mean, corrected for training rows that folds share; NaN with fewer than three folds.
    p_value : float
        Two-sided: how often chance alone makes a difference of at least this size, if there is none. NaN with fewer
        than three folds, or if the difference is the same in all of them.
    n_folds : int
        In which both have a score.
    """

    difference: float
    standard_error: float
    p_value: float
    n_folds: int


def score_difference(first: ArrayLike, second: ArrayLike, *, test_share: float) -> ScoreDifference:
    """Test whether two models' scores on the same folds differ by more than chance makes of folds that share rows.

    Parameters
    ----------
    first, second : array-like of shape (n_folds,)
        Scores of the two models, fold by fold; NaN where one has none.
    test_share : float
        Test rows over training rows of a fold, above 0, see `mean_test_share`.

    Returns
    -------
    ScoreDifference
        Difference, its corrected standard error and p-value.

    Raises
    ------
    InvalidSpec
        If the lengths differ, or `test_share` is not above 0.

    Notes
    -----
    Timing: that of the scores.

    Training rows are shared by folds, so the scores of folds are not independent, and the plain paired t-test finds
    differences that are none. The variance of the mean is therefore that of the differences times 1/J + test_share
    instead of 1/J, J being the number of folds; the statistic is held against Student's t with J − 1 degrees of
    freedom. That one of the two was chosen for its score on the same folds is not allowed for: it makes differences
    look greater than they are, so a model that is not distinguishable here is not.

    References
    ----------
    Nadeau and Bengio 2003, Machine Learning 52(3), section 4, equation 11. Used of k-fold as in Bouckaert and Frank
    2004, PAKDD.

    Examples
    --------
    >>> found = score_difference([0.56, 0.58, 0.55], [0.55, 0.55, 0.53], test_share=0.5)
    >>> round(found.difference, 4), round(found.standard_error, 4), round(found.p_value, 4)
    (0.02, 0.0091, 0.1598)
    """
    pairs = np.array([np.asarray(each, dtype=np.float64) for each in (first, second)])
    if pairs.ndim != 2:  # noqa: PLR2004  # two models, and folds
        raise InvalidSpec("Expected one score a fold of both models; found none.", field="first")
    if not test_share > 0:
        raise InvalidSpec(f"Expected a share of test rows above 0; found {test_share:g}.", field="test_share")
    differences = pairs[0] - pairs[1]
    differences = differences[np.isfinite(differences)]
    n = len(differences)
    mean = float(differences.mean()) if n else np.nan
    if n < LEAST_FOLDS:
        return ScoreDifference(mean, np.nan, np.nan, n)
    error = float(np.sqrt((1 / n + test_share) * differences.var(ddof=1)))
    if error <= 1e-12 * max(1.0, float(np.abs(pairs[np.isfinite(pairs)]).max())):  # rounding: the same everywhere
        return ScoreDifference(mean, 0.0, np.nan, n)
    return ScoreDifference(mean, error, float(2 * stdtr(n - 1, -abs(mean) / error)), n)


def mean_test_share(folds: Sequence[Fold]) -> float:
    """Return the test rows over the training rows of folds, averaged.

    Parameters
    ----------
    folds : sequence of Fold
        At least one.

    Returns
    -------
    float
        Above 0.

    Notes
    -----
    Timing: purging leaves fewer rows to train on, which raises the share.
    """
    return float(np.mean([len(fold.test) / len(fold.train) for fold in folds]))


def holm(p_values: ArrayLike) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return p-values of several comparisons, raised so that all that are below a level can be believed together.

    Parameters
    ----------
    p_values : array-like of shape (n_comparisons,)
        Each of its own test; NaN where there is none.

    Returns
    -------
    ndarray of shape (n_comparisons,)
        At most 1, at least as large as before; NaN where it was NaN.

    Notes
    -----
    Timing: that of the tests.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return adjusted

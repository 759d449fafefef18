"""How sure a score is: an interval for its mean over folds that were tested one after another."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit

LEVEL = 0.95
FEWEST_FOLDS = 3  # of two, the deviation says next to nothing


def mean_interval(scores: ArrayLike, *, level: float = LEVEL) -> tuple[float, float, float]:
    """Return the mean of scores of folds, and between which bounds that of many more such folds lies.

    Parameters
    ----------
    scores : array-like of shape (n_folds,)
        One a fold; NaN are left out.
    level : float, default=0.95
        Probability with which the bounds hold what they are about.

    Returns
    -------
    mean, lower, upper : float
        The bounds are NaN with fewer than three scores, and so is the mean without any.

    Notes
    -----
    Timing: a statement about the past. By Student's t, as if folds were independent: test windows do not overlap, but
    models that train on growing windows share rows, and markets that change make later folds unlike earlier ones. Both
    make the interval too narrow.

    References
    ----------
    Student 1908, Biometrika 6(1).

    Examples
    --------
    >>> [round(each, 4) for each in mean_interval([0.5, 0.52, 0.54])]
    [0.52, 0.4703, 0.5697]
    """
    values = np.asarray(scores, dtype=np.float64)
    values = values[~np.isnan(values)]
    n = len(values)
    mean = float(values.mean()) if n else np.nan
    if n < FEWEST_FOLDS:
        return mean, np.nan, np.nan
    reach = float(stdtrit(n - 1, 0.5 + level / 2.0) * values.std(ddof=1) / np.sqrt(n))
    return mean, mean - reach, mean + reach


def fold_intervals(fold_scores: pd.DataFrame, names: Sequence[str]) -> dict[str, dict[str, float | int | None]]:
    """Return for each score its mean over the folds and that mean's interval, as facts.

    Parameters
    ----------
    fold_scores : DataFrame of shape (n_folds, n_columns)
        Scores of each fold, a column each.
    names : sequence of str
        The scores.

    Returns
    -------
    dict
        By name: `mean`, `lower`, `upper` (None where unknown), `level` and `n_folds` that have the score.

    Notes
    -----
    Timing: as `mean_interval`.
    """
    facts: dict[str, dict[str, float | int | None]] = {}
    for name in names:
        found = dict(zip(("mean", "lower", "upper"), mean_interval(fold_scores[name]), strict=True))
        known = {key: None if np.isnan(value) else value for key, value in found.items()}
        facts[name] = {**known, "level": LEVEL, "n_folds": int(fold_scores[name].notna().sum())}
    return facts

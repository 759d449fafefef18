"""Covariance of returns, as measured or shrunk, always invertible."""

from typing import Any, Literal

import numpy as np
from sklearn.covariance import ledoit_wolf

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

# Of the mean variance, added to each: without it two listings of one share, or fewer returns than instruments, leave a
# matrix that has no inverse.
_RIDGE = 1e-9


def covariance_of(returns: FloatArray, *, method: Literal["ledoit_wolf", "sample"]) -> FloatArray:
    """Return the covariance matrix of returns.

    Parameters
    ----------
    returns : ndarray of shape (n_returns, n_instruments)
        Simple returns a bar, none unknown; at least two.
    method : {"ledoit_wolf", "sample"}
        As measured (`ddof=1`), or drawn towards the mean variance on the diagonal and nothing beside it, as far as
        Ledoit and Wolf find best for so many returns (`ddof=0`, as they define it).

    Returns
    -------
    ndarray of shape (n_instruments, n_instruments)
        Symmetric and positive definite: a billionth of the mean variance is added to each variance.

    References
    ----------
    Ledoit and Wolf 2004, A well-conditioned estimator for large-dimensional covariance matrices, Journal of
    Multivariate Analysis 88, 365-411.

    Examples
    --------
    >>> covariance_of(np.array([[0.01, 0.0], [-0.01, 0.0], [0.0, 0.02]]), method="sample").round(6).tolist()
    [[0.0001, 0.0], [0.0, 0.000133]]
    """
    measured = ledoit_wolf(returns)[0] if method == "ledoit_wolf" else np.cov(returns, rowvar=False, ddof=1)
    matrix: FloatArray = np.atleast_2d(measured)
    invertible: FloatArray = matrix + np.eye(len(matrix)) * (_RIDGE * np.trace(matrix) / len(matrix))
    return invertible

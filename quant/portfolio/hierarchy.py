"""Hierarchical risk parity: a book is divided along a tree of instruments that resemble each other."""

from typing import Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist

from quant.portfolio.covariance import covariance_of
from quant.portfolio.optimisation import CovarianceMethod

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]


def hierarchical_risk_parity(returns: FloatArray, *, covariance: CovarianceMethod = "sample") -> FloatArray:
    """Return shares by recursive bisection of instruments in the order of a tree.

    Parameters
    ----------
    returns : ndarray of shape (n_returns, n_instruments)
        Simple returns a bar, none unknown, none constant.
    covariance : {"ledoit_wolf", "sample"}
        How covariances are measured.

    Returns
    -------
    ndarray of shape (n_instruments,)
        Shares, all above 0.

    Notes
    -----
    Instruments are apart by `sqrt((1 - correlation) / 2)`, and joined by single linkage on the Euclidean distance
    between the columns of that matrix, as in the paper. The list of leaves is cut in two halves, and each in two again;
    at each cut the halves get shares in proportion to one over their variance, that of their own inverse-variance
    portfolio.

    References
    ----------
    López de Prado 2016, Building Diversified Portfolios that Outperform Out-of-Sample, Journal of Portfolio Management
    42(4); Advances in Financial Machine Learning 2018, chapter 16. Differs from skfolio, whose tree is of the distances
    themselves, and whose leaves are turned so that neighbours are close.

    Examples
    --------
    Without correlations, in proportion to one over the variance:

    >>> returns = np.array([[0.01, 0.02], [0.01, -0.02], [-0.01, 0.02], [-0.01, -0.02]])
    >>> hierarchical_risk_parity(returns).round(6).tolist()
    [0.8, 0.2]
    """
    matrix = covariance_of(returns, method=covariance)
    shares = np.ones(len(matrix))
    parts = [_leaves(matrix)]
    while parts:
        part = parts.pop()
        if len(part) == 1:
            continue
        left, right = part[: len(part) // 2], part[len(part) // 2 :]
        of_left, of_right = _variance(matrix, left), _variance(matrix, right)
        shares[left] *= of_right / (of_left + of_right)
        shares[right] *= of_left / (of_left + of_right)
        parts += [left, right]
    return shares


def _leaves(covariance: FloatArray) -> IntArray:
    """Return the instruments so that those that resemble each other stand side by side."""
    if len(covariance) == 1:
        return np.zeros(1, dtype=np.int64)
    deviations = np.sqrt(np.diag(covariance))
    correlation = np.clip(covariance / np.outer(deviations, deviations), -1.0, 1.0)
    apart = np.sqrt((1.0 - correlation) / 2.0)
    leaves: IntArray = leaves_list(linkage(pdist(apart), method="single")).astype(np.int64)
    return leaves


def _variance(covariance: FloatArray, part: IntArray) -> float:
    """Return the variance of some instruments held in proportion to one over their own variance."""
    among = covariance[np.ix_(part, part)]
    weights = 1.0 / np.diag(among)
    weights /= weights.sum()
    return float(weights @ among @ weights)

"""Allocation rules that solve for shares: all long only, all exact to rounding, none with a random start.

A portfolio that maximises the Sharpe ratio under `shares >= 0` is, up to its scale, the `x >= 0` that minimises
`x' C x / 2 - m' x`, which is a least-squares problem without negative values; with `m = 1` it is the portfolio of least
variance. So both are solved by the active sets of Lawson and Hanson, to the last bit, without a step size.
"""

from typing import Any, Literal

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from quant.errors import ModelError
from quant.portfolio.covariance import covariance_of

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
CovarianceMethod = Literal["ledoit_wolf", "sample"]

_TAU = 0.05  # how far the mean is less known than a return, as Black and Litterman, and most after them, set it
_MOST_SWEEPS = 10_000
_SETTLED = 1e-13  # of a change in one sweep, relative


def equal_shares(returns: FloatArray) -> FloatArray:
    """Return the same share for each.

    Parameters
    ----------
    returns : ndarray of shape (n_returns, n_instruments)
        Only their number of columns counts.

    Returns
    -------
    ndarray of shape (n_instruments,)
        Shares.
    """
    n_instruments = returns.shape[1]
    return np.full(n_instruments, 1.0 / n_instruments)


def inverse_volatility(returns: FloatArray) -> FloatArray:
    """Return shares in proportion to one over the standard deviation (`ddof=1`).

    Parameters
    ----------
    returns : ndarray of shape (n_returns, n_instruments)
        Simple returns a bar, none unknown, none constant.

    Returns
    -------
    ndarray of shape (n_instruments,)
        Shares.

    Examples
    --------
    >>> inverse_volatility(np.array([[0.01, 0.03], [-0.01, -0.03]])).round(10).tolist()
    [0.75, 0.25]
    """
    return _as_shares(1.0 / returns.std(axis=0, ddof=1))


def minimum_variance(returns: FloatArray, *, covariance: CovarianceMethod = "ledoit_wolf") -> FloatArray:
    """Return the long-only shares of least variance.

    Parameters
    ----------
    returns : ndarray of shape (n_returns, n_instruments)
        Simple returns a bar, none unknown.
    covariance : {"ledoit_wolf", "sample"}
        How covariances are measured.

    Returns
    -------
    ndarray of shape (n_instruments,)
        Shares; where more of an instrument would add variance from the start, exactly 0.

    Examples
    --------
    Two without correlation: in proportion to one over the variance.

    >>> returns = np.array([[0.01, 0.02], [0.01, -0.02], [-0.01, 0.02], [-0.01, -0.02]])
    >>> minimum_variance(returns, covariance="sample").round(6).tolist()
    [0.8, 0.2]
    """
    matrix = covariance_of(returns, method=covariance)
    return _tangent(matrix, np.ones(len(matrix)))


def risk_parity(returns: FloatArray, *, covariance: CovarianceMethod = "ledoit_wolf") -> FloatArray:
    """Return the shares of which each contributes the same to the variance of the whole.

    Parameters
    ----------
    returns : ndarray of shape (n_returns, n_instruments)
        Simple returns a bar, none unknown, none constant.
    covariance : {"ledoit_wolf", "sample"}
        How covariances are measured.

    Returns
    -------
    ndarray of shape (n_instruments,)
        Shares `w`, all above 0, with `w * (C @ w)` the same for all.

    Raises
    ------
    ModelError
        If it does not settle, which a covariance matrix gives no reason for.

    Notes
    -----
    The `x` that minimises `x' C x / 2 - sum(log(x)) / n` has this property, and is unique. Each coordinate in turn is
    the positive root of a quadratic equation, the others at hand, until nothing moves.

    References
    ----------
    Maillard, Roncalli and Teïletche 2010, The Properties of Equally Weighted Risk Contribution Portfolios, Journal of
    Portfolio Management 36(4); Griveau-Billion, Richard and Roncalli 2013, A Fast Algorithm for Computing
    High-Dimensional Risk Parity Portfolios.

    Examples
    --------
    Of two, correlations play no role: in proportion to one over volatility.

    >>> risk_parity(np.array([[0.01, 0.03], [-0.01, -0.03], [0.0, 0.01]]), covariance="sample").sum().round(12)
    np.float64(1.0)
    """
    matrix = covariance_of(returns, method=covariance)
    return _as_shares(_equal_contributions(matrix))


def maximum_sharpe(
    returns: FloatArray, *, covariance: CovarianceMethod = "ledoit_wolf", shrink_means: bool = True
) -> FloatArray:
    """Return the long-only shares with the highest ratio of mean return to standard deviation.

    Parameters
    ----------
    returns : ndarray of shape (n_returns, n_instruments)
        Simple returns a bar, none unknown. No risk-free return is taken off.
    covariance : {"ledoit_wolf", "sample"}
        How covariances are measured.
    shrink_means : bool, default=True
        Draw means towards that of the portfolio of least variance, as Jorion does.

    Returns
    -------
    ndarray of shape (n_instruments,)
        Shares. Where no mean is above zero there is no such ratio to maximise: the shares of least variance.

    References
    ----------
    Jorion 1986, Bayes-Stein Estimation for Portfolio Analysis, Journal of Financial and Quantitative Analysis 21(3),
    279-292.
    """
    matrix = covariance_of(returns, method=covariance)
    means = returns.mean(axis=0)
    if shrink_means:
        means = shrunk_means(means, matrix, n_returns=len(returns))
    return _tangent(matrix, means)


def black_litterman(
    returns: FloatArray,
    *,
    covariance: CovarianceMethod = "ledoit_wolf",
    confidence: float = 0.25,
    risk_aversion: float = 2.5,
) -> FloatArray:
    """Return the long-only shares of highest Sharpe ratio under a blend of equilibrium and measured means.

    Parameters
    ----------
    returns : ndarray of shape (n_returns, n_instruments)
        Simple returns a bar, none unknown.
    covariance : {"ledoit_wolf", "sample"}
        How covariances are measured.
    confidence : float, default=0.25
        In [0, 1): 0 trusts the equilibrium alone.
    risk_aversion : float, default=2.5
        Mean return that the equilibrium pays for each unit of variance.

    Returns
    -------
    ndarray of shape (n_instruments,)
        Shares. With a confidence of 0 equal ones; the means that lead there are those at which equal shares are best.

    Notes
    -----
    There are no market values here, so the equilibrium is of equal shares: means `a C 1 / n`, with risk aversion `a`.
    The view on each instrument is its mean return in the window. Its doubt is that of the equilibrium's own mean, `0.05
    C_ii`, times `(1 - confidence) / confidence`: half and half at 0.5 for one instrument alone.

    References
    ----------
    Black and Litterman 1992, Global Portfolio Optimization, Financial Analysts Journal 48(5); He and Litterman 1999,
    The Intuition Behind Black-Litterman Model Portfolios; Idzorek 2005, A Step-by-Step Guide to the Black-Litterman
    Model.
    """
    matrix = covariance_of(returns, method=covariance)
    means = blended_means(
        matrix, equal_shares(returns), returns.mean(axis=0), confidence=confidence, risk_aversion=risk_aversion
    )
    return _tangent(matrix, means)


def shrunk_means(means: FloatArray, covariance: FloatArray, *, n_returns: int) -> FloatArray:
    """Return means drawn towards that of the portfolio of least variance, by Bayes-Stein.

    Parameters
    ----------
    means : ndarray of shape (n_instruments,)
        Measured means.
    covariance : ndarray of shape (n_instruments, n_instruments)
        Of single returns.
    n_returns : int
        Of how many the means are.

    Returns
    -------
    ndarray of shape (n_instruments,)
        Each a blend of its own and one common mean: all of the common one if they hardly differ.
    """
    inverse_ones = np.linalg.solve(covariance, np.ones(len(means)))
    common = float(inverse_ones @ means / inverse_ones.sum())
    spread = means - common
    distance = float(spread @ np.linalg.solve(covariance, spread))
    weight = (len(means) + 2) / (len(means) + 2 + n_returns * distance)
    return (1.0 - weight) * means + weight * common


def blended_means(
    covariance: FloatArray, market: FloatArray, views: FloatArray, *, confidence: float, risk_aversion: float
) -> FloatArray:
    """Return the means of Black and Litterman, with one view on each instrument.

    Parameters
    ----------
    covariance : ndarray of shape (n_instruments, n_instruments)
        Of single returns.
    market : ndarray of shape (n_instruments,)
        Shares that are best in equilibrium.
    views : ndarray of shape (n_instruments,)
        Mean return of each, as somebody expects it.
    confidence : float
        In [0, 1).
    risk_aversion : float
        Mean return for each unit of variance.

    Returns
    -------
    ndarray of shape (n_instruments,)
        Means.
    """
    equilibrium: FloatArray = risk_aversion * covariance @ market
    if confidence == 0.0:
        return equilibrium
    prior = _TAU * covariance
    doubt = np.diag(np.diag(prior) * (1.0 - confidence) / confidence)
    blended: FloatArray = equilibrium + prior @ np.linalg.solve(prior + doubt, views - equilibrium)
    return blended


def _tangent(covariance: FloatArray, means: FloatArray) -> FloatArray:
    """Return the shares with the highest mean for their deviation; those of least variance if no mean is above 0."""
    if not (means > 0).any():
        means = np.ones(len(means))
    # Scaled so that neither small variances nor small means come near the tolerance of the solver.
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    lower = np.linalg.cholesky(correlation)
    wanted = means / deviations
    scaled, _ = nnls(lower.T, solve_triangular(lower, wanted / np.abs(wanted).max(), lower=True))
    return _as_shares(scaled / deviations)


def _equal_contributions(covariance: FloatArray) -> FloatArray:
    n = len(covariance)
    variances = np.diag(covariance)
    held = 1.0 / np.sqrt(variances * n)
    for _ in range(_MOST_SWEEPS):
        before = held.copy()
        for i in range(n):
            others = covariance[i] @ held - variances[i] * held[i]
            held[i] = (np.sqrt(others * others + 4.0 * variances[i] / n) - others) / (2.0 * variances[i])
        if np.abs(held / before - 1.0).max() < _SETTLED:
            return held
    raise ModelError(
        f"Expected risk parity to settle within {_MOST_SWEEPS} rounds; it did not. Shrink the covariance, or leave out "
        "instruments that hardly differ."
    )


def _as_shares(weights: FloatArray) -> FloatArray:
    shares: FloatArray = weights / weights.sum()
    return shares

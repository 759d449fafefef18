"""Whether one strategy's Sharpe ratio is really higher than another's, when both were traded through the same bars."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_RETURNS = 20
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class SharpeDifference:
    """The paired test of two Sharpe ratios; what is per year is in the unit of an annualised Sharpe ratio.

    Attributes
    ----------
    first, second : float
        Annualised Sharpe ratios on the common bars; NaN if the returns do not vary.
    difference : float
        First minus second.
    standard_error : float
        Of the difference; NaN if it cannot be told.
    lower, upper : float
        Ends of the 95 % confidence interval of the difference.
    p_value : float
        Two-sided: how often chance alone makes a difference of at least this size, if there is none.
    n_returns : int
        Common bars.
    n_lags : int
        Bars over which dependence is allowed for.
    """

    first: float
    second: float
    difference: float
    standard_error: float
    lower: float
    upper: float
    p_value: float
    n_returns: int
    n_lags: int


def sharpe_difference(
    first: ArrayLike, second: ArrayLike, *, periods_per_year: float, n_lags: int | None = None
) -> SharpeDifference:
    """Test whether two series of returns of the same bars have the same Sharpe ratio.

    Parameters
    ----------
    first, second : array of shape (n_returns,)
        Simple excess returns per bar, of the same bars; bars at which one is NaN are left out of both.
    periods_per_year : float
        Bars a year, for the scale of the answer only.
    n_lags : int, optional
        Lags of the Bartlett kernel; None: the whole part of 4 (n / 100)^(2/9). 0: no dependence over time.

    Returns
    -------
    SharpeDifference
        All but the counts are NaN with fewer than 20 common returns, or if one series does not vary. The standard
        error and what follows from it are NaN if the two series never differ but in scale.

    Notes
    -----
    Timing: uses the whole of both series; a statement about the past, never a feature.

    The ratios are functions of first and second moments, so their difference is tested by the delta method with a
    long-run covariance matrix of the moments, robust to fat tails, to dependence over time and between the two
    series. Ratios use the population standard deviation here, as the moments do; from the sample's they differ by a
    factor of sqrt(1 - 1/n). Differs from Jobson and Korkie (1981), corrected by Memmel (2003), who take returns for
    normal and independent over time: then, and with `n_lags=0`, both agree in large samples.

    References
    ----------
    Ledoit and Wolf (2008), "Robust performance hypothesis testing with the Sharpe ratio", equations 1 to 6; the kernel
    and its lags: Newey and West (1987, 1994).

    Examples
    --------
    >>> up, down = np.tile([0.02, -0.01], 20), np.tile([0.01, -0.02], 20)
    >>> found = sharpe_difference(up, down, periods_per_year=1)
    >>> round(found.first, 4), round(found.second, 4), round(found.difference, 4)
    (0.3333, -0.3333, 0.6667)
    """
    pairs = np.column_stack([np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)])
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    n = len(pairs)
    lags = int(4 * (n / 100) ** (2 / 9)) if n_lags is None else n_lags
    lags = max(0, min(lags, n - 1))
    means, squares = pairs.mean(axis=0) if n else np.full(2, np.nan), (pairs**2).mean(axis=0) if n else np.zeros(2)
    variances = squares - means**2
    varies = bool((variances > 1e-12 * np.maximum(squares, np.finfo(float).tiny)).all())  # less is rounding
    if n < LEAST_RETURNS or not varies:
        nothing = math.nan
        return SharpeDifference(nothing, nothing, nothing, nothing, nothing, nothing, nothing, n, lags)
    scale = math.sqrt(periods_per_year)
    ratios = means / np.sqrt(variances)
    difference = float(ratios[0] - ratios[1])
    # The difference's derivatives by both means and both second moments.
    slopes = squares / variances**1.5
    curves = -means / (2 * variances**1.5)
    gradient = np.array([slopes[0], -slopes[1], curves[0], -curves[1]])
    scores = (np.hstack([pairs, pairs**2]) - np.concatenate([means, squares])) @ gradient
    error = math.sqrt(max(_long_run_variance(scores, lags), 0.0) / n)
    if error <= 1e-12 * max(1.0, float(np.abs(ratios).max())):  # rounding: they differ in scale only
        error = math.nan
    half = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2) * error
    p_value = math.erfc(abs(difference) / error / math.sqrt(2)) if error > 0 else math.nan
    return SharpeDifference(
        first=float(ratios[0]) * scale,
        second=float(ratios[1]) * scale,
        difference=difference * scale,
        standard_error=error * scale,
        lower=(difference - half) * scale,
        upper=(difference + half) * scale,
        p_value=p_value,
        n_returns=n,
        n_lags=lags,
    )


def _long_run_variance(scores: NDArray[np.float64], lags: int) -> float:
    """Return the variance of sqrt(n) times the mean of a series, dependence over `lags` bars allowed for."""
    n = len(scores)
    total = float(scores @ scores) / n
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(scores[lag:] @ scores[:-lag]) / n
    return total

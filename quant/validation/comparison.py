"""Whether one strategy's Sharpe ratio is really higher than another's, when both were traded through the same bars."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.block_length import usual_block

LEAST_RETURNS = 20
N_RESAMPLES = 1000
_TAIL = 0.025  # on each side of a 95 % interval
_CHUNK_VALUES = 4_000_000  # of all resamples that are in memory at once
_STREAM = 0x5EED_C0  # of chance, used by nothing else


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
    half = NormalDist().inv_cdf(1 - _TAIL) * error
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


@dataclass(frozen=True)
class ResampledDifference:
    """What resamples of the common bars say about a difference of two Sharpe ratios, annualised.

    Attributes
    ----------
    lower, upper : float
        Ends of the basic 95 % interval of the difference; NaN if there is nothing to draw.
    p_value : float
        Two-sided: share of the resamples, the data among them, whose difference lies as far from the observed one as
        that lies from zero.
    n_resamples : int
        How many were drawn; 0 if there was nothing to draw.
    mean_block : float
        Mean number of bars that stay together.
    """

    lower: float
    upper: float
    p_value: float
    n_resamples: int
    mean_block: float


def resampled_differences(
    returns: ArrayLike,
    *,
    periods_per_year: float,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
    mean_block: float | None = None,
) -> tuple[ResampledDifference, ...]:
    """Hold Sharpe ratios against the first one by the paired block bootstrap: every resample has the same bars of all.

    Parameters
    ----------
    returns : array of shape (n_returns, n_series)
        Simple excess returns per bar; bars at which one is NaN are left out of all.
    periods_per_year : float
        Bars a year, for the scale of the answer only.
    seed : int, default=0
        The same seed draws the same bars.
    n_resamples : int, default=1000
        How many to draw.
    mean_block : float, optional
        Mean length of a block; None: the longest that the dependence of one of the series asks for, as
        `quant.block_length.usual_block` finds it.

    Returns
    -------
    tuple of ResampledDifference
        Of the second, third, ... series, each minus the first. NaN with fewer than 20 common returns, or if one of both
        does not vary, or if they never differ but in scale.

    Notes
    -----
    Timing: uses the whole of all series; a statement about the past, never a feature.

    Blocks are those of the stationary bootstrap, as in `quant.bootstrap`. A Sharpe ratio does not ask in which order
    bars came, so a resample is known by how often it has each bar, and all ratios of all resamples are two products of
    matrices. The p-value is of the differences centred on the observed one, as Ledoit and Wolf (2008, section 3.2) have
    it, here not studentised.

    References
    ----------
    Politis and Romano (1994), "The Stationary Bootstrap"; Ledoit and Wolf (2008), "Robust performance hypothesis
    testing with the Sharpe ratio".

    Examples
    --------
    >>> up, down = np.tile([0.02, -0.01], 20), np.tile([0.01, -0.02], 20)
    >>> [found] = resampled_differences(np.column_stack([down, up]), periods_per_year=1)
    >>> found.lower > 0, float(round(found.p_value, 3))
    (True, 0.001)
    """
    values = np.asarray(returns, dtype=np.float64)
    values = values[np.isfinite(values).all(axis=1)]
    n, n_series = values.shape
    block = float(mean_block or usual_block(*values.T))
    nothing = ResampledDifference(math.nan, math.nan, math.nan, 0, block)
    if n < LEAST_RETURNS:
        return tuple([nothing] * (n_series - 1))
    rng = np.random.default_rng([seed, _STREAM])
    size = max(1, _CHUNK_VALUES // n)
    drawn = []
    for first in range(0, n_resamples, size):
        counts = _times_drawn(n, min(size, n_resamples - first), block, rng)
        drawn.append(_ratios(counts @ values / n, counts @ values**2 / n))
    scale = math.sqrt(periods_per_year)
    own = _ratios(values.mean(axis=0), (values**2).mean(axis=0)) * scale
    ratios = np.concatenate(drawn) * scale
    found = [
        _resampled(float(own[place] - own[0]), ratios[:, place] - ratios[:, 0], block) for place in range(1, n_series)
    ]
    return tuple(each or nothing for each in found)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values of several tests, made larger so that one of them is below 0.05 by chance in 5 % of cases.

    Parameters
    ----------
    p_values : array of shape (n_tests,)
        NaN is a test that could not be made, and counts as none.

    Returns
    -------
    ndarray of shape (n_tests,)
        By Holm's step-down method; NaN stays.

    Notes
    -----
    Timing: of the p-values alone.

    References
    ----------
    Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.array(p_values, dtype=np.float64)
    order = np.argsort(values)[: int(np.isfinite(values).sum())]  # NaN stands last
    steps = values[order] * np.arange(len(order), 0, -1)
    values[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return values


def _resampled(observed: float, differences: NDArray[np.float64], block: float) -> ResampledDifference | None:
    """Return what resamples say about a difference; None if it cannot be told."""
    centred = differences - observed
    if not math.isfinite(observed) or not np.isfinite(centred).all():
        return None
    if np.abs(centred).max() <= 1e-9 * max(1.0, abs(observed)):  # rounding: they differ in scale only
        return None
    n = len(differences)
    low, high = np.quantile(centred, [_TAIL, 1.0 - _TAIL], method="inverted_cdf")
    p_value = (1 + np.count_nonzero(np.abs(centred) >= abs(observed))) / (n + 1)
    return ResampledDifference(observed - float(high), observed - float(low), p_value, n, block)


def _ratios(means: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Sharpe ratios per bar from means of returns and of their squares; NaN where returns do not vary."""
    variances = squares - means**2
    varies = variances > 1e-12 * np.maximum(squares, np.finfo(float).tiny)  # less is rounding
    return np.divide(means, np.sqrt(np.where(varies, variances, 1.0)), out=np.full_like(means, np.nan), where=varies)


def _times_drawn(n_bars: int, n_resamples: int, mean_block: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return how often each resample of the stationary bootstrap has each bar, one row a resample.

    Without a compiler, unlike `quant.bootstrap`: web processes ask this, and they load none.
    """
    begins = rng.random((n_resamples, n_bars)) < 1.0 / mean_block
    begins[:, 0] = True
    bars = np.arange(n_bars)
    since = bars - np.maximum.accumulate(np.where(begins, bars, 0), axis=1)
    starts = np.take_along_axis(rng.integers(n_bars, size=(n_resamples, n_bars)), bars - since, axis=1)
    places = (starts + since) % n_bars + np.arange(n_resamples)[:, np.newaxis] * n_bars
    counts = np.bincount(places.ravel(), minlength=n_resamples * n_bars)
    return counts.reshape(n_resamples, n_bars).astype(np.float64)


def _long_run_variance(scores: NDArray[np.float64], lags: int) -> float:
    """Return the variance of sqrt(n) times the mean of a series, dependence over `lags` bars allowed for."""
    n = len(scores)
    total = float(scores @ scores) / n
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(scores[lag:] @ scores[:-lag]) / n
    return total

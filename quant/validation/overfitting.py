"""How much of a Sharpe ratio is luck: of a short sample, and of having tried many times.

Every Sharpe ratio here is **per period**, not annualised, of excess returns; every kurtosis is **raw**, so that the
normal distribution has 3. scipy and pandas return the excess kurtosis, which is 3 less.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec, NotEnoughData
from quant.returns import RETURN_ROUNDING

_NORMAL = NormalDist()
_EULER_GAMMA = 0.5772156649015329


@dataclass(frozen=True)
class ReturnMoments:
    """What the functions of this module need to know of a series of returns.

    Attributes
    ----------
    n_returns : int
        Known returns.
    sharpe : float
        Mean over sample standard deviation, per period; NaN if the returns vary by no more than their rounding.
    skewness : float
        Third standardised moment of the sample.
    raw_kurtosis : float
        Fourth standardised moment of the sample; 3 for a normal distribution.
    """

    n_returns: int
    sharpe: float
    skewness: float
    raw_kurtosis: float


def return_moments(returns: ArrayLike) -> ReturnMoments:
    """Return the Sharpe ratio and the shape of a series of returns.

    Parameters
    ----------
    returns : array-like of shape (n_returns,)
        Excess returns over the risk-free rate of the same period, as fractions; NaN are left out.

    Returns
    -------
    ReturnMoments
        Skewness and kurtosis are the plain sample moments, divided by n; NaN, as the Sharpe ratio, if returns vary by
        no more than their rounding, `quant.returns.RETURN_ROUNDING`.

    Raises
    ------
    NotEnoughData
        If fewer than 2 returns are known.

    Examples
    --------
    >>> return_moments([0.02, -0.01, 0.03, 0.0]).sharpe
    0.5477225575051662
    """
    values = np.asarray(returns, dtype=np.float64)
    values = values[~np.isnan(values)]
    if len(values) < 2:  # noqa: PLR2004  # a standard deviation needs two
        raise NotEnoughData(f"Expected at least 2 returns; found {len(values)}.")
    deviations = values - values.mean()
    variance = float(np.square(deviations).mean())
    deviation = float(values.std(ddof=1))
    if np.ptp(values) == 0 or deviation <= RETURN_ROUNDING:
        return ReturnMoments(len(values), math.nan, math.nan, math.nan)
    return ReturnMoments(
        n_returns=len(values),
        sharpe=float(values.mean()) / deviation,
        skewness=float((deviations**3).mean() / variance**1.5),
        raw_kurtosis=float((deviations**4).mean() / variance**2),
    )


def probabilistic_sharpe_ratio(
    sharpe: float, n_returns: int, skewness: float, raw_kurtosis: float, *, benchmark: float = 0.0
) -> float:
    """Return the probability that the true Sharpe ratio is above a benchmark.

    Parameters
    ----------
    sharpe : float
        Observed Sharpe ratio, per period.
    n_returns : int
        Number of returns it was observed on, at least 2.
    skewness : float
        Skewness of the returns; 0 for a normal distribution.
    raw_kurtosis : float
        Raw kurtosis of the returns; 3 for a normal distribution, never below 1 + skewness².
    benchmark : float, default=0
        Sharpe ratio to beat, of the same period.

    Returns
    -------
    float
        From 0 to 1; NaN if a moment is NaN.

    Raises
    ------
    InvalidSpec
        If no distribution has this skewness and kurtosis, as happens when an excess kurtosis is passed.
    NotEnoughData
        If `n_returns` is below 2.

    References
    ----------
    Bailey and López de Prado 2012, The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2); López de Prado 2018,
    Advances in Financial Machine Learning, section 14.7.2. Differs from LEAN and vectorbt, which put the excess
    kurtosis where the raw one belongs.

    Examples
    --------
    >>> round(probabilistic_sharpe_ratio(0.036 / 0.079, 24, -2.448, 10.164), 4)
    0.9127
    """
    if n_returns < 2:  # noqa: PLR2004  # a standard deviation needs two
        raise NotEnoughData(f"Expected at least 2 returns; found {n_returns}.")
    spread = math.sqrt(_variance_factor(sharpe, skewness, raw_kurtosis) / (n_returns - 1))
    excess = sharpe - benchmark
    if spread == 0:  # some distributions of two values let the Sharpe ratio be known exactly
        return 0.5 if excess == 0 else float(excess > 0)
    return math.nan if math.isnan(excess / spread) else _NORMAL.cdf(excess / spread)


def minimum_track_record_length(
    sharpe: float, skewness: float, raw_kurtosis: float, *, benchmark: float = 0.0, confidence: float = 0.95
) -> float:
    """Return the number of returns it takes to trust that a Sharpe ratio is above a benchmark.

    Parameters
    ----------
    sharpe : float
        Observed Sharpe ratio, per period.
    skewness : float
        Skewness of the returns.
    raw_kurtosis : float
        Raw kurtosis of the returns; 3 for a normal distribution.
    benchmark : float, default=0
        Sharpe ratio to beat, of the same period.
    confidence : float, default=0.95
        Probability to reach, between one half and 1.

    Returns
    -------
    float
        Number of periods at which `probabilistic_sharpe_ratio` reaches `confidence`; not rounded. Infinite if the
        observed Sharpe ratio is not above the benchmark; NaN if a moment is NaN.

    Raises
    ------
    InvalidSpec
        If `confidence` is out of its bounds, or no distribution has this skewness and kurtosis.

    References
    ----------
    Bailey and López de Prado 2012, The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2).

    Examples
    --------
    >>> round(minimum_track_record_length(0.036 / 0.079, -2.448, 10.164), 1)
    34.8
    """
    if not 0.5 < confidence < 1:  # noqa: PLR2004  # one half needs no returns at all
        raise InvalidSpec(f"Expected a confidence between 0.5 and 1; found {confidence}.", field="confidence")
    factor = _variance_factor(sharpe, skewness, raw_kurtosis)
    if sharpe <= benchmark:
        return math.inf
    return 1 + factor * (_NORMAL.inv_cdf(confidence) / (sharpe - benchmark)) ** 2


def expected_maximum(n_trials: float) -> float:
    """Return the expected best of several independent standard normal numbers.

    Parameters
    ----------
    n_trials : float
        How many, at least 1; a fraction is allowed, as an effective number.

    Returns
    -------
    float
        In standard deviations above the mean. 0 for one trial, where nothing is chosen, and never below.

    Raises
    ------
    InvalidSpec
        If `n_trials` is below 1.

    References
    ----------
    Bailey and López de Prado 2014, The Deflated Sharpe Ratio, JPM 40(5): an approximation that is 2.3 per cent above
    the true value for 10 numbers and 0.4 per cent for 1,000.

    Examples
    --------
    >>> [round(expected_maximum(n), 4) for n in (10, 100, 1000)]
    [1.5746, 2.5306, 3.2551]
    """
    if not n_trials >= 1:
        raise InvalidSpec(f"Expected at least 1 trial; found {n_trials}.", field="n_trials")
    if n_trials == 1:
        return 0.0
    best = (1 - _EULER_GAMMA) * _NORMAL.inv_cdf(1 - 1 / n_trials)
    best += _EULER_GAMMA * _NORMAL.inv_cdf(1 - 1 / (n_trials * math.e))
    return max(best, 0.0)


def effective_trials(correlations: ArrayLike) -> float:
    """Return how many independent trials correlated ones amount to.

    Parameters
    ----------
    correlations : array-like of shape (n_trials, n_trials)
        Correlations of the trials' returns, symmetric with ones on the diagonal.

    Returns
    -------
    float
        ρ + (1 − ρ)·n with ρ the mean correlation between different trials, taken as 0 if negative: n for unrelated
        trials, 1 for copies of one. Groups of copies count as more than they are, which errs on the strict side.

    Raises
    ------
    InvalidSpec
        If it is not a correlation matrix: not square, not symmetric, without ones on the diagonal, or beyond ±1.

    References
    ----------
    Bailey and López de Prado 2014, The Deflated Sharpe Ratio, JPM 40(5), appendix 3, equation 9.

    Examples
    --------
    >>> effective_trials([[1.0, 0.5], [0.5, 1.0]])
    1.5
    """
    matrix = np.asarray(correlations, dtype=np.float64)
    n_trials = len(matrix) if matrix.ndim else 0
    if not n_trials or matrix.shape != (n_trials, n_trials) or not _is_correlation(matrix):
        raise InvalidSpec(
            "Expected a correlation matrix: square, symmetric, ones on the diagonal, none beyond ±1 and none missing; "
            f"found shape {matrix.shape}.",
            field="correlations",
        )
    if n_trials == 1:
        return 1.0
    return independent_of_alike(n_trials, float((matrix.sum() - n_trials) / (n_trials * (n_trials - 1))))


def independent_of_alike(n_trials: int, mean_correlation: float) -> float:
    """Return how many independent trials correlated ones amount to, by their mean correlation; see `effective_trials`.

    Examples
    --------
    >>> independent_of_alike(100, 0.5)
    50.5
    """
    mean = min(max(mean_correlation, 0.0), 1.0)
    return mean + (1 - mean) * n_trials


def deflated_sharpe_ratio(
    sharpe: float,
    n_returns: int,
    skewness: float,
    raw_kurtosis: float,
    *,
    trial_variance: float,
    n_trials: float,
) -> float:
    """Return the probability that the best of several trials has a true Sharpe ratio above what luck alone gives.

    Parameters
    ----------
    sharpe : float
        Observed Sharpe ratio of the chosen trial, per period.
    n_returns : int
        Number of returns it was observed on, at least 2.
    skewness : float
        Skewness of those returns.
    raw_kurtosis : float
        Raw kurtosis of those returns; 3 for a normal distribution.
    trial_variance : float
        Sample variance of the Sharpe ratios of **all** trials, each per period; 0 or more. An annualised variance must
        be divided by the periods a year.
    n_trials : float
        **Effective** number of trials: how many independent ones all that were tried amount to, those that were
        discarded included; at least 1. The plain count is its upper bound; see `effective_trials`.

    Returns
    -------
    float
        From 0 to 1: `probabilistic_sharpe_ratio` with the benchmark that `expected_best_sharpe` returns.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds, or no distribution has this skewness and kurtosis.
    NotEnoughData
        If `n_returns` is below 2.

    References
    ----------
    Bailey and López de Prado 2014, The Deflated Sharpe Ratio, JPM 40(5).

    Examples
    --------
    >>> round(deflated_sharpe_ratio(2.5 / 250**0.5, 1250, -3, 10, trial_variance=0.5 / 250, n_trials=100), 4)
    0.9004
    """
    benchmark = expected_best_sharpe(trial_variance, n_trials)
    return probabilistic_sharpe_ratio(sharpe, n_returns, skewness, raw_kurtosis, benchmark=benchmark)


def expected_best_sharpe(trial_variance: float, n_trials: float) -> float:
    """Return the Sharpe ratio that the best of several trials without any skill is expected to show.

    Parameters
    ----------
    trial_variance : float
        Sample variance of the Sharpe ratios of all trials, per period.
    n_trials : float
        Effective number of trials, at least 1.

    Returns
    -------
    float
        Per period: the standard deviation times `expected_maximum(n_trials)`.

    Raises
    ------
    InvalidSpec
        If the variance is negative or not finite, or `n_trials` is below 1.

    References
    ----------
    Bailey and López de Prado 2014, The Deflated Sharpe Ratio, JPM 40(5).
    """
    if not (trial_variance >= 0 and math.isfinite(trial_variance)):
        raise InvalidSpec(
            f"Expected a variance of 0 or more; found {trial_variance}.",
            field="trial_variance",
        )
    return math.sqrt(trial_variance) * expected_maximum(n_trials)


def _variance_factor(sharpe: float, skewness: float, raw_kurtosis: float) -> float:
    """Return the asymptotic variance of a Sharpe ratio, times the number of returns."""
    least = 1 + skewness**2
    if raw_kurtosis < least - 1e-9 * least:
        raise InvalidSpec(
            f"Expected a raw kurtosis of at least 1 + skewness² = {least:.4g} (3 for a normal distribution); found "
            f"{raw_kurtosis:.4g}. Add 3 to an excess kurtosis.",
            field="raw_kurtosis",
        )
    # Never negative: the discriminant skewness² − (raw_kurtosis − 1) is at most 0 by the check above.
    return max(1 - skewness * sharpe + (raw_kurtosis - 1) / 4 * sharpe**2, 0.0)


def _is_correlation(matrix: NDArray[np.float64]) -> bool:
    return bool(
        np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1.0) and (np.abs(matrix) <= 1 + 1e-9).all()
    )

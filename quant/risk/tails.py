"""How the far returns compare, and what a distribution that is assumed says of them.

Losses are positive fractions with their confidence, as in `quant.risk.value_at_risk`, whose measures assume nothing.
"""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from quant.returns import RETURN_ROUNDING, per_period_rate
from quant.risk.arrays import FloatArray, Values, to_sample
from quant.risk.performance import standardised_moments
from quant.risk.value_at_risk import check_confidence, count_within, value_at_risk

_NORMAL = NormalDist()
_FARTHEST = -4.0
# Squares older than this have a weight below 1e-27 of the newest: less than the rounding of the sum.
_DECAY = 0.94
_WEIGHTS: FloatArray = _DECAY ** np.arange(1024, dtype=np.float64)


def omega_ratio(returns: Values, *, periods_per_year: float, threshold_annual: float = 0.0) -> float:
    """Return what was gained above a threshold for each unit that was missed below it.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    periods_per_year : float
        Bars a year.
    threshold_annual : float, default=0.0
        Return a year to compare with, converted to a return per bar as a risk-free rate is.

    Returns
    -------
    float
        `sum(max(r - threshold, 0)) / sum(max(threshold - r, 0))`: above 1 if and only if the mean is above the
        threshold. NaN if nothing was missed by more than rounding.

    Notes
    -----
    Timing: uses all of `returns`.

    References
    ----------
    Keating and Shadwick 2002, A Universal Performance Measure, Journal of Performance Measurement 6(3). Equals
    empyrical's `omega_ratio`.

    Examples
    --------
    >>> round(omega_ratio([0.02, -0.01, 0.03, -0.02], periods_per_year=252), 10)
    1.6666666667
    """
    excess = to_sample(returns).less(per_period_rate(threshold_annual, periods_per_year))
    missed = excess.tally.missed
    return excess.tally.gained / missed if missed > RETURN_ROUNDING * len(excess) else math.nan


def tail_ratio(returns: Values, *, confidence: float = 0.95) -> float:
    """Return how large a rare gain is against a loss that is as rare.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    confidence : float, default=0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    float
        The value at risk of who bets against the returns over that of who holds them, both in size. NaN without
        returns, and if the loss is no more than rounding.

    Raises
    ------
    InvalidSpec
        If the confidence is not between 0 and 1.

    Notes
    -----
    Timing: uses all of `returns`. The quantile rule is that of `value_at_risk`: the inverse of the distribution.

    References
    ----------
    empyrical's `tail_ratio` interpolates both quantiles and knows 95 per cent only.

    Examples
    --------
    >>> returns = [-0.05, -0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.1]
    >>> tail_ratio(returns, confidence=0.95)
    2.0
    """
    sample = to_sample(returns)
    check_confidence(confidence)
    if len(sample) == 0:
        return math.nan
    loss = abs(value_at_risk(sample, confidence=confidence))
    gain = abs(float(sample.ascending[count_within(confidence, len(sample)) - 1]))  # a loss of who bets against them
    return gain / loss if loss > RETURN_ROUNDING else math.nan


def normal_value_at_risk(returns: Values, *, confidence: float = 0.95) -> float:
    """Return the value at risk of a normal distribution with the mean and deviation of the returns.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    confidence : float, default=0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    float
        `-(mean + z * std)` with `ddof=1` and `z` the normal quantile of `1 - confidence`: a loss as a positive
        fraction. NaN with fewer than two returns.

    Raises
    ------
    InvalidSpec
        If the confidence is not between 0 and 1.

    Notes
    -----
    Timing: uses all of `returns`. Far returns are more frequent than the normal distribution has it, so at high
    confidences it is too mild.

    References
    ----------
    J.P. Morgan and Reuters 1996, RiskMetrics Technical Document, 4th edition.

    Examples
    --------
    >>> round(normal_value_at_risk([0.01, -0.01, 0.02, -0.02], confidence=0.95), 6)
    0.030031
    """
    check_confidence(confidence)
    sample = to_sample(returns)
    return -(sample.mean + _quantile(1.0 - confidence) * sample.deviation)


def normal_expected_shortfall(returns: Values, *, confidence: float = 0.95) -> float:
    """Return the expected shortfall of a normal distribution with the mean and deviation of the returns.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    confidence : float, default=0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    float
        `-mean + std * density(z) / (1 - confidence)`, never below the normal value at risk. NaN with fewer than two
        returns.

    Raises
    ------
    InvalidSpec
        If the confidence is not between 0 and 1.

    Notes
    -----
    Timing: uses all of `returns`.

    References
    ----------
    McNeil, Frey and Embrechts 2005, Quantitative Risk Management, example 2.18.

    Examples
    --------
    >>> round(normal_expected_shortfall([0.01, -0.01, 0.02, -0.02], confidence=0.95), 6)
    0.03766
    """
    check_confidence(confidence)
    sample = to_sample(returns)
    density = _NORMAL.pdf(_quantile(confidence))
    return -sample.mean + sample.deviation * density / (1.0 - confidence)


def cornish_fisher_value_at_risk(returns: Values, *, confidence: float = 0.95) -> float:
    """Return the value at risk of a normal distribution bent to the skewness and kurtosis of the returns.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    confidence : float, default=0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    float
        `-(mean + w * std)`, a loss as a positive fraction, where `w` is the expansion of the normal quantile `z`: `z +
        (z² - 1) s / 6 + (z³ - 3 z) k / 24 - (2 z³ - 5 z) s² / 36`, with skewness `s` and excess kurtosis `k`. NaN with
        fewer than two returns, if they do not differ, and where the expansion is no quantile any more.

    Raises
    ------
    InvalidSpec
        If the confidence is not between 0 and 1.

    Notes
    -----
    Timing: uses all of `returns`.

    The expansion rises with `z` only for skewness and kurtosis of moderate size (Maillard 2012). Where it does not, for
    all losses from this one to one in 30,000 bars (`z` of -4), a rarer loss would come out smaller than a more frequent
    one: then it is unknown, and not quoted.

    References
    ----------
    Cornish and Fisher 1938; Favre and Galeano 2002, Mean-Modified Value-at-Risk Optimization with Hedge Funds;
    Maillard 2012, A User's Guide to the Cornish Fisher Expansion.

    Examples
    --------
    >>> returns = [0.01, -0.01] * 4 + [0.03, -0.04]
    >>> round(cornish_fisher_value_at_risk(returns, confidence=0.95), 6)
    0.034818
    """
    check_confidence(confidence)
    sample = to_sample(returns)
    skew, kurtosis = standardised_moments(sample)
    z = _quantile(1.0 - confidence)
    if math.isnan(skew) or not _rises_up_to(z, skew, kurtosis - 3.0):
        return math.nan
    bent = (
        z
        + (z**2 - 1.0) * skew / 6.0
        + (z**3 - 3.0 * z) * (kurtosis - 3.0) / 24.0
        - (2.0 * z**3 - 5.0 * z) * skew**2 / 36.0
    )
    return -(sample.mean + bent * sample.deviation)


def ewma_value_at_risk(returns: Values, *, confidence: float = 0.95) -> float:
    """Return the value at risk of the next bar, from a volatility in which the latest returns count most.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar in the order of time; NaN are left out.
    confidence : float, default=0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    float
        `-z * sqrt(sum(w r²) / sum(w))` with `w` 1 for the last return and 0.94 times as much for each one before: a
        loss as a positive fraction. NaN without returns.

    Raises
    ------
    InvalidSpec
        If the confidence is not between 0 and 1.

    Notes
    -----
    Timing: known at the last bar, about the one after it. The mean of a bar is taken to be zero, as in the source.

    References
    ----------
    J.P. Morgan and Reuters 1996, RiskMetrics Technical Document, 4th edition, decay 0.94 for daily returns.

    Examples
    --------
    >>> round(ewma_value_at_risk([0.01, -0.01, 0.01, -0.01], confidence=0.95), 6)
    0.016449
    """
    check_confidence(confidence)
    recent = to_sample(returns).numbers[: -len(_WEIGHTS) - 1 : -1]
    if len(recent) == 0:
        return math.nan
    weights = _WEIGHTS[: len(recent)]
    variance = float(np.add.reduce(weights * recent * recent)) / float(np.add.reduce(weights))
    return _quantile(confidence) * math.sqrt(variance)


@lru_cache(maxsize=64)
def _quantile(probability: float) -> float:
    """Return a quantile of the normal distribution; the same few are asked for again and again."""
    return _NORMAL.inv_cdf(probability)


def _rises_up_to(z: float, skew: float, excess_kurtosis: float) -> bool:
    """Return whether the expansion rises at z and below it, as far as losses are of any interest.

    Its slope is the parabola `1 + x s / 3 + (x² - 1) k / 8 - (6 x² - 5) s² / 36`, which has to be above zero there.
    """
    square = excess_kurtosis / 8.0 - skew**2 / 6.0
    linear = skew / 3.0
    constant = 1.0 - excess_kurtosis / 8.0 + 5.0 * skew**2 / 36.0
    lowest = min(z, _FARTHEST)
    places = [lowest, z]
    if square > 0.0:
        places.append(min(max(-linear / (2.0 * square), lowest), z))  # where it is least
    return all(square * place * place + linear * place + constant > 0.0 for place in places)

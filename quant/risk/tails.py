"""How the far returns compare, and what a distribution that is assumed says of them.

Losses are positive fractions with their confidence, as in `quant.risk.value_at_risk`, whose measures assume nothing.
"""

from functools import lru_cache
from statistics import NormalDist

from quant.returns import per_period_rate
from quant.risk.arrays import Values, to_sample
from quant.risk.formulas import (
    cornish_fisher_loss,
    ewma_deviation,
    historical_tail_ratio,
    normal_loss,
    normal_shortfall,
    omega,
)
from quant.risk.performance import standardised_moments
from quant.risk.value_at_risk import check_confidence

_NORMAL = NormalDist()


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
    return omega(excess.tally.gained, excess.tally.missed, len(excess))


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
    return historical_tail_ratio(sample.ascending, len(sample), confidence)


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
    return normal_loss(sample.mean, sample.deviation, normal_quantile(1.0 - confidence))


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
    density = normal_density(normal_quantile(confidence))
    return normal_shortfall(sample.mean, sample.deviation, density, confidence)


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
    z = normal_quantile(1.0 - confidence)
    return cornish_fisher_loss(sample.mean, sample.deviation, skew, kurtosis, z)


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
    sample = to_sample(returns)
    deviation = ewma_deviation(sample.numbers, len(sample))
    return normal_quantile(confidence) * deviation


@lru_cache(maxsize=64)
def normal_quantile(probability: float) -> float:
    """Return a quantile of the normal distribution; the same few are asked for again and again."""
    return _NORMAL.inv_cdf(probability)


@lru_cache(maxsize=64)
def normal_density(z: float) -> float:
    """Return the density of the normal distribution."""
    return _NORMAL.pdf(z)

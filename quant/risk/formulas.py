"""The formulas of the measures, compiled: over the sums of a sample, and over its values in the order of their size.

Who asks for one measure and who asks for all of a curve at once (`quant.risk.measure`) use the same ones, so that a
figure has the same bits both ways. Losses are positive; a quotient over no more than rounding is NaN.
"""

import math

import numpy as np
from numba import types

from quant.returns import RETURN_ROUNDING
from quant.risk.sums import INPUT, FloatArray, compiled
from quant.sums import pairwise_sum

_NUMBER, _COUNT = types.float64, types.int64
# A divisor this small against what it divides is rounding as well: of profits, which are money and may be of any size.
_RELATIVE_ROUNDING = 1e-12
# A confidence times a count may be whole in arithmetic and not in floats: 0.07 * 100 is 7.000000000000001.
_COUNT_ROUNDING = 1e-9
# Squares older than this have a weight below 1e-27 of the newest: less than the rounding of the sum.
_DECAY = 0.94
_WEIGHTS: FloatArray = _DECAY ** np.arange(1024, dtype=np.float64)
_FARTHEST = -4.0  # the quantile up to which the expansion of Cornish and Fisher has to rise


@compiled(_NUMBER(_NUMBER))
def _rounding_of(size: float) -> float:
    """Return up to what a divisor is rounding: of returns, or of money against an amount of this size."""
    return max(RETURN_ROUNDING, _RELATIVE_ROUNDING * size)


@compiled(_NUMBER(_NUMBER, _NUMBER))
def ratio(numerator: float, denominator: float) -> float:
    """Return the ratio; NaN if the denominator is zero or no more than rounding."""
    return numerator / denominator if denominator > _rounding_of(abs(numerator)) else np.nan


@compiled(_NUMBER(_NUMBER, _NUMBER, _NUMBER))
def annualised_ratio(mean: float, deviation: float, periods_per_year: float) -> float:
    """Return a mean over a deviation, both of a bar, of a year."""
    return ratio(mean, deviation) * math.sqrt(periods_per_year)


@compiled(_NUMBER(_NUMBER, _NUMBER, _COUNT, _NUMBER))
def growth_rate(first: float, last: float, n_returns: int, periods_per_year: float) -> float:
    """Return the constant growth a year that leads from the first value to the last."""
    if n_returns < 1:
        return np.nan
    growth = last / first
    rate: float = growth ** (periods_per_year / n_returns) - 1.0 if growth > 0.0 else -1.0
    return rate


@compiled(_NUMBER(_NUMBER, _COUNT))
def deviation_of(square_sum: float, n: int) -> float:
    """Return the sample deviation; NaN with fewer than two values."""
    return math.sqrt(square_sum / (n - 1)) if n > 1 else np.nan


@compiled(_NUMBER(_NUMBER, _NUMBER, _COUNT))
def omega(gained: float, missed: float, n: int) -> float:
    """Return what was gained for each unit that was missed."""
    return gained / missed if missed > RETURN_ROUNDING * n else np.nan


@compiled(_NUMBER(_NUMBER, _NUMBER, _COUNT, _NUMBER))
def moment(standardised: float, square_sum: float, n: int, largest: float) -> float:
    """Return a standardised moment; NaN if the values, the largest in size given, do not differ."""
    return standardised if n > 0 and math.sqrt(square_sum / n) > _rounding_of(largest) else np.nan


@compiled(_COUNT(_NUMBER, _COUNT))
def count_within(confidence: float, n: int) -> int:
    """Return how many losses, the smallest ones, at least a share `confidence` of them are."""
    return math.ceil(confidence * n - _COUNT_ROUNDING)


@compiled(_NUMBER(INPUT, _COUNT, _NUMBER))
def historical_value_at_risk(ascending: FloatArray, n: int, confidence: float) -> float:
    """Return the loss that a share of the first `n` values does not exceed."""
    return -ascending[n - count_within(confidence, n)] + 0.0 if n > 0 else np.nan


@compiled(_NUMBER(INPUT, _COUNT, _NUMBER))
def historical_expected_shortfall(ascending: FloatArray, n: int, confidence: float) -> float:
    """Return the mean of exactly the worst part of the first `n` values, the last one counted by what is left."""
    if n == 0:
        return np.nan
    mass = (1.0 - confidence) * n
    n_whole = int(mass + _COUNT_ROUNDING)
    rest = max(mass - n_whole, 0.0)
    total = pairwise_sum(ascending, 0, n_whole)
    total += rest * ascending[n_whole] if n_whole < n else 0.0
    return -(total / (n_whole + rest)) + 0.0


@compiled(_NUMBER(INPUT, _COUNT, _NUMBER))
def historical_tail_ratio(ascending: FloatArray, n: int, confidence: float) -> float:
    """Return the gain that is as rare as the value at risk over it, both in size."""
    if n == 0:
        return np.nan
    loss = abs(historical_value_at_risk(ascending, n, confidence))
    gain = abs(ascending[count_within(confidence, n) - 1])  # a loss of who bets against them
    return gain / loss if loss > RETURN_ROUNDING else np.nan


@compiled(_NUMBER(_NUMBER, _NUMBER, _NUMBER, _NUMBER))
def normal_shortfall(mean: float, deviation: float, density: float, confidence: float) -> float:
    """Return the expected shortfall of a normal distribution, with its density at the quantile of the confidence."""
    return -mean + deviation * density / (1.0 - confidence)


@compiled(_NUMBER(_NUMBER, _NUMBER, _NUMBER))
def normal_loss(mean: float, deviation: float, z: float) -> float:
    """Return the loss at a quantile of the normal distribution, that of 0 and 1."""
    return -(mean + z * deviation)


@compiled(_NUMBER(_NUMBER, _NUMBER, _NUMBER, _NUMBER, _NUMBER))
def cornish_fisher_loss(mean: float, deviation: float, skew: float, kurtosis: float, z: float) -> float:
    """Return the loss at a quantile that is bent to skewness and kurtosis; NaN where the expansion does not rise.

    Its slope is the parabola `1 + x s / 3 + (x² - 1) k / 8 - (6 x² - 5) s² / 36`, which has to be above zero at `z` and
    below it, as far as losses are of any interest.
    """
    excess = kurtosis - 3.0
    square = excess / 8.0 - skew**2.0 / 6.0
    linear = skew / 3.0
    constant = 1.0 - excess / 8.0 + 5.0 * skew**2.0 / 36.0
    lowest = min(z, _FARTHEST)
    bottom = min(max(-linear / (2.0 * square), lowest), z) if square > 0.0 else z  # where the slope is least
    for place in (lowest, z, bottom):
        if not square * place * place + linear * place + constant > 0.0:  # true of NaN
            return np.nan
    bent = (
        z
        + (z**2.0 - 1.0) * skew / 6.0
        + (z**3.0 - 3.0 * z) * excess / 24.0
        - (2.0 * z**3.0 - 5.0 * z) * skew**2.0 / 36.0
    )
    return normal_loss(mean, deviation, bent)


@compiled(_NUMBER(INPUT, _COUNT))
def ewma_deviation(values: FloatArray, n: int) -> float:
    """Return the root mean square of the first `n` values, the last of which counts most; NaN without values."""
    n_recent = min(n, _WEIGHTS.size)
    room = np.empty(n_recent)
    for age in range(n_recent):
        value = values[n - 1 - age]
        room[age] = _WEIGHTS[age] * value * value
    total, weight = pairwise_sum(room, 0, n_recent), pairwise_sum(_WEIGHTS, 0, n_recent)
    return math.sqrt(total / weight) if n > 0 else np.nan


@compiled(_NUMBER(INPUT, _COUNT))
def gains_over_losses(outcomes: FloatArray, n: int) -> float:
    """Return the sum of the gains among the first `n` values over that of the losses."""
    gains, losses = np.empty(n), np.empty(n)
    n_gains = n_losses = 0
    for i in range(n):
        gains[n_gains], losses[n_losses] = outcomes[i], outcomes[i]  # the next one is written over what is neither
        n_gains += outcomes[i] > 0.0
        n_losses += outcomes[i] < 0.0
    return ratio(pairwise_sum(gains, 0, n_gains), -pairwise_sum(losses, 0, n_losses))

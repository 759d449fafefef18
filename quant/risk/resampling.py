"""What luck could have made of a curve: Sharpe ratio and deepest drawdown of many curves that are as likely as it."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit

from quant.block_length import usual_block
from quant.bootstrap import stationary_bootstrap
from quant.errors import InvalidSpec
from quant.returns import RETURN_ROUNDING, per_period_rate
from quant.risk.arrays import FloatArray, Values, to_sample

Method = Literal["block_bootstrap", "normal"]

N_CURVES = 500
LEAST_RETURNS = 20
_CHUNK_VALUES = 200_000  # of all curves that are in memory at once
# Streams of chance of their own: a seed gives the same curves, whoever else draws from the same seed.
_STREAMS: dict[Method, int] = {"block_bootstrap": 0x5EED_B1, "normal": 0x5EED_B2}


@dataclass(frozen=True)
class Interval:
    """Where a measure lies in most of the curves: its value for the real one, the ends and the middle.

    Attributes
    ----------
    value : float
        Of the real curve.
    lower, middle, upper : float
        Order statistics of the other curves: of the confidence's tails and of the half.
    """

    value: float
    lower: float
    middle: float
    upper: float


@dataclass(frozen=True)
class Luck:
    """Two measures of the curves that chance makes of the returns of one.

    Attributes
    ----------
    method : {"block_bootstrap", "normal"}
        How curves are made.
    n_curves : int
        How many.
    mean_block : float
        Mean number of returns that stay together; 1 where each is drawn alone.
    confidence : float
        Share of the curves inside an interval.
    sharpe_ratio : Interval
        Annualised.
    max_drawdown : Interval
        Zero or below.
    share_of_losses : float
        Share of the curves that end below the initial capital.
    """

    method: Method
    n_curves: int
    mean_block: float
    confidence: float
    sharpe_ratio: Interval
    max_drawdown: Interval
    share_of_losses: float


def judge_luck(
    returns: Values,
    *,
    periods_per_year: float,
    seed: int,
    risk_free_annual: float = 0.0,
    confidence: float = 0.95,
    method: Method = "block_bootstrap",
    n_curves: int = N_CURVES,
    mean_block: float | None = None,
) -> Luck | None:
    """Return the Sharpe ratio and deepest drawdown of curves that are as likely as the one that came about.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar in the order of time; NaN are left out.
    periods_per_year : float
        Bars a year.
    seed : int
        The same seed gives the same curves; its stream is used by nothing else.
    risk_free_annual : float, default=0.0
        Risk-free rate a year.
    confidence : float, default=0.95
        Share of the curves inside each interval.
    method : {"block_bootstrap", "normal"}, default="block_bootstrap"
        Blocks of the returns in another order, which keeps fat tails and how calm and wild bars cluster; or Monte
        Carlo: independent returns of the normal distribution with the same mean and deviation.
    n_curves : int, default=500
        Number of curves, at least 100.
    mean_block : float, optional
        Mean length of a block. None: what the dependence of the returns asks for, or that of their distances from the
        mean if it is more (`quant.block_length.usual_block`): drawdowns are as deep as wild bars stay together.

    Returns
    -------
    Luck or None
        None with fewer than 20 returns, or if they vary by no more than rounding: then there is nothing to draw.

    Raises
    ------
    InvalidSpec
        If the confidence is not between 0 and 1, there are fewer than 100 curves, or a block is shorter than 1.

    Notes
    -----
    Timing: uses all of `returns`; a statement about the past. It knows nothing of how many strategies were tried before
    this one was chosen: see the deflated Sharpe ratio.

    References
    ----------
    Politis and Romano 1994, The Stationary Bootstrap, Journal of the American Statistical Association 89; Efron and
    Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 (percentile intervals).
    """
    if not 0 < confidence < 1 or n_curves < 100 or (mean_block is not None and not mean_block >= 1):  # noqa: PLR2004
        raise InvalidSpec(
            "Expected a confidence between 0 and 1, at least 100 curves and blocks of at least 1 bar; found "
            f"{confidence}, {n_curves} and {mean_block}.",
            field="confidence",
        )
    sample = to_sample(returns)
    n = len(sample)
    if n < LEAST_RETURNS or not sample.deviation > RETURN_ROUNDING:
        return None
    is_blocks = method == "block_bootstrap"
    block = 1.0 if not is_blocks else float(mean_block or usual_block(sample.numbers))
    rate = per_period_rate(risk_free_annual, periods_per_year)
    rng = np.random.default_rng([seed, _STREAMS[method]])
    found, size = [], max(1, _CHUNK_VALUES // n)
    for first in range(0, n_curves, size):
        count = min(size, n_curves - first)
        if is_blocks:
            curves = sample.numbers[stationary_bootstrap(n, count, block, rng)]
        else:
            curves = rng.normal(sample.mean, sample.deviation, (count, n))
        found.append(_measures(curves, rate))
    ratios, depths, ends = np.concatenate(found, axis=1)
    ratios *= math.sqrt(periods_per_year)
    own = _measures(sample.numbers[np.newaxis].copy(), rate)[:, 0]  # a kernel is compiled for what may be written
    return Luck(
        method=method,
        n_curves=n_curves,
        mean_block=block,
        confidence=confidence,
        sharpe_ratio=_interval(float(own[0]) * math.sqrt(periods_per_year), ratios, confidence),
        max_drawdown=_interval(float(own[1]), depths, confidence),
        share_of_losses=float(np.count_nonzero(ends < 1.0) / n_curves),
    )


def luck_in_words(luck: Luck) -> str:
    """Return one plain sentence about where the Sharpe ratio and the drawdown could as well have been.

    Examples
    --------
    >>> ratio, depth = Interval(0.8, -0.1, 0.8, 1.7), Interval(-0.2, -0.4, -0.22, -0.12)
    >>> luck_in_words(Luck("block_bootstrap", 500, 13.0, 0.95, ratio, depth, 0.04))
    'With the same returns in another order, 95% of 500 curves have a Sharpe ratio from −0.10 to 1.70 and a deepest \
drawdown of 12% to 40%; 4% of them lose money. A Sharpe ratio of zero is among them.'
    """
    ratio, depth = luck.sharpe_ratio, luck.max_drawdown
    how = (
        "With the same returns in another order"
        if luck.method == "block_bootstrap"
        else "With normal returns of the same mean and volatility"
    )
    verdict = (
        "A Sharpe ratio of zero is among them"
        if ratio.lower <= 0.0 <= ratio.upper
        else f"A Sharpe ratio of zero is {'below' if ratio.lower > 0 else 'above'} all of them"
    )
    return (
        f"{how}, {luck.confidence:.0%} of {luck.n_curves} curves have a Sharpe ratio from {_said(ratio.lower)} to "
        f"{_said(ratio.upper)} and a deepest drawdown of {-depth.upper:.0%} to {-depth.lower:.0%}; "
        f"{luck.share_of_losses:.0%} of them lose money. {verdict}."
    )


def _said(ratio: float) -> str:
    return f"{ratio:.2f}".replace("-", "−")


def _measures(curves: FloatArray, rate: float) -> FloatArray:
    """Return the Sharpe ratio per bar, the deepest drawdown and the last value of each curve, one a row."""
    found = np.empty((3, len(curves)))
    _measure(curves, rate, found)
    return found


@njit(cache=True, nogil=True)
def _measure(curves: FloatArray, rate: float, found: FloatArray) -> None:
    """Write the measures of each curve; one pass over memory, where arrays would make a dozen."""
    n_curves, n = curves.shape
    for curve in range(n_curves):
        total, wealth, peak, kept = 0.0, 1.0, 1.0, 1.0
        for bar in range(n):
            total += curves[curve, bar]
            wealth *= 1.0 + curves[curve, bar]
            peak = max(peak, wealth)
            kept = min(kept, wealth / peak)
        mean, squares = total / n, 0.0
        for bar in range(n):
            squares += (curves[curve, bar] - mean) ** 2
        deviation = np.sqrt(squares / (n - 1))
        found[0, curve] = (mean - rate) / deviation if deviation > RETURN_ROUNDING else 0.0
        found[1, curve] = kept - 1.0
        found[2, curve] = wealth


def _interval(value: float, values: FloatArray, confidence: float) -> Interval:
    """Return the order statistics by the inverse of the distribution, as the value at risk is one."""
    tail = (1.0 - confidence) / 2.0
    lower, middle, upper = np.quantile(values, [tail, 0.5, 1.0 - tail], method="inverted_cdf")
    return Interval(value, float(lower), float(middle), float(upper))

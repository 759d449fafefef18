"""How large a position past trades would have justified, and how little is known about it."""

from dataclasses import dataclass

import numpy as np

from quant.errors import InvalidSpec
from quant.returns import RETURN_ROUNDING
from quant.risk.arrays import FloatArray, Values, known

LEAST_TRADES = 10
LARGEST = 10.0  # of what is stated; beyond, it only says that hardly anything was lost
_N_SAMPLES = 200
_MOST_TRADES = 2_000  # the latest ones; more would take longer and say the same
_HALVINGS = 50
_STREAM = 0x5EED_B3
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Bet:
    """The share of the money that would have grown it fastest, and how sure that is.

    Attributes
    ----------
    n_trades : int
        Closed trades that it rests on.
    kelly_fraction : float
        Share of the equity in each trade, of the size that the trades had, that maximises the mean logarithm of
        growth; 0 if trades lost on average, at most 10.
    lower, upper : float
        Where it lies in 95 per cent of samples of as many trades.
    share_without_edge : float
        Share of the samples in which the best is not to bet.
    """

    n_trades: int
    kelly_fraction: float
    lower: float
    upper: float
    share_without_edge: float


def kelly_fraction(returns: Values) -> float:
    """Return the share of the money in each trade that would have grown it fastest.

    Parameters
    ----------
    returns : Series or array of shape (n_trades,)
        Return of each closed trade on the money that went into it, net of costs, as fractions; NaN are left out.

    Returns
    -------
    float
        The `f` of zero or above that maximises `mean(log(1 + f * r))`, at most 10. 0 if the mean is not above zero. NaN
        without trades, or if they are no more than rounding.

    Notes
    -----
    Timing: uses all trades, as if they followed one another; those that were open at the same time are taken for
    independent bets one after the other.

    Exact for the observed returns; for a bet that wins `b` with probability `p` and else loses 1 it is `p - (1 - p) /
    b`, and for small returns about mean over variance.

    References
    ----------
    Kelly 1956, A New Interpretation of Information Rate, Bell System Technical Journal 35; Thorp 2006, The Kelly
    Criterion in Blackjack, Sports Betting and the Stock Market.

    Examples
    --------
    >>> round(kelly_fraction([1.0, 1.0, 1.0, -1.0, -1.0]), 10)
    0.2
    """
    values = known(returns)
    if len(values) == 0 or not np.abs(values).max() > RETURN_ROUNDING:
        return np.nan
    return float(_best_fractions(values[np.newaxis])[0])


def advise(returns: Values, *, seed: int) -> Bet | None:
    """Return the Kelly fraction of past trades and its uncertainty.

    Parameters
    ----------
    returns : Series or array of shape (n_trades,)
        As for `kelly_fraction`, in the order of time.
    seed : int
        The same seed gives the same samples; its stream is used by nothing else.

    Returns
    -------
    Bet or None
        None with fewer than 10 trades: a guess from fewer would be about nothing but luck. Of more than 2,000 trades
        the latest.

    Raises
    ------
    InvalidSpec
        If the seed is negative.

    Notes
    -----
    Timing: uses all trades; about the past. Samples draw trades one by one with replacement: how good and bad trades
    cluster is not kept, so the truth is less certain still.

    References
    ----------
    As `kelly_fraction`; Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.
    """
    if seed < 0:
        raise InvalidSpec(f"Expected a seed of 0 or more; found {seed}.", field="seed")
    values = known(returns)[-_MOST_TRADES:]
    if len(values) < LEAST_TRADES or not np.abs(values).max() > RETURN_ROUNDING:
        return None
    rng = np.random.default_rng([seed, _STREAM])
    samples = _best_fractions(values[rng.integers(0, len(values), size=(_N_SAMPLES, len(values)))])
    tail = (1.0 - _CONFIDENCE) / 2.0
    lower, upper = np.quantile(samples, [tail, 1.0 - tail], method="inverted_cdf")
    return Bet(
        n_trades=len(values),
        kelly_fraction=kelly_fraction(values),
        lower=float(lower),
        upper=float(upper),
        share_without_edge=float(np.count_nonzero(samples == 0.0) / len(samples)),
    )


def advice_in_words(bet: Bet) -> str:
    """Return what the trades say about the size of a position, in one or two plain sentences.

    Examples
    --------
    >>> advice_in_words(Bet(60, 1.2, 0.3, 2.4, 0.01))
    'After 60 trades, growth would have been fastest with 120% of the equity in each, but anything from 30% to 240% \
fits them as well. Who bets more than is right loses more than who bets less: half of the lower figure is prudent, 15%.'
    >>> advice_in_words(Bet(60, 0.0, 0.0, 0.5, 0.6))
    'After 60 trades, nothing speaks for betting on them: they lost on average.'
    """
    if bet.kelly_fraction <= 0.0:
        return f"After {bet.n_trades} trades, nothing speaks for betting on them: they lost on average."
    start = (
        f"After {bet.n_trades} trades, growth would have been fastest with {bet.kelly_fraction:.0%} of the equity in "
        f"each, but anything from {bet.lower:.0%} to {bet.upper:.0%} fits them as well."
    )
    if bet.lower <= 0.0:
        return (
            f"{start} In {bet.share_without_edge:.0%} of samples of as many trades the best is not to bet at all: they "
            "are no ground for any size."
        )
    return (
        f"{start} Who bets more than is right loses more than who bets less: half of the lower figure is prudent, "
        f"{bet.lower / 2:.0%}."
    )


def fraction_for_volatility(annualised_volatility: float, target: float) -> float:
    """Return by which factor a position is to be multiplied for a curve to have a volatility.

    Parameters
    ----------
    annualised_volatility : float
        Of the curve as it was traded.
    target : float
        Volatility a year to aim at, above 0.

    Returns
    -------
    float
        `target / volatility`; NaN if the curve did not vary.

    Raises
    ------
    InvalidSpec
        If the target is not above 0.

    Notes
    -----
    Timing: past volatility is taken for that to come. Costs that do not grow with the position are left out.

    Examples
    --------
    >>> fraction_for_volatility(0.3, 0.15)
    0.5
    """
    if not target > 0:
        raise InvalidSpec(f"Expected a target volatility above 0; found {target}.", field="target")
    return target / annualised_volatility if annualised_volatility > RETURN_ROUNDING else np.nan


def _best_fractions(samples: FloatArray) -> FloatArray:
    """Return the fraction of each row by halving: the slope of the mean logarithm falls everywhere."""
    worst = samples.min(axis=1)
    high = np.where(worst < 0.0, np.minimum(LARGEST, -1.0 / np.where(worst < 0.0, worst, -1.0)), LARGEST)
    low = np.zeros(len(samples))
    has_edge = samples.mean(axis=1) > 0.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        rises = (samples / (1.0 + middle[:, np.newaxis] * samples)).sum(axis=1) > 0.0
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return np.where(has_edge, 0.5 * (low + high), 0.0)

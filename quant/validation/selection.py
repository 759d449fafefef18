"""Whether choosing the best of several trials chose skill or luck: the probability of backtest overfitting."""

import math
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec, NotEnoughData
from quant.one_core import one_core
from quant.returns import RETURN_ROUNDING

N_BLOCKS = 16
LEAST_TRIALS = 5  # with fewer, a rank says little: the best of two is in the lower half every second time
LEAST_BARS_A_BLOCK = 2
_COMBINATIONS_AT_ONCE = 1024  # bounds memory, whatever the number of trials


@dataclass(frozen=True, eq=False)
class Overfitting:
    """What combinatorially symmetric cross-validation says of a choice; Sharpe ratios are per bar.

    Attributes
    ----------
    probability : float
        Share of combinations in which the trial that is best in one half is in the lower half, or in the middle, of
        the other: the probability of backtest overfitting.
    probability_of_loss : float
        Share of combinations in which the best of one half has a Sharpe ratio below 0 in the other.
    slope, r_squared : float
        Of the straight line from the best Sharpe ratio of one half to its own in the other: a slope below 0 says that
        the better it looked, the worse it did. NaN if the former does not vary.
    n_trials, n_bars, n_blocks : int
        What was compared.
    combinations : DataFrame of shape (n_combinations, 4)
        `chosen` (position of the trial), `in_sample`, `out_of_sample` (its Sharpe ratios) and `logit` of its relative
        rank out of sample, in the lexical order of the blocks that were in sample.
    """

    probability: float
    probability_of_loss: float
    slope: float
    r_squared: float
    n_trials: int
    n_bars: int
    n_blocks: int
    combinations: pd.DataFrame


def backtest_overfitting(returns: ArrayLike, *, n_blocks: int = N_BLOCKS) -> Overfitting:
    """Return how often the trial that is best on some bars is no better than the median on the others.

    Parameters
    ----------
    returns : array-like of shape (n_bars, n_trials)
        Out-of-sample returns of each trial per bar, all of the same bars, in their order; **all** trials, not only good
        ones. Bars at which one is NaN are left out.
    n_blocks : int, default=16
        Contiguous blocks of bars, an even number; each half of them is in sample once. Their sizes differ by at most
        one bar. 16 make 12,870 combinations.

    Returns
    -------
    Overfitting
        Shares from 0 to 1. A trial that never moves has a Sharpe ratio of 0. Of equals the first is chosen, and equals
        share the mean of their ranks.

    Raises
    ------
    InvalidSpec
        If `returns` has not two dimensions or an infinite value, or `n_blocks` is odd or not from 2 to 20.
    NotEnoughData
        If there are fewer than 5 trials, or than 2 bars a block.

    Notes
    -----
    Timing: a statement about trials that were made, by their whole series; never a feature.

    The logit is ln(w / (1 - w)) with w the rank of the chosen trial among n, from 1 for the worst, over n + 1. It
    counts as overfit at 0 or below. The paper asks for blocks of equal size; here none of the bars is dropped.

    References
    ----------
    Bailey, Borwein, López de Prado and Zhu 2017, The Probability of Backtest Overfitting, Journal of Computational
    Finance 20(4), sections 2 and 3 (SSRN 2326253).

    Examples
    --------
    >>> bar, trial = np.arange(64)[:, None], np.arange(5)
    >>> skilled = backtest_overfitting(0.001 * trial + 0.01 * (-1.0) ** bar, n_blocks=4)
    >>> skilled.probability, len(skilled.combinations)
    (0.0, 6)
    """
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or np.isinf(values).any():  # noqa: PLR2004  # bars and trials
        raise InvalidSpec(
            f"Expected finite returns of bars and trials; found shape {values.shape} and "
            f"{int(np.isinf(values).sum())} infinite ones.",
            field="returns",
        )
    if n_blocks % 2 or not 2 <= n_blocks <= 20:  # noqa: PLR2004  # 20 make 184,756 combinations
        raise InvalidSpec(f"Expected an even number of blocks from 2 to 20; found {n_blocks}.", field="n_blocks")
    values = values[~np.isnan(values).any(axis=1)]
    n_bars, n_trials = values.shape
    if n_trials < LEAST_TRIALS or n_bars < LEAST_BARS_A_BLOCK * n_blocks:
        raise NotEnoughData(
            f"Expected at least {LEAST_TRIALS} trials of at least {LEAST_BARS_A_BLOCK * n_blocks} bars; "
            f"found {n_trials} of {n_bars}. Try more, or use a longer training window."
        )
    with one_core():
        found = pd.DataFrame(_judge(values, n_blocks))
        slope, r_squared = _line(found["in_sample"].to_numpy(), found["out_of_sample"].to_numpy())
    return Overfitting(
        probability=float((found["logit"] <= 0).mean()),
        probability_of_loss=float((found["out_of_sample"] < 0).mean()),
        slope=slope,
        r_squared=r_squared,
        n_trials=n_trials,
        n_bars=n_bars,
        n_blocks=n_blocks,
        combinations=found,
    )


def trial_correlations(returns: ArrayLike) -> NDArray[np.float64]:
    """Return the correlations of trials, those of trials that never move taken as 0.

    Parameters
    ----------
    returns : array-like of shape (n_bars, n_trials)
        As for `backtest_overfitting`.

    Returns
    -------
    ndarray of shape (n_trials, n_trials)
        Symmetric with ones on the diagonal, as `quant.validation.overfitting.effective_trials` takes it; zeros beside
        them where a trial never moves, or fewer than 2 bars are known, which errs on the strict side.

    Notes
    -----
    Timing: as `backtest_overfitting`.
    """
    values = np.asarray(returns, dtype=np.float64)
    values = values[~np.isnan(values).any(axis=1)]
    n_bars, n_trials = values.shape
    correlations = np.eye(n_trials)
    if n_bars < 2:  # noqa: PLR2004  # nothing varies
        return correlations
    deviations = values - values.mean(axis=0)
    sizes = np.sqrt((deviations**2).sum(axis=0))
    moves = sizes > RETURN_ROUNDING * math.sqrt(n_bars)
    units = deviations[:, moves] / sizes[moves]
    with one_core():
        correlations[np.ix_(moves, moves)] = np.clip(units.T @ units, -1.0, 1.0)
    np.fill_diagonal(correlations, 1.0)
    return correlations


@cache
def _halves(n_blocks: int) -> NDArray[np.float64]:
    """Return each choice of half the blocks as a row of ones and zeros."""
    chosen = np.array(list(combinations(range(n_blocks), n_blocks // 2)))
    halves = np.zeros((len(chosen), n_blocks))
    np.put_along_axis(halves, chosen, 1.0, axis=1)
    halves.flags.writeable = False
    return halves


def _judge(values: NDArray[np.float64], n_blocks: int) -> dict[str, NDArray[np.float64]]:
    """Return for each combination what was chosen in sample, and how it did out of sample."""
    centre = values.mean(axis=0)
    blocks = np.array_split(values - centre, n_blocks)  # centred, so that squares lose no digits
    counts = np.array([float(len(block)) for block in blocks])
    sums = np.array([block.sum(axis=0) for block in blocks])
    squares = np.array([(block**2).sum(axis=0) for block in blocks])
    halves, n_trials = _halves(n_blocks), values.shape[1]
    parts: list[tuple[NDArray[np.float64], ...]] = []
    for first in range(0, len(halves), _COMBINATIONS_AT_ONCE):
        inside = halves[first : first + _COMBINATIONS_AT_ONCE]
        known, later = (
            _sharpe_ratios(half @ counts, half @ sums, half @ squares, centre) for half in (inside, 1.0 - inside)
        )
        chosen = known.argmax(axis=1)
        rows = np.arange(len(inside))
        reached = later[rows, chosen]
        below = (later < reached[:, None]).sum(axis=1)
        equal = (later == reached[:, None]).sum(axis=1)
        rank = (below + (equal + 1) / 2) / (n_trials + 1)
        parts.append((chosen, known[rows, chosen], reached, np.log(rank / (1 - rank))))
    names = ("chosen", "in_sample", "out_of_sample", "logit")
    return {name: np.concatenate(column) for name, column in zip(names, zip(*parts, strict=True), strict=True)}


def _sharpe_ratios(
    counts: NDArray[np.float64],
    sums: NDArray[np.float64],
    squares: NDArray[np.float64],
    centre: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return mean over sample standard deviation of centred returns, from their sums; 0 where nothing moves."""
    n = counts[:, None]
    means = sums / n
    variances = np.maximum(squares / n - means**2, 0.0) * n / (n - 1)
    deviations = np.sqrt(variances)
    moves = deviations > RETURN_ROUNDING
    return np.where(moves, (means + centre) / np.where(moves, deviations, 1.0), 0.0)


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and R² of the least-squares line."""
    dx, dy = x - x.mean(), y - y.mean()
    xx, yy, xy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    if xx <= 0.0:
        return math.nan, math.nan
    return xy / xx, (xy**2 / (xx * yy) if yy > 0.0 else math.nan)

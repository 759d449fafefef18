"""How often chance does as well: the same positions on returns whose order was drawn anew."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.bootstrap import stationary_bootstrap
from quant.errors import InvalidSpec, NotEnoughData
from quant.returns import RETURN_ROUNDING

LEAST_BARS = 20
_DRAWS_AT_ONCE = 2_000_000  # bounds memory, whatever the numbers of bars and instruments


@dataclass(frozen=True, eq=False)
class NullTest:
    """What a null test found; Sharpe ratios are per bar.

    Attributes
    ----------
    sharpe_ratio : float
        Of the positions on the returns as they came.
    p_value : float
        (b + 1) / (n + 1), with b of n resamples at least as good: never 0.
    n_resamples : int
        How often returns were drawn.
    mean_block_bars : float
        Expected length of a block.
    resampled : ndarray of shape (n_resamples,)
        The Sharpe ratios on resampled returns.
    """

    sharpe_ratio: float
    p_value: float
    n_resamples: int
    mean_block_bars: float
    resampled: NDArray[np.float64]


def usual_block_bars(n_bars: int, n_overlapping: int) -> float:
    """Return the expected length of a block: the cube root of the number of bars, but no less than a label spans.

    Parameters
    ----------
    n_bars : int
        Length of the series.
    n_overlapping : int
        Bars that one label spans.

    Returns
    -------
    float
        At least 1.

    References
    ----------
    Politis and Romano 1994, section 4: the best length grows with the cube root of the series'.
    """
    return float(max(round(n_bars ** (1 / 3)), n_overlapping, 1))


def null_test(
    positions: ArrayLike, returns: ArrayLike, *, n_resamples: int, mean_block_bars: float, seed: int
) -> NullTest:
    """Test whether positions were held at the right time, against returns whose order was drawn anew.

    Parameters
    ----------
    positions : array-like of shape (n_bars, n_instruments)
        What was held, in the order of time; NaN: nothing.
    returns : array-like of shape (n_bars, n_instruments)
        What holding one of each for a bar earned; NaN: nothing.
    n_resamples : int
        How often returns are drawn, at least 1.
    mean_block_bars : float
        Expected length of a block of bars that stay together, at least 1. All instruments are drawn together.
    seed : int
        Start of the random numbers.

    Returns
    -------
    NullTest
        The Sharpe ratio is that of the mean over the instruments of position times return, without costs. It and the
        p-value are NaN if nothing ever moved.

    Raises
    ------
    InvalidSpec
        If shapes differ or a number is out of its bounds.
    NotEnoughData
        If there are fewer than 20 bars.

    Notes
    -----
    Timing: uses both series as a whole; a statement about the past, never a feature.

    Resampled returns keep their mean, their spread, and their dependence within blocks; what they lose is that they
    come when the position is held. So a rise of the whole market is in both, and the test is of timing alone. It does
    not know how the model was chosen: for that there is the deflated Sharpe ratio.

    References
    ----------
    Politis and Romano 1994 (the bootstrap); Davison and Hinkley 1997, Bootstrap Methods and their Application, section
    4.2 (the p-value); White 2000, A Reality Check for Data Snooping, Econometrica 68(5), for the use of both.
    """
    held, earned = (np.nan_to_num(np.asarray(each, dtype=np.float64), nan=0.0) for each in (positions, returns))
    if held.ndim != 2 or held.shape != earned.shape:  # noqa: PLR2004  # bars and instruments
        raise InvalidSpec(
            f"Expected positions and returns of the same bars and instruments; found shapes {held.shape} and "
            f"{earned.shape}.",
            field="positions",
        )
    n_bars, n_instruments = held.shape
    if n_resamples < 1:
        raise InvalidSpec(f"Expected at least 1 resample; found {n_resamples}.", field="n_resamples")
    if n_bars < LEAST_BARS:
        raise NotEnoughData(f"Expected at least {LEAST_BARS} bars to resample; found {n_bars}.")
    observed = float(_sharpe_ratios((held * earned).mean(axis=1)[None, :])[0])
    rng = np.random.default_rng(seed)
    at_once = max(1, _DRAWS_AT_ONCE // (n_bars * n_instruments))
    resampled: list[NDArray[np.float64]] = []
    for first in range(0, n_resamples, at_once):
        drawn = stationary_bootstrap(n_bars, min(at_once, n_resamples - first), mean_block_bars, rng)
        made = held[:, 0] * earned[:, 0][drawn]
        for place in range(1, n_instruments):
            made += held[:, place] * earned[:, place][drawn]
        resampled.append(_sharpe_ratios(made / n_instruments))
    found = np.concatenate(resampled)
    n_as_good = int((np.nan_to_num(found, nan=0.0) >= observed).sum())
    p_value = math.nan if math.isnan(observed) else (n_as_good + 1) / (n_resamples + 1)
    return NullTest(observed, p_value, n_resamples, float(mean_block_bars), found)


def _sharpe_ratios(earned: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mean over sample standard deviation of each row; NaN where nothing moves."""
    means, deviations = earned.mean(axis=1), earned.std(axis=1, ddof=1)
    moves = deviations > RETURN_ROUNDING
    return np.where(moves, means / np.where(moves, deviations, 1.0), math.nan)

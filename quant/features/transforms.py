"""Transforms of any feature: what it was, and how it compares with its own last values."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from quant.features.arrays import Values
from quant.features.catalog import FeatureEntry, Lag, Rolling
from quant.features.columns import feature, values_of
from quant.features.windows import rolling_mean, rolling_moments
from quant.frames import Prices

Statistic = Literal["z_score", "rank", "mean", "deviation", "change"]
NOISE = 1e-12  # of the size of a value; a smaller difference is how numbers were rounded, not how they moved


@feature(Lag)
def lag(prices: Prices, *, of: FeatureEntry, bars: int) -> tuple[Values, ...]:
    """Return what another feature was some bars ago.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    of : FeatureEntry
        The other feature. Bounds: those of `quant.features.catalog`'s `Lag`.
    bars : int
        Bars ago.

    Returns
    -------
    DataFrame of shape (n_bars, n_columns)
        Columns of the other feature, in its units. NaN at the first `of.warm_up + bars` bars, and where it was NaN.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return tuple(_shifted(values, bars) for values in values_of(prices, of))


@feature(Rolling)
def rolling(prices: Prices, *, of: FeatureEntry, statistic: Statistic, window: int) -> tuple[Values, ...]:
    """Return how another feature compares with its own last values.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    of : FeatureEntry
        The other feature. Bounds: those of `quant.features.catalog`'s `Rolling`.
    statistic : Statistic
        `mean`, `deviation` (of a sample), `z_score` (distance from the mean in deviations), `rank` (share of the others
        that are lower, half of equal ones) or `change` (to the oldest).
    window : int
        Values, the newest included.

    Returns
    -------
    DataFrame of shape (n_bars, n_columns)
        Columns of the other feature. NaN at the first `of.warm_up + window - 1` bars, and while the window holds a NaN.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.

    Differences of 1e-12 of a value's size, or less than 1e-12, are roundings: they move neither rank nor z-score.
    Without any movement the z-score is 0 and the rank 0.5.
    """
    return tuple(_STATISTICS[statistic](np.ascontiguousarray(values), window) for values in values_of(prices, of))


def _shifted(values: Values, bars: int) -> Values:
    earlier = np.full_like(values, np.nan)
    earlier[bars:] = values[: max(values.size - bars, 0)]
    return earlier


def _mean(values: Values, window: int) -> Values:
    means = np.empty_like(values)
    rolling_mean(values, window, means)
    return means


def _deviation(values: Values, window: int) -> Values:
    return _moments(values, window)[1]


def _change(values: Values, window: int) -> Values:
    changes = values - _shifted(values, window - 1)
    changes[np.isnan(_mean(values, window))] = np.nan  # what lies between is part of the window too
    return changes


def _z_score(values: Values, window: int) -> Values:
    means, deviations = _moments(values, window)
    moved = deviations > NOISE * (1.0 + np.abs(means))
    scores = np.where(np.isnan(deviations), np.nan, 0.0)
    np.divide(values - means, deviations, out=scores, where=moved)
    return scores


def _rank(values: Values, window: int) -> Values:
    ranks = np.full_like(values, np.nan)
    inside = ranks[window - 1 :]
    newest = values[window - 1 :]
    noise = NOISE * (1.0 + np.abs(newest))
    inside[:] = 0.0
    for place in range(window - 1):
        distance = newest - values[place : place + inside.size]
        inside += np.where(np.abs(distance) <= noise, 0.5, distance > 0.0) + 0.0 * distance  # NaN stays NaN
    return ranks / (window - 1.0)


def _moments(values: Values, window: int) -> tuple[Values, Values]:
    means, deviations = np.empty_like(values), np.empty_like(values)
    rolling_moments(values, window, 1, means, deviations)
    return means, deviations


_STATISTICS: dict[Statistic, Callable[[Values, int], Values]] = {
    "mean": _mean,
    "deviation": _deviation,
    "z_score": _z_score,
    "rank": _rank,
    "change": _change,
}

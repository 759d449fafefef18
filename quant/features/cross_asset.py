"""One instrument against another: beta, correlation, and the spread between the two.

No entry of the catalogue: a feature sees the prices of its own instrument only. For notebooks, and for what joins two.
"""

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec
from quant.features.arrays import Values, as_values, check_at_least
from quant.features.momentum import rate_of_change
from quant.features.windows import rolling_moments
from quant.frames import Prices


def rolling_beta(prices: Prices, reference: Prices, window: int) -> pd.Series:
    """Return how much of a move of the reference the instrument makes too.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    reference : DataFrame of shape (n_reference_bars, 8)
        Adjusted price frame of the other, of the same interval.
    window : int
        Returns to look back, at least 2.

    Returns
    -------
    Series of shape (n_bars,)
        Covariance of the simple returns over the variance of those of the reference. NaN at the first `window` bars,
        wherever the window lacks a bar of either, and where the reference does not move.

    Raises
    ------
    InvalidSpec
        If `window` is less than 2, or no bar of the two has one timestamp.

    Notes
    -----
    Timing: the value at `t` uses bars of both up to `t`, and is known when both have closed.

    Bars are joined by their timestamps, and nothing is filled forward: a bar that the reference lacks leaves the return
    to it and the one from it unknown. Returns are plain, not in excess of a rate without risk.

    References
    ----------
    Sharpe 1964, Journal of Finance 19(3), 425.
    """
    own, other, index = _joined_returns(prices, reference, window)
    covariance, _, spread = _joint(own, other, window)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.Series(np.where(spread > 0.0, covariance / spread**2, np.nan), index=index, name="beta")


def rolling_correlation(prices: Prices, reference: Prices, window: int) -> pd.Series:
    """Return how closely the returns of two instruments go together.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    reference : DataFrame of shape (n_reference_bars, 8)
        Adjusted price frame of the other, of the same interval.
    window : int
        Returns to look back, at least 2.

    Returns
    -------
    Series of shape (n_bars,)
        From -1 to 1. NaN at the first `window` bars, wherever the window lacks a bar of either, and where one of the
        two does not move.

    Raises
    ------
    InvalidSpec
        If `window` is less than 2, or no bar of the two has one timestamp.

    Notes
    -----
    Timing: the value at `t` uses bars of both up to `t`, and is known when both have closed. Bars are joined as in
    `rolling_beta`.

    References
    ----------
    Pearson 1895, Proceedings of the Royal Society 58, 240.
    """
    own, other, index = _joined_returns(prices, reference, window)
    covariance, own_spread, spread = _joint(own, other, window)
    both = own_spread * spread
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(both > 0.0, np.clip(covariance / both, -1.0, 1.0), np.nan)
    return pd.Series(values, index=index, name="correlation")


def rolling_spread(prices: Prices, reference: Prices, window: int) -> pd.Series:
    """Return how far the price stands from its usual ratio to the reference, in standard deviations.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    reference : DataFrame of shape (n_reference_bars, 8)
        Adjusted price frame of the other, of the same interval.
    window : int
        Bars to look back, this one included, at least 2.

    Returns
    -------
    Series of shape (n_bars,)
        Logarithm of the ratio of the closes, less its mean in the window, over its deviation there. NaN at the first
        `window - 1` bars, wherever the window lacks a bar of either, and where the ratio does not move.

    Raises
    ------
    InvalidSpec
        If `window` is less than 2, or no bar of the two has one timestamp.

    Notes
    -----
    Timing: the value at `t` uses bars of both up to `t`, and is known when both have closed. Bars are joined as in
    `rolling_beta`.

    References
    ----------
    Gatev, Goetzmann & Rouwenhorst 2006, Review of Financial Studies 19(3), 797, with a ratio in place of a difference.
    """
    other = _joined_close(prices, reference, window)
    ratio = np.log(as_values(prices["close"].to_numpy()) / other)
    means, deviations = np.empty_like(ratio), np.empty_like(ratio)
    rolling_moments(ratio, window, 1, means, deviations)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(deviations > 0.0, (ratio - means) / deviations, np.nan)
    return pd.Series(values, index=prices.index, name="spread")


def _joined_close(prices: Prices, reference: Prices, window: int) -> Values:
    """Return the closes of the reference at the bars of the instrument; NaN where it has none."""
    check_at_least(2, window=window)
    other = as_values(reference["close"].reindex(prices.index).to_numpy())
    if len(prices) > 0 and np.isnan(other).all():
        raise InvalidSpec(
            "Expected a reference with bars at the times of the instrument's; found none at the same time. Choose one "
            "of the same interval and exchange.",
            field="reference",
        )
    return other


def _joined_returns(prices: Prices, reference: Prices, window: int) -> tuple[Values, Values, pd.Index]:
    other = _joined_close(prices, reference, window)
    own = rate_of_change(as_values(prices["close"].to_numpy()))
    return own, rate_of_change(other), prices.index


def _joint(own: Values, other: Values, window: int) -> tuple[Values, Values, Values]:
    """Return the covariance of the last values and the two deviations; NaN in all where either is unknown.

    Half the sum and half the difference have variances that differ by the covariance, and nothing is carried along.
    """
    is_unknown = np.isnan(own) | np.isnan(other)
    own, other = np.where(is_unknown, np.nan, own), np.where(is_unknown, np.nan, other)
    deviations = []
    for values in (own, other, 0.5 * (own + other), 0.5 * (own - other)):
        means, deviation = np.empty_like(values), np.empty_like(values)
        rolling_moments(values, window, 1, means, deviation)
        deviations.append(deviation)
    own_spread, spread, of_sum, of_difference = deviations
    return of_sum**2 - of_difference**2, own_spread, spread

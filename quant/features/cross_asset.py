"""One instrument against another: beta, correlation, spread and ratio of the two.

The other's closes stand beside the prices of the one, and are unknown at bars that the other lacks: see
`quant.features.compute.beside`. Such bars are left out of a window, as long as four fifths of it remain; nothing is
filled in for them, which would be a return of zero that nobody had.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.features.arrays import COUNT, INPUT, OUTPUT, Values, as_aligned_values, check_at_least, kernel
from quant.features.catalog import Beta, Correlation, PriceRatio, Spread
from quant.features.catalog.cross_asset import CrossAssetEntry, closes_of
from quant.features.columns import column_values, feature
from quant.features.momentum import rate_of_change
from quant.features.windows import rolling_mean, rolling_moments
from quant.frames import Prices


def rolling_beta(values: ArrayLike, others: ArrayLike, window: int) -> Values:
    """Return how much of a move of another instrument one makes too.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        Prices of the one, or NaN (unknown).
    others : array-like of shape (n_bars,)
        Prices of the other at the same bars, or NaN (unknown).
    window : int
        Returns to look back, at least 2.

    Returns
    -------
    ndarray of shape (n_bars,)
        Covariance of the simple returns over the variance of those of the other, by the returns that both have; 0
        where the other does not move. NaN at the first `window` bars, where a price of the one in the window is
        unknown, where the other's is at the bar itself, and where both have less than four fifths of the returns.

    Raises
    ------
    InvalidSpec
        If `window` is less than 2, or if the series differ in length or are not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses prices of both up to `t` and is known when both are.

    Returns are plain, not in excess of a rate without risk.

    References
    ----------
    Sharpe 1964, Journal of Finance 19(3), 425.

    Examples
    --------
    >>> rolling_beta([1.0, 1.2, 1.2, 1.5], [1.0, 1.1, 1.1, 1.2375], window=2).round(9)
    array([nan, nan,  2.,  2.])
    """
    covariance, _, spread = _joint(values, others, window)
    return _over(covariance, spread * spread)


def rolling_correlation(values: ArrayLike, others: ArrayLike, window: int) -> Values:
    """Return how closely the returns of two instruments go together.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        Prices of the one, or NaN (unknown).
    others : array-like of shape (n_bars,)
        Prices of the other at the same bars, or NaN (unknown).
    window : int
        Returns to look back, at least 2.

    Returns
    -------
    ndarray of shape (n_bars,)
        From -1 to 1; 0 where one of the two does not move. NaN as in `rolling_beta`.

    Raises
    ------
    InvalidSpec
        If `window` is less than 2, or if the series differ in length or are not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses prices of both up to `t` and is known when both are.

    References
    ----------
    Pearson 1895, Proceedings of the Royal Society 58, 240.

    Examples
    --------
    >>> rolling_correlation([1.0, 1.2, 1.2, 1.5], [1.0, 1.1, 1.1, 1.2375], window=2).round(9)
    array([nan, nan,  1.,  1.])
    """
    covariance, own_spread, spread = _joint(values, others, window)
    return np.clip(_over(covariance, own_spread * spread), -1.0, 1.0)


def rolling_spread(values: ArrayLike, others: ArrayLike, window: int) -> Values:
    """Return how far a price stands from its usual ratio to another, in standard deviations.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        Prices of the one, or NaN (unknown).
    others : array-like of shape (n_bars,)
        Prices of the other at the same bars, or NaN (unknown).
    window : int
        Bars to look back, this one included, at least 2.

    Returns
    -------
    ndarray of shape (n_bars,)
        Ratio of the prices, less its mean in the window, over its sample deviation there; 0 where the ratio does not
        move. NaN at the first `window - 1` bars, where the window holds an unknown price of the one, where the other's
        is unknown at the bar itself, and where it is at more than a fifth of the window.

    Raises
    ------
    InvalidSpec
        If `window` is less than 2, or if the series differ in length or are not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses prices of both up to `t` and is known when both are.

    References
    ----------
    Gatev, Goetzmann & Rouwenhorst 2006, Review of Financial Studies 19(3), 797, with a ratio in place of a difference.

    Examples
    --------
    >>> rolling_spread([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], window=3)
    array([nan, nan,  1.])
    """
    check_at_least(2, window=window)
    own, ratio = _ratio(values, others)
    means, deviations = _moments(ratio, window)
    means[_holds_unknown(own, window)] = np.nan
    # Of two prices that keep their ratio it varies by roundings, which are no movement.
    return _over(ratio - means, np.where(deviations > _ROUNDING * means, deviations, 0.0 * deviations))


def relative_ratio(values: ArrayLike, others: ArrayLike, window: int) -> Values:
    """Return the ratio of two prices against its mean.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        Prices of the one, or NaN (unknown).
    others : array-like of shape (n_bars,)
        Prices of the other at the same bars, or NaN (unknown).
    window : int
        Bars of the mean, this one included, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        Ratio over its mean in the window, minus one. NaN as in `rolling_spread`.

    Raises
    ------
    InvalidSpec
        If `window` is less than 1, or if the series differ in length or are not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses prices of both up to `t` and is known when both are.

    References
    ----------
    Levy 1967, Journal of Finance 22(4), 595.

    Examples
    --------
    >>> relative_ratio([1.0, 3.0], [1.0, 1.0], window=2)
    array([nan, 0.5])
    """
    check_at_least(1, window=window)
    own, ratio = _ratio(values, others)
    means = np.empty_like(ratio)
    rolling_mean(ratio, window, means)
    _moments_of_known(ratio, window, _least(window), means, np.empty_like(ratio))
    means[_holds_unknown(own, window)] = np.nan
    return ratio / means - 1.0


_ROUNDING = 1e-12


@kernel(INPUT, COUNT, COUNT, OUTPUT, OUTPUT)
def _moments_of_known(values: Values, window: int, least: int, means: Values, deviations: Values) -> None:
    """Write mean and sample deviation of windows that lack some values but have at least `least`; leave the others.

    By Welford's rule: each window is gone through anew, and the deviation of equal values is exactly zero.
    """
    n_known = 0
    for end in range(values.size):
        n_known += not np.isnan(values[end])
        if end >= window:
            n_known -= not np.isnan(values[end - window])
        if end >= window - 1 and least <= n_known < window:
            count, mean, squares = 0, 0.0, 0.0
            for place in range(end - window + 1, end + 1):
                if not np.isnan(values[place]):
                    count += 1
                    distance = values[place] - mean
                    mean += distance / count
                    squares += distance * (values[place] - mean)
            means[end] = mean
            deviations[end] = np.sqrt(squares / (count - 1))


def _least(window: int) -> int:
    """Return how many values of a window must be known: four fifths."""
    return -(-4 * window // 5)


def _moments(values: Values, window: int) -> tuple[Values, Values]:
    """Return mean and sample deviation of the known of the last values."""
    means, deviations = np.empty_like(values), np.empty_like(values)
    rolling_moments(values, window, 1, means, deviations)
    _moments_of_known(values, window, _least(window), means, deviations)
    return means, deviations


def _holds_unknown(values: Values, window: int) -> NDArray[np.bool_]:
    """Return where one of the last values is unknown, or where there are too few."""
    means = np.empty_like(values)
    rolling_mean(values, window, means)
    return np.isnan(means)


def _ratio(values: ArrayLike, others: ArrayLike) -> tuple[Values, Values]:
    own, other = as_aligned_values(values=values, others=others)
    return own, own / other


def _over(values: Values, wholes: Values) -> Values:
    """Return quotients; 0 where nothing moves, NaN where either is unknown."""
    quotients = np.where(np.isnan(values) | np.isnan(wholes), np.nan, 0.0)
    np.divide(values, wholes, out=quotients, where=wholes > 0.0)
    return quotients


def _joint(values: ArrayLike, others: ArrayLike, window: int) -> tuple[Values, Values, Values]:
    """Return the covariance of the last returns that both have, NaN where that is unknown, and the two deviations.

    Half the sum and half the difference have variances that differ by the covariance, and nothing is carried along.
    """
    check_at_least(2, window=window)
    prices = as_aligned_values(values=values, others=others)
    returns = [rate_of_change(each) for each in prices]
    is_unknown = np.isnan(returns[0]) | np.isnan(returns[1])
    own, other = (np.where(is_unknown, np.nan, each) for each in returns)
    own_spread, spread, of_sum, of_difference = (
        _moments(series, window)[1] for series in (own, other, 0.5 * (own + other), 0.5 * (own - other))
    )
    covariance = of_sum**2 - of_difference**2
    covariance[np.isnan(prices[1]) | _holds_unknown(returns[0], window)] = np.nan
    return covariance, own_spread, spread


@feature(Beta)
def beta_feature(prices: Prices, *, against: str, window: int) -> Values:
    """Return the beta of the close on that of another instrument.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 9)
        Adjusted price frame of one instrument, as defined in `quant.frames`, with the closes of the other beside it.
    against : str
        Symbol of the other; empty: the first of the question.
    window : int
        Returns to look back, within the bounds of `quant.features.catalog.Beta`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The slope, see `rolling_beta`. NaN at the first `window` bars and where the other has no close.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes of both up to `t`; the open of `t + 1` is the first at which one could act on
    it.
    """
    entry = Beta(against=against, window=window)
    return rolling_beta(*_closes(prices, entry), window)


@feature(Correlation)
def correlation_feature(prices: Prices, *, against: str, window: int) -> Values:
    """Return the correlation of the returns with those of another instrument.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 9)
        Adjusted price frame of one instrument, as defined in `quant.frames`, with the closes of the other beside it.
    against : str
        Symbol of the other; empty: the first of the question.
    window : int
        Returns to look back, within the bounds of `quant.features.catalog.Correlation`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        See `rolling_correlation`. NaN at the first `window` bars and where the other has no close.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes of both up to `t`; the open of `t + 1` is the first at which one could act on
    it.
    """
    entry = Correlation(against=against, window=window)
    return rolling_correlation(*_closes(prices, entry), window)


@feature(Spread)
def spread_feature(prices: Prices, *, against: str, window: int) -> Values:
    """Return how far the close stands from its usual ratio to that of another instrument.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 9)
        Adjusted price frame of one instrument, as defined in `quant.frames`, with the closes of the other beside it.
    against : str
        Symbol of the other; empty: the first of the question.
    window : int
        Bars of the usual ratio, within the bounds of `quant.features.catalog.Spread`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Standard deviations, see `rolling_spread`. NaN at the first `window - 1` bars and where the other has no close.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes of both up to `t`; the open of `t + 1` is the first at which one could act on
    it.
    """
    entry = Spread(against=against, window=window)
    return rolling_spread(*_closes(prices, entry), window)


@feature(PriceRatio)
def ratio_feature(prices: Prices, *, against: str, window: int) -> Values:
    """Return the ratio of the close to that of another instrument, against its mean.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 9)
        Adjusted price frame of one instrument, as defined in `quant.frames`, with the closes of the other beside it.
    against : str
        Symbol of the other; empty: the first of the question.
    window : int
        Bars of the mean, within the bounds of `quant.features.catalog.PriceRatio`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        A fraction, see `relative_ratio`. NaN at the first `window - 1` bars and where the other has no close.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes of both up to `t`; the open of `t + 1` is the first at which one could act on
    it.
    """
    entry = PriceRatio(against=against, window=window)
    return relative_ratio(*_closes(prices, entry), window)


def _closes(prices: Prices, entry: CrossAssetEntry) -> tuple[Values, Values]:
    return column_values(prices, "close"), column_values(prices, closes_of(entry.against))

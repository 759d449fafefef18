"""Volatility that is seen inside bars, from their highs and lows; and the average that forgets.

All are standard deviations per bar, not annualised. A bar tells more by its range than by its close: per bar, the
variance of an estimate by ranges is a fifth of that by closes (Parkinson) or less.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from quant.features.arrays import Values, as_aligned_values, as_values, check_at_least
from quant.features.catalog.volatility import EwmaVolatility, GarmanKlass, Parkinson, RogersSatchell, YangZhang
from quant.features.columns import column_values, columns_values, feature
from quant.features.recursions import exponential_average
from quant.features.windows import rolling_mean, rolling_moments
from quant.frames import Prices


def parkinson_volatility(high: ArrayLike, low: ArrayLike, window: int = 20) -> Values:
    """Return the standard deviation per bar that the ranges of the last bars tell.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    window : int, default=20
        Bars to look back, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        Per bar. NaN at the first `window - 1` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    `sqrt(mean(ln(high / low)^2) / (4 ln 2))`. It is too small by what happens between bars, and by what is missed
    between trades; drift makes it too large.

    References
    ----------
    Parkinson, The extreme value method for estimating the variance of the rate of return, Journal of Business 53(1),
    1980, p. 61.

    Examples
    --------
    >>> parkinson_volatility([2.0, 2.0], [1.0, 2.0], window=2).round(4)
    array([   nan, 0.2944])
    """
    check_at_least(1, window=window)
    highs, lows = as_aligned_values(high=high, low=low)
    reach = _log_ratio(highs, lows)
    return _root_mean(reach * reach / (4.0 * math.log(2.0)), window)


def garman_klass_volatility(
    open_: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 20
) -> Values:
    """Return the standard deviation per bar that range and move inside the last bars tell.

    Parameters
    ----------
    open_ : array-like of shape (n_bars,)
        First price of each bar, or NaN (unknown).
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    window : int, default=20
        Bars to look back, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        Per bar. NaN at the first `window - 1` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    `sqrt(mean(ln(high / low)^2 / 2 - (2 ln 2 - 1) ln(close / open)^2))`. Gaps are not seen.

    References
    ----------
    Garman and Klass, On the estimation of security price volatilities from historical data, Journal of Business 53(1),
    1980, p. 67: the practical estimator.

    Examples
    --------
    >>> garman_klass_volatility([1.0], [2.0], [1.0], [2.0], window=1).round(4)
    array([0.2337])
    """
    check_at_least(1, window=window)
    opens, highs, lows, closes = as_aligned_values(open=open_, high=high, low=low, close=close)
    reach, move = _log_ratio(highs, lows), _log_ratio(closes, opens)
    return _root_mean(0.5 * reach * reach - (2.0 * math.log(2.0) - 1.0) * move * move, window)


def rogers_satchell_volatility(
    open_: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 20
) -> Values:
    """Return the standard deviation per bar that the last bars tell from inside, whatever the drift.

    Parameters
    ----------
    open_ : array-like of shape (n_bars,)
        First price of each bar, or NaN (unknown).
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    window : int, default=20
        Bars to look back, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        Per bar. NaN at the first `window - 1` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    `sqrt(mean(ln(high / close) ln(high / open) + ln(low / close) ln(low / open)))`. A bar that only rises or only falls
    counts nothing: all of it may be drift. Gaps are not seen.

    References
    ----------
    Rogers and Satchell, Estimating variance from high, low and closing prices, Annals of Applied Probability 1(4),
    1991, p. 504.

    Examples
    --------
    >>> rogers_satchell_volatility([1.0], [2.0], [1.0], [1.0], window=1).round(4)
    array([0.6931])
    """
    check_at_least(1, window=window)
    return _root_mean(_rogers_satchell(*as_aligned_values(open=open_, high=high, low=low, close=close)), window)


def yang_zhang_volatility(
    open_: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 20
) -> Values:
    """Return the standard deviation per bar of gaps, moves inside and ranges together, whatever the drift.

    Parameters
    ----------
    open_ : array-like of shape (n_bars,)
        First price of each bar, or NaN (unknown).
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    window : int, default=20
        Bars to look back, at least 2.

    Returns
    -------
    ndarray of shape (n_bars,)
        Per bar. NaN at the first `window` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Variance of the gaps, plus `k` times that of the moves from open to close, plus `1 - k` times the mean of Rogers and
    Satchell; `k = 0.34 / (1.34 + (window + 1) / (window - 1))`. Both variances are those of a sample, about its mean.

    References
    ----------
    Yang and Zhang, Drift-independent volatility estimation based on high, low, open, and close prices, Journal of
    Business 73(3), 2000, p. 477, equations 7 and 10.

    Examples
    --------
    >>> yang_zhang_volatility([1.0, 1.0, 2.0], [1.0, 1.0, 2.0], [1.0, 1.0, 2.0], [1.0, 1.0, 2.0], window=2).round(4)
    array([   nan,    nan, 0.4901])
    """
    check_at_least(2, window=window)
    opens, highs, lows, closes = as_aligned_values(open=open_, high=high, low=low, close=close)
    gaps = np.full_like(closes, np.nan)
    gaps[1:] = _log_ratio(opens[1:], closes[:-1])
    inside = np.empty_like(closes)
    rolling_mean(_rogers_satchell(opens, highs, lows, closes), window, inside)
    weight = 0.34 / (1.34 + (window + 1.0) / (window - 1.0))
    variances = [np.square(_deviation(series, window)) for series in (gaps, _log_ratio(closes, opens))]
    with np.errstate(invalid="ignore"):
        return np.sqrt(variances[0] + weight * variances[1] + (1.0 - weight) * inside)


def ewma_deviation(values: ArrayLike, decay: float = 0.94, seed_bars: int = 20) -> Values:
    """Return the root of the average of squared log returns in which a return's weight falls by one factor a bar.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, usually the close; finite or NaN (unknown).
    decay : float, default=0.94
        Weight of a return beside that of the next, between 0 and 1.
    seed_bars : int, default=20
        Returns whose mean square begins the average, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        Per bar. NaN at the first `seed_bars` bars and at unknown ones, after which the average begins anew.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Returns are taken about zero, not about their mean. The value at `t` includes the return of `t`: it is the forecast
    for `t + 1`.

    References
    ----------
    J.P. Morgan and Reuters, RiskMetrics Technical Document, 4th edition, 1996, section 5.2.

    Examples
    --------
    >>> ewma_deviation([1.0, 2.0, 2.0], decay=0.5, seed_bars=1).round(4)
    array([   nan, 0.6931, 0.4901])
    """
    check_at_least(1, seed_bars=seed_bars)
    check_at_least(0, decay=decay, one_minus_decay=1.0 - decay)
    array = as_values(values)
    squares = np.full_like(array, np.nan)
    squares[1:] = np.square(_log_ratio(array[1:], array[:-1]))
    exponential_average(squares, seed_bars, 1.0 - decay, squares)
    return np.sqrt(squares)


def _log_ratio(values: Values, others: Values) -> Values:
    """Return the logarithms of ratios, which scale leaves alone to the last bit; NaN of what is no price."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values / others)


def _rogers_satchell(opens: Values, highs: Values, lows: Values, closes: Values) -> Values:
    top = _log_ratio(highs, closes) * _log_ratio(highs, opens)
    return top + _log_ratio(lows, closes) * _log_ratio(lows, opens)


def _root_mean(variances: Values, window: int) -> Values:
    means = np.empty_like(variances)
    rolling_mean(variances, window, means)
    with np.errstate(invalid="ignore"):  # of bars that contradict themselves
        return np.sqrt(means)


def _deviation(values: Values, window: int) -> Values:
    means, deviations = np.empty_like(values), np.empty_like(values)
    rolling_moments(values, window, 1, means, deviations)
    return deviations


@feature(Parkinson)
def parkinson(prices: Prices, *, window: int) -> Values:
    """Return Parkinson's volatility of the last bars.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars to look back. Bounds: those of `quant.features.catalog`'s `Parkinson`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Standard deviation per bar, a fraction, not annualised. NaN at the first `window - 1` bars and while the window
        holds an unknown price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low = columns_values(prices, "high", "low")
    return parkinson_volatility(high, low, window=window)


@feature(GarmanKlass)
def garman_klass(prices: Prices, *, window: int) -> Values:
    """Return Garman and Klass' volatility of the last bars.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars to look back. Bounds: those of `quant.features.catalog`'s `GarmanKlass`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Standard deviation per bar, a fraction, not annualised. NaN at the first `window - 1` bars and while the window
        holds an unknown price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    open_, high, low, close = columns_values(prices, "open", "high", "low", "close")
    return garman_klass_volatility(open_, high, low, close, window=window)


@feature(RogersSatchell)
def rogers_satchell(prices: Prices, *, window: int) -> Values:
    """Return Rogers and Satchell's volatility of the last bars.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars to look back. Bounds: those of `quant.features.catalog`'s `RogersSatchell`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Standard deviation per bar, a fraction, not annualised. NaN at the first `window - 1` bars and while the window
        holds an unknown price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    open_, high, low, close = columns_values(prices, "open", "high", "low", "close")
    return rogers_satchell_volatility(open_, high, low, close, window=window)


@feature(YangZhang)
def yang_zhang(prices: Prices, *, window: int) -> Values:
    """Return Yang and Zhang's volatility of the last bars.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars to look back. Bounds: those of `quant.features.catalog`'s `YangZhang`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Standard deviation per bar, a fraction, not annualised. NaN at the first `window` bars and while the window
        holds an unknown price.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    open_, high, low, close = columns_values(prices, "open", "high", "low", "close")
    return yang_zhang_volatility(open_, high, low, close, window=window)


@feature(EwmaVolatility)
def ewma_volatility(prices: Prices, *, decay: float, seed_bars: int) -> Values:
    """Return the exponentially weighted volatility of log returns of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    decay : float
        Weight of a return beside that of the next. Bounds: those of `quant.features.catalog`'s `EwmaVolatility`.
    seed_bars : int
        Returns whose mean square begins the average.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Standard deviation per bar, not annualised. NaN at the first `seed_bars` bars; after an unknown close the
        average begins anew.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return ewma_deviation(column_values(prices, "close"), decay, seed_bars)

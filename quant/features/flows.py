"""Flows: which way the price went when much was traded."""

import numpy as np
from numpy.typing import ArrayLike

from quant.features.arrays import (
    COUNT,
    INPUT,
    OUTPUT,
    Values,
    as_aligned_values,
    as_values,
    check_at_least,
    kernel,
    quotient,
)
from quant.features.catalog.volume import (
    AccumulationDistribution,
    AmihudIlliquidity,
    ChaikinMoneyFlow,
    OnBalanceVolume,
    VwapDistance,
)
from quant.features.columns import columns_values, feature
from quant.features.momentum import rate_of_change
from quant.features.oscillators import typical_price
from quant.features.volume import log_ratio
from quant.features.windows import rolling_mean
from quant.frames import Prices


def on_balance_volume(close: ArrayLike, volume: ArrayLike) -> Values:
    """Return all volume of bars that rose minus that of bars that fell.

    Parameters
    ----------
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    volume : array-like of shape (n_bars,)
        What was traded in each bar, not negative, or NaN (unknown).

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of volume, from that of the first bar on. Once a close or a volume is unknown, so is all that
        follows.

    Raises
    ------
    InvalidSpec
        If the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Its level says nothing, for it depends on where the series begins; its changes do.

    References
    ----------
    Granville, New Key to Stock Market Profits, 1963. Equal to TA-Lib's OBV.

    Examples
    --------
    >>> on_balance_volume([1.0, 2.0, 1.0], [5.0, 3.0, 4.0])
    array([5., 8., 4.])
    """
    closes, volumes = as_aligned_values(close=close, volume=volume)
    signed = volumes * np.sign(np.diff(closes, prepend=closes[:1]))
    signed[:1] = volumes[:1]
    return np.cumsum(signed)


def accumulation_distribution(high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike) -> Values:
    """Return the sum of all volume, each bar's times where its close is in its range.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    volume : array-like of shape (n_bars,)
        What was traded in each bar, not negative, or NaN (unknown).

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of volume. Once a price or a volume is unknown, so is all that follows.

    Raises
    ------
    InvalidSpec
        If the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    A bar counts fully if it closes at its high, fully against if at its low, and nothing in the middle or without a
    range.

    References
    ----------
    Chaikin, after Williams. Equal to TA-Lib's AD.

    Examples
    --------
    >>> accumulation_distribution([2.0, 3.0], [1.0, 1.0], [2.0, 1.5], [5.0, 4.0])
    array([5., 3.])
    """
    return np.cumsum(_money_flow(*as_aligned_values(high=high, low=low, close=close, volume=volume)))


def chaikin_money_flow(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, window: int = 20
) -> Values:
    """Return how the accumulation/distribution line changed over the last bars, over all volume in them.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    volume : array-like of shape (n_bars,)
        What was traded in each bar, not negative, or NaN (unknown).
    window : int, default=20
        Bars to look back, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        From -1 to 1. NaN at the first `window - 1` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    0 where nothing was traded.

    References
    ----------
    Chaikin; made of what equals TA-Lib's AD, which has no money flow of its own.

    Examples
    --------
    >>> chaikin_money_flow([2.0, 3.0], [1.0, 1.0], [2.0, 1.5], [5.0, 4.0], window=2).round(3)
    array([  nan, 0.333])
    """
    check_at_least(1, window=window)
    highs, lows, closes, volumes = as_aligned_values(high=high, low=low, close=close, volume=volume)
    return _ratio_of_means(_money_flow(highs, lows, closes, volumes), volumes, window)


def rolling_vwap(high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, window: int = 20) -> Values:
    """Return the average typical price of the last bars, weighted by volume.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    volume : array-like of shape (n_bars,)
        What was traded in each bar, not negative, or NaN (unknown).
    window : int, default=20
        Bars to look back, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of the price. NaN at the first `window - 1` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Where nothing was traded in any bar of the window, all weigh the same.

    References
    ----------
    Berkowitz, Logue and Noser, The total cost of transactions on the NYSE, Journal of Finance 43(1), 1988, over a
    window that moves instead of one day.

    Examples
    --------
    >>> rolling_vwap([1.0, 4.0], [1.0, 4.0], [1.0, 4.0], [2.0, 1.0], window=2)
    array([nan,  2.])
    """
    check_at_least(1, window=window)
    highs, lows, closes, volumes = as_aligned_values(high=high, low=low, close=close, volume=volume)
    typical = typical_price(highs, lows, closes)
    plain = np.empty_like(typical)
    rolling_mean(typical, window, plain)
    weighted, weights = np.empty_like(typical), np.empty_like(typical)
    rolling_mean(typical * volumes, window, weighted)
    rolling_mean(volumes, window, weights)
    return np.where(weights == 0.0, plain, quotient(weighted, weights, np.nan))


def amihud_illiquidity(close: ArrayLike, volume: ArrayLike, window: int = 20) -> Values:
    """Return how far the price moves per unit of money traded, on average over the last bars.

    Parameters
    ----------
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    volume : array-like of shape (n_bars,)
        What was traded in each bar, not negative, or NaN (unknown).
    window : int, default=20
        Returns to look back, at least 1.

    Returns
    -------
    ndarray of shape (n_bars,)
        A fraction per unit of money. NaN at the first `window` bars, while the window holds a NaN, and where nothing
        was traded in all of it.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if the series differ in length, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Bars in which nothing was traded are left out, as in the source.

    References
    ----------
    Amihud, Illiquidity and stock returns, Journal of Financial Markets 5(1), 2002, p. 34, equation 1.

    Examples
    --------
    >>> amihud_illiquidity([1.0, 2.0, 1.0], [5.0, 5.0, 1.0], window=2)
    array([nan, nan, 0.3])
    """
    check_at_least(1, window=window)
    closes, volumes = as_aligned_values(close=close, volume=volume)
    moves, traded = _moves_per_money(closes, volumes)
    return _ratio_of_means(moves, traded, window, otherwise=np.nan)


def _money_flow(highs: Values, lows: Values, closes: Values, volumes: Values) -> Values:
    """Return volume times where the close is in its bar, from -1 at the low to 1 at the high."""
    return quotient((closes - lows) - (highs - closes), highs - lows, 0.0) * volumes


def _moves_per_money(closes: Values, volumes: Values) -> tuple[Values, Values]:
    """Return sizes of returns over money traded, zero where nothing was; and 1 where something was traded, else 0."""
    moves = quotient(np.abs(rate_of_change(closes)), closes * volumes, 0.0)
    return moves, np.where(np.isnan(moves), np.nan, (volumes > 0.0).astype(np.float64))


def _ratio_of_means(values: Values, others: Values, window: int, otherwise: float = 0.0) -> Values:
    means, other_means = np.empty_like(values), np.empty_like(values)
    rolling_mean(values, window, means)
    rolling_mean(others, window, other_means)
    return quotient(means, other_means, otherwise)


@feature(OnBalanceVolume)
def obv(prices: Prices, *, window: int) -> Values:
    """Return the change of on-balance volume over all volume of the last bars.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Changes to look back. Bounds: those of `quant.features.catalog`'s `OnBalanceVolume`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        From -1 (all bars fell) to 1 (all rose). NaN at the first `window` bars and while the window holds an unknown
        close or volume.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.

    0 where nothing was traded.
    """
    close, volume = columns_values(prices, "close", "volume")
    signed = volume * np.sign(np.diff(close, prepend=np.nan))
    return _ratio_of_means(signed, volume, window)


@kernel(INPUT, COUNT, OUTPUT)
def _place_on_line(flows: Values, window: int, places: Values) -> None:
    """Write how many deviations the sum of flows is above its mean of the last `window` bars; 0 where it never moves.

    The sum begins anew at the first bar of each window: where the line stood then changes nothing, and no rounding of
    what came before is left in it.
    """
    places[: window - 1] = np.nan
    for end in range(window - 1, flows.size):
        begin = end - window + 1
        total = flows[begin] * 0.0  # NaN if it is unknown
        mean = total
        for i in range(begin + 1, end + 1):
            total += flows[i]
            mean += total
        mean /= window
        total = flows[begin] * 0.0
        squares = mean * mean
        for i in range(begin + 1, end + 1):
            total += flows[i]
            squares += (total - mean) * (total - mean)
        places[end] = 0.0 if squares == 0.0 else (total - mean) / np.sqrt(squares / window)


@feature(AccumulationDistribution)
def accumulation_line(prices: Prices, *, window: int) -> Values:
    """Return where the accumulation/distribution line stands among its own last values.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of the mean. Bounds: those of `quant.features.catalog`'s `AccumulationDistribution`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Line less its mean, in deviations of a population; 0 where it did not move. NaN at the first `window - 1` bars
        and while the window holds an unknown price or volume.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.

    References
    ----------
    Chaikin, after Williams; the line is `accumulation_distribution`, which equals TA-Lib's AD.
    """
    high, low, close, volume = columns_values(prices, "high", "low", "close", "volume")
    flows = as_values(_money_flow(high, low, close, volume))
    places = np.empty_like(flows)
    _place_on_line(flows, window, places)
    return places


@feature(ChaikinMoneyFlow)
def cmf(prices: Prices, *, window: int) -> Values:
    """Return Chaikin money flow: the change of the accumulation/distribution line over volume.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars to look back. Bounds: those of `quant.features.catalog`'s `ChaikinMoneyFlow`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        From -1 to 1. NaN at the first `window - 1` bars and while the window holds an unknown price or volume.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low, close, volume = columns_values(prices, "high", "low", "close", "volume")
    return chaikin_money_flow(high, low, close, volume, window=window)


@feature(VwapDistance)
def vwap_distance(prices: Prices, *, window: int) -> Values:
    """Return how far the close is from the volume-weighted average price.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars to look back. Bounds: those of `quant.features.catalog`'s `VwapDistance`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        Close over average, minus one: a fraction. NaN at the first `window - 1` bars and while the window holds an
        unknown price or volume.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    high, low, close, volume = columns_values(prices, "high", "low", "close", "volume")
    return close / rolling_vwap(high, low, close, volume, window) - 1.0


@feature(AmihudIlliquidity)
def amihud(prices: Prices, *, window: int, baseline: int) -> Values:
    """Return Amihud's illiquidity against its own mean of many bars, on a logarithmic scale.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Returns of the newest mean. Bounds: those of `quant.features.catalog`'s `AmihudIlliquidity`.
    baseline : int
        Returns of the usual mean.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        `log((1 + illiquidity / usual) / 2)`, as relative volume has it: 0 is usual, 0.41 twice as hard to trade, -0.69
        nothing moved. NaN at the first `baseline` bars and while that window holds an unknown close or volume.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.

    Where nothing was traded lately, it is taken for usual; where nothing ever moved, the value is 0. The plain figure
    falls with everything that is traded more, year after year, and differs a millionfold between instruments.
    """
    moves, traded = _moves_per_money(*columns_values(prices, "close", "volume"))
    newest, usual = (_ratio_of_means(moves, traded, length, otherwise=0.0) for length in (window, baseline))
    counts = np.empty_like(traded)
    rolling_mean(traded, window, counts)
    newest = np.where(counts == 0.0, usual, newest)
    values = np.empty_like(newest)
    log_ratio(newest, usual, values)
    return values

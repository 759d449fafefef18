"""Regression: the straight line of least squares through the last values."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.features.arrays import Values, as_values, check_at_least, quotient
from quant.features.catalog.trend import RegressionSlope
from quant.features.columns import column_values, feature
from quant.features.windows import rolling_dot, rolling_moments
from quant.frames import Prices


class FittedLine(NamedTuple):
    """The outputs of `linear_regression`: slope in the unit of the values per bar, and the share of variance."""

    slope: Values
    r_squared: Values


def linear_regression(values: ArrayLike, window: int = 20) -> FittedLine:
    """Return slope and share explained of the straight line of best fit through the last values.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, usually the close; finite or NaN (unknown).
    window : int, default=20
        Values that the line is fitted to, at least 2.

    Returns
    -------
    FittedLine
        `slope` per bar in the unit of the values, and `r_squared` from 0 to 1, each of shape (n_bars,). NaN at the
        first `window - 1` bars and while the window holds a NaN.

    Raises
    ------
    InvalidSpec
        If a parameter is too small, or if a series is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses bars up to `t` and is known at the close of `t`.

    Where all values of the window are equal there is nothing to explain: the share is 0.

    References
    ----------
    Ordinary least squares on the place of each bar. The slope equals TA-Lib's LINEARREG_SLOPE.

    Examples
    --------
    >>> linear_regression([1.0, 2.0, 3.0, 3.0], window=3).slope
    array([nan, nan, 1. , 0.5])
    """
    check_at_least(2, window=window)
    array = as_values(values)
    places = np.arange(window) - 0.5 * (window - 1)
    slopes, means, deviations = np.empty_like(array), np.empty_like(array), np.empty_like(array)
    rolling_dot(array, places / np.sum(places * places), slopes)
    rolling_moments(array, window, 0, means, deviations)
    explained = slopes * np.sqrt(np.mean(places * places))
    shares = np.minimum(quotient(explained * explained, deviations * deviations, 0.0), 1.0)
    return FittedLine(slopes, shares)


@feature(RegressionSlope)
def regression_slope(prices: Prices, *, window: int) -> tuple[Values, ...]:
    """Return slope and share explained of the line of best fit through the last closes.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Closes that the line is fitted to. Bounds: those of `quant.features.catalog`'s `RegressionSlope`.

    Returns
    -------
    DataFrame of shape (n_bars, 2)
        Slope per bar over the close, a fraction; and share of the closes' variance that the line explains, from 0 to 1.
        NaN at the first `window - 1` bars and while the window holds an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    close = column_values(prices, "close")
    line = linear_regression(close, window)
    return line.slope / close, line.r_squared

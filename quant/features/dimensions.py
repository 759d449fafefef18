"""Fractal dimensions: how much of the plane the curve of the price fills."""

import math

import numpy as np
from numba import types
from numpy.typing import ArrayLike, NDArray

from quant.features.arrays import COUNT, INPUT, OUTPUT, Values, as_values, check_at_least, kernel
from quant.features.catalog import BoxDimension, HiguchiDimension, KatzDimension
from quant.features.columns import column_values, feature
from quant.features.extremes import rolling_maximum, rolling_minimum
from quant.features.runs import over_runs
from quant.frames import Prices

# The dimension of a line; also what a window says in which nothing moves.
LINE = 1.0

_TABLE = types.Array(types.float64, 2, "C")
_CHUNK = 4096  # windows whose paths are added up together
_ONE = np.uint64(1)  # numba makes fractions of numbers of two kinds
_FEWEST_IN_A_BOX = 4  # steps of the curve in the narrowest column of boxes


def rolling_higuchi(values: ArrayLike, window: int, k_max: int = 10) -> Values:
    """Return Higuchi's fractal dimension of the curve of the last values.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as the close; finite or NaN (unknown).
    window : int
        Values of the curve, at least `2 * k_max + 1`.
    k_max : int, default=10
        Most bars of a step, at least 2.

    Returns
    -------
    ndarray of shape (n_bars,)
        The dimension: 1 for a smooth curve, about 1.5 for a random walk, 2 for noise. NaN before the window is full and
        while it holds an unknown value. 1 if the curve has no length.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses values `t - window + 1` to `t` and is known when `values[t]` is.

    The length of a window at a step of `k` bars is a difference of two sums along every `k`-th value, which are carried
    along from where the known values begin. So a value costs the square of `k_max`, whatever the window; its last bits
    depend on where the history begins.

    References
    ----------
    Higuchi 1988, Physica D 31(2), 277. Equal to antropy's `higuchi_fd`.
    """
    check_at_least(2, k_max=k_max)
    check_at_least(2 * k_max + 1, window=window)

    def compute(run: Values, dimensions: Values) -> None:
        # Of paths that are added up over a whole history, small windows after large ones would be left with rounding.
        length = min(run.size, _CHUNK + window - 1)
        paths = np.zeros((k_max + 1, length))
        for first in range(0, run.size - window + 1, _CHUNK):
            part = slice(first, first + length)
            _higuchi(run[part], window, paths, dimensions[part])

    return over_runs(as_values(values), window, compute)


def rolling_katz(values: ArrayLike, window: int) -> Values:
    """Return Katz's fractal dimension of the curve of the last values.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as the close; finite or NaN (unknown).
    window : int
        Values of the curve, at least 3.

    Returns
    -------
    ndarray of shape (n_bars,)
        `log(n) / (log(n) + log(d / L))` with `n` steps of the total length `L`, the farthest `d` from the first value:
        1 if it went straight, more if it went back and forth. NaN before the window is full and while it holds an
        unknown value. 1 if the curve has no length.

    Raises
    ------
    InvalidSpec
        If `window` is less than 3 or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses values `t - window + 1` to `t` and is known when `values[t]` is.

    If `d / L` is as small as one step of `n`, the curve got nowhere and the measure has no upper end: it is then, and
    beyond, infinite by its formula. A curve has at most the dimension of the plane, so it is kept at 2.

    References
    ----------
    Katz 1988, Computers in Biology and Medicine 18(3), 145, with distances along the value alone. Below 2 equal to
    antropy's `katz_fd`, which has no upper end.
    """
    check_at_least(3, window=window)
    return over_runs(as_values(values), window, lambda run, dimensions: _katz(run, window, dimensions))


def rolling_box_dimension(values: ArrayLike, window: int) -> Values:
    """Return the box-counting dimension of the curve of the last values.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as the close; finite or NaN (unknown).
    window : int
        Values of the curve, at least 17.

    Returns
    -------
    ndarray of shape (n_bars,)
        The dimension, from 1 (smooth) to 2 (rough). NaN before the window is full and while it holds an unknown value.
        1 if nothing moves.

    Raises
    ------
    InvalidSpec
        If `window` is less than 17 or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses values `t - window + 1` to `t` and is known when `values[t]` is.

    Time and value of the window are scaled to a square, which is cut into 2 x 2, 4 x 4, 8 x 8, ... boxes as long as a
    column has at least four steps of the curve. The dimension is the slope of the logarithm of the number of boxes
    through which the curve runs on that of the number of columns.

    References
    ----------
    Mandelbrot 1982, The Fractal Geometry of Nature; Liebovitch & Toth 1989, Physics Letters A 141, 386.
    """
    check_at_least(4 * _FEWEST_IN_A_BOX + 1, window=window)
    n_halvings = int(math.log2((window - 1) // _FEWEST_IN_A_BOX))
    narrow = (window - 1) // 2**n_halvings + 1  # values of a column of boxes: those at both ends belong to it

    def compute(run: Values, dimensions: Values) -> None:
        ranges = [extreme(run, n) for n in (narrow, narrow + 1) for extreme in (rolling_maximum, rolling_minimum)]
        whole = rolling_maximum(run, window), rolling_minimum(run, window)
        _box_dimension(np.stack(ranges), *whole, window, n_halvings, dimensions)

    return over_runs(as_values(values), window, compute)


@kernel(INPUT, COUNT, COUNT, OUTPUT)
def _curve_lengths(path: Values, n_bars: int, k: int, lengths: Values) -> None:
    """Write the mean length of the `k` curves of every window, from the sums along them: all windows side by side."""
    n_steps = n_bars // k  # of the first curves; those that begin later may have one less
    n_long, jump = n_bars % k + 1, n_steps * k
    shorter = np.zeros(lengths.size)
    lengths[:] = 0.0
    for first in range(n_long):
        starts, ends = path[first:], path[first + jump :]
        for i in range(lengths.size):
            lengths[i] += ends[i] - starts[i]
    for first in range(n_long, k):
        starts, ends = path[first:], path[first + jump - k :]
        for i in range(lengths.size):
            shorter[i] += ends[i] - starts[i]
    for i in range(lengths.size):
        lengths[i] /= n_steps
    for i in range(lengths.size if n_long < k else 0):
        lengths[i] += shorter[i] / (n_steps - 1)


@kernel(INPUT, COUNT, _TABLE, OUTPUT)
def _higuchi(values: Values, window: int, paths: NDArray[np.float64], dimensions: Values) -> None:
    k_max, n_windows = paths.shape[0] - 1, values.size - window + 1
    logs, lengths = np.empty(k_max + 1), np.empty((k_max + 1, n_windows))
    for k in range(1, k_max + 1):
        logs[k] = -np.log(k)
        path = paths[k]
        for i in range(k, values.size):
            path[i] = path[i - k] + abs(values[i] - values[i - k])
        _curve_lengths(path, window - 1, k, lengths[k])
    for place in range(n_windows):
        n, x_sum, y_sum, xx, xy, unit = 0, 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(1, k_max + 1):
            length = lengths[k, place]
            if unit == 0.0:
                unit = length
            if length > 0.0:
                # Against the first length: the logarithm of a ratio has no unit.
                y = np.log((length / unit) * ((window - 1.0) / (float(k) * k * k)))
                n += 1
                x_sum += logs[k]
                y_sum += y
                xx += logs[k] * logs[k]
                xy += logs[k] * y
        dimensions[window - 1 + place] = (n * xy - x_sum * y_sum) / (n * xx - x_sum * x_sum) if n > 1 else LINE


@kernel(INPUT, COUNT, OUTPUT)
def _katz(values: Values, window: int, dimensions: Values) -> None:
    log_steps = np.log(window - 1)
    for end in range(window, values.size + 1):
        begin = end - window
        first, length, farthest = values[begin], 0.0, 0.0
        for i in range(begin + 1, end):
            length += abs(values[i] - values[i - 1])
            farthest = max(farthest, abs(values[i] - first))
        if length > 0.0:
            straight = log_steps + np.log(farthest / length)
            dimensions[end - 1] = log_steps / straight if 2.0 * straight > log_steps else 2.0
        else:
            dimensions[end - 1] = LINE


@kernel(_TABLE, INPUT, INPUT, COUNT, COUNT, OUTPUT)
def _box_dimension(
    ranges: NDArray[np.float64], highest: Values, lowest: Values, window: int, n_halvings: int, dimensions: Values
) -> None:
    """Write dimensions; `ranges` has highs and lows of a narrow column that ends at each value, then of a wide one."""
    finest, n_steps = 2**n_halvings, window - 1
    tops, bottoms = np.empty(finest), np.empty(finest)
    # Of each column of boxes its last value, counted from where the window begins, and which ranges are as wide.
    lasts, kinds = np.empty(finest, dtype=np.uint64), np.empty(finest, dtype=np.uint64)
    for column in range(finest):
        first, last = column * n_steps // finest, (column + 1) * n_steps // finest
        lasts[column], kinds[column] = last, 2 * (last - first - n_steps // finest)
    logs = np.empty(finest * finest + 1)
    for n in range(1, logs.size):
        logs[n] = np.log(n)
    for end in range(window, dimensions.size + 1):
        begin = end - window
        bottom, reach = lowest[end - 1], highest[end - 1] - lowest[end - 1]
        if not reach > 0.0:
            dimensions[end - 1] = LINE
            continue
        these = ranges[:, begin:end]
        for column in range(finest):
            kind, last = kinds[column], lasts[column]
            tops[column] = these[kind, last] - bottom
            bottoms[column] = these[kind + _ONE, last] - bottom
        for column in range(finest):
            tops[column] /= reach
            bottoms[column] /= reach
        x_sum, y_sum, xx, xy = 0.0, 0.0, 0.0, 0.0
        n_columns = finest
        for _ in range(n_halvings):
            n_boxes = 0
            for column in range(n_columns):
                # A little is added so that rounding does not decide about a value on the edge of a box.
                upper = np.floor(tops[column] * n_columns + 1e-9)
                lower = np.floor(bottoms[column] * n_columns + 1e-9)
                n_boxes += int(min(upper, n_columns - 1.0) - min(lower, n_columns - 1.0)) + 1
            x, y = logs[n_columns], logs[n_boxes]
            x_sum, y_sum, xx, xy = x_sum + x, y_sum + y, xx + x * x, xy + x * y
            n_columns //= 2
            for column in range(n_columns):
                tops[column] = max(tops[2 * column], tops[2 * column + 1])
                bottoms[column] = min(bottoms[2 * column], bottoms[2 * column + 1])
        dimensions[end - 1] = (n_halvings * xy - x_sum * y_sum) / (n_halvings * xx - x_sum * x_sum)


@feature(HiguchiDimension)
def higuchi_feature(prices: Prices, *, window: int, k_max: int) -> Values:
    """Return Higuchi's fractal dimension of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Closes of the curve, within the bounds of `quant.features.catalog.HiguchiDimension`.
    k_max : int
        Most bars of a step.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The dimension, see `rolling_higuchi`. NaN at the first `window - 1` bars and wherever the window holds an
        unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_higuchi(column_values(prices, "close"), window, k_max)


@feature(KatzDimension)
def katz_feature(prices: Prices, *, window: int) -> Values:
    """Return Katz's fractal dimension of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Closes of the curve, within the bounds of `quant.features.catalog.KatzDimension`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The dimension, see `rolling_katz`. NaN at the first `window - 1` bars and wherever the window holds an unknown
        close.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_katz(column_values(prices, "close"), window)


@feature(BoxDimension)
def box_feature(prices: Prices, *, window: int) -> Values:
    """Return the box-counting dimension of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Closes of the curve, within the bounds of `quant.features.catalog.BoxDimension`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The dimension, see `rolling_box_dimension`. NaN at the first `window - 1` bars and wherever the window holds an
        unknown close.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_box_dimension(column_values(prices, "close"), window)

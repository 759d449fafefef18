"""Exponents of memory: how the range, or the fluctuation, of a series grows with the length that is looked at."""

import math
from functools import lru_cache

import numpy as np
from numba import types
from numpy.typing import ArrayLike, NDArray

from quant.features.arrays import COUNT, INPUT, NUMBER, OUTPUT, Values, as_values, check_at_least, kernel
from quant.features.catalog import DetrendedFluctuation, HurstExponent
from quant.features.columns import column_values, feature
from quant.features.runs import LANES, for_lanes, over_runs, returns_of
from quant.frames import Prices

# An exponent of increments without memory; also what a window says in which nothing moves.
NO_MEMORY = 0.5

_TABLE = types.Array(types.float64, 2, "C", readonly=True)
_LENGTHS = types.Array(types.int64, 1, "C", readonly=True)
_SHORTEST_RANGE, _SHORTEST_TREND = 10, 8

# Deviations this small beside their mean are rounding: a series of equal steps has none.
_ROUNDING = 1e-12


def rolling_hurst(increments: ArrayLike, window: int, *, corrected: bool = True) -> Values:
    """Return Hurst's exponent of the last increments, by the rescaled range.

    Parameters
    ----------
    increments : array-like of shape (n_bars,)
        One number a bar, such as a logarithmic return; finite or NaN (unknown).
    window : int
        Increments to look back, at least 20.
    corrected : bool, default=True
        Compare with the range that is expected of increments without memory. Without it, short windows say 0.6 of them.

    Returns
    -------
    ndarray of shape (n_bars,)
        The exponent: 0.5 without memory, towards 1 where increments are followed by others of their sign, towards 0
        where they are followed by those of the other. NaN before the window is full and while it holds an unknown
        value. 0.5 if fewer than two lengths have a range, because nothing moves.

    Raises
    ------
    InvalidSpec
        If `window` is less than 20 or `increments` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses increments `t - window + 1` to `t` and is known when `increments[t]` is.

    The window is cut, from its beginning, into chunks of 10, 17, 31, 56, ... increments (powers of the fourth root of
    ten) and of all of them. Of each chunk: the range of the sums of what differs from its mean, over its standard
    deviation (population). The exponent is the slope of the logarithm of the mean of a length on that of the length;
    corrected, the logarithm of the expectation is taken away first and 0.5 added.

    References
    ----------
    Hurst 1951, Transactions of the American Society of Civil Engineers 116, 770; Mandelbrot & Wallis 1969; Anis & Lloyd
    1976, Biometrika 63(1), 111; Weron 2002, Physica A 312, 285. Uncorrected, and with the sample's deviation, it is
    what the package `hurst` 0.0.5 computes of changes.
    """
    check_at_least(2 * _SHORTEST_RANGE, window=window)
    lengths = _range_lengths(window)
    expected = np.array([math.log(expected_range(int(length))) if corrected else 0.0 for length in lengths])
    base = NO_MEMORY if corrected else 0.0

    def compute(run: Values, exponents: Values) -> None:
        ratios, padded = np.empty((lengths.size, run.size)), for_lanes(run)
        for row, length in zip(ratios, lengths, strict=True):
            _rescaled_ranges(padded, length, row)
        _slopes(ratios, lengths, expected, 1.0, base, window, exponents)

    return over_runs(as_values(increments), window, compute)


def rolling_dfa(increments: ArrayLike, window: int) -> Values:
    """Return the exponent of detrended fluctuation analysis of the last increments.

    Parameters
    ----------
    increments : array-like of shape (n_bars,)
        One number a bar, such as a logarithmic return; finite or NaN (unknown).
    window : int
        Increments to look back, at least 64.

    Returns
    -------
    ndarray of shape (n_bars,)
        The exponent: 0.5 without memory, more where moves continue, less where they turn; 1.5 if the increments are
        themselves a random walk. NaN before the window is full and while it holds an unknown value. 0.5 if fewer than
        two lengths fluctuate, because nothing moves.

    Raises
    ------
    InvalidSpec
        If `window` is less than 64 or `increments` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses increments `t - window + 1` to `t` and is known when `increments[t]` is.

    The sums of the increments are cut, from the beginning of the window, into boxes of 8, 11, 16, 23, ... (powers of
    the root of two) up to a quarter of the window; a straight line is fitted in each. The exponent is the slope of the
    logarithm of the root of the mean square residual on that of the length. The mean of the window, which the
    definition takes away first, is a straight line in the sums and changes nothing.

    References
    ----------
    Peng, Buldyrev, Havlin, Simons, Stanley & Goldberger 1994, Physical Review E 49(2), 1685.
    """
    check_at_least(8 * _SHORTEST_TREND, window=window)
    lengths = _trend_lengths(window)
    nothing = np.zeros(lengths.size)

    def compute(run: Values, exponents: Values) -> None:
        squares, padded = np.empty((lengths.size, run.size)), for_lanes(run)
        for row, length in zip(squares, lengths, strict=True):
            _residuals(padded, length, row)
        _slopes(squares, lengths, nothing, 0.5, 0.0, window, exponents)

    return over_runs(as_values(increments), window, compute)


@lru_cache(maxsize=4096)
def expected_range(length: int) -> float:
    """Return the rescaled range that is expected of so many normal increments without memory.

    References
    ----------
    Anis & Lloyd 1976, Biometrika 63(1), 111, equation for the adjusted rescaled range.

    Examples
    --------
    >>> round(expected_range(10), 4)
    3.0233
    """
    gammas = math.exp(math.lgamma((length - 1) / 2) - math.lgamma(length / 2)) / math.sqrt(math.pi)
    return gammas * sum(math.sqrt((length - i) / i) for i in range(1, length))


def _range_lengths(window: int) -> NDArray[np.int64]:
    powers = [int(10 ** (1 + step / 4)) for step in range(4 * math.ceil(math.log10(window)))]
    return np.array([*(length for length in powers if length < window), window], dtype=np.int64)


def _trend_lengths(window: int) -> NDArray[np.int64]:
    powers = [round(_SHORTEST_TREND * 2 ** (step / 2)) for step in range(2 * window.bit_length())]
    return np.array([length for length in powers if length <= window // 4], dtype=np.int64)


@kernel(INPUT, OUTPUT)
def _add(values: Values, lanes: Values) -> None:
    for lane in range(LANES):
        lanes[lane] += values[lane]


@kernel(INPUT, OUTPUT)
def _add_four(values: Values, lanes: Values) -> None:
    """Do what `_add` does of four increments one after another, and read and write the lanes once."""
    for lane in range(LANES):
        lanes[lane] = lanes[lane] + values[lane] + values[lane + 1] + values[lane + 2] + values[lane + 3]


@kernel(INPUT, COUNT, COUNT, OUTPUT)
def _write_means(increments: Values, first: int, length: int, means: Values) -> None:
    """Write the mean of the chunk of each lane; the first begins at `first`."""
    means[:] = 0.0
    rest = first + length % 4
    for i in range(first, rest):
        _add(increments[i:], means)
    for i in range(rest, first + length, 4):
        _add_four(increments[i:], means)
    means /= length


@kernel(INPUT, INPUT, INPUT, OUTPUT)
def _step_of_range(values: Values, means: Values, before: Values, after: Values) -> None:
    """Take one more increment into each chunk: how far its sum is away, then squares, highest, lowest.

    What was before stays: else a choice between two becomes a store under a mask, which some processors are slow at.
    """
    for lane in range(LANES):
        distance = values[lane] - means[lane]
        away = before[lane] + distance
        highest, lowest = before[2 * LANES + lane], before[3 * LANES + lane]
        after[lane] = away
        after[LANES + lane] = before[LANES + lane] + distance * distance
        after[2 * LANES + lane] = away if away > highest else highest  # noqa: FURB136  # max() also asks for NaN
        after[3 * LANES + lane] = away if away < lowest else lowest  # noqa: FURB136  # as above


@kernel(INPUT, INPUT, INPUT, OUTPUT)
def _four_steps_of_range(values: Values, means: Values, before: Values, after: Values) -> None:
    """Do what `_step_of_range` does of four increments one after another, and read and write the lanes once."""
    for lane in range(LANES):
        mean = means[lane]
        first, second = values[lane] - mean, values[lane + 1] - mean
        third, fourth = values[lane + 2] - mean, values[lane + 3] - mean
        away = before[lane] + first
        highest, lowest = before[2 * LANES + lane], before[3 * LANES + lane]
        for distance in (second, third, fourth):
            highest = away if away > highest else highest  # noqa: FURB136  # as above
            lowest = away if away < lowest else lowest  # noqa: FURB136  # as above
            away += distance
        after[lane] = away
        after[LANES + lane] = before[LANES + lane] + first * first + second * second + third * third + fourth * fourth
        after[2 * LANES + lane] = away if away > highest else highest  # noqa: FURB136  # as above
        after[3 * LANES + lane] = away if away < lowest else lowest  # noqa: FURB136  # as above


@kernel(INPUT, COUNT, OUTPUT)
def _rescaled_ranges(increments: Values, length: int, ratios: Values) -> None:
    """Write the rescaled range of the chunk that begins at each place; NaN where it has no deviation."""
    n_chunks = ratios.size - length + 1
    means, before, after = np.empty(LANES), np.empty(4 * LANES), np.empty(4 * LANES)
    for first in range(0, n_chunks, LANES):
        _write_means(increments, first, length, means)
        before[: 2 * LANES] = 0.0
        before[2 * LANES : 3 * LANES] = -np.inf
        before[3 * LANES :] = np.inf
        rest = first + length % 4
        for i in range(first, rest):
            _step_of_range(increments[i:], means, before, after)
            before, after = after, before
        for i in range(rest, first + length, 4):
            _four_steps_of_range(increments[i:], means, before, after)
            before, after = after, before
        for lane in range(min(LANES, n_chunks - first)):
            deviation = np.sqrt(before[LANES + lane] / length)
            reach = before[2 * LANES + lane] - before[3 * LANES + lane]
            ratios[first + lane] = reach / deviation if deviation > _ROUNDING * abs(means[lane]) else np.nan


@kernel(INPUT, INPUT, NUMBER, OUTPUT)
def _step_of_trend(values: Values, means: Values, place: float, lanes: Values) -> None:
    """Take one more increment into each chunk: how far its sum is away, then sums, products, squares."""
    for lane in range(LANES):
        away = lanes[lane] + (values[lane] - means[lane])
        lanes[lane] = away
        lanes[LANES + lane] += away
        lanes[2 * LANES + lane] += place * away
        lanes[3 * LANES + lane] += away * away


@kernel(INPUT, INPUT, NUMBER, OUTPUT)
def _four_steps_of_trend(values: Values, means: Values, place: float, lanes: Values) -> None:
    """Do what `_step_of_trend` does of four increments one after another, and read and write the lanes once."""
    for lane in range(LANES):
        mean = means[lane]
        first = lanes[lane] + (values[lane] - mean)
        second = first + (values[lane + 1] - mean)
        third = second + (values[lane + 2] - mean)
        fourth = third + (values[lane + 3] - mean)
        lanes[lane] = fourth
        lanes[LANES + lane] = lanes[LANES + lane] + first + second + third + fourth
        products = lanes[2 * LANES + lane] + place * first + (place + 1.0) * second
        lanes[2 * LANES + lane] = products + (place + 2.0) * third + (place + 3.0) * fourth
        squares = lanes[3 * LANES + lane] + first * first + second * second
        lanes[3 * LANES + lane] = squares + third * third + fourth * fourth


@kernel(INPUT, COUNT, OUTPUT)
def _residuals(increments: Values, length: int, squares: Values) -> None:
    """Write the mean square about a straight line of the sums of the chunk that begins at each place."""
    n_chunks = squares.size - length + 1
    middle = 0.5 * (length - 1)
    spread = length * (length * length - 1.0) / 12.0
    means, lanes = np.empty(LANES), np.empty(4 * LANES)
    for first in range(0, n_chunks, LANES):
        _write_means(increments, first, length, means)
        lanes[:] = 0.0
        rest = length % 4
        for i in range(rest):
            _step_of_trend(increments[first + i :], means, i - middle, lanes)
        for i in range(rest, length, 4):
            _four_steps_of_trend(increments[first + i :], means, i - middle, lanes)
        for lane in range(min(LANES, n_chunks - first)):
            sums, products, own = lanes[LANES + lane], lanes[2 * LANES + lane], lanes[3 * LANES + lane]
            left = own - sums * sums / length - products * products / spread
            smallest = _ROUNDING * means[lane] * length
            least = max(_ROUNDING * own, length * smallest * smallest)
            squares[first + lane] = left / length if left > least else 0.0


@kernel(INPUT, OUTPUT, OUTPUT)
def _add_known(values: Values, totals: Values, counts: Values) -> None:
    for i in range(totals.size):
        is_known = values[i] == values[i]  # false of NaN
        totals[i] += values[i] if is_known else 0.0
        counts[i] += 1.0 if is_known else 0.0


@kernel(_TABLE, _LENGTHS, INPUT, NUMBER, NUMBER, COUNT, OUTPUT)
def _slopes(
    statistics: NDArray[np.float64],
    lengths: NDArray[np.int64],
    expected: Values,
    power: float,
    base: float,
    window: int,
    slopes: Values,
) -> None:
    """Write the slope of the logarithm of a statistic's mean over the chunks of a window on that of their length."""
    n_windows = slopes.size - window + 1
    totals, counts, sums = np.empty(n_windows), np.empty(n_windows), np.zeros((5, n_windows))
    for row in range(lengths.size):
        totals[:], counts[:] = 0.0, 0.0
        for start in range(0, window - lengths[row] + 1, lengths[row]):
            _add_known(statistics[row, start:], totals, counts)
        x = np.log(float(lengths[row]))
        for i in range(n_windows):
            if totals[i] > 0.0:
                y = power * np.log(totals[i] / counts[i]) - expected[row]
                sums[0, i] += 1.0
                sums[1, i] += x
                sums[2, i] += y
                sums[3, i] += x * x
                sums[4, i] += x * y
    for i in range(n_windows):
        n, x_sum, y_sum, xx, xy = sums[0, i], sums[1, i], sums[2, i], sums[3, i], sums[4, i]
        slopes[window - 1 + i] = base + (n * xy - x_sum * y_sum) / (n * xx - x_sum * x_sum) if n > 1.0 else NO_MEMORY


@feature(HurstExponent)
def hurst_feature(prices: Prices, *, window: int) -> Values:
    """Return Hurst's exponent of the logarithmic returns of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Returns to look back, within the bounds of `quant.features.catalog.HurstExponent`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The exponent, see `rolling_hurst`. NaN at the first `window` bars and wherever the window holds an unknown
        close.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_hurst(returns_of(column_values(prices, "close")), window)


@feature(DetrendedFluctuation)
def dfa_feature(prices: Prices, *, window: int) -> Values:
    """Return the exponent of detrended fluctuation analysis of the logarithmic returns of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Returns to look back, within the bounds of `quant.features.catalog.DetrendedFluctuation`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The exponent, see `rolling_dfa`. NaN at the first `window` bars and wherever the window holds an unknown close.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_dfa(returns_of(column_values(prices, "close")), window)

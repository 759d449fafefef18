"""Means and standard deviations over a window that moves, without drift.

A running sum that adds the new value and takes the old one away gathers rounding errors for ever, and one NaN poisons
all that follows. Here a window is put together from spans whose lengths are powers of two (20 bars are one of 16 and
one of 4), and a span from the shorter ones that it consists of. That takes few passes, each over whole vectors at
once, and:

- a value is the same bits whatever stands before its window, after it, or how long the series is;
- its rounding error is that of pairwise summation, which grows with the logarithm of the window and with nothing else;
- a NaN is felt while it is in the window, and no longer.
"""

import numpy as np

from quant.features.arrays import COUNT, INPUT, NUMBER, OUTPUT, Values, kernel

# Windows worked on at a time, so that the passes stay in the processor's first cache.
CHUNK = 1024

# Inner loops are kernels of their own, over slices that begin at zero: only then does the compiler vectorise them.


@kernel(INPUT, NUMBER, OUTPUT)
def _scale(values: Values, factor: float, scaled: Values) -> None:
    for i in range(scaled.size):
        scaled[i] = values[i] * factor


@kernel(INPUT, OUTPUT)
def _add(sums: Values, totals: Values) -> None:
    for i in range(totals.size):
        totals[i] += sums[i]


@kernel(INPUT, COUNT, OUTPUT)
def _join_four(sums: Values, width: int, joined: Values) -> None:
    second, third, fourth = sums[width:], sums[2 * width :], sums[3 * width :]
    for i in range(joined.size):
        joined[i] = (sums[i] + second[i]) + (third[i] + fourth[i])


@kernel(INPUT, COUNT, OUTPUT)
def rolling_mean(values: Values, window: int, means: Values) -> None:
    """Write the mean of the last `window` values; NaN before the window is full and while it holds a NaN."""
    means[: window - 1] = np.nan
    totals = np.empty(CHUNK)
    sums, joined = np.empty(CHUNK + window), np.empty(CHUNK + window)
    for begin in range(0, values.size - window + 1, CHUNK):
        n_windows = min(CHUNK, values.size - window + 1 - begin)
        n_sums = n_windows + window - 1
        _scale(values[begin:], 1.0, sums[:n_sums])
        totals[:n_windows] = 0.0
        width, covered, digits = 1, 0, window
        while True:
            for _ in range(digits % 4):
                _add(sums[covered:], totals[:n_windows])
                covered += width
            digits //= 4
            if digits == 0:
                break
            n_sums -= 3 * width
            _join_four(sums, width, joined[:n_sums])
            sums, joined = joined, sums
            width *= 4
        end = begin + window - 1
        _scale(totals, 1.0 / window, means[end : end + n_windows])


@kernel(INPUT, INPUT, COUNT, COUNT, OUTPUT, OUTPUT)
def _join_moments(
    means: Values, squares: Values, covered: int, width: int, total_means: Values, total_squares: Values
) -> None:
    """Join `covered` values before with `width` values after: Chan's rule, in which nothing large cancels."""
    share = width / (covered + width)
    spread = covered * share
    for i in range(total_means.size):
        distance = means[i] - total_means[i]
        total_means[i] += share * distance
        total_squares[i] += squares[i] + spread * (distance * distance)


@kernel(INPUT, INPUT, COUNT, OUTPUT, OUTPUT)
def _double_moments(means: Values, squares: Values, width: int, doubled_means: Values, doubled_squares: Values) -> None:
    later_means, later_squares = means[width:], squares[width:]
    spread = 0.5 * width
    for i in range(doubled_means.size):
        distance = later_means[i] - means[i]
        doubled_means[i] = means[i] + 0.5 * distance
        doubled_squares[i] = (squares[i] + later_squares[i]) + spread * (distance * distance)


@kernel(INPUT, NUMBER, OUTPUT)
def _root(squares: Values, factor: float, roots: Values) -> None:
    for i in range(roots.size):
        roots[i] = np.sqrt(squares[i] * factor)


@kernel(INPUT, COUNT, COUNT, OUTPUT, OUTPUT)
def rolling_moments(values: Values, window: int, ddof: int, means: Values, deviations: Values) -> None:
    """Write mean and standard deviation of the last `window` values; NaN as in `rolling_mean`.

    A span carries its mean and its sum of squared distances from it. The deviation is therefore as precise as the
    values are, however small it is beside their mean, and that of equal values is exactly zero.
    """
    means[: window - 1] = np.nan
    deviations[: window - 1] = np.nan
    total_means, total_squares = np.empty(CHUNK), np.empty(CHUNK)
    span_means, doubled_means = np.empty(CHUNK + window), np.empty(CHUNK + window)
    span_squares, doubled_squares = np.empty(CHUNK + window), np.empty(CHUNK + window)
    for begin in range(0, values.size - window + 1, CHUNK):
        n_windows = min(CHUNK, values.size - window + 1 - begin)
        n_spans = n_windows + window - 1
        _scale(values[begin:], 1.0, span_means[:n_spans])
        span_squares[:n_spans] = 0.0
        total_means[:n_windows] = 0.0
        total_squares[:n_windows] = 0.0
        width, covered = 1, 0
        while True:
            if window & width:
                _join_moments(
                    span_means[covered:],
                    span_squares[covered:],
                    covered,
                    width,
                    total_means[:n_windows],
                    total_squares[:n_windows],
                )
                covered += width
            if covered == window:
                break
            n_spans -= width
            _double_moments(span_means, span_squares, width, doubled_means[:n_spans], doubled_squares[:n_spans])
            span_means, doubled_means = doubled_means, span_means
            span_squares, doubled_squares = doubled_squares, span_squares
            width *= 2
        end = begin + window - 1
        _scale(total_means, 1.0, means[end : end + n_windows])
        _root(total_squares, 1.0 / (window - ddof), deviations[end : end + n_windows])


@kernel(INPUT, NUMBER, OUTPUT)
def _add_scaled(values: Values, factor: float, totals: Values) -> None:
    for i in range(totals.size):
        totals[i] += factor * values[i]


@kernel(INPUT, INPUT, OUTPUT)
def rolling_dot(values: Values, weights: Values, totals: Values) -> None:
    """Write the sum of the last values, each times its weight, the oldest's first; NaN as in `rolling_mean`."""
    window = weights.size
    totals[: window - 1] = np.nan
    for begin in range(0, values.size - window + 1, CHUNK):
        n_windows = min(CHUNK, values.size - window + 1 - begin)
        inside = totals[begin + window - 1 : begin + window - 1 + n_windows]
        inside[:] = 0.0
        for place in range(window):
            _add_scaled(values[begin + place :], weights[place], inside)

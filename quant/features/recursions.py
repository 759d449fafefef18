"""Averages that carry their past along: each is a share of the new value and the rest of the average before it.

An unknown value (NaN) ends a recursion, for nothing may be carried across it; the average begins anew, with its full
warm-up, at the next known value.
"""

import numpy as np

from quant.features.arrays import COUNT, INPUT, NUMBER, OUTPUT, Values, kernel


@kernel(INPUT, COUNT, COUNT, returns=COUNT)
def end_of_run(values: Values, start: int, length: int) -> int:
    """Return the end (exclusive) of the first `length` known values in a row from `start` on, or -1 for none."""
    known = 0
    for i in range(start, values.size):
        known = 0 if np.isnan(values[i]) else known + 1
        if known == length:
            return i + 1
    return -1


@kernel(INPUT, COUNT, NUMBER, OUTPUT)
def exponential_average(values: Values, window: int, weight: float, averages: Values) -> None:
    """Write the average that gives each new value `weight`, seeded by the mean of the first `window` known values.

    `averages` may be `values` itself.

    The time it takes is that of the chain of operations from one average to the next. With four bars a step, the chain
    has one multiplication and one addition for all four: what the new bars add up to from nothing waits for neither.
    """
    n = values.size
    keep = 1.0 - weight
    keep_2, keep_3, keep_4 = keep * keep, keep * keep * keep, keep * keep * keep * keep
    i = 0
    while i < n:
        end = end_of_run(values, i, window)
        if end < 0:
            averages[i:] = np.nan
            return
        average = values[end - window : end].mean()
        averages[i : end - 1] = np.nan
        averages[end - 1] = average
        i = end
        while i + 3 < n and not np.isnan((values[i] + values[i + 1]) + (values[i + 2] + values[i + 3])):
            new_1 = weight * values[i]
            new_2 = weight * values[i + 1] + keep * new_1
            new_3 = weight * values[i + 2] + keep * new_2
            new_4 = weight * values[i + 3] + keep * new_3
            averages[i] = new_1 + keep * average
            averages[i + 1] = new_2 + keep_2 * average
            averages[i + 2] = new_3 + keep_3 * average
            average = new_4 + keep_4 * average
            averages[i + 3] = average
            i += 4
        new, kept = (
            0.0,
            1.0,
        )  # fewer than four are left: the same operations, so that the bits are the same as in a step
        while i < n and not np.isnan(values[i]):
            new = weight * values[i] + keep * new
            kept *= keep
            averages[i] = new + kept * average
            i += 1

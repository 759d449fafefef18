"""Runs of known values: what looks back over a window begins anew after each unknown value."""

from collections.abc import Callable

import numpy as np

from quant.features.arrays import INPUT, OUTPUT, Values, kernel

# Windows that a kernel works on side by side, one in each lane: the processor then takes several at once. A value is
# the same bits as if it were worked out alone.
LANES = 128


def for_lanes(run: Values) -> Values:
    """Return a run with zeros behind it, so that the last windows fill all lanes too."""
    padded = np.zeros(run.size + LANES)
    padded[: run.size] = run
    return padded


def over_runs(values: Values, least: int, compute: Callable[[Values, Values], None]) -> Values:
    """Return what `compute(run, outputs)` writes for each run of at least `least` known values; NaN elsewhere.

    The first `least - 1` outputs of a run are NaN; all others are for `compute` to write.
    """
    outputs = np.empty(values.size)
    outputs[~np.isfinite(values)] = np.nan
    for begin, end in known_runs(values):
        outputs[begin : min(end, begin + least - 1)] = np.nan
        if end - begin >= least:
            compute(values[begin:end], outputs[begin:end])
    return outputs


def known_runs(values: Values) -> list[tuple[int, int]]:
    """Return where each run of known values begins and ends; between two unknown neighbours there is an empty one."""
    unknown = np.flatnonzero(~np.isfinite(values)).tolist()
    return list(zip([0, *(place + 1 for place in unknown)], [*unknown, values.size], strict=True))


@kernel(INPUT, OUTPUT)
def log_returns(prices: Values, returns: Values) -> None:
    """Write the logarithm of each price over the one before; the first is NaN.

    One logarithm at a time, of a ratio: the bits depend neither on the unit of the price nor on the array's length.
    """
    if prices.size > 0:
        returns[0] = np.nan
    for i in range(1, prices.size):
        returns[i] = np.log(prices[i] / prices[i - 1])


def returns_of(prices: Values) -> Values:
    """Return the logarithmic returns of prices, the first of them NaN."""
    returns = np.empty_like(prices)
    log_returns(prices, returns)
    return returns

"""Volume: how busy a bar was."""

import math

import numpy as np

from quant.features.arrays import INPUT, OUTPUT, Values, kernel
from quant.features.catalog import RelativeVolume
from quant.features.columns import column_values, feature
from quant.features.trend import simple_moving_average
from quant.frames import Prices


@kernel(INPUT, INPUT, OUTPUT)
def log_ratio(volumes: Values, means: Values, ratios: Values) -> None:
    """Write log((1 + volume / mean) / 2), and 0 where the mean is zero."""
    for i in range(volumes.size):
        # One logarithm at a time: numpy's takes vectors, and need not give a bar the same bits at the end of an array.
        ratios[i] = 0.0 if means[i] == 0.0 else math.log(0.5 + 0.5 * (volumes[i] / means[i]))


@feature(RelativeVolume)
def relative_volume(prices: Prices, *, window: int) -> Values:
    """Return volume against its mean of the last bars, on a logarithmic scale that bears a volume of zero.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Bars of the mean, this bar included, within the bounds of `quant.features.catalog.RelativeVolume`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        `log((1 + volume / mean) / 2)`: 0 when volume is as usual, 0.41 at twice and -0.29 at half of that, and never
        below -log(2) = -0.69, its value for a bar without volume. NaN at the first `window - 1` bars and wherever the
        window holds an unknown volume.

    Raises
    ------
    ValidationError
        If `window` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses volumes up to `t`; the open of `t + 1` is the first at which one could act on it.

    The plain `log(volume / mean)` is minus infinity for a bar without volume, which is an ordinary bar of a thinly
    traded instrument, and no floor for it could be justified. The one that is added is one usual volume: the scale
    stays free of units. When no bar of the window had volume, none is what is usual, and the value is 0.
    """
    volume = column_values(prices, "volume")
    ratios = np.empty_like(volume)
    log_ratio(volume, simple_moving_average(volume, window), ratios)
    return ratios

"""Features that also have lines in the unit of the price: what a chart draws over the bars."""

import numpy as np

from quant.features.catalog import BollingerBands, ExponentialMovingAverage, FeatureEntry, SimpleMovingAverage
from quant.features.columns import column_values, to_frame
from quant.features.trend import exponential_moving_average, simple_moving_average
from quant.features.volatility import bollinger_bands
from quant.frames import Features, Prices


def price_lines(prices: Prices, entry: FeatureEntry) -> Features | None:
    """Return the lines behind a feature, in the unit of the price.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    entry : FeatureEntry
        The feature with its parameters.

    Returns
    -------
    DataFrame of shape (n_bars, n_lines) or None
        Index of `prices`; the average of a distance from it, or the `lower`, `middle` and `upper` Bollinger band. NaN
        in the feature's warm-up. None if the feature has no such lines.

    Notes
    -----
    Timing: the values at `t` use closes up to `t` and are known at the close of `t`.

    A feature is free of scale; these lines are not, and move with the adjustment of the prices. They are for the eye.
    """
    close = column_values(prices, "close")
    if isinstance(entry, SimpleMovingAverage):
        return to_frame(prices, simple_moving_average(close, entry.window)[None], ("average",))
    if isinstance(entry, ExponentialMovingAverage):
        return to_frame(prices, exponential_moving_average(close, entry.window)[None], ("average",))
    if isinstance(entry, BollingerBands):
        bands = bollinger_bands(close, entry.window, entry.width)
        return to_frame(prices, np.stack(bands), ("lower", "middle", "upper"))
    return None

"""All features of one instrument in one frame."""

from collections.abc import Sequence

import numpy as np

from quant.errors import NotEnoughData
from quant.features.catalog import FeatureEntry
from quant.features.columns import to_frame
from quant.frames import Features, Prices


def compute_features(prices: Prices, specs: Sequence[FeatureEntry]) -> Features:
    """Return the features that were asked for, as columns side by side.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`. The adjustment must be causal: the price
        of a bar may not depend on splits and dividends after it.
    specs : sequence of FeatureEntry
        The features, each with its parameters; no two with a column in common.

    Returns
    -------
    DataFrame of shape (n_bars, n_columns)
        Index of `prices`; float64 columns in the order of `specs`, each feature's as its `columns` name them. The first
        `spec.warm_up` values of a feature are NaN, and after those only values that rest on an unknown price.

    Raises
    ------
    NotEnoughData
        If there is no bar at which every feature is known: no more bars than the longest warm-up.

    Notes
    -----
    Timing: row `t` uses bars up to `t` and is known at the close of `t`; the open of `t + 1` is the first at which one
    could act on it. It is the same, bit for bit, whether or not later bars are in `prices`.
    """
    slowest = max(specs, key=lambda spec: spec.warm_up, default=None)
    if slowest is not None and len(prices) <= slowest.warm_up:
        raise NotEnoughData(
            f"Expected more than {slowest.warm_up} bars, which {slowest.columns[0]} needs before its first value; "
            f"found {len(prices)}. Ask for a longer history or a shorter window."
        )
    names = tuple(column for spec in specs for column in spec.columns)
    block = np.empty((len(names), len(prices)))
    filled = 0
    for spec in specs:
        values = spec.load()(prices, **spec.parameters()).to_numpy().T
        block[filled : filled + len(values)] = values
        filled += len(values)
    return to_frame(prices, block, names)

"""All features of one instrument in one frame."""

from collections.abc import Sequence

import numpy as np

from quant.features.catalog import FeatureEntry
from quant.features.columns import to_frame
from quant.features.needs import check_bars, check_needs
from quant.frames import Features, Prices


def compute_features(prices: Prices, specs: Sequence[FeatureEntry], *, is_cut: bool = False) -> Features:
    """Return the features that were asked for, as columns side by side.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`. The adjustment must be causal: the price
        of a bar may not depend on splits and dividends after it.
    specs : sequence of FeatureEntry
        The features, each with its parameters; no two with a column in common.
    is_cut : bool, default=False
        Whether later bars were removed. What is left may lack what the whole has, and is then not refused for it.

    Returns
    -------
    DataFrame of shape (n_bars, n_columns)
        Index of `prices`; float64 columns in the order of `specs`, each feature's as its `columns` name them. The first
        `spec.warm_up` values of a feature are NaN, and after those only values that rest on an unknown price.

    Raises
    ------
    NotEnoughData
        If there is no bar at which every feature is known: no more bars than the longest warm-up; or if the
        instrument lacks what a feature needs, such as volume.

    Notes
    -----
    Timing: row `t` uses bars up to `t` and is known at the close of `t`; the open of `t + 1` is the first at which one
    could act on it. It is the same, bit for bit, whether or not later bars are in `prices`.
    """
    (check_bars if is_cut else check_needs)(prices, specs)
    names = tuple(column for spec in specs for column in spec.columns)
    block = np.empty((len(names), len(prices)))
    filled = 0
    for spec in specs:
        values = spec.load()(prices, **spec.parameters()).to_numpy().T
        block[filled : filled + len(values)] = values
        filled += len(values)
    return to_frame(prices, block, names)

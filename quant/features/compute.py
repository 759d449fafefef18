"""All features of one instrument in one frame."""

from collections.abc import Mapping, Sequence

import numpy as np

from quant.features.catalog import FeatureEntry
from quant.features.catalog.cross_asset import closes_of
from quant.features.columns import to_frame, values_of
from quant.features.needs import check_bars, check_needs
from quant.frames import Features, Prices


def compute_features(prices: Prices, specs: Sequence[FeatureEntry], *, is_cut: bool = False) -> Features:
    """Return the features that were asked for, as columns side by side.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`. The adjustment must be causal: the price
        of a bar may not depend on splits and dividends after it. Features that name others need their closes beside
        it, see `beside`.
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
        for values in values_of(prices, spec):
            block[filled] = values
            filled += 1
    return to_frame(prices, block, names)


def beside(prices: Prices, others: Mapping[str, Prices]) -> Prices:
    """Return prices of one instrument with the closes of others in columns beside them.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    others : mapping of str to DataFrame
        Adjusted price frames of others by symbol, as features name them.

    Returns
    -------
    DataFrame of shape (n_bars, 8 + n_others)
        With a column `quant.features.catalog.cross_asset.closes_of` a symbol: NaN at bars since whose bar before the
        other had none, such as its holidays and all after its end; at the first bar, if it has none of that time.

    Notes
    -----
    Timing: the close that stands beside the bar of `t` is the last that was known at the close of `t`: that of a bar of
    the other which closed by then and after the bar before `t`, whatever the calendars of the two.
    """
    columns = {}
    for symbol, other in others.items():
        places = other.index.searchsorted(prices.index, side="right")
        before = other.index.searchsorted(prices.index[:1], side="left")
        closes = np.concatenate([[np.nan], other["close"].to_numpy(dtype=np.float64)])
        columns[closes_of(symbol)] = np.where(np.diff(places, prepend=before) > 0, closes[places], np.nan)
    return prices.assign(**columns) if columns else prices

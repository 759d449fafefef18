"""What features need of an instrument, asked before anything is computed."""

from collections.abc import Sequence

import numpy as np

from quant.errors import NotEnoughData
from quant.features.catalog import FeatureEntry
from quant.frames import Prices, check_finite, column_of


def check_needs(prices: Prices, specs: Sequence[FeatureEntry], instrument: str = "this instrument") -> None:
    """Refuse features that an instrument cannot have.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Price frame of one instrument, as defined in `quant.frames`: all its history.
    specs : sequence of FeatureEntry
        The features, each with its parameters.
    instrument : str, default="this instrument"
        What a person calls it.

    Raises
    ------
    NotEnoughData
        If there are no more bars than the longest warm-up, or if a column that a feature needs is zero or unknown at
        every bar: an index without volume, for instance.
    InvalidPrices
        If one of the numbers that a feature is made of is infinite.

    Notes
    -----
    Timing: judges the history as a whole, and changes no value. Some bars without volume are no lack: what features say
    of those is defined.
    """
    check_bars(prices, specs, instrument)
    for column in _needed(specs):
        values = column_of(prices, column)
        if not ((values != 0.0) & ~np.isnan(values)).any():
            lacking = ", ".join(dict.fromkeys(spec.title for spec in specs if column in spec.needs))
            raise NotEnoughData(
                f"{lacking}: expected bars with {column} of {instrument}; found none, it is zero or unknown at all "
                f"{len(prices):,} bars. Leave out these features, or the instrument."
            )


def check_bars(prices: Prices, specs: Sequence[FeatureEntry], instrument: str = "this instrument") -> None:
    """Refuse a history that is no longer than the longest warm-up, or that holds an infinite price or volume.

    Raises
    ------
    NotEnoughData
        If there are too few bars.
    InvalidPrices
        If one of the numbers that a feature is made of is infinite.
    """
    slowest = max(specs, key=lambda spec: spec.warm_up, default=None)
    if slowest is not None and len(prices) <= slowest.warm_up:
        raise NotEnoughData(
            f"Expected more than {slowest.warm_up} bars, which {slowest.columns[0]} needs before its first value; "
            f"found {len(prices)} of {instrument}. Ask for a longer history or a shorter window."
        )
    check_finite(prices, _needed(specs), instrument)


def _needed(specs: Sequence[FeatureEntry]) -> list[str]:
    """Return the columns that features are made of, in the order in which they are asked for."""
    return list(dict.fromkeys(column for spec in specs for column in spec.needs))

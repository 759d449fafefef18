"""From columns of a price frame to arrays, and from arrays to columns of a feature frame."""

from functools import lru_cache

import numpy as np
import pandas as pd

from quant.features.arrays import Values, as_values
from quant.features.catalog import FeatureEntry
from quant.frames import Features, Prices, column_of


def column_values(prices: Prices, name: str) -> Values:
    """Return one column of a price frame as values."""
    return as_values(column_of(prices, name))


def columns_values(prices: Prices, *names: str) -> tuple[Values, ...]:
    """Return several columns of a price frame as values."""
    return tuple(column_values(prices, name) for name in names)


def as_features(prices: Prices, entry: FeatureEntry, *columns: Values) -> Features:
    """Return the outputs of `entry`, in the order of its columns, as a frame over the bars of `prices`."""
    return to_frame(prices, np.array(columns), entry.columns)


def to_frame(
    prices: Prices, block: np.ndarray[tuple[int, int], np.dtype[np.float64]], names: tuple[str, ...]
) -> Features:
    """Return a frame over the bars of `prices` that shares the memory of `block`, which has one row a column."""
    return pd.DataFrame(block.T, index=prices.index, columns=_column_index(names).view(), copy=False)


@lru_cache(maxsize=256)
def _column_index(names: tuple[str, ...]) -> pd.Index:
    """Return the names as an index; kept, because making one takes longer than most features."""
    return pd.Index(names)

"""From columns of a price frame to arrays, and from arrays to columns of a feature frame."""

from functools import lru_cache

import numpy as np
import pandas as pd

from quant.features.arrays import Values, as_values
from quant.features.catalog import FeatureEntry
from quant.frames import Features, Prices, column_of


class ReadOnce(pd.DataFrame):
    """A price frame whose columns are read once: for many features of the same bars, reading takes longer than most.

    It shares the memory of the frame that it is made of, and is for reading only; what is cut or copied from it is an
    ordinary frame again.
    """

    _read: dict[str, Values]

    def column(self, name: str) -> Values:
        """Return a column as values that cannot be written to."""
        if name not in self._read:
            values = as_values(column_of(self, name)).view()
            values.setflags(write=False)
            self._read[name] = values
        return self._read[name]


def read_once(prices: Prices) -> ReadOnce:
    """Return the same prices as a frame whose columns are read once."""
    once = ReadOnce(prices)
    object.__setattr__(once, "_read", {})  # pandas would take it for a column
    return once


def column_values(prices: Prices, name: str) -> Values:
    """Return one column of a price frame as values."""
    return prices.column(name) if isinstance(prices, ReadOnce) else as_values(column_of(prices, name))


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

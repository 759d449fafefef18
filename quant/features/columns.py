"""From columns of a price frame to arrays, and from arrays to columns of a feature frame."""

from collections.abc import Callable
from functools import lru_cache, wraps
from inspect import unwrap
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from quant.features.arrays import Values, as_values
from quant.features.catalog import FeatureEntry
from quant.frames import Features, Prices, column_of

Parameters = ParamSpec("Parameters")
Outputs = TypeVar("Outputs", bound=Values | tuple[Values, ...])
Feature: TypeAlias = Callable[Concatenate[Prices, Parameters], Features]


def column_values(prices: Prices, name: str) -> Values:
    """Return one column of a price frame as values."""
    return as_values(column_of(prices, name))


def columns_values(prices: Prices, *names: str) -> tuple[Values, ...]:
    """Return several columns of a price frame as values."""
    return tuple(column_values(prices, name) for name in names)


def feature(
    kind: type[FeatureEntry],
) -> Callable[[Callable[Concatenate[Prices, Parameters], Outputs]], Feature[Parameters]]:
    """Make a function that returns the outputs of an entry one that returns them as a frame, with checked parameters.

    The function itself stays at hand for `values_of`: frames of single features take longer than most features.
    """

    def decorate(function: Callable[Concatenate[Prices, Parameters], Outputs]) -> Feature[Parameters]:
        @wraps(function)
        def framed(prices: Prices, /, *args: Parameters.args, **parameters: Parameters.kwargs) -> Features:
            entry = kind(*args, **parameters)
            values = _columns(function(prices, *args, **parameters))
            return to_frame(prices, np.array(values), entry.columns)

        return framed

    return decorate


def values_of(prices: Prices, entry: FeatureEntry) -> tuple[Values, ...]:
    """Return the outputs of `entry`, in the order of its columns; they may share memory with one another.

    An implementation that is no `feature` returns a frame.
    """
    return _columns(unwrap(entry.load())(prices, **entry.parameters()))


def _columns(outputs: Features | Values | tuple[Values, ...]) -> tuple[Values, ...]:
    if isinstance(outputs, pd.DataFrame):
        return tuple(outputs.to_numpy().T)
    return outputs if isinstance(outputs, tuple) else (outputs,)


def to_frame(
    prices: Prices, block: np.ndarray[tuple[int, int], np.dtype[np.float64]], names: tuple[str, ...]
) -> Features:
    """Return a frame over the bars of `prices` that shares the memory of `block`, which has one row a column."""
    return pd.DataFrame(block.T, index=prices.index, columns=_column_index(names).view(), copy=False)


@lru_cache(maxsize=256)
def _column_index(names: tuple[str, ...]) -> pd.Index:
    """Return the names as an index; kept, because making one takes longer than most features."""
    return pd.Index(names)

"""What the array indicators accept, and how their kernels are compiled."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar, cast

import numpy as np
from numba import njit, types
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec

Values: TypeAlias = NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., object])

# Kernel argument types. Inputs are declared read-only, which also admits writable arrays: pandas hands out both.
INPUT = types.Array(types.float64, 1, "C", readonly=True)
OUTPUT = types.Array(types.float64, 1, "C")
COUNT = types.int64
NUMBER = types.float64


def kernel(
    *arguments: types.Type, returns: types.Type = types.void, contract: bool = False
) -> Callable[[Function], Function]:
    """Compile a function for one signature, on import, cached on disk, without the interpreter lock.

    One declared signature means that loading an implementation is all the warming-up there is: no call compiles.
    Neither `fastmath` nor `parallel`: each value must be the same bits on every run, whatever the length of the array.
    Division by zero gives infinity or NaN, as in numpy. With `contract`, a product and a sum may become one operation
    with one rounding: of all values alike, so that the bits of one depend on nothing else.
    """
    fastmath = {"contract"} if contract else False
    compile_function = njit(returns(*arguments), cache=True, nogil=True, error_model="numpy", fastmath=fastmath)
    return cast("Callable[[Function], Function]", compile_function)


def as_values(values: ArrayLike) -> Values:
    """Return `values` as contiguous float64, copied only if need be; InvalidSpec unless they have one dimension."""
    if np.ndim(values) != 1:
        raise InvalidSpec(f"Expected values of one dimension; found {np.ndim(values)}. Pass one instrument at a time.")
    return np.ascontiguousarray(values, dtype=np.float64)


def as_aligned_values(**series: ArrayLike) -> tuple[Values, ...]:
    """Return each series as values; InvalidSpec if their lengths differ."""
    arrays = tuple(as_values(values) for values in series.values())
    lengths = {name: array.size for name, array in zip(series, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InvalidSpec(f"Expected series of one length; found {found}. Pass values of the same bars.")
    return arrays


def check_at_least(least: float, **parameters: float) -> None:
    """Raise InvalidSpec, naming the parameter, if one of them is less than `least`."""
    for name, value in parameters.items():
        if not value >= least:
            raise InvalidSpec(f"Expected {name} to be at least {least:g}; found {value:g}.", field=name)


def quotient(values: Values, others: Values, otherwise: float) -> Values:
    """Return `values / others`, and `otherwise` where that is a division by zero; unknown where one of them is."""
    quotients = np.where(np.isnan(values), np.nan, otherwise)
    np.divide(values, others, out=quotients, where=others != 0.0)
    return quotients

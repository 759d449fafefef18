"""What the measures accept: a Series or an array, with NaN for what is unknown."""

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Values: TypeAlias = pd.Series | ArrayLike


def to_array(values: Values) -> FloatArray:
    """Return values of one dimension as float64."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and values.ndim == 1:
        return values  # measures call one another with arrays, and the set of them has a time to keep
    return np.asarray(values, dtype=np.float64).ravel()


def known(values: Values) -> FloatArray:
    """Return the values that are known, in their order: NaN are left out, never counted as zero."""
    array = to_array(values)
    is_unknown = np.isnan(array)
    return array[~is_unknown] if is_unknown.any() else array

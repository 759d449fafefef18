"""What the measures accept: a Series or an array, with NaN for what is unknown."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from quant.risk.sums import Tally, tally
from quant.sums import pairwise_square_sum, pairwise_sum

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Sample:
    """Known values in their order, one beside the other, and what measures need of them, computed when one asks.

    A measure that is given a sample computes what it would have computed from the values, to the last bit.
    """

    numbers: FloatArray

    def __len__(self) -> int:
        """Return how many values are known."""
        return len(self.numbers)

    @cached_property
    def tally(self) -> Tally:
        """The sums over the values."""
        return tally(self.numbers, len(self.numbers))

    @cached_property
    def total(self) -> float:
        """The sum of the values; 0 without values."""
        return pairwise_sum(self.numbers, 0, len(self.numbers))

    @property
    def mean(self) -> float:
        """The mean; NaN without values."""
        return self.total / len(self.numbers) if len(self.numbers) else math.nan

    @cached_property
    def deviation(self) -> float:
        """The sample standard deviation; NaN with fewer than two values."""
        n = len(self.numbers)
        if n < 2:  # noqa: PLR2004 - two values differ, one does not
            return math.nan
        if "tally" in self.__dict__:
            square_sum = self.tally.square_sum
        else:
            square_sum = pairwise_square_sum(self.numbers, 0, n, self.mean)
        return math.sqrt(square_sum / (n - 1))

    @cached_property
    def ascending(self) -> FloatArray:
        """The values, sorted."""
        return np.sort(self.numbers)

    @property
    def least(self) -> float:
        """The smallest value; NaN without values."""
        return float(self.ascending[0]) if len(self.numbers) else math.nan

    @property
    def greatest(self) -> float:
        """The largest value; NaN without values."""
        return float(self.ascending[-1]) if len(self.numbers) else math.nan

    def less(self, rate: float) -> "Sample":
        """Return the values less a rate; the sample itself if there is nothing to take off."""
        return Sample(self.numbers - rate) if rate != 0.0 else self


Values: TypeAlias = pd.Series | ArrayLike | Sample


def to_array(values: Values) -> FloatArray:
    """Return values of one dimension as float64."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and values.ndim == 1:
        return values  # measures call one another with arrays, and the set of them has a time to keep
    if isinstance(values, Sample):
        return values.numbers
    if isinstance(values, pd.Series):
        return values.to_numpy(dtype=np.float64)  # asking numpy to ask pandas takes twice as long
    return np.asarray(values, dtype=np.float64).ravel()


def known(values: Values) -> FloatArray:
    """Return the values that are known, in their order: NaN are left out, never counted as zero."""
    if isinstance(values, Sample):
        return values.numbers
    array = to_array(values)
    is_unknown = np.isnan(array)
    return array[~is_unknown] if is_unknown.any() else array


def to_sample(values: Values) -> Sample:
    """Return the values that are known as a sample; a sample as it is."""
    if isinstance(values, Sample):
        return values
    sample = Sample(np.ascontiguousarray(to_array(values)))
    # A sum is what most measures ask for, and is NaN if one value is: looking for those costs nothing more.
    return Sample(known(sample.numbers)) if math.isnan(sample.total) else sample

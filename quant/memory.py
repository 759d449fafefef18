"""What a process has worked out and may be asked for again: pure values by what they follow from, within bounds.

Members of a study ask nearly the same, one after the other. What follows from prices and from the parts of the question
that they share is worked out once in each process. It is the same value, not a copy: nobody writes into what a stage
was given.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd

Value = TypeVar("Value")


class Memory:
    """Values by key, up to a number of bytes; what was not asked for the longest is forgotten first.

    Parameters
    ----------
    most_bytes : int, default=0
        Of all frames and arrays together; 0: nothing is remembered. A value of more than a quarter of it is not kept.
    """

    def __init__(self, most_bytes: int = 0) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self.n_bytes = 0

    def recall(self, key: str, make: Callable[[], Value]) -> Value:
        """Return what is kept under `key`, or make it.

        Parameters
        ----------
        key : str
            Made of everything that the value follows from.
        make : callable
            Returns the value, or raises; then nothing is kept.

        Returns
        -------
        object
            What `make` returned, now or before.
        """
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            value: Value = found[0]
            return value
        value = make()
        n_bytes = count_bytes(value)
        if n_bytes <= self._most_bytes // 4:
            self._kept[key] = value, n_bytes
            self.n_bytes += n_bytes
            while self.n_bytes > self._most_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self.n_bytes -= freed
        return value


def count_bytes(value: object) -> int:
    """Return about how much memory the frames, arrays and texts take that a value consists of."""
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return int(np.sum(value.memory_usage(deep=True)))
    if isinstance(value, (np.ndarray, pd.Index)):
        return value.nbytes
    if isinstance(value, str) or not isinstance(value, (Mapping, Sequence)):
        return sum(map(count_bytes, vars(value).values())) if hasattr(value, "__dict__") else sys.getsizeof(value)
    return sum(map(count_bytes, value.values() if isinstance(value, Mapping) else value))

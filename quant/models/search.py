"""Parameters drawn at random from an entry's search space."""

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from quant.errors import InvalidSpec
from quant.models.catalog import Choices, IntegerRange, ModelEntry, SearchRange

Entry = TypeVar("Entry", bound=ModelEntry)
SIGNIFICANT_DIGITS = 4  # a person can read and retype the parameters of a trial; finer steps change no score


def sample_parameters(entry: type[ModelEntry], rng: np.random.Generator) -> dict[str, Any]:
    """Draw one value for each parameter in an entry's search space.

    Parameters
    ----------
    entry : ModelEntry class
        The model whose `search_space` is drawn from.
    rng : Generator
        Source of the random numbers; the same state gives the same parameters.

    Returns
    -------
    dict of str to int, float or a choice
        A value each, in the order of the search space; empty if there is none. Numbers are rounded to four significant
        digits and lie within their bounds, both included.

    Examples
    --------
    >>> from quant.models.catalog import LogisticRegression
    >>> sample_parameters(LogisticRegression, np.random.default_rng([1, 0]))
    {'c': 0.1115}
    """
    return {name: _sample(bounds, rng) for name, bounds in entry.search_space.items()}


def with_parameters(spec: Entry, parameters: Mapping[str, Any]) -> Entry:
    """Return a specification with some of its parameters replaced.

    Parameters
    ----------
    spec : ModelEntry
        The specification to start from; parameters that are not named keep their values.
    parameters : mapping of str to value
        New values by name, as `sample_parameters` returns them.

    Returns
    -------
    ModelEntry
        A validated specification of the same class.

    Raises
    ------
    InvalidSpec
        If a parameter is unknown or out of its bounds.

    Examples
    --------
    >>> from quant.models.catalog import RandomForest
    >>> with_parameters(RandomForest(n_trees=100), {"max_depth": 3}).parameters()["max_depth"]
    3
    """
    try:
        return type(spec).model_validate({**spec.model_dump(), **parameters})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidSpec(
            f"Expected parameters that {type(spec).__name__} allows; "
            f"found {field} = {first['input']!r}: {first['msg']}.",
            field=field,
        ) from error


def _sample(bounds: SearchRange, rng: np.random.Generator) -> Any:
    if isinstance(bounds, Choices):
        return bounds.values[int(rng.integers(len(bounds.values)))]
    if isinstance(bounds, IntegerRange):
        if not bounds.log:
            return int(rng.integers(bounds.low, bounds.high, endpoint=True))
        # Each integer stands for the stretch from itself to the next, so that both bounds can be drawn.
        # Rounding may carry a draw at an edge across it, hence the bounds below.
        drawn = int(math.exp(rng.uniform(math.log(bounds.low), math.log(bounds.high + 1))))
        return min(max(drawn, bounds.low), bounds.high)
    if bounds.log:
        value = math.exp(rng.uniform(math.log(bounds.low), math.log(bounds.high)))
    else:
        value = rng.uniform(bounds.low, bounds.high)
    return min(max(float(f"{value:.{SIGNIFICANT_DIGITS}g}"), bounds.low), bounds.high)

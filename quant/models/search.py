"""Parameters from an entry's search space: drawn at random, on a grid, or chosen by a tuner."""

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Protocol, TypeVar

import numpy as np
from pydantic import ValidationError

from quant.errors import InvalidSpec
from quant.models.catalog import Choices, IntegerRange, ModelEntry, SearchRange

Entry = TypeVar("Entry", bound=ModelEntry)
_GRIDS = (1, 2, 3, 5, 9)  # points a range; each grid of the last three contains the one before
SIGNIFICANT_DIGITS = 4  # a person can read and retype the parameters of a trial; finer steps change no score


class Suggests(Protocol):
    """A trial of a tuner, by Optuna's words."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Choose an integer, both bounds included."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Choose a number, both bounds included."""


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


def grid_parameters(entry: type[ModelEntry]) -> Iterator[dict[str, Any]]:
    """Yield the points of a grid over an entry's search space, the coarsest first.

    Parameters
    ----------
    entry : ModelEntry class
        The model whose `search_space` is walked through.

    Yields
    ------
    dict of str to int, float or a choice
        The middle of all ranges; then each combination of two, three, five and nine points a range, its ends included,
        that has not come yet. Numbers are rounded as in `sample_parameters`; choices come in their order.

    Examples
    --------
    >>> from itertools import islice
    >>> from quant.models.catalog import LogisticRegression
    >>> [point["c"] for point in islice(grid_parameters(LogisticRegression), 5)]
    [0.1, 0.001, 10.0, 0.01, 1.0]
    """
    seen: list[dict[str, Any]] = []
    for n_points in _GRIDS:
        axes = [_points(bounds, n_points) for bounds in entry.search_space.values()]
        for values in product(*axes):
            point = dict(zip(entry.search_space, values, strict=True))
            if point not in seen:
                seen.append(point)
                yield point


def suggest_parameters(entry: type[ModelEntry], suggest: Suggests) -> dict[str, Any]:
    """Let a tuner choose one value for each parameter in an entry's search space.

    Parameters
    ----------
    entry : ModelEntry class
        The model whose `search_space` is chosen from.
    suggest : Suggests
        A trial of the tuner.

    Returns
    -------
    dict of str to int, float or a choice
        As `sample_parameters`, rounded as there.
    """
    return {name: _suggested(name, bounds, suggest) for name, bounds in entry.search_space.items()}


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


def _points(bounds: SearchRange, n_points: int) -> list[Any]:
    if isinstance(bounds, Choices):
        return list(bounds.values)
    places = np.linspace(0.0, 1.0, n_points) if n_points > 1 else np.array([0.5])
    if bounds.log:
        values = np.exp(np.log(bounds.low) + places * (np.log(bounds.high) - np.log(bounds.low)))
    else:
        values = bounds.low + places * (bounds.high - bounds.low)
    rounded = [round(value) if isinstance(bounds, IntegerRange) else _rounded(value) for value in values.tolist()]
    return list(dict.fromkeys(min(max(value, bounds.low), bounds.high) for value in rounded))


def _suggested(name: str, bounds: SearchRange, suggest: Suggests) -> Any:
    if isinstance(bounds, Choices):
        return bounds.values[suggest.suggest_int(name, 0, len(bounds.values) - 1)]
    if isinstance(bounds, IntegerRange):
        return suggest.suggest_int(name, bounds.low, bounds.high, log=bounds.log)
    value = suggest.suggest_float(name, bounds.low, bounds.high, log=bounds.log)
    return min(max(_rounded(value), bounds.low), bounds.high)


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


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
    return min(max(_rounded(value), bounds.low), bounds.high)

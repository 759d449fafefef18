"""What a sweep tries: each combination of values that the rule takes, and the lines that they share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec
from quant.strategies.catalog import NO_LINE, Line, RuleEntry
from quant.strategies.sweep_catalog import MOST_COMBINATIONS, AxisSpec, SweepSpec

NumberArray = np.ndarray[Any, np.dtype[np.float64]]
PlaceArray = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Combinations:
    """Combinations of a rule's numbers.

    Attributes
    ----------
    rule : RuleEntry
        What the axes do not set.
    names : tuple of str
        The numbers that vary, in the order of the axes.
    values : ndarray of shape (n_combinations, n_axes)
        Those that the rule takes; the last axis varies fastest.
    """

    rule: RuleEntry
    names: tuple[str, ...]
    values: NumberArray

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.values)

    @property
    def warm_up(self) -> int:
        """Leading bars before every combination may be acted upon, so that all are measured on the same bars."""
        # No warm-up falls as a number rises. numpy takes the largest of short rows thirty times as long.
        longest = {name: column.max() for name, column in zip(self.names, self.values.T, strict=True)}
        return max(int(self._with(longest).warm_up), self.rule.wait_bars)

    def parameters(self, number: int) -> dict[str, float]:
        """Return the numbers of a combination by name; whole ones as integers."""
        fields = type(self.rule).model_fields
        return {
            name: int(value) if fields[name].annotation is int else float(value)
            for name, value in zip(self.names, self.values[number], strict=True)
        }

    def entry(self, number: int) -> RuleEntry:
        """Return a combination as a rule, which waits as long as all of them do: it has the sweep's numbers."""
        asked = self.rule.model_dump() | self.parameters(number) | {"wait_bars": self.warm_up}
        return type(self.rule).model_validate(asked)

    def lines(self) -> tuple[tuple[Line, ...], PlaceArray]:
        """Return all lines that any compares, each once, and by which each enters, subtracts and leaves.

        Returns
        -------
        lines : tuple of Line
            What is drawn.
        places : ndarray of shape (n_combinations, 3)
            Positions in `lines`; `NO_LINE` for none.
        """
        plan = self._plan()
        known: dict[Line, int] = {}
        places = np.full((len(self), 3), NO_LINE, dtype=np.int64)
        for column, line in enumerate((plan.enter, plan.less, plan.leave)):
            if line is None:
                continue
            kind, *numbers = line
            where = np.zeros(len(self), dtype=np.int64)
            distinct: list[tuple[float, ...]] = [()]
            for number in numbers:  # each splits what was the same by those before
                inverse, values = pd.factorize(np.ascontiguousarray(np.broadcast_to(number, len(self))))
                if distinct == [()]:
                    where, distinct = inverse, [(float(value),) for value in values]
                    continue
                where, pairs = pd.factorize(where * len(values) + inverse)
                distinct = [(*distinct[pair // len(values)], float(values[pair % len(values)])) for pair in pairs]
            rows = [known.setdefault((kind, *each), len(known)) for each in distinct]
            places[:, column] = np.array(rows)[where]
        return tuple(known), places

    def levels(self) -> NumberArray:
        """Return the levels of each, of shape (n_combinations, 4), in the order of `Plan`."""
        plan = self._plan()
        each = (plan.enter_long, plan.leave_long, plan.enter_short, plan.leave_short)
        return np.column_stack([np.broadcast_to(level, len(self)) for level in each]).astype(np.float64)

    @property
    def are_possible(self) -> Any:
        """Whether the rule takes each: an array, or one answer for all."""
        return self._all().is_possible

    def _plan(self) -> Any:
        """Return the plan of all at once: where it has a number, that of a swept one is an array."""
        return self._all().plan

    def _all(self) -> Any:
        return self._with(dict(zip(self.names, self.values.T, strict=True)))

    def _with(self, numbers: dict[str, Any]) -> Any:
        return type(self.rule).model_construct(**{**dict(self.rule), **numbers})


def combine(rule: RuleEntry, axes: Sequence[AxisSpec]) -> Combinations:
    """Return the combinations of the axes' values that a rule takes.

    Parameters
    ----------
    rule : RuleEntry
        The rule.
    axes : sequence of AxisSpec
        At least one, each of another number.

    Returns
    -------
    Combinations
        At least one, at most `MOST_COMBINATIONS`.

    Raises
    ------
    InvalidSpec
        If an axis is of no number of the rule, a value is out of that number's bounds, no combination is possible, or
        there are too many.
    """
    columns = [_values_of(rule, place, axis) for place, axis in enumerate(axes)]
    n_wanted = math.prod(map(len, columns))
    if n_wanted > MOST_COMBINATIONS:
        raise InvalidSpec(
            f"Expected at most {MOST_COMBINATIONS:,} combinations; found {' × '.join(map(str, map(len, columns)))} = "
            f"{n_wanted:,}. Make steps longer or leave out an axis.",
            field="sweep.axes",
        )
    names = tuple(axis.parameter for axis in axes)
    grid = np.stack(np.meshgrid(*columns, indexing="ij"), axis=-1).astype(np.float64).reshape(n_wanted, len(axes))
    possible = np.broadcast_to(Combinations(rule, names, grid).are_possible, n_wanted)
    if not possible.any():
        raise InvalidSpec(
            f"Expected at least one combination that {type(rule).title!r} takes; found none of {n_wanted:,}.",
            field="sweep.axes",
        )
    return Combinations(rule, names, np.ascontiguousarray(grid[possible]))


def checked_sweep(sweep: SweepSpec, rule: object) -> SweepSpec:
    """Return a sweep whose axes the rule has; what varies nothing, or is of no rule, is none.

    Raises
    ------
    ValueError
        If the rule does not take the axes, in the words of a validator.
    """
    if not (isinstance(rule, RuleEntry) and sweep.is_used):
        return SweepSpec()
    try:
        combine(rule, sweep.axes)
    except InvalidSpec as error:
        words = str(error).removesuffix(".")
        raise ValueError(f"{words[:1].lower()}{words[1:]}") from error
    return sweep


def _values_of(rule: RuleEntry, place: int, axis: AxisSpec) -> NumberArray:
    """Return the values of an axis, if they are such as the rule takes."""
    fields = type(rule).model_fields
    field, where = fields.get(axis.parameter), f"sweep.axes.{place}"
    if field is None:
        own = ", ".join(
            name for name, each in fields.items() if each.annotation in {int, float} and name != "wait_bars"
        )
        raise InvalidSpec(
            f"Expected a number of {type(rule).title!r}, one of {own}; found {axis.parameter}.",
            field=f"{where}.parameter",
        )
    values = np.array(axis.numbers)
    step, *ends = ("values",) * 3 if axis.name == "values" else ("step", "first", "last")
    if field.annotation is int:
        if axis.name == "multiples":
            values = np.unique(np.round(values))
        elif (wrong := values[values != np.round(values)]).size:
            raise InvalidSpec(
                f"Expected whole values of {axis.parameter}; found {wrong[0]:g}.", field=f"{where}.{step}"
            )
    least = max((each.ge for each in field.metadata if hasattr(each, "ge")), default=-math.inf)
    most = min((each.le for each in field.metadata if hasattr(each, "le")), default=math.inf)
    for value, end in zip((values[0], values[-1]), ends, strict=True):
        if not least <= value <= most:
            raise InvalidSpec(
                f"Expected {axis.parameter} from {least:g} to {most:g}; found {value:g}.", field=f"{where}.{end}"
            )
    return values

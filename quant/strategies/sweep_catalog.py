"""Which numbers of a rule are varied in a sweep, as part of a question."""

import math
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from quant.catalog import Spec

MOST_COMBINATIONS = 25_000
MOST_VALUES = 1_000

# All numbers that rules have; which of them one has, `quant.strategies.combinations` looks at.
Parameter = Literal[
    "fast", "slow", "entry_bars", "exit_bars", "window", "gap", "enter", "leave", "lower", "middle", "upper"
]
SweptScore = Literal["sharpe_ratio", "total_return"]
_PARAMETER = "Which number of the rule."
_DIGITS = 10  # to which values are rounded: 0.1 + 0.2 is 0.3


class Range(Spec):
    """Numbers at equal distances."""

    name: Literal["range"] = "range"
    parameter: Parameter = Field(default="window", description=_PARAMETER)
    first: float = Field(default=10, ge=-1e6, le=1e6, description="First value.")
    last: float = Field(default=100, ge=-1e6, le=1e6, description="Last value, if the steps meet it.")
    step: float = Field(default=10, gt=0, le=1e6, description="From each value to the next.")

    @model_validator(mode="after")
    def _in_order(self) -> "Range":
        if self.last < self.first:
            raise ValueError(f"expected first ≤ last; found {self.first:g} and {self.last:g}")
        if (self.last - self.first) / self.step > 2 * MOST_VALUES:  # of the shortest steps more than can be counted
            raise ValueError(f"expected at most {MOST_VALUES:,} values; found far more: make the step longer")
        if self.n_values > MOST_VALUES:
            raise ValueError(f"expected at most {MOST_VALUES:,} values; found {self.n_values:,}: make the step longer")
        return self

    @property
    def n_values(self) -> int:
        """How many values there are."""
        return math.floor((self.last - self.first) / self.step + 1e-9) + 1

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values, ascending."""
        return tuple(round(self.first + place * self.step, _DIGITS) for place in range(self.n_values))


class Multiples(Spec):
    """Numbers each of which is so many times the one before."""

    name: Literal["multiples"] = "multiples"
    parameter: Parameter = Field(default="window", description=_PARAMETER)
    first: float = Field(default=5, gt=0, le=1e6, description="First value.")
    last: float = Field(default=320, gt=0, le=1e6, description="Last value, if the steps meet it.")
    factor: float = Field(
        default=2, ge=1.01, le=100, description="From each value to the next; whole numbers are rounded."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Multiples":
        if self.last < self.first:
            raise ValueError(f"expected first ≤ last; found {self.first:g} and {self.last:g}")
        return self

    @property
    def n_values(self) -> int:
        """How many values there are before any are rounded to the same."""
        return math.floor(math.log(self.last / self.first) / math.log(self.factor) + 1e-9) + 1

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values, ascending."""
        return tuple(round(self.first * self.factor**place, _DIGITS) for place in range(self.n_values))


class Listed(Spec):
    """Numbers that are named one by one."""

    name: Literal["values"] = "values"
    parameter: Parameter = Field(default="window", description=_PARAMETER)
    values: tuple[Annotated[float, Field(ge=-1e6, le=1e6)], ...] = Field(
        default=(10.0, 20.0, 50.0, 100.0),
        min_length=1,
        max_length=MOST_VALUES,
        description="Each of the values, with commas between them; in any order, none twice.",
    )

    @field_validator("values")
    @classmethod
    def _ascending(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        """Return them in order: the same values are the same question, however they were written down."""
        found = tuple(sorted(value + 0.0 for value in values))  # no negative zero
        twice = next((value for value, after in pairwise(found) if value == after), None)
        if twice is not None:
            raise ValueError(f"expected each value once; found {twice:g} twice")
        return found

    @property
    def n_values(self) -> int:
        """How many values there are."""
        return len(self.values)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values, ascending."""
        return self.values


AxisSpec = Annotated[Range | Multiples | Listed, Field(discriminator="name")]


class SweepSpec(Spec):
    """Many combinations of a rule's numbers instead of one; the best is looked at as a whole."""

    axes: tuple[AxisSpec, ...] = Field(
        default=(),
        max_length=4,
        description="Numbers of the rule that are varied, each with each; none: the rule is asked about as it stands.",
    )
    choose_by: SweptScore = Field(default="sharpe_ratio", description="What the best combination is best in.")
    held_out: float = Field(
        default=0.3,
        ge=0,
        le=0.9,
        description="Last share of the bars that the choice does not see: the curve is of these; 0: of all bars.",
    )

    @property
    def is_used(self) -> bool:
        """Whether anything is varied."""
        return bool(self.axes)

    @model_validator(mode="after")
    def _axes_differ(self) -> "SweepSpec":
        names = [axis.parameter for axis in self.axes]
        if len(set(names)) != len(names):
            raise ValueError(f"expected each number of the rule on one axis; found {', '.join(names)}")
        return self

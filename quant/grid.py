"""Many questions from one: the base question with each combination of the values that its axes name."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from quant.catalog import CatalogEntry, Spec
from quant.features.catalog import FEATURES
from quant.labels.catalog import LABELS
from quant.models.catalog import MODELS
from quant.spec import AnalysisSpec
from quant.stages import hash_json

MOST_AXES = 6
MOST_VALUES = 200
_LONGEST_WORDS = 40
_SHOWN_CLASHES = 3

# What an axis may begin with, beside the parts of a question; `model` stands for its only model.
MODEL = "model"
_ENTRIES: dict[str, Mapping[str, type[CatalogEntry]]] = {
    room: {str(entry.model_fields["name"].default): entry for entry in entries}
    for room, entries in (("models", MODELS), ("label", LABELS), ("features", FEATURES))
}
_ROOTS = (MODEL, *(name for name in AnalysisSpec.model_fields if name != "spec_version"))
_TITLES = {"backtest.costs": "Costs", "importance": "Feature importance"}


class Axis(Spec):
    """One thing that differs between the analyses of a study, and the values that it takes.

    `path` leads into the question: `instruments`, `model`, `model.max_depth`, `label`, `label.horizon`, `features`,
    `strategy.enter_above` and so on. A value of `instruments` is a symbol, an instrument, or a list of these; one of
    `model` or `label` is a name from the catalogue, or an entry with its parameters; one of `features` is a list of
    such entries. A parameter that a model or label does not have leaves it as it is.
    """

    path: str = Field(
        min_length=1,
        max_length=80,
        pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$",
        description="Where in the question: `instruments`, `model`, `model.max_depth`, `label.horizon` and so on.",
    )
    values: tuple[Any, ...] = Field(
        min_length=1, max_length=MOST_VALUES, description="What stands there, one after the other."
    )

    @property
    def title(self) -> str:
        """What a person calls it."""
        return axis_title(self.path)

    @property
    def words(self) -> tuple[str, ...]:
        """Each value as a person reads it, no two alike."""
        return axis_words(self.path, self.values)


@dataclass(frozen=True)
class Member:
    """One question of a grid; `number` is the place of its combination, counted from 0 with the last axis fastest."""

    number: int
    spec: AnalysisSpec
    spec_hash: str
    words: str


@dataclass(frozen=True)
class Grid:
    """What a base question and its axes amount to.

    Attributes
    ----------
    n_combinations : int
        Product of the numbers of values.
    members : tuple of Member
        One question each, no two alike: combinations that ask the same are folded into the first of them. Empty if
        there are problems.
    problems : mapping of str to str
        Every mistake, by its dotted path: `axes.1.values.0`, or `spec.seed` for one of the base question.
    """

    n_combinations: int
    members: tuple[Member, ...]
    problems: Mapping[str, str]

    @property
    def n_folded(self) -> int:
        """How many combinations ask what an earlier one asks already."""
        return self.n_combinations - len(self.members) if self.members else 0


def expand(base: Mapping[str, Any], axes: Sequence[Axis], *, most: int) -> Grid:
    """Return the questions that a grid asks.

    Parameters
    ----------
    base : mapping
        The question as JSON; what an axis sets need not be in it.
    axes : sequence of Axis
        What differs, 1 to 6.
    most : int
        Greatest number of combinations that are looked at.

    Returns
    -------
    Grid
        The questions, or all mistakes at once.
    """
    n_combinations = math.prod(len(axis.values) for axis in axes)
    problems = _of_axes(axes)
    if n_combinations > most:
        sizes = " × ".join(str(len(axis.values)) for axis in axes)
        problems["axes"] = (
            f"expected at most {most:,} combinations; found {sizes} = {n_combinations:,}. Leave out some values."
        )
    if problems:
        return Grid(n_combinations, (), problems)
    order = sorted(range(len(axes)), key=lambda place: len(_steps(axes[place].path)))  # a whole before its parts
    words = [axis.words for axis in axes]
    complaints = _Complaints(axes, words)
    found: dict[str, Member] = {}
    for number, places in enumerate(itertools.product(*(range(len(axis.values)) for axis in axes))):
        question, fitting = _base(base), []
        for axis in order:
            outcome = _put(question, axes[axis].path, axes[axis].values[places[axis]])
            complaints.applied(axis, places[axis], outcome)
            if outcome is True:
                fitting.append(axis)
        try:
            spec = AnalysisSpec.model_validate(question)
        except ValidationError as error:
            complaints.note(places, error)
            continue
        spec_hash = spec.hash()
        if spec_hash not in found:
            varied = [axis for axis in sorted(fitting) if len(axes[axis].values) > 1] or sorted(fitting)
            said = " · ".join(_in_a_title(axes[axis], words[axis][places[axis]]) for axis in varied)
            found[spec_hash] = Member(number, spec, spec_hash, said)
    problems = complaints.problems()
    return Grid(n_combinations, () if problems else tuple(found.values()), problems)


def places_of(number: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """Return which value of each axis a combination has, by its number.

    Parameters
    ----------
    number : int
        As a member has it.
    sizes : sequence of int
        Number of values of each axis.

    Returns
    -------
    tuple of int
        One place an axis, from 0.

    Examples
    --------
    >>> places_of(5, [2, 3])
    (1, 2)
    """
    places: list[int] = []
    for size in reversed(sizes):
        number, place = divmod(number, size)
        places.append(place)
    return tuple(reversed(places))


def without_axes(base: Mapping[str, Any], axes: Sequence[Axis]) -> dict[str, Any]:
    """Return what of a base question its axes leave: what they set whole is never read."""
    set_whole = {_steps(axis.path)[0] for axis in axes if len(_steps(axis.path)) == 1}
    return {name: value for name, value in base.items() if name not in set_whole}


def axis_title(path: str) -> str:
    """Return what a person calls an axis.

    Examples
    --------
    >>> axis_title("model.max_depth"), axis_title("instruments")
    ('Model: max depth', 'Instruments')
    """
    if path in _TITLES:
        return _TITLES[path]
    first, *rest = (step.replace("_", " ") for step in path.split("."))
    title = first[:1].upper() + first[1:]
    return f"{title}: {', '.join(rest)}" if rest else title


def axis_words(path: str, values: Sequence[Any]) -> tuple[str, ...]:
    """Return each value of an axis as a person reads it, at most 40 characters, no two alike."""
    words = [_shortened(_value_words(path, value)) for value in values]
    return tuple(
        word if words.count(word) == 1 else f"{word} ({words[: place + 1].count(word)})"
        for place, word in enumerate(words)
    )


class _Complaints:
    """Every mistake of a grid once, under the value that makes it."""

    def __init__(self, axes: Sequence[Axis], words: Sequence[Sequence[str]]) -> None:
        self._axes, self._words = axes, words
        self._found: dict[str, str] = {}
        self._clashes: dict[str, tuple[str, int]] = {}  # message -> first combination, how many
        self._is_used = [False] * len(axes)

    def applied(self, axis: int, place: int, outcome: str | bool) -> None:  # noqa: FBT001  # what `_put` says
        """Note whether a value found its place."""
        if isinstance(outcome, str):
            self._found.setdefault(f"axes.{axis}.values.{place}", f"{self._said(axis, place)}: {outcome}")
            self._is_used[axis] = True
        else:
            self._is_used[axis] |= outcome

    def note(self, places: Sequence[int], error: ValidationError) -> None:
        """Note what is wrong with a combination."""
        for problem in error.errors(include_url=False, include_input=False):
            message = _plain(problem)
            axis = self._axis_of(problem["loc"])
            if axis is not None:
                path = f"axes.{axis}.values.{places[axis]}"
                self._found.setdefault(path, f"{self._said(axis, places[axis])}: {message}")
            elif problem["loc"]:
                path = ".".join(str(step) for step in problem["loc"])
                self._found.setdefault(f"spec.{path}", f"{axis_title(path)}: {message}")
            else:
                said = " × ".join(self._words[each][place] for each, place in enumerate(places))
                first, count = self._clashes.get(message, (said, 0))
                self._clashes[message] = (first, count + 1)

    def problems(self) -> dict[str, str]:
        """Return all mistakes by their paths."""
        problems = dict(self._found)
        for place, axis in enumerate(self._axes):
            if not self._is_used[place]:
                message = f"none of the {_room(axis.path)} asked for has a parameter of that name"
                problems[f"axes.{place}.path"] = f"{axis.title}: {message}"
        if self._clashes:
            shown = [f"{said}: {text}" for text, (said, _) in itertools.islice(self._clashes.items(), _SHOWN_CLASHES)]
            total = sum(count for _, count in self._clashes.values())
            problems["axes"] = f"{total:,} combinations do not fit. {'; '.join(shown)}"
        return problems

    def _said(self, axis: int, place: int) -> str:
        return f"{self._axes[axis].title}, {self._words[axis][place]}"

    def _axis_of(self, location: Sequence[int | str]) -> int | None:
        """Return the axis that set what is wrong: the one whose path leads farthest towards it."""
        steps = [str(step) for step in location]
        fitting = []
        for place, axis in enumerate(self._axes):
            wanted = _steps(axis.path)
            rest = iter(steps)
            # What is between them is the place in a list, or the name of the entry that pydantic tried.
            if steps and steps[0] == wanted[0] and all(step in rest for step in wanted):
                fitting.append((len(wanted), place))
        return max(fitting)[1] if fitting else None


def _of_axes(axes: Sequence[Axis]) -> dict[str, str]:
    """Return what is wrong with axes before anything is put anywhere."""
    problems: dict[str, str] = {}
    if not 1 <= len(axes) <= MOST_AXES:
        problems["axes"] = f"expected 1 to {MOST_AXES} axes; found {len(axes)}"
    seen: dict[tuple[str, ...], int] = {}
    for place, axis in enumerate(axes):
        steps = _steps(axis.path)
        if axis.path.split(".")[0] not in _ROOTS:
            problems[f"axes.{place}.path"] = f"expected one of {', '.join(_ROOTS)}; found {axis.path}"
        elif steps in seen:
            problems[f"axes.{place}.path"] = f"expected each axis once; {axis.title} is there twice"
        seen.setdefault(steps, place)
        hashes = [hash_json(value) for value in axis.values]
        for number, each in enumerate(hashes):
            if each in hashes[:number]:
                words = _shortened(_value_words(axis.path, axis.values[number]))
                problems[f"axes.{place}.values.{number}"] = (
                    f"{axis.title}: expected each value once; found {words} twice"
                )
    return problems


def _steps(path: str) -> tuple[str, ...]:
    first, *rest = path.split(".")
    return ("models" if first == MODEL else first, *rest)


def _base(base: Mapping[str, Any]) -> dict[str, Any]:
    """Return the question with everything on the way to an axis copied, so that no combination changes another."""
    question = {name: _copied(value) for name, value in base.items()}
    for name in ("models", "label", "features"):
        if name not in question:
            field = AnalysisSpec.model_fields[name]
            default: Any = field.get_default(call_default_factory=True)
            entries = [each.model_dump(mode="json") for each in (default if isinstance(default, tuple) else [default])]
            question[name] = entries if isinstance(default, tuple) else entries[0]
    return question


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list | tuple) else value


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _instrument(value: Any) -> Any:
    return {"symbol": value} if isinstance(value, str) else _copied(value)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else _copied(value)


_WHOLE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "instruments": ("instruments", lambda value: [_instrument(each) for each in _listed(value)]),
    MODEL: ("models", lambda value: [_named(value)]),
    "models": ("models", lambda value: [_named(each) for each in _listed(value)]),
    "label": ("label", _named),
    "features": ("features", lambda value: [_named(each) for each in _listed(value)]),
}


def _put(question: dict[str, Any], path: str, value: Any) -> str | bool:
    """Put a value where a path leads; return whether there is such a place, or in words why there can be none."""
    if path in _WHOLE:
        name, converted = _WHOLE[path]
        question[name] = converted(value)
        return True
    first, *rest = _steps(path)
    if first in _ENTRIES and not rest[0].isdigit():
        n_fitting = sum(_put_parameter(first, entry, rest, value) for entry in _listed(question.get(first)))
        return n_fitting > 0
    return _put_plainly(question, (first, *rest), value)


def _put_parameter(room: str, entry: Any, steps: Sequence[str], value: Any) -> bool:
    known = _ENTRIES[room].get(str(entry.get("name"))) if isinstance(entry, dict) else None
    if known is None or steps[0] not in known.model_fields or len(steps) > 1:
        return False
    entry[steps[0]] = _copied(value)
    return True


def _put_plainly(question: dict[str, Any], steps: Sequence[str], value: Any) -> str | bool:
    place: Any = question
    for step in steps[:-1]:
        if isinstance(place, list):
            if not step.isdigit() or int(step) >= len(place):
                return f"expected a place from 0 to {len(place) - 1} in the list; found {step}"
            place = place[int(step)]
        elif isinstance(place, dict):
            place = place.setdefault(step, {})
        else:
            return f"expected something with parts; found {_shortened(str(place))}"
    last = steps[-1]
    if isinstance(place, list):
        if not last.isdigit() or int(last) >= len(place):
            return f"expected a place from 0 to {len(place) - 1} in the list; found {last}"
        place[int(last)] = _copied(value)
        return True
    if not isinstance(place, dict):
        return f"expected something with parts; found {_shortened(str(place))}"
    place[last] = _copied(value)
    return True


def _in_a_title(axis: Axis, words: str) -> str:
    """Return a value with the name of its parameter, where it would say little alone."""
    return words if axis.path in _WHOLE else f"{axis.path.rpartition('.')[2].replace('_', ' ')} {words}"


def _room(path: str) -> str:
    return {"models": "models", "label": "labels", "features": "features"}.get(_steps(path)[0], "parts")


def _value_words(path: str, value: Any) -> str:
    if path == "instruments":
        return ", ".join(str(each.get("symbol")) if isinstance(each, Mapping) else str(each) for each in _listed(value))
    if path in _WHOLE:
        entries = _listed(value)
        few = 2
        if len(entries) > few:
            return f"{len(entries)} {'features' if path == 'features' else 'models'}"
        return ", ".join(_entry_words(_WHOLE[path][0], each) for each in entries)
    return _plain_words(value)


def _plain_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {_plain_words(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain_words(each) for each in value)
    return "none" if value is None else str(value)


def _entry_words(room: str, value: Any) -> str:
    """Return the title of a catalogue entry, with the parameters that are said."""
    name = str(value.get("name", "")) if isinstance(value, Mapping) else str(value)
    known = _ENTRIES[room].get(name)
    title = known.title if known else name
    said = {key: each for key, each in value.items() if key != "name"} if isinstance(value, Mapping) else {}
    return f"{title} ({_plain_words(said)})" if said else title


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_WORDS else text[: _LONGEST_WORDS - 1].rstrip() + "…"


def _plain(problem: ErrorDetails) -> str:
    """Return a mistake in our words."""
    if problem["type"] == "missing":
        return "expected in the question, or as an axis"
    if problem["type"] == "extra_forbidden":
        return "there is no field of that name"
    if problem["type"] == "union_tag_invalid":
        return f"expected one of {problem['ctx']['expected_tags']}; found {_shortened(problem['ctx']['tag'])}"
    return problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")

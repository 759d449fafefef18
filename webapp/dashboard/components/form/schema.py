"""Reads the JSON schema of the question into a tree that a form can be drawn from and read back by.

Paths are dotted, as in `validation.train_bars` or `features.3.window`, and the same in errors, ids and this tree.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, TypeAlias

from quant.bars.day_catalog import DAY_BARS
from quant.catalog import describe
from quant.features.catalog import FEATURES
from quant.labels.catalog import LABELS
from quant.models.catalog import MODELS
from quant.portfolio.catalog import ALLOCATIONS
from quant.spec import AnalysisSpec
from quant.strategies.catalog import STRATEGIES
from quant.transforms.catalog import TRANSFORMS
from webapp.dashboard.components.form.words import INTRODUCTIONS, choice_of, humanised, label_of, section_title, unit_of

Kind: TypeAlias = Literal["integer", "number", "boolean", "choice", "date", "instrument", "numbers", "text"]
Json: TypeAlias = Mapping[str, Any]

DISCRIMINATOR = "name"

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")

FEATURE_LIST = "features"  # the list to which presets can be added, and whose entries warm up


@dataclass(frozen=True)
class Field:
    """One value: where it goes, what it is called, and between which bounds it lies."""

    path: str
    label: str
    help_text: str
    kind: Kind
    default: Any = None
    unit: str = ""
    is_optional: bool = False
    minimum: float | None = None
    maximum: float | None = None
    excludes_minimum: bool = False
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Variant:
    """One of several things that can stand in a place, by name, with its parameters (paths relative to the place)."""

    name: str
    title: str
    summary: str
    category: str
    reference: str
    fields: tuple[Field, ...]
    places: "tuple[Choice, ...]" = ()  # for other things that it is made of


@dataclass(frozen=True)
class Choice:
    """A place for one of several things."""

    path: str
    label: str
    help_text: str
    variants: tuple[Variant, ...]
    default: str


@dataclass(frozen=True)
class Entries:
    """A place for a list of things, each one of several."""

    path: str
    label: str
    help_text: str
    variants: tuple[Variant, ...]
    at_least: int
    at_most: int


@dataclass(frozen=True)
class Instruments:
    """The place for instruments, which are looked up rather than typed."""

    path: str
    help_text: str
    at_most: int


Part: TypeAlias = "Field | Choice | Entries | Instruments"


@dataclass(frozen=True)
class Section:
    """A step of the workflow: one part of the question, or the loose fields at its beginning or end."""

    name: str
    title: str
    help_text: str
    parts: tuple[Part, ...]


@cache
def sections() -> tuple[Section, ...]:
    """Return the sections of the form, in the order of the workflow.

    Each object or list of the schema is a section; single values before the first object stand with the instruments,
    those after it at the end.
    """
    schema = AnalysisSpec.model_json_schema()
    reader = _Reader(schema["$defs"])
    opening: list[Part] = []
    closing: list[Part] = []
    middle: list[Section] = []
    for name, node in schema["properties"].items():
        parts = reader.parts(name, node)
        if len(parts) == 1 and isinstance(parts[0], Field):
            (closing if middle else opening).extend(parts)
        elif name == "instruments":
            opening.extend(parts)
        elif parts:
            middle.append(Section(name, section_title(name), node.get("description", ""), parts))
    first = Section("instruments", section_title("instruments"), INTRODUCTIONS["instruments"], tuple(opening))
    last = Section("finish", section_title("finish"), INTRODUCTIONS["finish"], tuple(closing))
    return (first, *middle, last)


def fields_of(parts: tuple[Part, ...], values: Mapping[str, Any]) -> Iterator[Field]:
    """Yield every field that stands in these parts for such values, with its full path."""
    for part in parts:
        if isinstance(part, Field):
            yield part
        elif isinstance(part, Choice):
            yield from placed_within(variant_of(part, values.get(f"{part.path}.{DISCRIMINATOR}")), part.path, values)
        elif isinstance(part, Entries):
            for index in entry_indices(part, values):
                variant = variant_of(part, values.get(f"{part.path}.{index}.{DISCRIMINATOR}"))
                yield from placed_within(variant, f"{part.path}.{index}", values)


def entry_indices(entries: Entries, values: Mapping[str, Any]) -> list[int]:
    """Return the places that are taken in a list; paths come from the browser, and what is no place is none."""
    prefix = f"{entries.path}."
    taken = {path.removeprefix(prefix).partition(".")[0] for path in values if path.startswith(prefix)}
    return sorted(int(index) for index in taken if _INDEX.fullmatch(index))


def variant_of(place: "Choice | Entries", name: object) -> Variant:
    """Return the variant of that name; an unknown name is the first variant, whose error will name it."""
    return next((variant for variant in place.variants if variant.name == name), place.variants[0])


def placed(variant: Variant, path: str) -> tuple[Field, ...]:
    """Return a variant's fields with the path of the place where it stands."""
    return tuple(replace(field, path=f"{path}.{field.path}") for field in variant.fields)


def placed_within(variant: Variant, path: str, values: Mapping[str, Any]) -> Iterator[Field]:
    """Yield a variant's fields where it stands, and those of what it is made of, as chosen."""
    yield from placed(variant, path)
    for place in placed_choices(variant, path):
        yield from placed(variant_of(place, values.get(f"{place.path}.{DISCRIMINATOR}", place.default)), place.path)


def placed_choices(variant: Variant, path: str) -> tuple[Choice, ...]:
    """Return a variant's places for other things with the path of the place where it stands."""
    return tuple(replace(place, path=f"{path}.{place.path}") for place in variant.places)


class _Reader:
    """Turns schema nodes into parts."""

    def __init__(self, definitions: Json) -> None:
        self._definitions = definitions
        rooms = (FEATURES, LABELS, MODELS, STRATEGIES, TRANSFORMS, ALLOCATIONS, DAY_BARS)
        entries = [entry for room in rooms for entry in describe(room)]
        self._catalog = {entry["name"]: entry for entry in entries}

    def parts(self, path: str, node: Json) -> tuple[Part, ...]:
        """Return what a node contributes: a field, a place for one of several, a list, or an object's parts."""
        node = self._resolved(node)
        if "const" in node:
            return ()
        if node.get("type") == "array":
            return (self._list(path, node),)
        if "discriminator" in node:
            return (self._choice(path, node),)
        if "properties" in node:
            nested = (self.parts(f"{path}.{name}", child) for name, child in node["properties"].items())
            return tuple(part for parts in nested for part in parts)
        return (self._field(path, node),)

    def _resolved(self, node: Json) -> Json:
        if "$ref" not in node:
            return node
        target = self._definitions[node["$ref"].rpartition("/")[2]]
        return {**target, **{key: value for key, value in node.items() if key != "$ref"}}

    def _list(self, path: str, node: Json) -> Part:
        help_text = node.get("description", "")
        if path == "instruments":
            return Instruments(path, help_text, node["maxItems"])
        variants = self._variants(node["items"])
        return Entries(
            path, label_of(path.rpartition(".")[2]), help_text, variants, node.get("minItems", 0), node["maxItems"]
        )

    def _choice(self, path: str, node: Json) -> Choice:
        variants = self._variants(node)
        name = path.rpartition(".")[2]
        default = (node.get("default") or {}).get(DISCRIMINATOR, variants[0].name)
        return Choice(path, label_of(name), node.get("description", ""), variants, default)

    def _variants(self, node: Json) -> tuple[Variant, ...]:
        node = self._resolved(node)
        options = node.get("oneOf", [node])
        return tuple(self._variant(self._resolved(option)) for option in options)

    def _variant(self, node: Json) -> Variant:
        name = node["properties"][DISCRIMINATOR]["const"]
        known = self._catalog.get(name, {})
        children = {key: child for key, child in node["properties"].items() if key != DISCRIMINATOR}
        places = {key: child for key, child in children.items() if "discriminator" in child}
        fields = [self._field(key, child) for key, child in children.items() if key not in places]
        return Variant(
            name=name,
            title=known.get("title", humanised(name)),
            summary=known.get("summary", node.get("description", "").partition("\n")[0]),
            category=known.get("category", ""),
            reference=known.get("reference", ""),
            fields=tuple(fields),
            places=tuple(self._choice(key, child) for key, child in places.items()),
        )

    def _field(self, path: str, node: Json) -> Field:
        node = self._resolved(node)
        alternatives = [self._resolved(each) for each in node.get("anyOf", [node])]
        typed = next(each for each in alternatives if each.get("type") != "null")
        name = path.rpartition(".")[2]
        return Field(
            path=path,
            label=label_of(name),
            help_text=node.get("description", ""),
            kind=_kind(typed),
            default=node.get("default"),
            unit=unit_of(name),
            is_optional=len(alternatives) > 1,
            minimum=typed.get("minimum", typed.get("exclusiveMinimum")),
            maximum=typed.get("maximum"),
            excludes_minimum="exclusiveMinimum" in typed,
            choices=tuple((value, choice_of(value)) for value in typed.get("enum", ())),
        )


def _kind(node: Json) -> Kind:
    if "enum" in node:
        return "choice"
    if "x-choice-of" in node:
        return "instrument"
    if node.get("format") == "date":
        return "date"
    if node.get("type") == "array":
        return "numbers"
    known: dict[str, Kind] = {"integer": "integer", "number": "number", "boolean": "boolean"}
    return known.get(node.get("type", ""), "text")

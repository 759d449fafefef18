"""Draws the sections of the form, each folded to one line while nobody has changed it."""

import itertools
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from dash import html
from dash.development.base_component import Component

from quant.spec import LEARNING
from quant.strategies.catalog import RULES
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.form.controls import draw_parts
from webapp.dashboard.components.form.schema import (
    DISCRIMINATOR,
    Choice,
    Entries,
    Field,
    Instruments,
    Part,
    Section,
    entry_indices,
    sections,
    variant_of,
)
from webapp.dashboard.components.form.values import changed_fields, is_changed, read_value
from webapp.dashboard.components.form.words import FOLDS, humanised, measured
from webapp.formats import NO_BREAK, plain, plural

SUMMARY = "new-analysis-summary"
SECTION = "new-analysis-section"
CHANGED = "new-analysis-changed"

_MOST_NAMES = 6
_RULES = frozenset(rule.model_fields["name"].default for rule in RULES)

_LISTS_WITHIN = frozenset({"axes"})  # lists inside of a section: `sweep.axes.range fast.first`


def draw_form(values: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> list[Component]:
    """Return all sections; those left at their defaults are folded, the instruments never."""
    unused = unused_sections(values)
    numbers = itertools.count(1)
    return [_draw(0 if section.name in unused else next(numbers), section, values, options) for section in sections()]


def unused_sections(values: Mapping[str, Any]) -> frozenset[str]:
    """Return the sections without use: a rule alone learns nothing, and only of one there are sweeps."""
    return frozenset(LEARNING) if values.get(f"strategy.{DISCRIMINATOR}") in _RULES else frozenset({"sweep"})


def section_class(section: Section, wrong_paths: Sequence[str]) -> str:
    """Return the class of a section, by whether something in it is wrong."""
    has_errors = any(section_of(path) is section for path in wrong_paths)
    return "form-section has-errors" if has_errors else "form-section"


def section_of(path: str) -> Section:
    """Return the section in which a path stands; the first for what is about the whole."""
    for section in sections():
        for part in section.parts:
            if path == part.path or path.startswith(f"{part.path}.") or path == section.name:
                return section
    return sections()[0]


def place_of(path: str) -> str:
    """Return where a path is on the page, in words: its section, and its field if it is one."""
    section = section_of(path)
    for part in section.parts:
        if isinstance(part, Field) and part.path == path:
            return f"{section.title}, {part.label.lower()}"
        if isinstance(part, Choice | Entries) and path.startswith(f"{part.path}."):
            name = path.rpartition(".")[2]
            known = (field.label for variant in part.variants for field in variant.fields if field.path == name)
            return f"{section.title}, {next(known, part.label).lower()}"
    return section.title


def path_in_words(path: str) -> str:
    """Return what a dotted path of a question is called in the form: section, entry, field.

    Entries of lists stand in it by name, such as `features.rsi 14.window`, or by number.
    """
    first, *middle, last = path.split(".") if "." in path else ("", path)
    known = {section.name: section.title.partition(":")[0] for section in sections()}
    words = [known.get(first, humanised(first))] if first else []
    if middle:
        if middle[0] in _LISTS_WITHIN:
            words.append(measured(middle.pop(0)))
        words.append(_entry_in_words(".".join(middle)))
    if last != DISCRIMINATOR:
        words.append(measured(last))
    elif not middle:
        words.append("kind")
    words = [word for place, word in enumerate(words) if word not in words[:place]]
    return ": ".join([words[0], ", ".join(_lowered(word) for word in words[1:])] if len(words) > 1 else words)


def value_in_words(path: str, value: Any) -> str | None:
    """Return what a choice or a switch of the form is called; None for any other value."""
    name = path.rpartition(".")[2]
    if isinstance(value, bool):
        return plain(value)
    if not isinstance(value, str):
        return None
    if name == DISCRIMINATOR:
        return _titles().get(value)
    return _choices().get((name, value))


def _entry_in_words(name: str) -> str:
    if name.isascii() and name.isdigit():
        return f"no. {int(name) + 1}"
    kind, _, rest = name.partition(" ")
    title = _titles().get(kind, humanised(kind) if kind.islower() else kind)
    return f"{title} {rest}".strip()


def _lowered(word: str) -> str:
    """Return a word as it stands inside a sentence: names in capitals stay."""
    return word if word[1:2].isupper() or not word[1:2].isalpha() else f"{word[:1].lower()}{word[1:]}"


@cache
def _titles() -> Mapping[str, str]:
    places = (part for section in sections() for part in section.parts if isinstance(part, Choice | Entries))
    return {variant.name: variant.title for place in places for variant in place.variants}


@cache
def _choices() -> Mapping[tuple[str, str], str]:
    fields = []
    for part in (part for section in sections() for part in section.parts):
        if isinstance(part, Field):
            fields.append(part)
        elif isinstance(part, Choice | Entries):
            fields += [field for variant in part.variants for field in variant.fields]
    return {(field.path.rpartition(".")[2], value): word for field in fields for value, word in field.choices}


def summary(section: Section, values: Mapping[str, Any]) -> str:
    """Return a section in one line; of what is folded in it, what was changed."""
    told = (part for part in section.parts if not isinstance(part, Field) or _is_told(part, values))
    return " · ".join(text for part in told if (text := _part_summary(part, values)))


def _is_told(field: Field, values: Mapping[str, Any]) -> bool:
    return field.path.rpartition(".")[0] not in FOLDS or is_changed(field, values)


def changed(section: Section, values: Mapping[str, Any]) -> str:
    """Return how much of a section was changed, or nothing."""
    n_changed = len(changed_fields(section, values))
    return f"{n_changed} changed" if n_changed and section.name != "instruments" else ""


def _draw(number: int, section: Section, values: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> Component:
    is_open = section.name == "instruments" or bool(changed_fields(section, values))
    head = html.Summary(
        [
            html.Span(str(number), className="form-step"),
            html.Div(
                [
                    html.H2(section.title, className="form-section-title"),
                    html.Div(
                        summary(section, values), id={"type": SUMMARY, "name": section.name}, className="form-summary"
                    ),
                ],
                className="form-head",
            ),
            html.Span(
                [
                    html.Span(
                        changed(section, values), id={"type": CHANGED, "name": section.name}, className="form-changed"
                    ),
                    icon("chevron-down"),
                ],
                className="form-state",
            ),
        ]
    )
    return html.Details(
        [head, draw_parts(section.parts, values, options)],
        id={"type": SECTION, "name": section.name},
        className="form-section",
        open=is_open,
        hidden=number == 0,  # what stands in it is kept, for whoever chooses a model again
    )


def _part_summary(part: Part, values: Mapping[str, Any]) -> str:
    if isinstance(part, Field):
        return _field_summary(part, values)
    if isinstance(part, Instruments):
        return ", ".join(str(key).partition("@")[0] for key in values.get(part.path) or []) or "none chosen"
    if isinstance(part, Choice):
        return variant_of(part, values.get(f"{part.path}.{DISCRIMINATOR}", part.default)).title
    return _entries_summary(part, values)


def _field_summary(field: Field, values: Mapping[str, Any]) -> str:
    value = read_value(values.get(field.path), field)
    if field.kind == "boolean":
        return f"{field.label}: {plain(bool(value))}"
    if value is None:
        return "" if field.is_optional else f"{field.label}: nothing"
    if field.kind == "choice":
        return dict(field.choices).get(str(value), str(value))
    unit = f"{NO_BREAK}{field.unit}" if field.unit not in {"", "fraction", "money"} else ""
    written = str(value) if field.path == "seed" else plain(value)  # the name of a sequence, not an amount
    return f"{field.label} {written}{unit}"


def _entries_summary(entries: Entries, values: Mapping[str, Any]) -> str:
    names = [
        variant_of(entries, values.get(f"{entries.path}.{index}.{DISCRIMINATOR}")).title
        for index in entry_indices(entries, values)
    ]
    distinct = list(dict.fromkeys(names))
    shown = ", ".join(distinct[:_MOST_NAMES]) + (", …" if len(distinct) > _MOST_NAMES else "")
    noun = entries.label.lower().removesuffix("s")
    return f"{plural(len(names), noun)}: {shown}" if names else f"no {noun}"

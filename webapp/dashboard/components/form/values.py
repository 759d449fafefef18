"""Turns a question into the values of a form and back, losing nothing that was typed."""

import json
import re
from collections.abc import Mapping
from typing import Any

from quant.spec import AnalysisSpec
from webapp.dashboard.components.form.schema import (
    DISCRIMINATOR,
    Choice,
    Entries,
    Field,
    Instruments,
    Section,
    Variant,
    entry_indices,
    fields_of,
    placed,
    placed_choices,
    sections,
    variant_of,
)

Values = dict[str, Any]

_BETWEEN_NUMBERS = re.compile(r"[\s,;]+")
_LONGEST_NUMBER = 40  # characters; with thousands of digits, Python itself gives up


def to_values(question: Mapping[str, Any]) -> Values:
    """Return what stands in each field for a question in JSON.

    Numbers become text, so that what is typed wrongly stays to be mended; switches stay booleans. What the question
    leaves out stands at its default.
    """
    values: Values = {}
    for section in sections():
        for part in section.parts:
            if isinstance(part, Field):
                values[part.path] = _shown(value_at(question, part.path, part.default), part)
            elif isinstance(part, Instruments):
                values[part.path] = [instrument_key(each) for each in value_at(question, part.path, [])]
            elif isinstance(part, Choice):
                values.update(
                    _variant_values(part, part.path, value_at(question, part.path, {DISCRIMINATOR: part.default}))
                )
            else:
                for index, entry in enumerate(value_at(question, part.path, [])):
                    values.update(_variant_values(part, f"{part.path}.{index}", entry))
    return values


def to_question(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the question in JSON that stands in a form; what is no number stays text, for the schema to refuse."""
    question: dict[str, Any] = {}
    for section in sections():
        for part in section.parts:
            if isinstance(part, Instruments):
                put_value(question, part.path, [to_instrument(each) for each in values.get(part.path) or []])
            elif isinstance(part, Choice):
                put_value(
                    question, f"{part.path}.{DISCRIMINATOR}", values.get(f"{part.path}.{DISCRIMINATOR}", part.default)
                )
            elif isinstance(part, Entries):
                put_value(question, part.path, [entry_at(part, index, values) for index in entry_indices(part, values)])
        for field in fields_of(tuple(part for part in section.parts if not isinstance(part, Entries)), values):
            if field.path in values:
                put_value(question, field.path, read_value(values[field.path], field))
    return question


def read_value(value: Any, field: Field) -> Any:
    """Return what was typed as the JSON value it means, or unchanged if it means none."""
    if field.kind == "boolean":
        return bool(value)
    text = "" if value is None else str(value).strip().replace("\u2212", "-").replace("\u00a0", "").replace(" ", "")
    if not text:
        return {"instrument": "", "numbers": []}.get(field.kind)  # the first; none
    if field.kind == "numbers":
        return [_number(part) for part in _BETWEEN_NUMBERS.split(str(value).replace("\u2212", "-").strip(" ,;"))]
    if field.kind not in {"integer", "number"} or len(text) > _LONGEST_NUMBER:
        return str(value).strip()
    found = _number(text)
    return str(value).strip() if isinstance(found, str) else found


def _number(text: str) -> float | str:
    """Return the number that a text is, whole if it is written so; the text itself if it is none."""
    for number in (int, float):
        try:
            return number(text) if len(text) <= _LONGEST_NUMBER else text
        except ValueError:
            continue
    return text


def default_entry(entries: Entries, name: str) -> dict[str, Any]:
    """Return a new entry of a list, its parameters at their defaults."""
    variant = variant_of(entries, name)
    return _default_of(variant)


def _default_of(variant: Variant) -> dict[str, Any]:
    made_of = {place.path: _default_of(variant_of(place, place.default)) for place in variant.places}
    return {DISCRIMINATOR: variant.name, **{field.path: field.default for field in variant.fields}, **made_of}


def instrument_key(instrument: Mapping[str, Any]) -> str:
    """Return an instrument as one text, for a list of choices: `GOOG@sample`."""
    return f"{instrument.get('symbol', '')}@{instrument.get('source', '')}"


def to_instrument(key: str) -> dict[str, str]:
    """Return the instrument that a text stands for."""
    symbol, _, source = key.rpartition("@")
    return {"symbol": symbol, "source": source}


def is_changed(field: Field, values: Mapping[str, Any]) -> bool:
    """Return whether a field differs from its default."""
    return bool(read_value(values.get(field.path), field) != _plain(field.default))


def changed_fields(section: Section, values: Mapping[str, Any]) -> list[str]:
    """Return the labels of what differs from its default in a section."""
    changed = []
    for part in section.parts:
        if isinstance(part, Field):
            changed += [part.label] if is_changed(part, values) else []
        elif isinstance(part, Instruments):
            changed += ["Instruments"] if values.get(part.path) else []
        elif isinstance(part, Choice):
            name = values.get(f"{part.path}.{DISCRIMINATOR}", part.default)
            fields = placed(variant_of(part, name), part.path)
            same = not any(is_changed(field, values) for field in fields)
            changed += [] if name == part.default and same else [part.label]
        elif _entry_list(part, values) != _default_entries(part):
            changed.append(part.label)
    return changed


def _entry_list(entries: Entries, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [entry_at(entries, index, values) for index in entry_indices(entries, values)]


def _default_entries(entries: Entries) -> list[dict[str, Any]]:
    defaults = to_question(to_values(default_question()))
    found: list[dict[str, Any]] = value_at(defaults, entries.path, [])
    return found


def default_question() -> dict[str, Any]:
    """Return the question with every default in it and no instruments."""
    question = AnalysisSpec.model_validate({"instruments": [{"symbol": "X"}]}).resolved()
    return {**question, "instruments": []}


def entry_at(entries: Entries, index: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of a list in JSON; what is no number stays text."""
    return _variant_at(entries, f"{entries.path}.{index}", values)


def _variant_at(place: Choice | Entries, path: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variant that stands at a path, with its parameters and what it is made of."""
    name = values.get(f"{path}.{DISCRIMINATOR}")
    variant = variant_of(place, name)
    parameters = {
        field.path.rpartition(".")[2]: read_value(values[field.path], field)
        for field in placed(variant, path)
        if field.path in values
    }
    made_of = {
        each.path.rpartition(".")[2]: _variant_at(each, each.path, values)
        for each in placed_choices(variant, path)
        if f"{each.path}.{DISCRIMINATOR}" in values
    }
    return {DISCRIMINATOR: name, **parameters, **made_of}


def _variant_values(place: Choice | Entries, path: str, entry: Any) -> Values:
    entry = entry if isinstance(entry, Mapping) else {}
    name = entry.get(DISCRIMINATOR, place.variants[0].name)
    values: Values = {f"{path}.{DISCRIMINATOR}": name}
    for field in variant_of(place, name).fields:
        values[f"{path}.{field.path}"] = _shown(entry.get(field.path, field.default), field)
    for inner in variant_of(place, name).places:
        made_of = entry.get(inner.path, {DISCRIMINATOR: inner.default})
        values |= _variant_values(inner, f"{path}.{inner.path}", made_of)
    return values


def _shown(value: Any, field: Field) -> Any:
    if field.kind == "boolean":
        return bool(value)
    if value is None:
        return ""
    if field.kind == "numbers" and isinstance(value, list | tuple):
        return ", ".join(str(_written(each)) for each in value)
    return _written(value)


def _written(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value + 0.0:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004  # exact so far
    return value if isinstance(value, str) else json.dumps(value)


def _plain(value: Any) -> Any:
    return None if value == "" else value


def value_at(question: Mapping[str, Any], path: str, default: Any) -> Any:
    """Return what stands at a dotted path of a question."""
    node: Any = question
    for part in path.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return default
        node = node[part]
    return node


def put_value(question: dict[str, Any], path: str, value: Any) -> None:
    """Put something at a dotted path of a question."""
    *parents, last = path.split(".")
    node = question
    for parent in parents:
        node = node.setdefault(parent, {})
    node[last] = value

"""What is drawn in the form at this moment, and how adding, removing and choosing change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quant.features.catalog import PRESETS
from webapp.dashboard.components.form.schema import FEATURE_LIST, Entries, sections
from webapp.dashboard.components.form.values import Values, default_entry, put_value, to_question, to_values, value_at
from webapp.errors import MOST_ENTRIES, InvalidInput

Id = Mapping[str, str]

_FORGED = "The form is not as this page draws it. Load the page again."


@dataclass(frozen=True)
class Drawn:
    """The controls on the page with what stands in them, as the browser sent it."""

    field_ids: Sequence[Id]
    field_values: Sequence[Any]
    variant_ids: Sequence[Id]
    variant_values: Sequence[Any]
    instruments: Sequence[str] | None

    def __post_init__(self) -> None:
        """Refuse ids and values that no page of ours has sent."""
        _check(self.field_ids, self.field_values)
        _check(self.variant_ids, self.variant_values)
        instruments = self.instruments or ()
        if not isinstance(instruments, list | tuple) or len(instruments) > MOST_ENTRIES:
            raise InvalidInput(_FORGED)

    def values(self) -> Values:
        """Return what stands in each field, by path."""
        values: Values = {each["path"]: value for each, value in zip(self.field_ids, self.field_values, strict=True)}
        values |= {each["path"]: value for each, value in zip(self.variant_ids, self.variant_values, strict=True)}
        return values | {"instruments": [str(each) for each in self.instruments or []]}

    @property
    def has_other_variant(self) -> bool:
        """Whether a variant was chosen whose parameters are not drawn yet."""
        return any(
            each.get("shown") != value for each, value in zip(self.variant_ids, self.variant_values, strict=True)
        )


@dataclass(frozen=True)
class Clicks:
    """The buttons that change the structure, with their clicks since the form was drawn."""

    add_ids: Sequence[Id]
    added: Sequence[int | None]
    add_names: Sequence[str]
    remove_ids: Sequence[Id]
    removed: Sequence[int | None]

    def __post_init__(self) -> None:
        """Refuse ids and clicks that no page of ours has sent."""
        _check(self.add_ids, self.added)
        _check(self.add_ids, self.add_names)
        _check(self.remove_ids, self.removed)


def _check(ids: Sequence[Id], values: Sequence[Any]) -> None:
    are_ids = isinstance(ids, Sequence) and all(
        isinstance(each, Mapping) and isinstance(each.get("path"), str) for each in ids
    )
    if not (are_ids and isinstance(values, Sequence) and len(ids) == len(values)):
        raise InvalidInput(_FORGED)


def restructured(drawn: Drawn, clicks: Clicks) -> Values | None:
    """Return the values after what was clicked, or None if nothing was.

    Whatever else stands in the form, right or wrong, stays.
    """
    values = drawn.values()
    for each, name, n_clicks in zip(clicks.add_ids, clicks.add_names, clicks.added, strict=True):
        if n_clicks:
            return _with_entry(values, each["path"], name)
    for each, n_clicks in zip(clicks.remove_ids, clicks.removed, strict=True):
        if n_clicks:
            return _without_entry(values, each["path"])
    return to_values(to_question(values)) if drawn.has_other_variant else None


def _with_entry(values: Values, path: str, name: str) -> Values:
    entries, question = _entries_at(path), to_question(values)
    preset = next((each for each in PRESETS if each.name == name), None) if path == FEATURE_LIST else None
    there = value_at(question, path, [])
    if preset is None:
        put_value(question, path, [*there, default_entry(entries, name)])
    else:  # what is there already, with the same parameters, is not asked for twice
        asked = [feature.model_dump(mode="json") for feature in preset.features]
        put_value(question, path, [*there, *(entry for entry in asked if entry not in there)])
    return to_values(question)


def _without_entry(values: Values, path: str) -> Values:
    place, _, index = path.rpartition(".")
    entries, question = _entries_at(place), to_question(values)
    there = value_at(question, entries.path, [])
    put_value(question, entries.path, [entry for number, entry in enumerate(there) if str(number) != index])
    return to_values(question)


def _entries_at(path: str) -> Entries:
    for section in sections():
        for part in section.parts:
            if isinstance(part, Entries) and part.path == path:
                return part
    raise InvalidInput("There is no such list in the question. Load the page again.")

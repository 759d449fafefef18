"""Draws the parts of the form: a control with its label, unit, help and a place for its mistake."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component
from pydantic import TypeAdapter, ValidationError

from quant.features.catalog import PRESETS, FeatureEntry, FeatureSpec
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.form.schema import (
    DISCRIMINATOR,
    FEATURE_LIST,
    Choice,
    Entries,
    Field,
    Instruments,
    Part,
    Variant,
    entry_indices,
    placed,
    placed_choices,
    variant_of,
)
from webapp.dashboard.components.form.values import entry_at, is_changed
from webapp.dashboard.components.form.words import FOLDS
from webapp.formats import plain, plural, sentence

FIELD = "new-analysis-field"
VARIANT = "new-analysis-variant"
PROBLEM = "new-analysis-problem"
REMOVE = "new-analysis-remove"
ADD = "new-analysis-add"
ADD_NAME = "new-analysis-add-name"
INSTRUMENTS = "new-analysis-instruments"
SYMBOLS = "new-analysis-symbols"

_LOOSE = "loose"
_CODE = re.compile(r"`([^`]+)`")
_FEATURE: TypeAdapter[FeatureEntry] = TypeAdapter(FeatureSpec)
_MANY_CARDS = 16  # entries of a list, from which on they stand under their kinds
_MANY = 24  # variants, from which on the list is searched
_CHEAP = 15  # moving averages that a feature may take as long as without a word about it
_FEW = 4  # entries with more parameters take a whole row


def field_id(path: str) -> dict[str, str]:
    """Return the id of a field's control."""
    return {"type": FIELD, "path": path}


def anchor(path: str) -> str:
    """Return the plain id of a field's box, to which a named mistake leads."""
    return "field-" + re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")


def draw_parts(parts: Sequence[Part], values: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> Component:
    """Return the controls of a section; `options` are the instruments that can be chosen."""
    groups: list[Component] = []
    for kind, members in itertools.groupby(parts, _group_of):
        if kind in FOLDS:
            groups.append(_fold(FOLDS[kind], [part for part in members if isinstance(part, Field)], values))
        elif kind == _LOOSE:
            groups.append(html.Div([_loose(part, values, options) for part in members], className="form-grid"))
        else:
            groups += [_own_row(part, values) for part in members]
    return html.Div(groups, className="form-body")


def _group_of(part: Part) -> str:
    """Return what a part is drawn with: its fold, the loose ones beside it, or nothing but itself."""
    if isinstance(part, Field):
        above = part.path.rpartition(".")[0]
        return above if above in FOLDS else _LOOSE
    return _LOOSE if isinstance(part, Instruments) else part.path


def _loose(part: Part, values: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> Component:
    if isinstance(part, Instruments):
        return _instruments(part, values, options)
    return draw_field(part, values.get(part.path))  # type: ignore[arg-type]  # what is left


def _own_row(part: Part, values: Mapping[str, Any]) -> Component:
    return _choice(part, values) if isinstance(part, Choice) else _entries(part, values)  # type: ignore[arg-type]  # what is left


def _fold(title: str, fields: Sequence[Field], values: Mapping[str, Any]) -> Component:
    """Return fields that few people need under their title, unfolded if one of them was changed."""
    n_changed = sum(is_changed(field, values) for field in fields)
    drawn = html.Div([draw_field(field, values.get(field.path)) for field in fields], className="form-grid")
    return html.Details([html.Summary(title), drawn], open=n_changed > 0, className="fold form-fold")


def draw_field(field: Field, value: Any, *, on_hover: str | None = None) -> Component:
    """Return one field; `on_hover` is what its box says there."""
    problem = _problem(field.path)
    help_text = html.Div(marked(f"{field.help_text}{_bounds(field)}"), className="form-text")
    control_id = field_id(field.path)
    if field.kind == "boolean":
        switch = dbc.Switch(id=control_id, value=bool(value), label=field.label)
        parts, kind = [switch, help_text, problem], "field field-switch"
    else:
        label = html.Label(field.label, className="form-label", htmlFor=_html_id(control_id))
        parts, kind = [label, _control(field, value, control_id), help_text, problem], "field"
    return html.Div(parts, id=anchor(field.path), className=kind, title=on_hover)


def marked(text: str) -> list[Component | str]:
    """Return text with what stands between backticks set as code."""
    return [html.Code(part) if place % 2 else part for place, part in enumerate(_CODE.split(text)) if part]


def _problem(path: str) -> Component:
    """Return the place of a field's mistake, unseen while there is none."""
    return html.Div(id={"type": PROBLEM, "path": path}, className="field-problem", role="alert")


def _control(field: Field, value: Any, control_id: dict[str, str]) -> Any:
    if field.kind == "choice":
        options = [{"label": label, "value": name} for name, label in field.choices]
        return dbc.Select(id=control_id, options=options, value=value)
    if field.kind == "date":
        return dbc.Input(id=control_id, type="date", value=value or "", debounce=True)
    if field.kind == "instrument":
        return dbc.Input(
            id=control_id, value=value, debounce=True, autocomplete="off", list=SYMBOLS, placeholder="the first"
        )
    entry = dbc.Input(
        id=control_id,
        type="text",  # a number field would throw away what is no number, before anyone could say what is wrong
        inputmode={"integer": "numeric", "numbers": "text"}.get(field.kind, "decimal"),
        value=value,
        debounce=True,  # what was typed is taken over before anything else is clicked: nothing is ever lost
        autocomplete="off",
        placeholder="none" if field.is_optional else None,
    )
    return dbc.InputGroup([entry, dbc.InputGroupText(field.unit)]) if field.unit else dbc.InputGroup([entry])


def _bounds(field: Field) -> str:
    if field.minimum is None and field.maximum is None:
        return ""
    low = plain(field.minimum)
    if field.maximum is None:
        return f" {'More than' if field.excludes_minimum else 'At least'} {low}."
    if field.minimum is None:
        return f" At most {plain(field.maximum)}."
    return f" {'Above ' if field.excludes_minimum else ''}{low} to {plain(field.maximum)}."


def _choice(choice: Choice, values: Mapping[str, Any]) -> Component:
    path = f"{choice.path}.{DISCRIMINATOR}"
    chosen = variant_of(choice, values.get(path, choice.default))
    options = [{"label": variant.title, "value": variant.name} for variant in choice.variants]
    select_id = {"type": VARIANT, "path": path, "shown": chosen.name}
    head = html.Div(
        [
            html.Label(choice.label, className="form-label", htmlFor=_html_id(select_id)),
            dbc.Select(id=select_id, options=options, value=chosen.name),
            html.Div(chosen.summary, className="form-text"),
            _problem(path),
        ],
        className="field",
        id=anchor(path),
    )
    fields = [draw_field(field, values.get(field.path, field.default)) for field in placed(chosen, choice.path)]
    return html.Div([head, *fields], className="form-grid", id=anchor(choice.path))


def _entries(entries: Entries, values: Mapping[str, Any]) -> Component:
    indices = entry_indices(entries, values)
    cards = [_entry(entries, index, values) for index in indices]
    name_id = {"type": ADD_NAME, "path": entries.path}
    adding = html.Div(
        [
            html.Label(f"To add to {entries.label.lower()}", htmlFor=_html_id(name_id), className="visually-hidden"),
            _variant_picker(entries, name_id),
            html.Button(
                [icon("plus-lg"), "Add"],
                id={"type": ADD, "path": entries.path},
                type="button",
                className="btn btn-secondary",
            ),
        ],
        className="entry-add",
    )
    problem = _problem(entries.path)
    kinds = [variant_of(entries, values.get(f"{entries.path}.{index}.{DISCRIMINATOR}")).category for index in indices]
    n_small = sum(len(variant.fields) < _FEW for variant in entries.variants)
    is_compact = 2 * n_small > len(entries.variants)  # the few with many parameters take a whole row each
    return html.Div(
        [
            html.Div(marked(entries.help_text), className="form-text mt-0"),
            *_by_kind(cards, kinds, "entries entries-compact" if is_compact else "entries"),
            problem,
            adding,
        ],
        className="entry-list",
        id=anchor(entries.path),
    )


def _by_kind(cards: Sequence[Component], kinds: Sequence[str], class_name: str) -> list[Component]:
    """Return the cards side by side; so many that one gets lost among them stand under their kinds, which fold."""
    if len(cards) < _MANY_CARDS or len(set(kinds)) < 2:  # noqa: PLR2004  # one kind is none
        return [html.Div(cards, className=class_name)]
    groups: dict[str, list[Component]] = {}
    for card, kind in zip(cards, kinds, strict=True):
        groups.setdefault(kind, []).append(card)
    return [
        html.Details(
            [html.Summary(f"{kind} · {len(inside)}"), html.Div(inside, className=class_name)],
            open=True,
            className="fold",
        )
        for kind, inside in groups.items()
    ]


def _entry(entries: Entries, index: int, values: Mapping[str, Any]) -> Component:
    path = f"{entries.path}.{index}"
    name_path = f"{path}.{DISCRIMINATOR}"
    variant = variant_of(entries, values.get(name_path))
    remove = html.Button(
        icon("x-lg"),
        id={"type": REMOVE, "path": path},
        type="button",
        className="btn btn-quiet btn-sm btn-icon",
        title=f"Remove {variant.title}",
        **aria(label=f"Remove {variant.title}"),
    )
    said = sentence(f"{variant.summary}{_warming(entries, index, values)}")
    head = html.Div(
        [html.H3(variant.title), remove, html.P(said, title=variant.reference or None)],
        className="entry-head",
    )
    fields = [_parameter(field, values.get(field.path, field.default)) for field in placed(variant, path)]
    hidden = dbc.Input(id=field_id(name_path), type="hidden", value=variant.name)
    made_of = [part for place in placed_choices(variant, path) for part in _made_of(place, values)]
    problem = _problem(path)
    return html.Div(
        [head, hidden, html.Div([*made_of, *fields], className="entry-fields"), problem],
        className="entry" if len(fields) < _FEW else "entry entry-wide",
        id=anchor(path),
    )


def _warming(entries: Entries, index: int, values: Mapping[str, Any]) -> str:
    """Return how long a feature warms up and what it costs, in words; nothing of what is no feature or is wrong."""
    if entries.path != FEATURE_LIST:
        return ""
    try:
        feature = _FEATURE.validate_python(entry_at(entries, index, values))
    except ValidationError:
        return ""
    is_usual = feature.parameters() == type(feature)().parameters()
    # Costs are measured with usual parameters, so beside others that is said; what is cheap stays cheap.
    proviso = "" if is_usual or feature.cost < _CHEAP else " as it is offered first; a longer window may cost more"
    costs = f" Costs {_times(feature.cost)}{proviso}."
    return (f" Warms up {plural(feature.settled_after, 'bar')}." if feature.settled_after else "") + costs


def _times(cost: float) -> str:
    """Return a measured cost in words; what takes no longer than a few averages is not told apart."""
    return "next to nothing" if cost < _CHEAP else f"as much as {float(f'{cost:.2g}'):,.0f} moving averages"


def _variant_picker(entries: Entries, name_id: dict[str, str]) -> Component:
    """Return the list of what can be added; of many one is found by typing any word of its title, kind or summary.

    Presets, which are several features at once, stand first.
    """
    variants = entries.variants
    if len(variants) < _MANY:
        few: Component = dbc.Select(
            id=name_id, options=_grouped(variants), value=variants[0].name, style={"maxWidth": "260px"}
        )
        return few
    presets = [
        {
            "label": f"{preset.title} ({plural(len(preset.features), 'feature')})",
            "value": preset.name,
            "search": f"preset {preset.title} {preset.summary}",
        }
        for preset in (PRESETS if entries.path == FEATURE_LIST else ())
    ]
    options = [
        {**option, "search": f"{variant.title} {variant.category} {variant.summary}"}
        for option, variant in zip(_grouped(variants), variants, strict=True)
    ]
    return dcc.Dropdown(
        id=name_id,
        options=[*presets, *options],
        value=variants[0].name,
        clearable=False,
        placeholder="Search by name or kind",
        maxHeight=280,
        className="entry-picker",
    )


def _made_of(place: Choice, values: Mapping[str, Any]) -> list[Component]:
    """Return the choice of what an entry is made of, and the parameters of that."""
    path = f"{place.path}.{DISCRIMINATOR}"
    chosen = variant_of(place, values.get(path, place.default))
    select_id = {"type": VARIANT, "path": path, "shown": chosen.name}
    choice = html.Div(
        [
            html.Label(place.label, className="form-label", htmlFor=_html_id(select_id)),
            dbc.Select(id=select_id, options=_grouped(place.variants), value=chosen.name),
            _problem(path),
        ],
        className="field field-wide",
        id=anchor(path),
        title=f"{place.help_text} {chosen.summary}",
    )
    fields = [_parameter(field, values.get(field.path, field.default)) for field in placed(chosen, place.path)]
    return [choice, *fields]


def _parameter(field: Field, value: Any) -> Component:
    """Return a parameter of an entry: its help stands on hover, for there are many."""
    return draw_field(field, value, on_hover=f"{field.help_text}{_bounds(field)}")


def _instruments(part: Instruments, values: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> Component:
    chosen = list(values.get(part.path) or [])
    known = {option["value"] for option in options}
    missing = [{"label": key.partition("@")[0], "value": key} for key in chosen if key not in known]
    dropdown = dcc.Dropdown(
        id=INSTRUMENTS,
        options=[*options, *missing],
        value=chosen,
        multi=True,
        placeholder="Search by symbol or name",
        maxHeight=280,
    )
    return html.Div(
        [
            html.Label("Instruments", className="form-label", htmlFor=INSTRUMENTS),
            dropdown,
            html.Datalist(symbol_options(chosen), id=SYMBOLS),
            html.Div(f"{part.help_text} Up to {part.at_most}, traded from one account.", className="form-text"),
            _problem(part.path),
        ],
        className="field field-wide",
        id=anchor(part.path),
    )


def symbol_options(chosen: Sequence[str] | None) -> list[Component]:
    """Return the symbols of the chosen instruments, for fields that name one of them."""
    return [html.Option(value=str(key).rpartition("@")[0]) for key in chosen or []]


def _grouped(variants: Sequence[Variant]) -> list[dict[str, str]]:
    return [
        {
            "label": f"{variant.title} ({variant.category.lower()})" if variant.category else variant.title,
            "value": variant.name,
        }
        for variant in variants
    ]


def _html_id(component_id: Mapping[str, str]) -> str:
    """Return a dict id as Dash writes it into the page: keys sorted, no spaces."""
    return "{" + ",".join(f'"{key}":"{component_id[key]}"' for key in sorted(component_id)) + "}"

"""The questions to start from: those that are built in, those that people keep, and how to keep one."""

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.form.templates import TEMPLATES
from webapp.services.templates import MAX_DESCRIPTION, MAX_NAME, TemplateView

TEMPLATE = "new-analysis-template"
LIST = "new-analysis-templates"
TARGET = "new-analysis-kept-target"
NAME = "new-analysis-kept-name"
DESCRIPTION = "new-analysis-kept-description"
SHARED = "new-analysis-kept-shared"
SAVE = "new-analysis-kept-save"
DELETE = "new-analysis-kept-delete"

_KEPT = "kept-"  # before the public id of a template, to tell it from those that are built in


def kept_id(name: str) -> str | None:
    """Return the public id of the template that a button stands for, None for one that is built in."""
    return name.removeprefix(_KEPT) if name.startswith(_KEPT) else None


def template_buttons(kept: Sequence[TemplateView]) -> list[Component]:
    """Return a button for each template, those that are built in first."""
    built_in = [_button(each.name, each.title, each.summary) for each in TEMPLATES]
    return [*built_in, *(_button(f"{_KEPT}{each.id}", each.name, _summary(each)) for each in kept)]


def targets(kept: Sequence[TemplateView]) -> list[dict[str, str]]:
    """Return what a question can be kept as: a new template, or in the place of one's own."""
    own = [{"label": f"Replace {each.name}", "value": each.id} for each in kept if each.is_own]
    return [{"label": "A new template", "value": ""}, *own]


def keep_panel(kept: Sequence[TemplateView]) -> Component:
    """Return the fold in which the question of the form is kept, replaced or forgotten as a template."""
    fields = [
        _labelled("Keep it as", dbc.Select(id=TARGET, options=targets(kept), value=""), TARGET),
        _labelled("Name", dbc.Input(id=NAME, maxlength=MAX_NAME, autocomplete="off"), NAME),
        _labelled(
            "What it is for", dbc.Input(id=DESCRIPTION, maxlength=MAX_DESCRIPTION, autocomplete="off"), DESCRIPTION
        ),
        dbc.Switch(id=SHARED, label="Everybody here may start from it", value=False),
    ]
    buttons = [
        html.Button([icon("bookmark-plus"), "Keep"], id=SAVE, type="button", className="btn btn-secondary btn-sm"),
        html.Button([icon("trash"), "Delete"], id=DELETE, type="button", className="btn btn-quiet btn-sm", hidden=True),
    ]
    return html.Details(
        [
            html.Summary("Keep this question as a template"),
            html.Div(
                [
                    html.Div("Everything but instruments and dates, which stay your own.", className="form-text"),
                    html.Div(fields, className="form-grid"),
                    html.Div(buttons, className="kept-actions"),
                ],
                className="stack",
            ),
        ],
        className="fold mt-3",
    )


def said_of(view: TemplateView | None) -> tuple[str, str, bool, bool]:
    """Return name, description and audience to show for a template, and whether Delete is hidden; None: a new one."""
    return ("", "", False, True) if view is None else (view.name, view.description, view.is_shared, False)


def _summary(view: TemplateView) -> str:
    whose = "Yours" if view.is_own else f"By {view.owner}"
    audience = ", shared with everybody" if view.is_own and view.is_shared else ""
    return f"{whose}{audience}. {view.description}".strip()


def _button(name: str, title: str, summary: str) -> Component:
    return html.Button(
        [html.Strong(title), html.Span(summary)],
        id={"type": TEMPLATE, "name": name},
        type="button",
        className="template",
    )


def _labelled(label: str, control: Any, control_id: str) -> Component:
    return html.Div([html.Label(label, className="form-label", htmlFor=control_id), control], className="field")

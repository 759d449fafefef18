"""The frame around the form: title, templates, the two views of the question, what it costs, and Run."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria, aria_bool, data
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.form.kept import LIST, keep_panel, template_buttons
from webapp.dashboard.components.form.sections import draw_form
from webapp.services.templates import TemplateView


def draw_page(
    title: str,
    values: Mapping[str, Any],
    options: Sequence[Mapping[str, Any]],
    kept: Sequence[TemplateView] = (),
    left: Component | None = None,
) -> Component:
    """Return the whole page; `kept` are the templates of the person and of others, `left` is what limits leave them."""
    form = html.Div(
        [
            html.Div(draw_form(values, options), id="new-analysis-form", className="stack", hidden=False),
        ],
        id="new-analysis-panel-form",
        role="tabpanel",
    )
    return html.Div(
        [
            html.Div(
                [
                    html.Div(html.H1("New analysis"), className="page-header-main"),
                    html.Div(
                        dcc.Link(
                            [icon("grid-3x3"), "New study"],
                            href=paths.new_study(),
                            className="btn btn-secondary",
                            title="Many questions at once: other instruments, models or parameters",
                        ),
                        className="page-header-actions",
                    ),
                ],
                className="page-header",
            ),
            html.Div(
                [
                    html.Div([_title_and_templates(title, kept), _view_tabs(), form, _json_panel()], className="stack"),
                    html.Aside([_run_panel(left)], className="form-aside"),
                ],
                className="form-page has-run-bar",
            ),
            dcc.Store(id="new-analysis-written"),
            dcc.Location(id="new-analysis-url", refresh="callback-nav"),
        ]
    )


def _title_and_templates(title: str, kept: Sequence[TemplateView]) -> Component:
    return html.Section(
        [
            html.Div(
                [
                    html.Label("Title", className="form-label", htmlFor="new-analysis-title"),
                    dbc.Input(
                        id="new-analysis-title",
                        value=title,
                        maxlength=120,
                        placeholder="Made from instruments and models if left empty",
                        autocomplete="off",
                    ),
                ],
                className="mb-3",
            ),
            html.Div("Start from", className="form-label"),
            html.Div(template_buttons(kept), id=LIST, className="templates"),
            keep_panel(kept),
        ],
        className="panel",
    )


def _view_tabs() -> Component:
    names = (("form", "Form", True), ("json", "JSON", False))
    return html.Div(
        [
            html.Button(
                title,
                type="button",
                role="tab",
                **aria(selected=aria_bool(chosen), controls=f"new-analysis-panel-{name}"),
                **data(tab=name),
            )
            for name, title, chosen in names
        ],
        className="tabs mb-0",
        role="tablist",
        **aria(label="How the question is shown"),
    )


def _json_panel() -> Component:
    return html.Div(
        [
            html.Div(
                "The whole question, as the REST interface takes it. Changes are taken over when you leave the field.",
                className="form-text mb-2",
            ),
            html.Label("JSON", htmlFor="new-analysis-json", className="visually-hidden"),
            dbc.Textarea(id="new-analysis-json", className="json-editor", debounce=True, spellcheck=False),
            html.Div(id="new-analysis-json-problems", className="mt-2", role="alert"),
        ],
        id="new-analysis-panel-json",
        role="tabpanel",
        hidden=True,
        className="panel",
    )


def _run_panel(left: Component | None) -> Component:
    run = html.Button(
        [icon("play-fill"), "Run"], id="new-analysis-run", type="button", className="btn btn-primary w-100"
    )
    return html.Div(
        [
            html.Div(id="new-analysis-problems", role="alert"),
            html.Section(
                [
                    html.H2("What it will cost", className="mb-2"),
                    html.Div(id="new-analysis-estimate", className="small"),
                    html.Div(left, className="mt-2"),
                    html.Div(
                        [run, html.Div("or Ctrl + Enter", className="muted small text-center mt-1 d-none d-lg-block")],
                        className="form-run mt-3",
                    ),
                ],
                className="panel",
            ),
        ],
        className="stack",
    )

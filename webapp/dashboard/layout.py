"""The shell around every page: header with navigation, theme switch and user menu; drawer on narrow screens; toasts."""

from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from flask import g, has_request_context
from flask_wtf.csrf import generate_csrf

from webapp.auth.health import broker_answers
from webapp.auth.session import current_actor, read
from webapp.dashboard import paths
from webapp.dashboard.components import toasts
from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.keys import keys_button, keys_dialog
from webapp.dashboard.components.status_line import status_line
from webapp.dashboard.components.times import now
from webapp.permissions import Actor, Permission
from webapp.services import system_status

SIGN_OUT = "/logout"
STATUS_MILLISECONDS = 30_000
LOGO = "/static/logo.svg"

_NAVIGATION = (
    ("Dashboard", "graph-up", paths.dashboard()),
    ("Analyses", "list-check", paths.analyses()),
    ("Studies", "grid-3x3-gap", paths.studies()),
    ("New analysis", "plus-square", paths.new_analysis()),
    ("Data", "database", paths.data()),
    ("Jobs", "list-task", paths.jobs()),
)
_FOR_ADMINS = (
    ("Users", "people", paths.users()),
    ("Groups", "diagram-3", paths.groups()),
    ("Audit", "journal-text", paths.audit()),
)
_THEMES = (("system", "circle-half", "As the system"), ("light", "sun", "Light"), ("dark", "moon", "Dark"))


def shell() -> Component:
    """Return the shell; the page itself is put into its main part."""
    actor: Actor | None = g.get("actor") if has_request_context() else None  # Dash also asks outside of requests
    return html.Div(
        [
            html.A("Skip to the content", href="#content", className="visually-hidden-focusable"),
            _header(actor),
            _drawer(actor),
            html.Div(
                "The connection to the server is lost. This page goes on by itself as soon as it is back.",
                className="shell-offline alert alert-warning",
                role="status",
            ),
            html.Main(dash.page_container, id="content", className="shell-content", tabIndex="-1"),
            _footer(),
            html.Div(id=toasts.TOASTS, className="shell-toasts no-print", role="status", **aria(live="polite")),
            html.Div(id="shell-theme-mark", hidden=True),
            keys_dialog(_navigation(actor)),
        ]
    )


def register(app: Dash) -> None:
    """Wire the drawer and the theme switch, both in the browser, and the line at the foot."""
    app.callback(Output("shell-status", "children"), Input("shell-status-poll", "n_intervals"))(show_status)
    app.clientside_callback(  # type: ignore[no-untyped-call]  # Dash has no types here
        ClientsideFunction("assay", "drawer"),
        Output("shell-drawer", "is_open"),
        Input("shell-drawer-open", "n_clicks"),
        Input("_pages_location", "pathname"),
        State("shell-drawer", "is_open"),
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]  # Dash has no types here
        ClientsideFunction("assay", "mark"),
        Output("shell-theme-mark", "children"),
        Input("_pages_location", "pathname"),
        Input("shell-drawer", "is_open"),
    )


def show_status(_n_intervals: int | None) -> list[Component]:
    """Return how the installation does, for the foot of the page."""
    with read() as session:
        status = system_status.read_status(session, current_actor())
    return status_line(status, has_broker=broker_answers(), now=now())


def _footer() -> Component:
    return html.Footer(
        [
            html.Div("\u00a0", id="shell-status", className="status-line no-print", **data(polls="shell-status-poll")),
            html.Div("For research. Not investment advice. Results of the past, even honest ones, promise nothing."),
            dcc.Interval(id="shell-status-poll", interval=STATUS_MILLISECONDS),
        ],
        className="shell-footer",
    )


def _header(actor: Actor | None) -> Component:
    return html.Header(
        [
            html.Button(
                icon("list"),
                id="shell-drawer-open",
                type="button",
                className="btn btn-quiet btn-icon d-lg-none",
                **aria(label="Open the menu"),
            ),
            dcc.Link([html.Img(src=LOGO, alt=""), "Assay"], href=paths.dashboard(), className="wordmark"),
            html.Nav(
                [dbc.NavLink(title, href=href, active="exact") for title, _icon, href in _navigation(actor)],
                className="shell-nav d-none d-lg-flex",
                **aria(label="Pages"),
            ),
            html.Div(className="shell-spacer"),
            keys_button(),
            html.Div(_theme_switch(), className="d-none d-sm-block"),
            _user_menu(actor),
        ],
        className="shell-header",
    )


def _navigation(actor: Actor | None) -> tuple[tuple[str, str, str], ...]:
    """Return name, icon and address of the pages that somebody may open."""
    may_manage = actor is not None and actor.may(Permission.USERS_MANAGE)
    return _NAVIGATION + (_FOR_ADMINS if may_manage else ())


def _drawer(actor: Actor | None) -> Component:
    pages = _navigation(actor)
    links = [dbc.NavLink([icon(icon_name), title], href=href, active="exact") for title, icon_name, href in pages]
    drawer: Component = dbc.Offcanvas(
        [html.Nav(links, **aria(label="Pages")), html.Div(_theme_switch(), className="mt-3 ps-2")],
        id="shell-drawer",
        title="Assay",
        is_open=False,
        placement="start",
        className="shell-drawer",
    )
    return drawer


def _theme_switch() -> Component:
    return html.Div(
        [
            html.Button(
                icon(icon_name),
                type="button",
                title=title,
                **aria(label=title, pressed="false"),
                **data(assay_theme_choice=name),
            )
            for name, icon_name, title in _THEMES
        ],
        className="theme-switch",
        role="group",
        **aria(label="Theme"),
    )


def _user_menu(actor: Actor | None) -> Component:
    if actor is None:
        return html.Div()
    sign_out: dict[str, Any] = {"action": SIGN_OUT, "method": "POST"}
    return html.Div(
        dbc.DropdownMenu(
            [
                html.Div([html.Strong(actor.name), str(actor.role)], className="dropdown-header"),
                dbc.DropdownMenuItem([icon("person-gear"), "My account"], href=paths.account()),
                html.Form(
                    [
                        dbc.Input(type="hidden", name="csrf_token", value=generate_csrf()),
                        html.Button([icon("box-arrow-right"), "Sign out"], type="submit", className="dropdown-item"),
                    ],
                    **sign_out,
                ),
            ],
            label=[icon("person-circle"), html.Span(actor.name, className="shell-user-name")],
            align_end=True,
            toggle_class_name="btn-quiet",
            color="link",
            toggle_style={"maxWidth": "220px"},
        ),
        className="shell-user",
    )

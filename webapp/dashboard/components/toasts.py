"""Messages beside the page: what was done, and errors of what was asked for."""

import secrets

import dash_bootstrap_components as dbc
from dash import html, set_props
from dash.development.base_component import Component

from webapp.dashboard.components.cards import icon

TOASTS = "shell-toasts"  # the place that every page has for them


def toast(title: str, text: str) -> Component:
    """Return a message of an error, which floats over the page and waits to be read."""
    header = html.Span([icon("exclamation-octagon", className="me-2"), title])
    message: Component = dbc.Toast(text, header=header, is_open=True, dismissable=True)
    return message


def tell(sentence: str) -> None:
    """Say that something was done: beside the page, read out when there is a pause, and gone after some seconds.

    For what a callback has just done. What the person must still look at, such as a secret that is shown once, stands
    in the page instead, and a mistake beside its field.
    """
    set_props(TOASTS, {"children": [done(sentence)]})


def done(sentence: str) -> Component:
    """Return a message of success; the key makes each a new one, which is read out and has its whole time."""
    return html.Div(
        [icon("check-circle", className="is-gain"), html.Span(sentence)],
        className="toast-done",
        key=secrets.token_hex(4),
    )

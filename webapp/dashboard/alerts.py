"""What people are told when something went wrong: the dashboard's one translation of errors."""

import logging
from typing import Any

from dash import ctx, html, no_update, set_props
from dash.development.base_component import Component

from quant.errors import QuantError
from webapp.auth.request_ids import request_id
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.toasts import TOASTS, toast
from webapp.errors import AppError, InvalidInput

PAGE_CONTENT = "_pages_content"

_TITLES = {
    "not_found": "Not found",
    "permission_denied": "Not allowed",
    "conflict": "Not possible now",
    "invalid_input": "Please check the input",
    "invalid_spec": "Please check the question",
    "too_many_requests": "Too many requests",
    "quota_exceeded": "Limit reached",
    "service_unavailable": "Not available right now",
    "not_signed_in": "Signed out",
}

_log = logging.getLogger(__name__)


def describe(error: Exception) -> tuple[str, str]:
    """Return a title and a sentence for an error; what we did not foresee is named by the request only."""
    if isinstance(error, InvalidInput) and error.fields:
        named = "; ".join(f"{field}: {message}" for field, message in error.fields.items())
        return _TITLES[error.code], f"{error} {named}"
    if isinstance(error, AppError | QuantError):
        return _TITLES.get(error.code, "That did not work"), str(error)
    return (
        "Something went wrong here",
        f"A fault of the program, not yours. Try again; if it stays, tell an administrator: request {request_id()}.",
    )


def on_error(error: Exception) -> Any:
    """Tell the person what failed in a callback, and log what nobody foresaw.

    A page that could not be drawn at all shows the message in its place.
    """
    if not isinstance(error, AppError | QuantError):
        _log.error("A callback failed.", exc_info=error, extra={"triggered": _trigger()})
    title, text = describe(error)
    if _draws_page():
        return failed_page(title, text), {"title": f"{title} · Assay"}
    set_props(TOASTS, {"children": [toast(title, text)]})
    return no_update


def failed_page(title: str, text: str) -> Component:
    """Return a page that could not be drawn."""
    return html.Div(
        [
            icon("exclamation-octagon", className="is-loss"),
            html.H1(title),
            html.P(text),
            html.A("Load the page again", href="", className="btn btn-secondary"),
        ],
        className="empty",
        role="alert",
    )


def _trigger() -> list[str]:
    return [str(each.get("prop_id", "")) for each in ctx.triggered or []]


def _draws_page() -> bool:
    outputs = ctx.outputs_list
    first = outputs[0] if isinstance(outputs, list) and outputs else outputs
    return isinstance(first, dict) and first.get("id") == PAGE_CONTENT

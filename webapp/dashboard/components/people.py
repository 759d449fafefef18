"""Parts of the pages about people: roles, who may sign in, the browsers they sit at, secrets shown once."""

import datetime
import re
from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import copy_button, empty_state, icon
from webapp.dashboard.components.grid import badge
from webapp.dashboard.components.times import ago
from webapp.errors import AppError, InvalidInput
from webapp.permissions import Role
from webapp.services.sessions import SessionView

ROLE_HELP = {
    Role.VIEWER: "Viewer: reads what is shared",
    Role.RESEARCHER: "Researcher: also runs analyses",
    Role.ADMIN: "Admin: also manages users",
}

_ACCESS = {True: ("Active", "check-circle", "succeeded"), False: ("Disabled", "slash-circle", "cancelled")}
_WIDE = "d-none d-sm-table-cell"  # left out where there is no room

# In this order: a browser also names those that it wants to be taken for.
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrO[S]", "ChromeOS"),
    ("Linux", "Linux"),
)


def role_options() -> list[dict[str, str]]:
    """Return the roles to choose from, each with what it allows."""
    return [{"label": text, "value": str(role)} for role, text in ROLE_HELP.items()]


def to_role(value: Any) -> Role:
    """Return a role that a browser sent.

    Raises
    ------
    InvalidInput
        If there is no such role.
    """
    if not isinstance(value, str) or value not in set(Role):
        raise InvalidInput("Choose a role.", fields={"role": f"expected one of {', '.join(Role)}"})
    return Role(value)


def access_badge(*, is_active: bool) -> Component:
    """Return whether somebody may sign in, as an icon and a word."""
    word, icon_name, tone = _ACCESS[is_active]
    return html.Span([icon(icon_name), word], className=f"status status-{tone}")


def access_cell(*, is_active: bool) -> dict[str, Any]:
    """Return the same as a cell of a grid."""
    return badge(*_ACCESS[is_active])


def labelled(label: str, control: Component, help_text: str = "", *, problem_id: str = "") -> Component:
    """Return a control with its label above and a line of help below; with `problem_id`, a place for its mistake."""
    name = html.Label(label, htmlFor=control.id, className="form-label")  # type: ignore[attr-defined]  # all have one here
    parts: list[Component] = [name, control]
    if help_text:
        parts.append(html.Div(help_text, className="form-text"))
    if problem_id:
        parts.append(html.Div(id=problem_id, className="field-problem", role="alert"))
    return html.Div(parts, className="field")


def problem_of(error: AppError) -> str:
    """Return what to say at the only field of a form: what was expected of it, else the error's sentence."""
    found = "; ".join(error.fields.values()) if isinstance(error, InvalidInput) else ""
    return f"{found[:1].upper()}{found[1:]}." if found else str(error)


def shown_once(sentence: str, secret: str, *, element_id: str) -> Component:
    """Return a secret with a button that copies it, and that it will not be shown again."""
    return html.Div(
        [
            html.Div([icon("check-circle", className="is-gain me-2"), sentence]),
            html.Div([html.Code(secret, id=element_id, className="hash"), copy_button(element_id)], className="mt-1"),
            html.Div("It is shown this once and stored nowhere.", className="small muted mt-1"),
        ],
        className="alert alert-info mb-3",
        role="status",
        **data(shown_once="true"),
    )


def browser_name(user_agent: str) -> str:
    """Return what a browser and its system are called, as far as it tells.

    Examples
    --------
    >>> browser_name("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
    'Firefox on Linux'
    >>> browser_name("curl/8.5"), browser_name("")
    ('curl/8.5', 'Unknown browser')
    """
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in user_agent), "")
    system = next((name for marks, name in _SYSTEMS if re.search(marks, user_agent)), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or user_agent[:40] or "Unknown browser"


def sessions_table(views: Sequence[SessionView], button_type: str, now: datetime.datetime) -> Component:
    """Return open sessions, each with a button that ends it; the button's id has the session's."""
    if not views:
        return empty_state("display", "No browser is signed in.", small=True)
    titles = (("Browser", ""), ("Address", ""), ("Started", f"number {_WIDE}"), ("Last seen", "number"), ("", "number"))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=side or None) for title, side in titles]))
    return html.Div(
        html.Table(
            [head, html.Tbody([_session_row(view, button_type, now) for view in views])], className="data-table"
        ),
        className="table-scroll",
        tabIndex="0",
        role="region",
        **aria(label="Open sessions"),
    )


def _session_row(view: SessionView, button_type: str, now: datetime.datetime) -> Component:
    name = browser_name(view.user_agent)
    end = small_button("End", {"type": button_type, "session": view.id}, f"End the session of {name}")
    this = html.Span("this browser", className="muted small ms-2") if view.is_current else None
    return html.Tr(
        [
            html.Th([name, this], scope="row", title=view.user_agent),
            html.Td(view.address, className="mono"),
            html.Td(ago(view.created_at, now), className=f"number {_WIDE}"),
            html.Td(ago(view.last_seen_at, now), className="number"),
            html.Td(end, className="number"),
        ]
    )


def small_button(text: str, button_id: dict[str, str], spoken: str) -> Component:
    """Return a button in a row of a table; a screen reader also says of which row."""
    return html.Button(text, id=button_id, type="button", className="btn btn-secondary btn-sm", **aria(label=spoken))


def clicked(clicks: Sequence[int | None], ids: Sequence[dict[str, str]], key: str) -> str | None:
    """Return what was clicked, of buttons whose ids differ in `key`; None if they have only just been drawn."""
    return next((each[key] for each, n in zip(ids, clicks, strict=True) if n), None)

"""One user, for administrators: role, access, password, open sessions, and the end of the account."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp import formats
from webapp.auth.session import client_address, current_actor, current_session_id, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import facts, icon, panel
from webapp.dashboard.components.limits import allowance_facts, field_ids, limit_fields, to_limits
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.components.people import (
    access_badge,
    clicked,
    labelled,
    role_options,
    sessions_table,
    shown_once,
    to_role,
)
from webapp.dashboard.components.times import ago, now
from webapp.dashboard.components.toasts import tell
from webapp.errors import InvalidInput, NotFound
from webapp.services import accounts, quotas, two_factor, users
from webapp.services.accounts import UserView
from webapp.services.quotas import Allowance
from webapp.services.sessions import SessionView

PATH = paths.USER
TITLE = "User · Assay"

_END = "user-end"


def layout(public_id: str = "", **_variables: str) -> Component:
    """Return the page of a user."""
    try:
        content = _content(public_id)
    except NotFound:
        return not_found()
    return html.Div(
        [
            html.Div(content, id="user-content"),
            dcc.Store(id="user-id", data=public_id),
            dcc.Location(id="user-url", refresh="callback-nav"),
        ]
    )


def set_role(n_clicks: int | None, user_id: str, role: str) -> Any:
    """Give the user another role."""
    if not n_clicks:
        return no_update
    with write() as session:
        view = users.set_role(session, current_actor(), _checked(user_id), role=to_role(role), address=client_address())
    tell(f"{view.name} is {view.role} now.")
    return _content(user_id)


def disable(n_clicks: int | None, user_id: str) -> Any:
    """Shut the user out at once."""
    return _set_active(n_clicks, user_id, is_active=False)


def enable(n_clicks: int | None, user_id: str) -> Any:
    """Let the user in again."""
    return _set_active(n_clicks, user_id, is_active=True)


def reset_password(n_clicks: int | None, user_id: str) -> Any:
    """Make up a new password, and show it this once."""
    if not n_clicks:
        return no_update
    with write() as session:
        password = users.reset_password(session, current_actor(), _checked(user_id), address=client_address())
    sentence = "The new password, which they change when they sign in; sessions and tokens of the old one have ended:"
    return _content(user_id, shown_once(sentence, password, element_id="user-secret"))


def turn_two_factor_off(n_clicks: int | None, user_id: str) -> Any:
    """Let somebody in by password alone who has lost their device."""
    if not n_clicks:
        return no_update
    with write() as session:
        two_factor.turn_off_for(session, current_actor(), _checked(user_id), address=client_address())
    tell("Two-factor sign-in is off; all sessions have ended.")
    return _content(user_id)


def end_session(clicks: Sequence[int | None], ids: Sequence[dict[str, str]], user_id: str) -> Any:
    """End one session."""
    session_id = clicked(clicks, ids, "session")
    if session_id is None:
        return no_update
    with write() as session:
        users.end_session_of(session, current_actor(), _checked(user_id), session_id, address=client_address())
    tell("The session has ended.")
    return _content(user_id)


def end_sessions(n_clicks: int | None, user_id: str) -> Any:
    """End all sessions."""
    if not n_clicks:
        return no_update
    with write() as session:
        n_ended = users.end_sessions_of(session, current_actor(), _checked(user_id), address=client_address())
    tell(f"{formats.plural(n_ended, 'session')} ended.")
    return _content(user_id)


def set_limits(n_clicks: int | None, user_id: str, *values: Any) -> Any:
    """Set what the user may take; an empty field is the house's limit."""
    if not n_clicks:
        return no_update
    limits = to_limits(values)
    with write() as session:
        quotas.set_of(session, current_actor(), _checked(user_id), limits=limits, address=client_address())
    tell("The limits count from now on.")
    return _content(user_id)


def delete(n_clicks: int | None, user_id: str, typed: str | None) -> Any:
    """Delete the user whose e-mail was typed, and go back to the list."""
    if not n_clicks:
        return no_update
    with write() as session:
        view = users.get_user(session, current_actor(), _checked(user_id))
        if accounts.to_email(str(typed or "")) != view.email:
            raise InvalidInput(f"Type {view.email} to confirm that this user is to be deleted.")
        users.delete_user(session, current_actor(), user_id, address=client_address())
    tell(f"{view.name} is deleted.")
    return paths.users()


def register(app: Dash) -> None:
    """Register the page and wire its buttons: each does one thing and draws the page again."""
    dash.register_page(__name__, path_template=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    content, user_id = Output("user-content", "children", allow_duplicate=True), State("user-id", "data")
    app.callback(
        content, Input("user-set-role", "n_clicks"), user_id, State("user-role", "value"), prevent_initial_call=True
    )(set_role)
    for name, function in (
        ("user-disable", disable),
        ("user-enable", enable),
        ("user-reset", reset_password),
        ("user-end-all", end_sessions),
        ("user-two-factor-off", turn_two_factor_off),
    ):
        app.callback(content, Input(name, "n_clicks"), user_id, prevent_initial_call=True)(function)
    app.callback(
        content,
        Input({"type": _END, "session": ALL}, "n_clicks"),
        State({"type": _END, "session": ALL}, "id"),
        user_id,
        prevent_initial_call=True,
    )(end_session)
    app.callback(
        content,
        Input("user-set-limits", "n_clicks"),
        user_id,
        *(State(field, "value") for field in field_ids("user-limit")),
        prevent_initial_call=True,
    )(set_limits)
    app.callback(
        Output("user-url", "href"),
        Input("user-delete", "n_clicks"),
        user_id,
        State("user-typed", "value"),
        prevent_initial_call=True,
    )(delete)


def _set_active(n_clicks: int | None, user_id: str, *, is_active: bool) -> Any:
    if not n_clicks:
        return no_update
    with write() as session:
        view = users.set_active(
            session, current_actor(), _checked(user_id), is_active=is_active, address=client_address()
        )
    done = "can sign in again" if is_active else "is shut out; all sessions and tokens have ended"
    tell(f"{view.name} {done}.")
    return _content(user_id)


def _checked(user_id: object) -> str:
    if not paths.is_public_id(user_id):
        raise NotFound("There is no such user.")
    return str(user_id)


def _content(user_id: str, message: Component | None = None) -> list[Component]:
    with read() as session:
        view = users.get_user(session, current_actor(), _checked(user_id))
        allowance = quotas.get_of(session, current_actor(), user_id)
        open_sessions = users.list_sessions_of(session, current_actor(), user_id, current=current_session_id())
    return [
        _head(view),
        html.Div(message, **aria(live="polite")),
        html.Div(
            [
                html.Div([_role_panel(view), _access_panel(view)], className="grid-2"),
                _limits_panel(allowance),
                _sessions_panel(open_sessions),
                _delete_panel(view),
            ],
            className="stack",
        ),
    ]


def _head(view: UserView) -> Component:
    main = [
        html.H1(view.name),
        html.Div(
            [
                html.Span(view.email),
                access_badge(is_active=view.is_active),
                html.Span(["Last sign-in ", ago(view.last_sign_in_at, now(), unknown="never")]),
                html.Span(f"Since {formats.date(view.created_at)}"),
            ],
            className="page-facts",
        ),
    ]
    back = dcc.Link([icon("chevron-left"), " All users"], href=paths.users(), className="btn btn-secondary")
    return html.Div(
        [html.Div(main, className="page-header-main"), html.Div(back, className="page-header-actions")],
        className="page-header",
    )


def _role_panel(view: UserView) -> Component:
    return panel(
        "Role",
        labelled(
            "What they may do",
            dbc.Select(id="user-role", options=role_options(), value=str(view.role)),
            "It counts from their next request.",
        ),
        dbc.Button("Change the role", id="user-set-role", color="secondary", className="mt-3"),
    )


def _access_panel(view: UserView) -> Component:
    shut_out = "Ends all sessions and tokens at once. What they own stays, and they can be let in again."
    return panel(
        "Access",
        facts(
            [
                (
                    "Signing in",
                    html.Div(
                        [
                            dbc.Button(
                                "Disable", id="user-disable", color="secondary", style=_shown(is_shown=view.is_active)
                            ),
                            dbc.Button(
                                "Enable", id="user-enable", color="primary", style=_shown(is_shown=not view.is_active)
                            ),
                            html.Div(
                                shut_out if view.is_active else "They cannot sign in.", className="form-text fw-normal"
                            ),
                        ]
                    ),
                ),
                (
                    "Password",
                    html.Div(
                        [
                            dbc.Button("Reset the password", id="user-reset", color="secondary"),
                            dbc.Button(
                                "Turn two-factor off",
                                id="user-two-factor-off",
                                color="secondary",
                                style=_shown(is_shown=view.has_two_factor),
                            ),
                            html.Div(
                                "A new one is made up and shown to you this once.", className="form-text fw-normal"
                            ),
                        ]
                    ),
                ),
            ]
        ),
    )


def _shown(*, is_shown: bool) -> dict[str, str]:
    return {} if is_shown else {"display": "none"}


def _limits_panel(allowance: Allowance) -> Component:
    return panel(
        "Limits",
        allowance_facts(allowance),
        html.Div(limit_fields("user-limit", allowance.own, empty="as for everybody"), className="mt-3"),
        html.Div(
            "0 is no limit. Beyond running and minutes, analyses wait; beyond the others, new ones are refused.",
            className="form-text mt-2",
        ),
        dbc.Button("Set the limits", id="user-set-limits", color="secondary", className="mt-3"),
    )


def _sessions_panel(views: Sequence[SessionView]) -> Component:
    button = dbc.Button("End all", id="user-end-all", color="secondary", size="sm", style=_shown(is_shown=bool(views)))
    return panel(
        "Open sessions", sessions_table(views, _END, now()), html.Div(button, className="p-3 pt-2"), flush=True
    )


def _delete_panel(view: UserView) -> Component:
    return panel(
        "Delete",
        html.P(
            "Name, e-mail, sessions and tokens go, and what they run is cancelled. The ledger of trials and the audit "
            "trail stay, and name nobody. This cannot be undone."
        ),
        html.Div(
            [
                labelled(f"Type {view.email} to confirm", dbc.Input(id="user-typed", autocomplete="off")),
            ],
            className="form-grid",
        ),
        dbc.Button("Delete the user", id="user-delete", color="danger", className="mt-3"),
    )

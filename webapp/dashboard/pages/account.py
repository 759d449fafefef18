"""One's own account: password, second step, tokens and open sessions."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from webapp import formats
from webapp.auth.limits import proving
from webapp.auth.session import client_address, current_actor, current_session_id, parts, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.account import (
    REVOKE,
    enrolment,
    password_field,
    recovery_codes,
    tokens_panel,
    two_factor_panel,
)
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import panel
from webapp.dashboard.components.limits import allowance_facts
from webapp.dashboard.components.people import clicked, sessions_table, shown_once
from webapp.dashboard.components.times import now
from webapp.dashboard.components.toasts import tell
from webapp.errors import InvalidInput
from webapp.services import groups, own_account, quotas, sessions, tokens, two_factor
from webapp.services.quotas import Allowance

PATH = paths.ACCOUNT
TITLE = "My account · Assay"

_END = "account-end"


def layout(**_query: str) -> Component:
    """Return the page."""
    with read() as session:
        me = own_account.get_me(session, current_actor())
        group_names = groups.list_own_names(session, current_actor())
        allowance = quotas.get_own(session, current_actor())
    facts = [
        html.Span(me.email),
        html.Span(str(me.role).capitalize()),
        html.Span(f"Since {formats.date(me.created_at)}"),
    ]
    main = [html.H1(me.name), html.Div(facts, className="page-facts")]
    return html.Div(
        [
            html.Div(html.Div(main, className="page-header-main"), className="page-header"),
            html.Div(id="account-message", **aria(live="polite")),
            html.Div(
                [
                    html.Div([_password_panel(), html.Div(_two_factor(), id="account-two-factor")], className="grid-2"),
                    html.Div([_limits_panel(allowance), _groups_panel(group_names)], className="grid-2"),
                    html.Div(_tokens(), id="account-tokens"),
                    html.Div(_sessions(), id="account-sessions"),
                ],
                className="stack",
            ),
        ]
    )


def change_password(n_clicks: int | None, current_password: str | None, password: str | None, again: str | None) -> Any:
    """Take another password; other sessions and all tokens end."""
    if not n_clicks:
        return (no_update,) * 6
    if password != again:
        raise InvalidInput("The new password was not typed twice alike. Type it again.")
    with proving(), write() as session:
        own_account.change_password(
            session,
            current_actor(),
            current_password=current_password or "",
            password=password or "",
            current=current_session_id(),
            address=client_address(),
        )
    tell("You have a new password. All other sessions and all tokens have ended.")
    return None, _tokens(), _sessions(), "", "", ""


def begin(n_clicks: int | None, password: str | None) -> Any:
    """Show what is needed to add a device."""
    if not n_clicks:
        return no_update
    with proving(), write() as session:
        made = two_factor.begin(session, parts().two_factor_box, current_actor(), password=password or "")
    return enrolment(made)


def confirm(n_clicks: int | None, code: str | None) -> Any:
    """Turn the second step on, and show the recovery codes this once."""
    if not n_clicks:
        return no_update, no_update, no_update
    with proving(), write() as session:
        codes = two_factor.confirm(
            session,
            parts().two_factor_box,
            current_actor(),
            code=code or "",
            current=current_session_id(),
            address=client_address(),
        )
    return recovery_codes(codes), _two_factor(), _sessions()


def turn_off(n_clicks: int | None, password: str | None) -> Any:
    """Forget the device and the recovery codes."""
    if not n_clicks:
        return no_update, no_update
    with proving(), write() as session:
        two_factor.turn_off(session, current_actor(), password=password or "", address=client_address())
    tell("Two-factor sign-in is off: your password alone signs you in.")
    return None, _two_factor()


def renew_codes(n_clicks: int | None, password: str | None) -> Any:
    """Show new recovery codes this once."""
    if not n_clicks:
        return no_update, no_update
    with proving(), write() as session:
        codes = two_factor.renew_codes(session, current_actor(), password=password or "", address=client_address())
    return recovery_codes(codes), _two_factor()


def make_token(n_clicks: int | None, name: str | None, days: int | str, scopes: Sequence[str] | None) -> Any:
    """Make a token, and show it this once."""
    if not n_clicks:
        return no_update, no_update
    with write() as session:
        view, secret = tokens.create_token(
            session,
            current_actor(),
            name=str(name or ""),
            scopes=[str(scope) for scope in scopes or ()],
            expires_in_days=int(days) if str(days).isdigit() else 0,
            address=client_address(),
        )
    return shown_once(f"The token {view.name}:", secret, element_id="account-secret"), _tokens()


def revoke_token(clicks: Sequence[int | None], ids: Sequence[dict[str, str]]) -> Any:
    """Make a token worthless."""
    token_id = clicked(clicks, ids, "token")
    if token_id is None:
        return no_update, no_update
    with write() as session:
        tokens.revoke_token(session, current_actor(), token_id, address=client_address())
    tell("The token opens nothing any more.")
    return None, _tokens()


def end_session(clicks: Sequence[int | None], ids: Sequence[dict[str, str]]) -> Any:
    """End one session."""
    session_id = clicked(clicks, ids, "session")
    if session_id is None:
        return no_update
    with write() as session:
        sessions.end_session(session, current_actor(), session_id, address=client_address())
    tell("The session has ended.")
    return _sessions()


def end_others(n_clicks: int | None) -> Any:
    """End all sessions but this one."""
    if not n_clicks:
        return no_update
    with write() as session:
        n_ended = sessions.end_other_sessions(
            session, current_actor(), current=current_session_id(), address=client_address()
        )
    tell(f"{formats.plural(n_ended, 'session')} ended.")
    return _sessions()


def register(app: Dash) -> None:
    """Register the page and wire its buttons."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    message = Output("account-message", "children", allow_duplicate=True)
    factor = Output("account-two-factor", "children", allow_duplicate=True)
    shown_tokens = Output("account-tokens", "children", allow_duplicate=True)
    shown_sessions = Output("account-sessions", "children", allow_duplicate=True)
    fields = ("account-current-password", "account-password", "account-password-again")
    app.callback(
        message,
        shown_tokens,
        shown_sessions,
        *(Output(field, "value") for field in fields),
        Input("account-change-password", "n_clicks"),
        *(State(field, "value") for field in fields),
        running=[(Output("account-change-password", "disabled"), True, False)],
        prevent_initial_call=True,
    )(change_password)
    password = State("account-two-factor-password", "value")
    app.callback(
        Output("account-enrolment", "children"), Input("account-begin", "n_clicks"), password, prevent_initial_call=True
    )(begin)
    app.callback(
        message,
        factor,
        shown_sessions,
        Input("account-confirm", "n_clicks"),
        State("account-code", "value"),
        prevent_initial_call=True,
    )(confirm)
    for name, function in (("account-off", turn_off), ("account-codes", renew_codes)):
        app.callback(message, factor, Input(name, "n_clicks"), password, prevent_initial_call=True)(function)
    app.callback(
        message,
        shown_tokens,
        Input("account-make-token", "n_clicks"),
        State("account-token-name", "value"),
        State("account-token-days", "value"),
        State("account-token-scopes", "value"),
        prevent_initial_call=True,
    )(make_token)
    token, one = {"type": REVOKE, "token": ALL}, {"type": _END, "session": ALL}
    app.callback(message, shown_tokens, Input(token, "n_clicks"), State(token, "id"), prevent_initial_call=True)(
        revoke_token
    )
    app.callback(shown_sessions, Input(one, "n_clicks"), State(one, "id"), prevent_initial_call=True)(end_session)
    app.callback(shown_sessions, Input("account-end-others", "n_clicks"), prevent_initial_call=True)(end_others)


def _password_panel() -> Component:
    return panel(
        "Password",
        html.Div(
            [
                password_field("account-current-password", "Current password"),
                password_field("account-password", "New password", is_new=True, help_text="At least 10 characters."),
                password_field("account-password-again", "New password again", is_new=True),
            ],
            className="form-grid",
        ),
        dbc.Button("Change the password", id="account-change-password", color="secondary", className="mt-3"),
    )


def _limits_panel(allowance: Allowance) -> Component:
    return panel(
        "Limits",
        allowance_facts(allowance),
        html.P(
            "Administrators set them. Beyond running and minutes, analyses wait; beyond the others, they are refused.",
            className="muted small mb-0 mt-2",
        ),
    )


def _groups_panel(names: Sequence[str]) -> Component:
    if not names:
        return panel("Groups", html.P("You are in no group. Administrators make groups.", className="muted mb-0"))
    return panel(
        "Groups",
        html.P("You read what is shared with these, and may share with them.", className="muted"),
        html.Ul([html.Li(name) for name in names], className="mb-0"),
    )


def _two_factor() -> Component:
    with read() as session:
        return two_factor_panel(two_factor.get_status(session, current_actor()))


def _tokens() -> Component:
    with read() as session:
        return tokens_panel(tokens.list_tokens(session, current_actor()), current_actor())


def _sessions() -> Component:
    with read() as session:
        views = sessions.list_sessions(session, current_actor(), current=current_session_id())
    button = dbc.Button("End all others", id="account-end-others", color="secondary", size="sm")
    return panel(
        "Open sessions", sessions_table(views, _END, now()), html.Div(button, className="p-3 pt-2"), flush=True
    )

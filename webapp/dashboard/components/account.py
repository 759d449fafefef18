"""The panels of one's own account: second step, tokens, recovery codes."""

from collections.abc import Sequence

import dash_bootstrap_components as dbc
import segno
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import copy_button, empty_state, icon, panel
from webapp.dashboard.components.people import labelled, small_button
from webapp.dashboard.components.times import ago, now
from webapp.permissions import GRANTS, Actor, Permission
from webapp.services.tokens import TokenView
from webapp.services.two_factor import Enrolment, TwoFactorStatus

REVOKE = "account-revoke"
_WIDE = "d-none d-sm-table-cell"  # left out where there is no room
_DAYS = (7, 30, 90, 365)

# What a token that carries a scope may do, in the order in which it is offered.
SCOPES = {
    Permission.ANALYSES_READ: "Read analyses and their results",
    Permission.ANALYSES_RUN: "Run analyses, and cancel, tag and share them",
    Permission.PRICES_READ: "Read prices and what was uploaded",
    Permission.PRICES_WRITE: "Fetch and upload prices",
    Permission.USERS_MANAGE: "Manage users and groups",
    Permission.AUDIT_READ: "Read the audit trail",
}


def password_field(field_id: str, label: str, *, is_new: bool = False, help_text: str = "") -> Component:
    """Return a field for a password, as password managers know it."""
    kind = "new-password" if is_new else "current-password"
    return labelled(label, dbc.Input(id=field_id, type="password", maxlength=1024, autocomplete=kind), help_text)


def two_factor_panel(status: TwoFactorStatus) -> Component:
    """Return whether a code is asked for at sign-in, and how to change that."""
    if status.is_on:
        since = f"Since {formats.date(status.since)}. {formats.plural(status.n_codes_left, 'recovery code')} left."
        words = [
            html.Div([icon("shield-check"), "On"], className="status status-succeeded"),
            html.P(since, className="muted"),
        ]
    else:
        words = [
            html.Div([icon("shield"), "Off"], className="status status-cancelled"),
            html.P(
                "With it, signing in also asks for a code of an authenticator app: a password alone is not enough.",
                className="muted",
            ),
        ]
    return panel(
        "Two-factor sign-in",
        *words,
        html.Div(password_field("account-two-factor-password", "Your password"), className="form-grid"),
        html.Div(
            [
                dbc.Button("Turn on", id="account-begin", color="primary", style=_shown(is_shown=not status.is_on)),
                dbc.Button(
                    "Make new recovery codes",
                    id="account-codes",
                    color="secondary",
                    style=_shown(is_shown=status.is_on),
                ),
                dbc.Button("Turn off", id="account-off", color="secondary", style=_shown(is_shown=status.is_on)),
            ],
            className="d-flex flex-wrap gap-2 mt-3",
        ),
        html.Div(id="account-enrolment", **aria(live="polite")),
    )


def enrolment(made: Enrolment) -> Component:
    """Return what is needed to add a device: a QR code, the secret to be typed, and a field for the first code."""
    picture = segno.make(made.uri, error="m").svg_data_uri(scale=4, border=4, dark="#000", light="#fff")
    return html.Div(
        [
            html.P("1. Open an authenticator app and scan this, or type the secret:"),
            html.Img(src=picture, alt="QR code for an authenticator app", width=200, height=200),
            html.Div([html.Code(made.secret, id="account-secret", className="hash"), copy_button("account-secret")]),
            html.P("2. Type the code that it shows now:", className="mt-2"),
            labelled(
                "Code", dbc.Input(id="account-code", maxlength=32, autocomplete="one-time-code", inputmode="numeric")
            ),
            dbc.Button("Confirm", id="account-confirm", color="primary", className="mt-2"),
        ],
        className="mt-3",
    )


def recovery_codes(codes: Sequence[str]) -> Component:
    """Return recovery codes with a button that copies all of them."""
    text = "\n".join(codes)
    return html.Div(
        [
            html.Div("Keep these recovery codes. Each signs you in once if you have no device:"),
            html.Pre(text, id="account-recovery-codes", className="code-block mt-2"),
            html.Div(
                [
                    copy_button("account-recovery-codes", label="Copy the codes"),
                    " They are shown this once and stored nowhere.",
                ],
                className="small muted mt-1",
            ),
        ],
        className="alert alert-info mb-3",
        role="status",
        **data(shown_once="true"),
    )


def tokens_panel(views: Sequence[TokenView], actor: Actor) -> Component:
    """Return the tokens that still work, and what is needed to make another."""
    scopes = [{"label": _scope(scope), "value": str(scope)} for scope in SCOPES if scope in GRANTS[actor.role]]
    days = [{"label": formats.plural(n, "day"), "value": n} for n in _DAYS]
    return panel(
        "API tokens",
        html.P(
            [
                "With a token, a program acts for you over ",
                html.Code("/api/v1"),
                ", with no more rights than it carries.",
            ],
            className="muted",
        ),
        _tokens_table(views),
        html.Div(
            [
                labelled("What it is for", dbc.Input(id="account-token-name", maxlength=120, autocomplete="off")),
                labelled("Ends after", dbc.Select(id="account-token-days", options=days, value=30)),
                html.Div(
                    [
                        html.Div("What it may do", className="form-label", id="account-token-scopes-label"),
                        dbc.Checklist(id="account-token-scopes", options=scopes, value=["analyses:read"]),
                    ],
                    className="field field-wide",
                    role="group",
                    **aria(labelledby="account-token-scopes-label"),
                ),
            ],
            className="form-grid mt-3",
        ),
        dbc.Button("Make a token", id="account-make-token", color="secondary", className="mt-3"),
    )


def _tokens_table(views: Sequence[TokenView]) -> Component:
    if not views:
        return empty_state("key", "You have no tokens. Make one for each program.", small=True)
    titles = (("Token", ""), ("Carries", _WIDE), ("Last used", "number"), ("Ends", f"number {_WIDE}"), ("", "number"))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=side or None) for title, side in titles]))
    table = html.Table([head, html.Tbody([_token_row(view) for view in views])], className="data-table")
    return html.Div(table, className="table-scroll", tabIndex="0", role="region", **aria(label="API tokens"))


def _token_row(view: TokenView) -> Component:
    button = small_button("Revoke", {"type": REVOKE, "token": view.id}, f"Revoke the token {view.name}")
    return html.Tr(
        [
            html.Th(view.name, scope="row"),
            html.Td(_carried(view.scopes), className=f"small {_WIDE}", title=", ".join(view.scopes)),
            html.Td(ago(view.last_used_at, now()), className="number"),
            html.Td(formats.date(view.expires_at), className=f"number {_WIDE}", title=formats.moment(view.expires_at)),
            html.Td(button, className="number"),
        ]
    )


def _scope(scope: Permission) -> Component:
    return html.Span([SCOPES[scope], html.Span(str(scope), className="mono muted small ms-2")])


def _carried(scopes: Sequence[str]) -> str:
    words = "; ".join(f"{text[:1].lower()}{text[1:]}" for scope, text in SCOPES.items() if scope in scopes)
    return f"{words[:1].upper()}{words[1:]}" or "Nothing any more"


def _shown(*, is_shown: bool) -> dict[str, str]:
    return {} if is_shown else {"display": "none"}

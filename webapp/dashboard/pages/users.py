"""The users, for administrators: who may sign in, who was invited, and letting more in."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from webapp import formats
from webapp.auth.session import client_address, current_actor, invitation_link, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.grid import GridColumn, grid, row_data
from webapp.dashboard.components.limits import field_ids, limit_fields, to_limits
from webapp.dashboard.components.people import (
    access_cell,
    clicked,
    labelled,
    role_options,
    shown_once,
    small_button,
    to_role,
)
from webapp.dashboard.components.toasts import tell
from webapp.permissions import Role
from webapp.services import invitations, quotas, users
from webapp.services.invitations import InvitationView
from webapp.services.users import UserPage

PATH = paths.USERS
TITLE = "Users · Assay"

PAGE_SIZE = 50
_REVOKE = "users-revoke"
_WIDE = "d-none d-sm-table-cell"  # left out where there is no room
_DAYS = (1, 3, 7, 14, 30)
_NOBODY = "Nobody matches. Search for less, or invite them."

COLUMNS = (
    GridColumn("name", "User", "name"),
    GridColumn("email", "E-mail", grows=2, is_optional=True),
    GridColumn("role", "Role", widest="Researcher"),
    GridColumn("access", "Access", "badge", widest="Disabled"),
    GridColumn("seen", "Last sign-in", "ago", unknown="never", is_optional=True),
    GridColumn("since", "Since", "date", is_optional=True),
)


def layout(**_query: str) -> Component:
    """Return the page with the first of the users on it."""
    page = _read("", 0)
    table = grid("users-grid", COLUMNS, _rows(page), label="Users", empty=empty_state("people", _NOBODY))
    return html.Div(
        [
            html.Div(html.Div(html.H1("Users"), className="page-header-main"), className="page-header"),
            html.Div(id="users-message", **aria(live="polite")),
            _filters(is_one_page=page.total <= PAGE_SIZE),
            html.Div(
                [
                    html.Section(table, className="panel panel-flush"),
                    html.Div(_position(page, 0), id="users-position", className="muted small", role="status"),
                    html.Div([_invite_panel(), _create_panel()], className="grid-2"),
                    html.Div(_invitations(), id="users-invitations"),
                    _limits_panel(),
                ],
                className="stack",
            ),
        ]
    )


def show(text: str | None, n_next: int | None, n_previous: int | None) -> tuple[Any, str, bool]:
    """Return the rows of a page, where in the whole they stand, and whether there is but one page."""
    offset = PAGE_SIZE * max(0, (n_next or 0) - (n_previous or 0))
    page = _read(text or "", offset)
    return row_data(COLUMNS, _rows(page)), _position(page, offset), page.total <= PAGE_SIZE


def first_page(_text: str | None) -> tuple[int, int]:
    """Go back to the first page when the search changes."""
    return 0, 0


def invite(n_clicks: int | None, email: str | None, role: str, days: int | str) -> tuple[Any, Any, Any]:
    """Make an invitation, and show its link this once."""
    if not n_clicks:
        return no_update, no_update, no_update
    with write() as session:
        view, secret = invitations.create_invitation(
            session,
            current_actor(),
            email=str(email or ""),
            role=to_role(role),
            days=int(days) if str(days).isdigit() else 0,
            address=client_address(),
        )
    sentence = f"{view.email} is invited as {view.role}, until {formats.date(view.expires_at)}. Send them this link:"
    return shown_once(sentence, invitation_link(secret), element_id="users-secret"), _invitations(), ""


def create(n_clicks: int | None, email: str | None, name: str | None, role: str) -> tuple[Any, ...]:
    """Let somebody in, and show their password this once."""
    if not n_clicks:
        return (no_update,) * 6
    with write() as session:
        view, password = users.create_with_password(
            session,
            current_actor(),
            email=str(email or ""),
            name=str(name or ""),
            role=to_role(role),
            address=client_address(),
        )
    message = shown_once(
        f"{view.name} can sign in as {view.email} with this password, and then chooses another one:",
        password,
        element_id="users-secret",
    )
    return message, *show("", 0, 0), "", ""


def revoke(clicks: Sequence[int | None], ids: Sequence[dict[str, str]]) -> tuple[Any, Any]:
    """Make the link of an invitation worthless."""
    invitation_id = clicked(clicks, ids, "invitation")
    if invitation_id is None:
        return no_update, no_update
    with write() as session:
        invitations.revoke_invitation(session, current_actor(), invitation_id, address=client_address())
    tell("The link opens nothing any more.")
    return None, _invitations()


def set_limits(n_clicks: int | None, *values: Any) -> Any:
    """Set what everybody may take who has no limits of their own."""
    if not n_clicks:
        return no_update
    limits = to_limits(values)
    with write() as session:
        quotas.set_house(session, current_actor(), limits=limits, address=client_address())
    tell("The limits count from now on.")
    return None


def register(app: Dash) -> None:
    """Register the page and wire search, invitations and new users."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    app.callback(
        Output("users-grid", "rowData"),
        Output("users-position", "children"),
        Output("users-pager", "hidden"),
        Input("users-text", "value"),
        Input("users-next", "n_clicks"),
        Input("users-previous", "n_clicks"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("users-next", "n_clicks"),
        Output("users-previous", "n_clicks"),
        Input("users-text", "value"),
        prevent_initial_call=True,
    )(first_page)
    app.callback(
        Output("users-message", "children", allow_duplicate=True),
        Input("users-set-limits", "n_clicks"),
        *(State(field, "value") for field in field_ids("users-limit")),
        prevent_initial_call=True,
    )(set_limits)
    app.callback(
        Output("users-message", "children"),
        Output("users-invitations", "children"),
        Output("users-invite-email", "value"),
        Input("users-invite", "n_clicks"),
        State("users-invite-email", "value"),
        State("users-invite-role", "value"),
        State("users-invite-days", "value"),
        running=[(Output("users-invite", "disabled"), True, False)],
        prevent_initial_call=True,
    )(invite)
    app.callback(
        Output("users-message", "children", allow_duplicate=True),
        Output("users-grid", "rowData", allow_duplicate=True),
        Output("users-position", "children", allow_duplicate=True),
        Output("users-pager", "hidden", allow_duplicate=True),
        Output("users-create-email", "value"),
        Output("users-create-name", "value"),
        Input("users-create", "n_clicks"),
        State("users-create-email", "value"),
        State("users-create-name", "value"),
        State("users-create-role", "value"),
        running=[(Output("users-create", "disabled"), True, False)],
        prevent_initial_call=True,
    )(create)
    app.callback(
        Output("users-message", "children", allow_duplicate=True),
        Output("users-invitations", "children", allow_duplicate=True),
        Input({"type": _REVOKE, "invitation": ALL}, "n_clicks"),
        State({"type": _REVOKE, "invitation": ALL}, "id"),
        prevent_initial_call=True,
    )(revoke)


def _filters(*, is_one_page: bool) -> Component:
    pages = [
        dbc.Button(icon(f"chevron-{side}", label=label), id=f"users-{name}", n_clicks=0, color="secondary", size="sm")
        for name, side, label in (("previous", "left", "Previous users"), ("next", "right", "Next users"))
    ]
    return html.Div(
        [
            html.Label("Find by name or e-mail", htmlFor="users-text", className="visually-hidden"),
            dbc.Input(
                id="users-text", type="search", placeholder="Find by name or e-mail", debounce=300,
                className="filter-text",
            ),
            html.Div(pages, id="users-pager", className="pager", hidden=is_one_page),
        ],
        className="filters no-print",
    )  # fmt: skip


def _read(text: str, offset: int) -> UserPage:
    with read() as session:
        return users.search_users(session, current_actor(), text=text, limit=PAGE_SIZE, offset=offset)


def _rows(page: UserPage) -> list[dict[str, Any]]:
    return [
        {
            "id": item.id,
            "href": paths.user(item.id),
            "name": item.name,
            "email": item.email,
            "role": str(item.role).capitalize(),
            "access": access_cell(is_active=item.is_active),
            "seen": item.last_sign_in_at,
            "since": item.created_at.date(),
        }
        for item in page.items
    ]


def _position(page: UserPage, offset: int) -> str:
    count = formats.plural(page.total, "user")
    if page.total == len(page.items):
        return count
    return f"{formats.count(offset + 1)}–{formats.count(offset + len(page.items))} of {count}" if page.items else count


def _invite_panel() -> Component:
    days = [{"label": formats.plural(n, "day"), "value": n} for n in _DAYS]
    return panel(
        "Invite by link",
        html.P(
            "They open the link, choose name and password, and are in. No mail is sent: you hand it over.",
            className="muted",
        ),
        html.Div(
            [
                labelled("E-mail", dbc.Input(id="users-invite-email", type="email", maxlength=254, autocomplete="off")),
                labelled(
                    "Role", dbc.Select(id="users-invite-role", options=role_options(), value=str(Role.RESEARCHER))
                ),
                labelled("Works for", dbc.Select(id="users-invite-days", options=days, value=7)),
            ],
            className="form-grid",
        ),
        dbc.Button("Make the link", id="users-invite", color="primary", className="mt-3"),
    )


def _create_panel() -> Component:
    return panel(
        "Create with a password",
        html.P("A password is made up and shown to you this once.", className="muted"),
        html.Div(
            [
                labelled("E-mail", dbc.Input(id="users-create-email", type="email", maxlength=254, autocomplete="off")),
                labelled("Name", dbc.Input(id="users-create-name", maxlength=120, autocomplete="off")),
                labelled(
                    "Role", dbc.Select(id="users-create-role", options=role_options(), value=str(Role.RESEARCHER))
                ),
            ],
            className="form-grid",
        ),
        dbc.Button("Create the user", id="users-create", color="secondary", className="mt-3"),
    )


def _invitations() -> Component | None:
    with read() as session:
        views = invitations.list_invitations(session, current_actor())
    if not views:
        return None
    titles = (("Invited", ""), ("Role", _WIDE), ("By", _WIDE), ("Ends", "number"), ("", "number"))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=side or None) for title, side in titles]))
    table = html.Table([head, html.Tbody([_invitation_row(view) for view in views])], className="data-table")
    return panel("Open invitations", html.Div(table, className="table-scroll"), flush=True)


def _invitation_row(view: InvitationView) -> Component:
    button = small_button("Revoke", {"type": _REVOKE, "invitation": view.id}, f"Revoke the invitation of {view.email}")
    return html.Tr(
        [
            html.Th(view.email, scope="row"),
            html.Td(str(view.role).capitalize(), className=_WIDE),
            html.Td(view.invited_by, className=_WIDE),
            html.Td(formats.date(view.expires_at), className="number", title=formats.moment(view.expires_at)),
            html.Td(button, className="number"),
        ]
    )


def _limits_panel() -> Component:
    with read() as session:
        house = quotas.get_house(session, current_actor())
    return panel(
        "Limits of everybody",
        html.P("For whoever has none of their own; those are on the page of each user.", className="muted"),
        limit_fields("users-limit", house, empty="no limit"),
        html.Div(
            "Beyond running and minutes, analyses wait; beyond the others, new ones are refused.",
            className="form-text mt-2",
        ),
        dbc.Button("Set the limits", id="users-set-limits", color="secondary", className="mt-3"),
    )

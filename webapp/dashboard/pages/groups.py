"""The groups of users, for administrators: who is in them, and making more."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp import formats
from webapp.auth.session import client_address, current_actor, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.cards import empty_state, panel
from webapp.dashboard.components.people import labelled, problem_of
from webapp.dashboard.components.toasts import tell
from webapp.errors import Conflict, InvalidInput
from webapp.services import groups
from webapp.services.groups import GroupView, MemberView

PATH = paths.GROUPS
TITLE = "Groups · Assay"

_FEW = 5  # members named in a row of the list


def layout(**_query: str) -> Component:
    """Return the page with all groups on it."""
    return html.Div(
        [
            html.Div(html.Div(html.H1("Groups"), className="page-header-main"), className="page-header"),
            html.Div([html.Div(_list(), id="groups-list"), _create_panel()], className="stack"),
        ]
    )


def create(n_clicks: int | None, n_submits: int | None, name: str | None) -> tuple[Any, Any, Any]:
    """Make a group; a name that does not fit stays where it was typed."""
    if not (n_clicks or n_submits):
        return no_update, no_update, no_update
    try:
        with write() as session:
            view = groups.create_group(session, current_actor(), name=str(name or ""), address=client_address())
    except (InvalidInput, Conflict) as error:
        return no_update, problem_of(error), no_update
    tell(f"{view.name} is made. Open it to add members.")
    return _list(), "", ""


def register(app: Dash) -> None:
    """Register the page and wire making a group."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    app.callback(
        Output("groups-list", "children"),
        Output("groups-problem", "children"),
        Output("groups-name", "value"),
        Input("groups-create", "n_clicks"),
        Input("groups-name", "n_submit"),
        State("groups-name", "value"),
        prevent_initial_call=True,
    )(create)


def _list() -> Component:
    with read() as session:
        views = groups.list_all(session, current_actor())
    if not views:
        sentence = "There are no groups yet. Make one, and analyses can be shared with all who are in it."
        return html.Section(empty_state("diagram-3", sentence), className="panel")
    titles = (("Group", ""), ("Members", ""), ("Since", "number"))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=side or None) for title, side in titles]))
    table = html.Table([head, html.Tbody([_row(view) for view in views])], className="data-table list-table")
    return html.Section(table, className="panel panel-flush")


def _row(view: GroupView) -> Component:
    name = dcc.Link(view.name, href=paths.group(view.id), className="list-title", title=view.name)
    count = formats.plural(len(view.members), "member")
    return html.Tr(
        [
            html.Th([name, html.Span(count, className="muted small")], scope="row", className="cell-title"),
            html.Td(_named(view.members)),
            html.Td(formats.date(view.created_at), className="number cell-optional"),
        ]
    )


def _named(members: Sequence[MemberView]) -> str:
    if not members:
        return "Nobody yet"
    names = ", ".join(member.name for member in members[:_FEW])
    return f"{names} and {len(members) - _FEW} more" if len(members) > _FEW else names


def _create_panel() -> Component:
    name = dbc.Input(id="groups-name", maxlength=80, autocomplete="off", placeholder="Desk, course or project")
    return panel(
        "Make a group",
        html.P("Who is in a group reads what is shared with it, and may share with it.", className="muted"),
        html.Div(labelled("Name", name, problem_id="groups-problem"), className="form-grid"),
        dbc.Button("Make the group", id="groups-create", color="primary", className="mt-3"),
    )

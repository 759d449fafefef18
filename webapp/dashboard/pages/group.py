"""One group, for administrators: its members, its name, and its end."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp import formats
from webapp.auth.session import client_address, current_actor, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.components.people import clicked, labelled, problem_of, small_button
from webapp.dashboard.components.toasts import tell
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.services import groups, users
from webapp.services.groups import GroupView, MemberView

PATH = paths.GROUP
TITLE = "Group · Assay"

_REMOVE = "group-remove"
_MOST_OFFERED = 500  # whoever stands behind them is added by typing their e-mail


def layout(public_id: str = "", **_variables: str) -> Component:
    """Return the page of a group."""
    try:
        content = _content(public_id)
    except NotFound:
        return not_found()
    return html.Div(
        [
            html.Div(content, id="group-content"),
            dcc.Store(id="group-id", data=public_id),
            dcc.Location(id="group-url", refresh="callback-nav"),
        ]
    )


def add_member(n_clicks: int | None, n_submits: int | None, group_id: str, email: str | None) -> tuple[Any, Any]:
    """Let a user into the group; what was typed stays there if it is nobody's."""
    if not (n_clicks or n_submits):
        return no_update, no_update
    try:
        with write() as session:
            groups.add_member(
                session, current_actor(), _checked(group_id), email=str(email or ""), address=client_address()
            )
    except InvalidInput as error:
        return no_update, problem_of(error)
    tell(f"{email} is in the group, and reads what is shared with it.")
    return _content(group_id), ""


def remove_member(clicks: Sequence[int | None], ids: Sequence[dict[str, str]], group_id: str) -> Any:
    """Take a user out of the group."""
    user_id = clicked(clicks, ids, "user")
    if user_id is None:
        return no_update
    with write() as session:
        groups.remove_member(session, current_actor(), _checked(group_id), user_id, address=client_address())
    tell("They have left the group, and read nothing by it any more.")
    return _content(group_id)


def rename(n_clicks: int | None, n_submits: int | None, group_id: str, name: str | None) -> tuple[Any, Any]:
    """Give the group another name; one that does not fit stays where it was typed."""
    if not (n_clicks or n_submits):
        return no_update, no_update
    try:
        with write() as session:
            view = groups.rename_group(
                session, current_actor(), _checked(group_id), name=str(name or ""), address=client_address()
            )
    except (InvalidInput, Conflict) as error:
        return no_update, problem_of(error)
    tell(f"The group is called {view.name} now.")
    return _content(group_id), ""


def delete(n_clicks: int | None, group_id: str, typed: str | None) -> tuple[Any, Any]:
    """Delete the group whose name was typed, and go back to the list."""
    if not n_clicks:
        return no_update, no_update
    with write() as session:
        view = groups.get_group(session, current_actor(), _checked(group_id))
        if " ".join(str(typed or "").split()) != view.name:
            return no_update, f"Type {view.name} to confirm that this group is to be deleted."
        groups.delete_group(session, current_actor(), group_id, address=client_address())
    tell(f"The group {view.name} is deleted.")
    return paths.groups(), no_update


def register(app: Dash) -> None:
    """Register the page and wire its buttons: each does one thing and draws the page again."""
    dash.register_page(__name__, path_template=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    content, group_id = Output("group-content", "children", allow_duplicate=True), State("group-id", "data")
    app.callback(
        content,
        Output("group-email-problem", "children"),
        Input("group-add", "n_clicks"),
        Input("group-email", "n_submit"),
        group_id,
        State("group-email", "value"),
        prevent_initial_call=True,
    )(add_member)
    app.callback(
        content,
        Input({"type": _REMOVE, "user": ALL}, "n_clicks"),
        State({"type": _REMOVE, "user": ALL}, "id"),
        group_id,
        prevent_initial_call=True,
    )(remove_member)
    app.callback(
        content,
        Output("group-name-problem", "children"),
        Input("group-rename", "n_clicks"),
        Input("group-name", "n_submit"),
        group_id,
        State("group-name", "value"),
        prevent_initial_call=True,
    )(rename)
    app.callback(
        Output("group-url", "href"),
        Output("group-typed-problem", "children"),
        Input("group-delete", "n_clicks"),
        group_id,
        State("group-typed", "value"),
        prevent_initial_call=True,
    )(delete)


def _checked(group_id: object) -> str:
    if not paths.is_public_id(group_id):
        raise NotFound("There is no such group.")
    return str(group_id)


def _content(group_id: str) -> list[Component]:
    with read() as session:
        view = groups.get_group(session, current_actor(), _checked(group_id))
        everybody = users.search_users(session, current_actor(), limit=_MOST_OFFERED).items
    inside = {member.id for member in view.members}
    offered = [(user.email, user.name) for user in everybody if user.is_active and user.id not in inside]
    return [
        _head(view),
        html.Div(
            [
                _members_panel(view),
                html.Div([_add_panel(offered), _rename_panel(view)], className="grid-2"),
                _delete_panel(view),
            ],
            className="stack",
        ),
    ]


def _head(view: GroupView) -> Component:
    facts = [
        html.Span(formats.plural(len(view.members), "member")),
        html.Span(f"Since {formats.date(view.created_at)}"),
    ]
    main = [html.H1(view.name), html.Div(facts, className="page-facts")]
    back = dcc.Link([icon("chevron-left"), " All groups"], href=paths.groups(), className="btn btn-secondary")
    return html.Div(
        [html.Div(main, className="page-header-main"), html.Div(back, className="page-header-actions")],
        className="page-header",
    )


def _members_panel(view: GroupView) -> Component:
    if not view.members:
        return panel("Members", empty_state("people", "Nobody is in this group yet. Add somebody below.", small=True))
    titles = (("Name", ""), ("E-mail", ""), ("", "number"))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=side or None) for title, side in titles]))
    table = html.Table([head, html.Tbody([_member_row(each) for each in view.members])], className="data-table")
    scroll = html.Div(table, className="table-scroll", tabIndex="0", role="region", **aria(label="Members"))
    return panel("Members", scroll, flush=True)


def _member_row(member: MemberView) -> Component:
    button_id = {"type": _REMOVE, "user": str(member.id)}
    name = dcc.Link(member.name, href=paths.user(str(member.id)))
    return html.Tr(
        [
            html.Th(name, scope="row"),
            html.Td(member.email),
            html.Td(small_button("Remove", button_id, f"Remove {member.name} from the group"), className="number"),
        ]
    )


def _add_panel(offered: Sequence[tuple[str, str]]) -> Component:
    email = dbc.Input(
        id="group-email",
        type="text",
        inputmode="email",
        maxlength=254,
        list="group-offered",
        autocomplete="off",
        placeholder="Pick somebody, or type an e-mail",
    )
    return panel(
        "Add a member",
        html.Div(labelled("Active user", email, problem_id="group-email-problem"), className="form-grid"),
        html.Datalist([html.Option(name, value=address) for address, name in offered], id="group-offered"),
        dbc.Button("Add", id="group-add", color="primary", className="mt-3"),
    )


def _rename_panel(view: GroupView) -> Component:
    name = dbc.Input(id="group-name", value=view.name, maxlength=80, autocomplete="off")
    return panel(
        "Rename",
        html.Div(labelled("Name", name, problem_id="group-name-problem"), className="form-grid"),
        dbc.Button("Rename", id="group-rename", color="secondary", className="mt-3"),
    )


def _delete_panel(view: GroupView) -> Component:
    typed = dbc.Input(id="group-typed", autocomplete="off")
    return panel(
        "Delete",
        html.P(
            "What is shared with the group is not shared with its members any more. Analyses stay with their owners."
        ),
        html.Div(
            labelled(f"Type {view.name} to confirm", typed, problem_id="group-typed-problem"), className="form-grid"
        ),
        dbc.Button("Delete the group", id="group-delete", color="danger", className="mt-3"),
    )

"""Who may read an analysis: the dialog in which its owner gives leave and takes it back."""

from collections.abc import Callable, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component
from flask import url_for

from webapp.auth.session import client_address, current_actor, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import copy_button, icon
from webapp.dashboard.components.times import ago, now
from webapp.dashboard.components.toasts import tell
from webapp.errors import InvalidInput, NotFound
from webapp.services import groups, shares
from webapp.services.shares import ShareKind, ShareView

OPEN = "analysis-share"
DIALOG = "analysis-share-dialog"
LIST = "analysis-share-list"
PROBLEM = "analysis-share-problem"
EMAIL = "analysis-share-email"
GROUP = "analysis-share-group"
GROUPS = "analysis-share-groups"
DAYS = "analysis-share-days"
LINK = "analysis-share-link"
REVOKE = "analysis-share-revoke"
ID = "analysis-id"

_LINK_TEXT = "analysis-share-link-text"
_FOR_EVER = "0"
_DAYS = ((_FOR_EVER, "until taken back"), ("7", "for 7 days"), ("30", "for 30 days"), ("90", "for 90 days"))
_ICONS = {ShareKind.USER: "person", ShareKind.GROUP: "people", ShareKind.LINK: "link-45deg"}


def share_button(*, is_hidden: bool) -> Component:
    """Return the button that opens the dialog."""
    return html.Button(
        [icon("share"), "Share"],
        id=OPEN,
        type="button",
        className="btn btn-secondary",
        title="Let others read this analysis",
        hidden=is_hidden,
    )


def share_dialog() -> Component:
    """Return the dialog, closed and empty; it is filled when it opens."""
    dialog: Component = dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle("Share for reading"), close_button=True),
            dbc.ModalBody(
                [
                    html.P(
                        "Readers see question, answer and log. They change nothing, and see nothing else of yours.",
                        className="muted small",
                    ),
                    html.Div(id=PROBLEM, className="field-problem", role="alert"),
                    _row(
                        "With a person",
                        dbc.Input(id=EMAIL, type="email", placeholder="name@example.org", autoComplete="off"),
                        _button("Add", "analysis-share-add"),
                        target=EMAIL,
                    ),
                    html.Div(
                        _row(
                            "With a group of yours",
                            dbc.Select(id=GROUP, options=[]),
                            _button("Add", "analysis-share-add-group"),
                            target=GROUP,
                        ),
                        id=GROUPS,
                        hidden=True,
                    ),
                    _row(
                        "By a link, for anybody who is signed in here",
                        dbc.Select(
                            id=DAYS, options=[{"label": text, "value": days} for days, text in _DAYS], value=_FOR_EVER
                        ),
                        _button("Make a link", "analysis-share-make-link"),
                        target=DAYS,
                    ),
                    html.Div(id=LINK, role="status"),
                    html.H3("Who has access", className="share-heading"),
                    html.Div(id=LIST, role="status"),
                ]
            ),
        ],
        id=DIALOG,
        is_open=False,
        scrollable=True,
        centered=True,
        className="share-dialog no-print",
    )
    return dialog


def open_dialog(n_clicks: int | None, public_id: str) -> tuple[Any, ...]:
    """Open the dialog with who has access, and the groups that the owner may name."""
    if not n_clicks:
        return (no_update,) * 6
    with read() as session:
        listed = shares.list_shares(session, current_actor(), _checked(public_id))
        options = [{"label": group.name, "value": group.id} for group in groups.list_groups(session, current_actor())]
    first = options[0]["value"] if options else None
    return True, share_list(listed), options, first, not options, None


def add_user(n_clicks: int | None, n_submits: int | None, email: str | None, public_id: str) -> tuple[Any, Any, Any]:
    """Share with a person; what was typed stays there if it does not fit."""
    if not (n_clicks or n_submits):
        return no_update, no_update, no_update
    listed, problem = _change(
        public_id,
        lambda session, actor, address: shares.share_with_user(
            session, actor, public_id, email=email or "", address=address
        ),
        f"Shared with {email}.",
    )
    return listed, problem, no_update if problem else ""


def add_group(n_clicks: int | None, group_id: str | None, public_id: str) -> tuple[Any, Any]:
    """Share with a group."""
    if not n_clicks:
        return no_update, no_update
    return _change(
        public_id,
        lambda session, actor, address: shares.share_with_group(
            session, actor, public_id, group_id=str(group_id or ""), address=address
        ),
        "Shared with the group.",
    )


def make_link(n_clicks: int | None, days: str | None, public_id: str) -> tuple[Any, Any, Any]:
    """Make a link, and show it this once."""
    if not n_clicks:
        return no_update, no_update, no_update
    for_days = int(days) if days in {each for each, _ in _DAYS} and days != _FOR_EVER else None
    with write() as session:
        _, secret = shares.make_link(
            session, current_actor(), _checked(public_id), expires_in_days=for_days, address=client_address()
        )
        listed = share_list(shares.list_shares(session, current_actor(), public_id))
    return listed, "", _made(url_for("shared_link", secret=secret, _external=True))


def take_back(n_clicks: Sequence[int | None], ids: Sequence[Any], public_id: str) -> tuple[Any, Any, Any]:
    """Take a share back; a link that is still shown may be the one."""
    clicked = [each["share"] for n, each in zip(n_clicks, ids, strict=True) if n]
    if not clicked:
        return no_update, no_update, no_update
    listed, problem = _change(
        public_id,
        lambda session, actor, address: shares.revoke(session, actor, public_id, str(clicked[0]), address=address),
        "The share is taken back: it opens nothing any more.",
    )
    return listed, problem, None


def register(app: Dash) -> None:
    """Wire the dialog of the analysis that `analysis-id` names."""
    who, problem = Output(LIST, "children", allow_duplicate=True), Output(PROBLEM, "children", allow_duplicate=True)
    app.callback(
        Output(DIALOG, "is_open"),
        Output(LIST, "children"),
        Output(GROUP, "options"),
        Output(GROUP, "value"),
        Output(GROUPS, "hidden"),
        Output(LINK, "children"),
        Input(OPEN, "n_clicks"),
        State(ID, "data"),
        prevent_initial_call=True,
    )(open_dialog)
    app.callback(
        who,
        Output(PROBLEM, "children"),
        Output(EMAIL, "value"),
        Input("analysis-share-add", "n_clicks"),
        Input(EMAIL, "n_submit"),
        State(EMAIL, "value"),
        State(ID, "data"),
        prevent_initial_call=True,
    )(add_user)
    app.callback(
        who,
        problem,
        Input("analysis-share-add-group", "n_clicks"),
        State(GROUP, "value"),
        State(ID, "data"),
        prevent_initial_call=True,
    )(add_group)
    app.callback(
        who,
        problem,
        Output(LINK, "children", allow_duplicate=True),
        Input("analysis-share-make-link", "n_clicks"),
        State(DAYS, "value"),
        State(ID, "data"),
        prevent_initial_call=True,
    )(make_link)
    app.callback(
        who,
        problem,
        Output(LINK, "children", allow_duplicate=True),
        Input({"type": REVOKE, "share": ALL}, "n_clicks"),
        State({"type": REVOKE, "share": ALL}, "id"),
        State(ID, "data"),
        prevent_initial_call=True,
    )(take_back)


def share_list(listed: Sequence[ShareView]) -> Component:
    """Return who has access, each with a button that ends it."""
    if not listed:
        return html.P("Only you.", className="muted")
    moment = now()
    return html.Ul([_entry(share, moment) for share in listed], className="share-list")


def _entry(share: ShareView, moment: Any) -> Component:
    name = share.name if share.kind is not ShareKind.LINK else "Whoever has the link"
    facts: list[Any] = [share.email] if share.email else []
    if share.kind is ShareKind.LINK:
        facts.append(f"opened by {', '.join(share.opened_by)}" if share.opened_by else "not opened yet")
    facts.append(html.Span(["since ", ago(share.created_at, moment)]))
    if share.expires_at is not None:
        facts.append(f"until {share.expires_at:%Y-%m-%d}")
    parts = [part for fact in facts for part in (fact, " · ")][:-1]
    return html.Li(
        [
            icon(_ICONS[share.kind]),
            html.Div([html.Div(name, className="share-name"), html.Div(parts, className="muted small")]),
            html.Button(
                "Take back",
                id={"type": REVOKE, "share": share.id},
                type="button",
                n_clicks=0,
                className="btn btn-quiet btn-sm",
                **aria(label=f"Take back from {name}"),
            ),
        ]
    )


def _made(link: str) -> Component:
    return html.Div(
        [
            html.Div(
                [html.Span(link, id=_LINK_TEXT, className="mono"), copy_button(_LINK_TEXT, label="Copy the link")],
                className="share-link",
            ),
            html.Div("Copy it now: it is not shown again. Make another if it is lost.", className="muted small"),
        ]
    )


def _row(label: str, field: Component, button: Component, *, target: str) -> Component:
    return html.Div(
        [html.Label(label, htmlFor=target), html.Div([field, button], className="share-fields")], className="share-row"
    )


def _button(text: str, id_: str) -> Component:
    return html.Button(text, id=id_, type="button", n_clicks=0, className="btn btn-secondary")


def _change(public_id: str, change: Callable[..., Any], done: str) -> tuple[Any, str]:
    """Make a change, tell that it is done, and return who has access afterwards; or what does not fit."""
    _checked(public_id)
    try:
        with write() as session:
            change(session, current_actor(), client_address())
            listed = share_list(shares.list_shares(session, current_actor(), public_id))
    except InvalidInput as error:
        return no_update, str(error)
    tell(done)
    return listed, ""


def _checked(public_id: object) -> str:
    if not paths.is_public_id(public_id):
        raise NotFound("There is no such analysis.")
    return str(public_id)

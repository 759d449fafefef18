"""The audit trail, for administrators: what was done, by whom, from where."""

import datetime
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp.auth.session import current_actor, read
from webapp.dashboard import formats, paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import empty_state
from webapp.dashboard.components.times import ago, now
from webapp.errors import InvalidInput
from webapp.services import trail, users
from webapp.services.trail import SENTENCES, TrailPage

PATH = paths.AUDIT
TITLE = "Audit · Assay"

PAGE_SIZE = 100
_MOST_PEOPLE = 500
_WIDE = "d-none d-sm-table-cell"  # left out where there is no room
_ALL = "all"


def layout(**_query: str) -> Component:
    """Return the page with the newest lines on it."""
    children, cursor, is_last = show(_ALL, _ALL, None, None, None)
    return html.Div(
        [
            html.Div(html.Div(html.H1("Audit"), className="page-header-main"), className="page-header"),
            _filters(),
            html.Div(children, id="audit-list", **aria(live="polite")),
            html.Div(
                [
                    dbc.Button("Newest", id="audit-newest", color="secondary", size="sm"),
                    dbc.Button("Older", id="audit-older", color="secondary", size="sm", disabled=is_last),
                ],
                className="d-flex gap-2 mt-2 no-print",
            ),
            dcc.Store(id="audit-next", data=cursor),
        ]
    )


def show(
    user_id: str | None, action: str | None, start: str | None, end: str | None, _n_newest: int | None
) -> tuple[Any, str, bool]:
    """Return the newest lines that match, where the older ones begin, and whether there are none."""
    return _page(user_id, action, start, end, "")


def older(
    n_clicks: int | None,
    cursor: str | None,
    user_id: str | None,
    action: str | None,
    start: str | None,
    end: str | None,
) -> tuple[Any, Any, Any]:
    """Return the lines before those that are shown."""
    if not n_clicks or not cursor:
        return no_update, no_update, no_update
    return _page(user_id, action, start, end, str(cursor))


def register(app: Dash) -> None:
    """Register the page and wire filters and pages."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    filters = ("audit-user", "audit-action", "audit-start", "audit-end")
    app.callback(
        Output("audit-list", "children"),
        Output("audit-next", "data"),
        Output("audit-older", "disabled"),
        *(Input(name, "value") for name in filters),
        Input("audit-newest", "n_clicks"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("audit-list", "children", allow_duplicate=True),
        Output("audit-next", "data", allow_duplicate=True),
        Output("audit-older", "disabled", allow_duplicate=True),
        Input("audit-older", "n_clicks"),
        State("audit-next", "data"),
        *(State(name, "value") for name in filters),
        prevent_initial_call=True,
    )(older)


def _page(user_id: Any, action: Any, start: Any, end: Any, cursor: str) -> tuple[Any, str, bool]:
    with read() as session:
        page = trail.read_trail(
            session,
            current_actor(),
            user_id=_chosen(user_id),
            action=_chosen(action),
            start=_day(start),
            end=_day(end),
            limit=PAGE_SIZE,
            cursor=cursor,
        )
    return _table(page), page.next or "", page.next is None


def _chosen(value: Any) -> str:
    return "" if value == _ALL else str(value or "")


def _day(text: Any) -> datetime.date | None:
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(str(text))
    except ValueError as error:
        raise InvalidInput(f"Expected a day such as 2024-03-15; found {str(text)[:20]}.") from error


def _filters() -> Component:
    with read() as session:
        people = users.search_users(session, current_actor(), limit=_MOST_PEOPLE).items
    who = [
        {"label": "Everybody", "value": _ALL},
        *({"label": f"{each.name} ({each.email})", "value": each.id} for each in people),
    ]
    subjects = sorted({action.partition(".")[0] for action in SENTENCES})
    what = [
        {"label": "Everything", "value": _ALL},
        *({"label": f"{subject.replace('_', ' ').capitalize()}: all", "value": subject} for subject in subjects),
        *(
            {"label": action.replace(".", ": ").replace("_", " ").capitalize(), "value": action}
            for action in sorted(SENTENCES)
        ),
    ]
    fields = (
        ("Who", dbc.Select(id="audit-user", options=who, value=_ALL)),
        ("What", dbc.Select(id="audit-action", options=what, value=_ALL)),
        ("From", dbc.Input(id="audit-start", type="date")),
        ("To", dbc.Input(id="audit-end", type="date")),
    )
    return html.Div(
        [
            html.Div([html.Label(label, htmlFor=control.id, className="form-label"), control], className="field")
            for label, control in fields
        ],
        className="form-grid mb-3 no-print",
    )


def _table(page: TrailPage) -> Component:
    if not page.items:
        return html.Section(
            empty_state("journal-text", "Nothing matches. Choose somebody else or a longer time."), className="panel"
        )
    titles = (("When", "number"), ("What", ""), ("Address", _WIDE))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=side or None) for title, side in titles]))
    moment = now()
    rows = [
        html.Tr(
            [
                html.Td(ago(item.at, moment), className="number"),
                html.Td(item.sentence, className="cell-sentence", title=f"{item.action} {item.subject}"),
                html.Td(item.address or formats.UNKNOWN, className=f"mono {_WIDE}"),
            ]
        )
        for item in page.items
    ]
    table = html.Table([head, html.Tbody(rows)], className="data-table")
    return html.Section(
        html.Div(table, className="table-scroll", tabIndex="0", role="region", **aria(label="Audit trail")),
        className="panel panel-flush",
    )

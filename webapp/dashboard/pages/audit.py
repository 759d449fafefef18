"""The audit trail, for administrators: what was done, by whom, from where."""

import datetime
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp import formats
from webapp.auth.session import current_actor, read
from webapp.dashboard import paths
from webapp.dashboard.components.cards import empty_state, icon
from webapp.dashboard.components.grid import GridColumn, grid, row_data
from webapp.errors import InvalidInput
from webapp.services import trail, users
from webapp.services.trail import SENTENCES, TrailPage

PATH = paths.AUDIT
TITLE = "Audit · Assay"

PAGE_SIZE = 100
_MOST_PEOPLE = 500
_ALL = "all"
_NOTHING = "Nothing matches. Choose somebody else or a longer time."

COLUMNS = (
    GridColumn("at", "When", "ago"),
    GridColumn("sentence", "What", grows=1, wraps=True),
    GridColumn("action", "Kind", "code", widest="prices.acquisition_cancelled", is_optional=True),
    GridColumn("address", "Address", "code", widest="255.255.255.255", is_optional=True),
)


def layout(**_query: str) -> Component:
    """Return the page with the newest lines on it."""
    page = _read(_ALL, _ALL, None, None, "")
    table = grid("audit-grid", COLUMNS, _rows(page), label="Audit trail", empty=empty_state("journal-text", _NOTHING))
    return html.Div(
        [
            html.Div(
                [
                    html.Div(html.H1("Audit"), className="page-header-main"),
                    html.Div(_export_link(), className="page-header-actions no-print"),
                ],
                className="page-header",
            ),
            _filters(),
            html.Section(table, className="panel panel-flush"),
            html.Div(
                [
                    dbc.Button("Newest", id="audit-newest", color="secondary", size="sm"),
                    dbc.Button("Older", id="audit-older", color="secondary", size="sm", disabled=page.next is None),
                ],
                className="d-flex gap-2 mt-2 no-print",
            ),
            dcc.Store(id="audit-next", data=page.next or ""),
        ]
    )


def show(
    user_id: str | None, action: str | None, start: str | None, end: str | None, _n_newest: int | None
) -> tuple[Any, str, bool, str]:
    """Return the newest lines that match, where the older ones begin, whether there are none, and all as a file."""
    days = (_day(start), _day(end))
    filters = {"user": _chosen(user_id), "action": _chosen(action)}
    filters |= {name: day.isoformat() for name, day in zip(("start", "end"), days, strict=True) if day}
    return *_page(user_id, action, start, end, ""), paths.audit_export(**filters)


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
        Output("audit-grid", "rowData"),
        Output("audit-next", "data"),
        Output("audit-older", "disabled"),
        Output("audit-export", "href"),
        *(Input(name, "value") for name in filters),
        Input("audit-newest", "n_clicks"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("audit-grid", "rowData", allow_duplicate=True),
        Output("audit-next", "data", allow_duplicate=True),
        Output("audit-older", "disabled", allow_duplicate=True),
        Input("audit-older", "n_clicks"),
        State("audit-next", "data"),
        *(State(name, "value") for name in filters),
        prevent_initial_call=True,
    )(older)


def _page(user_id: Any, action: Any, start: Any, end: Any, cursor: str) -> tuple[Any, str, bool]:
    page = _read(user_id, action, start, end, cursor)
    return row_data(COLUMNS, _rows(page)), page.next or "", page.next is None


def _read(user_id: Any, action: Any, start: Any, end: Any, cursor: str) -> TrailPage:
    with read() as session:
        return trail.read_trail(
            session,
            current_actor(),
            user_id=_chosen(user_id),
            action=_chosen(action),
            start=_day(start),
            end=_day(end),
            limit=PAGE_SIZE,
            cursor=cursor,
        )


def _export_link() -> Component:
    return html.A(
        [icon("download"), "Export as CSV"],
        id="audit-export",
        href=paths.audit_export(),
        download="",
        className="btn btn-secondary",
        title="Every line that matches the filters below",
    )


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


def _rows(page: TrailPage) -> list[dict[str, Any]]:
    return [
        {
            "id": place,
            "at": item.at,
            "sentence": item.sentence,
            "action": item.action,
            "address": item.address or formats.UNKNOWN,
        }
        for place, item in enumerate(page.items)
    ]

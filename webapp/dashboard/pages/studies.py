"""The list of studies: how far each is, and how to begin one."""

from typing import Any

import dash
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp import formats
from webapp.auth.session import current_actor, read
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import data
from webapp.dashboard.components.cards import empty_state, icon
from webapp.dashboard.components.grid import GridColumn, grid, row_data
from webapp.dashboard.components.study_parts import in_words, state_cell
from webapp.dashboard.components.watching import POLL_MILLISECONDS
from webapp.permissions import Permission
from webapp.services import study_views
from webapp.services.study_views import State as StudyState
from webapp.services.study_views import StudyPage

PATH = paths.STUDIES
TITLE = "Studies · Assay"

MOST = 500
COLUMNS = (
    GridColumn("title", "Study", "name", below="members"),
    GridColumn("state", "State", "badge", widest="Without an answer"),
    GridColumn("members", "Analyses", grows=2, is_optional=True),
    GridColumn("created", "Submitted", "ago", is_optional=True),
)


def layout(**_query: str) -> Component:
    """Return the page with what there is now."""
    page = _read()
    return html.Div(
        [
            html.Div(
                [
                    html.Div(html.H1("Studies"), className="page-header-main"),
                    html.Div(_new_button(), className="page-header-actions") if _may_run() else None,
                ],
                className="page-header",
            ),
            html.Section(
                grid("studies-list", COLUMNS, _rows(page), label="Studies", empty=_nothing()),
                className="panel panel-flush",
            ),
            html.P(
                f"The newest {formats.count(MOST)} are shown; all are read by REST.",
                className="muted small",
                hidden=page.next is None,
            ),
            html.Div(hidden=True, **data(polls="studies-poll")),
            dcc.Interval(id="studies-poll", interval=POLL_MILLISECONDS, disabled=_is_idle(page)),
            dcc.Store(id="studies-mark", data=_mark(page)),
        ]
    )


def show(_n_intervals: int | None, mark: str | None) -> tuple[Any, bool, str]:
    """Return the rows, whether asking may rest, and a mark; what has not changed is not sent."""
    page = _read()
    shown = _mark(page)
    return (no_update if shown == mark else row_data(COLUMNS, _rows(page))), _is_idle(page), shown


def register(app: Dash) -> None:
    """Register the page and wire the list."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    app.callback(
        Output("studies-list", "rowData"),
        Output("studies-poll", "disabled"),
        Output("studies-mark", "data"),
        Input("studies-poll", "n_intervals"),
        State("studies-mark", "data"),
        prevent_initial_call=True,
    )(show)


def _read() -> StudyPage:
    with read() as session:
        return study_views.list_studies(session, current_actor(), limit=MOST)


def _rows(page: StudyPage) -> list[dict[str, Any]]:
    return [
        {
            "id": item.id,
            "href": paths.study(item.id),
            "title": item.title,
            "state": state_cell(item),
            "members": in_words(item),
            "created": item.created_at,
        }
        for item in page.items
    ]


def _is_idle(page: StudyPage) -> bool:
    return all(item.state is StudyState.FINISHED for item in page.items)


def _mark(page: StudyPage) -> str:
    return "|".join(f"{item.id}{item.state}{item.progress:.3f}" for item in page.items)


def _may_run() -> bool:
    return current_actor().may(Permission.ANALYSES_RUN)


def _new_button() -> Component:
    return dcc.Link([icon("plus-lg"), "New study"], href=paths.new_study(), className="btn btn-primary")


def _nothing() -> Component:
    sentence = (
        "No study yet. Ask one question of many instruments, models or parameters at once, and see which hold up."
    )
    return empty_state("grid-3x3-gap", sentence, _new_button() if _may_run() else None)

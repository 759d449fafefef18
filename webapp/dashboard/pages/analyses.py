"""The list of one's analyses: what runs, what came of the rest."""

from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp.auth.session import current_actor, read
from webapp.dashboard import formats, paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import empty_state, icon
from webapp.dashboard.components.status import WORDS, status_badge
from webapp.dashboard.components.times import ago, now
from webapp.permissions import Permission
from webapp.services import analyses
from webapp.services.analyses import AnalysisPage, AnalysisSummary
from webapp.services.workflow import Status

PATH = paths.ANALYSES
TITLE = "Analyses · Assay"

PAGE_SIZE = 50
POLL_MILLISECONDS = 2000

_ALL = "all"

# Codes whose words alone would say little.
_FAILURES = {
    "internal": "Fault of the program",
    "leakage_error": "A training label met a test window",
    "model_error": "A model did not fit",
}


def layout(**_query: str) -> Component:
    """Return the page with the first of the list on it."""
    children, is_idle, is_one_page, mark = show("", _ALL, 0, 0, 0, None)
    return html.Div(
        [
            html.Div(
                [html.Div(html.H1("Analyses"), className="page-header-main"), *_actions()],
                className="page-header",
            ),
            _filters(is_one_page=is_one_page),
            html.Div(children, id="analyses-list"),
            dcc.Interval(id="analyses-poll", interval=POLL_MILLISECONDS, disabled=is_idle),
            dcc.Store(id="analyses-mark", data=mark),
        ]
    )


def show(
    text: str | None, status: str, n_next: int | None, n_previous: int | None, _n_polls: int | None, mark: str | None
) -> tuple[Any, bool, bool, str]:
    """Return the list, whether polling may rest, whether there is but one page, and a mark of what is shown.

    An unchanged list is not sent again.
    """
    actor = current_actor()
    wanted = (Status(status),) if status in set(Status) else ()
    offset = PAGE_SIZE * max(0, (n_next or 0) - (n_previous or 0))
    with read() as session:
        page = analyses.list_recent(
            session, actor, status=wanted, text=(text or "").strip(), limit=PAGE_SIZE, offset=offset
        )
    is_idle = all(item.status.is_final for item in page.items)
    is_one_page = page.total <= PAGE_SIZE
    shown = _mark(page)
    if shown == mark:
        return no_update, is_idle, is_one_page, shown
    content = _content(page, is_filtered=bool(text or wanted), may_run=actor.may(Permission.ANALYSES_RUN))
    return content, is_idle, is_one_page, shown


def first_page(_text: str | None, _status: str) -> tuple[int, int]:
    """Go back to the first page when the filter changes."""
    return 0, 0


def register(app: Dash) -> None:
    """Register the page and wire its list."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    app.callback(
        Output("analyses-list", "children"),
        Output("analyses-poll", "disabled"),
        Output("analyses-pager", "hidden"),
        Output("analyses-mark", "data"),
        Input("analyses-text", "value"),
        Input("analyses-status", "value"),
        Input("analyses-next", "n_clicks"),
        Input("analyses-previous", "n_clicks"),
        Input("analyses-poll", "n_intervals"),
        State("analyses-mark", "data"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("analyses-next", "n_clicks"),
        Output("analyses-previous", "n_clicks"),
        Input("analyses-text", "value"),
        Input("analyses-status", "value"),
        prevent_initial_call=True,
    )(first_page)


def _actions() -> list[Component]:
    if not current_actor().may(Permission.ANALYSES_RUN):
        return []
    return [html.Div(_new_button(), className="page-header-actions")]


def _new_button() -> Component:
    return dcc.Link([icon("plus-lg"), "New analysis"], href=paths.new_analysis(), className="btn btn-primary")


def _filters(*, is_one_page: bool) -> Component:
    options = [{"label": "All", "value": _ALL}, *({"label": word, "value": each.value} for each, word in WORDS.items())]
    pages = [
        html.Button(
            icon(f"chevron-{side}"),
            id=f"analyses-{name}",
            type="button",
            n_clicks=0,
            className="btn btn-secondary btn-icon",
            title=title,
            **aria(label=title),
        )
        for name, side, title in (("previous", "left", "Newer analyses"), ("next", "right", "Older analyses"))
    ]
    return html.Div(
        [
            html.Label("Filter by title", htmlFor="analyses-text", className="visually-hidden"),
            dbc.Input(
                id="analyses-text",
                type="search",
                placeholder="Filter by title",
                debounce=300,
                className="filter-text",
            ),
            dbc.RadioItems(id="analyses-status", options=options, value=_ALL, className="segments", inline=True),
            html.Div(pages, id="analyses-pager", className="pager", hidden=is_one_page),
        ],
        className="filters no-print",
    )


def _mark(page: AnalysisPage) -> str:
    """Return a text that changes when anything shown does."""
    parts = [f"{page.total}:{page.offset}"]
    parts += [f"{item.id}{item.status}{item.progress:.2f}{item.title}{item.is_credible}" for item in page.items]
    return "|".join(parts)


def _content(page: AnalysisPage, *, is_filtered: bool, may_run: bool) -> Component:
    if not page.items:
        if is_filtered or page.total:
            return html.Section(
                empty_state("funnel", "No analysis matches. Change the filter or go back to newer ones."),
                className="panel",
            )
        sentence = (
            "Nothing has been analysed yet. Ask whether a model would have made money, and whether to believe it."
        )
        return html.Section(
            empty_state("clipboard-data", sentence, _new_button() if may_run else None), className="panel"
        )
    return html.Div([_table(page), _position(page)], className="stack")


def _table(page: AnalysisPage) -> Component:
    titles = (("Analysis", ""), ("Status", ""), ("Verdict", ""), ("Submitted", "number"), ("Took", "number"))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=side or None) for title, side in titles]))
    moment = now()
    rows = [_row(item, ago(item.submitted_at, moment)) for item in page.items]
    return html.Section(
        html.Table([head, html.Tbody(rows)], className="data-table list-table"), className="panel panel-flush"
    )


def _row(item: AnalysisSummary, submitted: Component) -> Component:
    title = dcc.Link(item.title, href=paths.analysis(item.id), className="list-title", title=item.title)
    symbols = html.Span(", ".join(item.symbols), className="muted small")
    took = "" if item.status is Status.QUEUED else formats.duration(_seconds(item))
    return html.Tr(
        [
            html.Th([title, symbols], scope="row", className="cell-title"),
            html.Td(status_badge(item), className="cell-status"),
            html.Td(html.Div(_words(item), className="list-verdict"), className="cell-verdict"),
            html.Td(submitted, className="number cell-when"),
            html.Td(took, className="number cell-optional"),
        ]
    )


def _words(item: AnalysisSummary) -> str:
    if item.status is Status.FAILED:
        return _FAILURES.get(item.error_code or "internal", (item.error_code or "").replace("_", " ").capitalize())
    return item.verdict or ""


def _seconds(item: AnalysisSummary) -> float | None:
    if item.started_at is None:
        return None
    return ((item.finished_at or now()) - item.started_at).total_seconds()


def _position(page: AnalysisPage) -> Component:
    first, last = page.offset + 1, page.offset + len(page.items)
    return html.Div(
        f"{formats.count(first)}–{formats.count(last)} of {formats.count(page.total)}", className="muted small"
    )

"""Prices: which instruments there are, how fresh and how sound their bars are, and asking sources for more."""

import hashlib
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from webapp import formats, jobs
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.dashboard import paths
from webapp.dashboard.components import instruments as tables
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.grid import grid, row_data
from webapp.dashboard.components.toasts import tell
from webapp.dashboard.components.watching import POLL_MILLISECONDS
from webapp.errors import InvalidInput, NotFound
from webapp.permissions import Permission, require
from webapp.services import acquisitions, coverage, prices
from webapp.services.price_sources import SourceState, SourceView

PATH = paths.DATA
TITLE = "Data · Assay"

MOST_INSTRUMENTS = 500
MOST_REQUESTS = 8

_NO_INSTRUMENT = "There are no prices yet. Add an instrument by its symbol, or upload a file."
_NO_REQUEST = "You have not asked for prices yet. Write a symbol above, or refresh an instrument."


def layout(instrument: str = "", **_query: str) -> Component:
    """Return the page; with an instrument, with its report on top."""
    shown, requests, banner, is_idle, mark = _look()
    return html.Div(
        [
            html.Div(
                [
                    html.Div(html.H1("Data"), className="page-header-main"),
                    *_upload_link(),
                    html.Div(banner, id="data-banner", role="status", style={"flexBasis": "100%"}),
                ],
                className="page-header",
            ),
            *_report(instrument),
            *_form(),
            panel(
                "Instruments",
                grid(
                    "data-grid",
                    tables.INSTRUMENT_COLUMNS,
                    shown,
                    label="Instruments",
                    empty=empty_state("database", _NO_INSTRUMENT),
                ),
                note="Shared by all, and what you uploaded yourself",
                flush=True,
            ),
            panel(
                "Your requests",
                grid(
                    "data-requests",
                    tables.REQUEST_COLUMNS,
                    requests,
                    label="Your requests for prices",
                    empty=empty_state("cloud-download", _NO_REQUEST, small=True),
                ),
                note="The newest first; nobody else sees them",
                flush=True,
            ),
            dcc.Interval(id="data-poll", interval=POLL_MILLISECONDS, disabled=is_idle),
            dcc.Store(id="data-mark", data=mark),
            *[dcc.Store(id=f"data-{name}") for name in ("added", "refreshed", "cancelled", "repeated")],
        ],
        className="stack",
    )


def show(
    _n_polls: int | None, _added: Any, _refreshed: Any, _cancelled: Any, _repeated: Any, mark: str | None
) -> tuple[Any, Any, Any, bool, str]:
    """Return both tables and the banner, whether polling may rest, and a mark of what is shown."""
    shown, requests, banner, is_idle, new_mark = _look()
    if new_mark == mark:
        return no_update, no_update, no_update, is_idle, new_mark
    return (
        row_data(tables.INSTRUMENT_COLUMNS, shown),
        row_data(tables.REQUEST_COLUMNS, requests),
        banner,
        is_idle,
        new_mark,
    )


def add(_n_clicks: int | None, _n_submit: int | None, symbol: str | None, source: str) -> tuple[Any, str, Any]:
    """Ask a source for an instrument; what was typed stays when it cannot be asked for."""
    try:
        acquisition_id = _fetch(source, symbol or "")
    except InvalidInput as error:
        said = "; ".join(error.fields.values())
        return no_update, said[:1].upper() + said[1:], no_update
    return "", "", acquisition_id


def refresh(cell: Any) -> str:
    """Ask the source of the row whose button was pressed for what is new."""
    return _fetch_again(_row_of(cell, tables.REFRESH), extent="newest")


def repeat(n_clicks: int | None, instrument_id: str | None) -> str:
    """Ask the source of the instrument that is shown for everything again."""
    if not n_clicks or not paths.is_public_id(instrument_id):
        raise PreventUpdate
    return _fetch_again(str(instrument_id), extent="all")


def cancel(cell: Any) -> str:
    """Cancel the request of the row whose button was pressed."""
    acquisition_id = _row_of(cell, tables.CANCEL)
    with write() as session:
        acquisitions.cancel(session, current_actor(), acquisition_id, address=client_address())
    tell("The request is being cancelled.")
    return acquisition_id


def register(app: Dash) -> None:
    """Register the page and wire its form and tables."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    app.callback(
        Output("data-grid", "rowData"),
        Output("data-requests", "rowData"),
        Output("data-banner", "children"),
        Output("data-poll", "disabled"),
        Output("data-mark", "data"),
        Input("data-poll", "n_intervals"),
        Input("data-added", "data"),
        Input("data-refreshed", "data"),
        Input("data-cancelled", "data"),
        Input("data-repeated", "data"),
        State("data-mark", "data"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("data-symbol", "value"),
        Output("data-feedback", "children"),
        Output("data-added", "data"),
        Input("data-add", "n_clicks"),
        Input("data-symbol", "n_submit"),
        State("data-symbol", "value"),
        State("data-source", "value"),
        prevent_initial_call=True,
    )(add)
    app.callback(Output("data-refreshed", "data"), Input("data-grid", "cellRendererData"), prevent_initial_call=True)(
        refresh
    )
    app.callback(
        Output("data-cancelled", "data"), Input("data-requests", "cellRendererData"), prevent_initial_call=True
    )(cancel)
    app.callback(
        Output("data-repeated", "data"),
        Input("data-repeat", "n_clicks"),
        State("data-instrument-id", "data"),
        prevent_initial_call=True,
    )(repeat)


def _look() -> tuple[list[Any], list[Any], Any, bool, str]:
    actor = current_actor()
    may_fetch = actor.may(Permission.PRICES_WRITE)
    with read() as session:
        found = prices.search_instruments(session, actor, limit=MOST_INSTRUMENTS)
        fresh = coverage.freshness(session, found)
        requests = acquisitions.list_recent(session, actor, limit=MOST_REQUESTS).items
        sources = acquisitions.list_sources(session, actor)
    shown = tables.instrument_rows(found, fresh, requests, may_fetch=may_fetch)
    asked = tables.request_rows(requests, may_fetch=may_fetch)
    banner = [text for source in sources if (text := _trouble(source))]
    mark = hashlib.sha256(repr((shown, asked, sources)).encode()).hexdigest()  # the same in every process
    is_idle = all(each.status.is_final for each in requests) and not banner
    return shown, asked, banner, is_idle, mark


def _trouble(source: SourceView) -> Component | None:
    """Return what there is to know before one asks a source in vain."""
    name = tables.SOURCES[source.name]
    if source.not_before is None or source.state not in {SourceState.OPEN, SourceState.PAUSED}:
        return None
    until = f"{source.not_before:%H:%M} UTC"
    if source.state is SourceState.PAUSED:
        text = f"{name} asked for a pause; what was asked for waits until {until}."
    else:
        text = (
            f"{name} did not answer {formats.plural(source.n_failures, 'time')} in a row and is not asked before "
            f"{until}. The last time: {source.error_message} The prices below are what is stored; nothing is made up."
        )
    return html.Div([icon("cloud-slash"), " ", text], className="alert alert-warning")


def _form() -> list[Component]:
    if not current_actor().may(Permission.PRICES_WRITE):
        return []
    options = [{"label": tables.SOURCES[name], "value": name} for name in acquisitions.FETCHED]
    fields = html.Div(
        [
            html.Label("Symbol", htmlFor="data-symbol"),
            dbc.Input(
                id="data-symbol",
                placeholder="AAPL, BRK-B, ^GSPC, BTC-USD",
                maxLength=32,
                autoComplete="off",
                className="filter-text",
            ),
            html.Label("Source", htmlFor="data-source"),
            dbc.Select(id="data-source", options=options, value=acquisitions.FETCHED[0], style={"width": "auto"}),
            html.Button([icon("cloud-download"), "Fetch"], id="data-add", type="button", className="btn btn-primary"),
            html.Div(id="data-feedback", className="is-loss small", role="alert"),
        ],
        className="filters no-print",
    )
    note = "Daily bars, shared with everybody here; one source is asked one thing at a time"
    return [panel("Add an instrument", fields, note=note)]


def _report(instrument_id: str) -> list[Component]:
    """Return the quality report and the vintages of an instrument."""
    if not instrument_id:
        return []
    actor = current_actor()
    close = dcc.Link([icon("x-lg"), "Close"], href=paths.data(), className="btn btn-secondary btn-sm")
    try:
        with read() as session:
            item = prices.get_instrument(session, actor, instrument_id)
            revisions = coverage.list_revisions(session, actor, instrument_id)
            findings = prices.quality_report(session, parts().store, actor, instrument_id) if revisions else []
    except NotFound as error:
        return [panel("Not found", html.P(str(error)), note=close)]
    actions: list[Component] = [close]
    if item.source in acquisitions.FETCHED and actor.may(Permission.PRICES_WRITE):
        again = "Fetch everything again"
        actions.insert(
            0, html.Button([icon("arrow-repeat"), again], id="data-repeat", className="btn btn-secondary btn-sm")
        )
    found: Component = (
        tables.findings_table(findings)
        if findings
        else empty_state("check-circle", "Nothing is wrong or odd.", small=True)
    )
    title = f"{item.symbol} · {tables.SOURCES.get(item.source, item.source)}"
    return [
        panel(
            title,
            html.P(f"{item.name}, {item.currency}, calendar {item.exchange}.", className="muted"),
            found,
            tables.revisions_table(revisions) if revisions else None,
            dcc.Store(id="data-instrument-id", data=item.id),
            note=html.Div(actions, className="page-header-actions"),
        )
    ]


def _upload_link() -> list[Component]:
    if not current_actor().may(Permission.PRICES_WRITE):
        return []
    link = dcc.Link([icon("upload"), "Upload a file"], href=paths.upload(), className="btn btn-secondary")
    return [html.Div(link, className="page-header-actions")]


def _row_of(cell: Any, column: str) -> str:
    """Return the row whose button was pressed; what comes from the browser is checked before it is used."""
    if not isinstance(cell, dict) or cell.get("colId") != column or not paths.is_public_id(cell.get("rowId")):
        raise PreventUpdate
    return str(cell["rowId"])


def _fetch_again(instrument_id: str, *, extent: str) -> str:
    require(current_actor(), Permission.PRICES_WRITE)  # before anything is looked for
    with read() as session:
        item = prices.get_instrument(session, current_actor(), instrument_id)
    return _fetch(item.source, item.symbol, extent=extent)


def _fetch(source: str, symbol: str, *, extent: str = "newest") -> str:
    with write() as session:
        acquisition_id = acquisitions.submit_fetch(
            session, current_actor(), source=source, symbol=symbol, extent=extent, address=client_address()
        )
        parts().queue.send_after_commit(session, jobs.ACQUIRE)
    return acquisition_id

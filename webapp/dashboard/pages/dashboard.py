"""The first page: an instrument's price, and what one asked last."""

from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from webapp.auth.session import current_actor, parts, read
from webapp.dashboard import formats, paths
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.charts import chart, current_theme
from webapp.dashboard.components.status import status_badge
from webapp.dashboard.components.times import ago, now
from webapp.dashboard.figures.prices import price_chart
from webapp.errors import NotFound
from webapp.permissions import Permission
from webapp.services import analyses, prices
from webapp.services.analyses import AnalysisSummary
from webapp.services.prices import InstrumentView

PATH = paths.DASHBOARD
TITLE = "Dashboard · Assay"

_N_RECENT = 8


def layout(instrument: str = "", **_query: str) -> Component:
    """Return the page with the instrument that the address names, or the first there is."""
    with read() as session:
        found = [each for each in prices.search_instruments(session, current_actor(), limit=500) if each.n_bars]
        recent = analyses.list_recent(session, current_actor(), limit=_N_RECENT).items
    chosen = next((each for each in found if each.id == instrument), found[0] if found else None)
    return html.Div(
        [
            html.Div(
                [html.Div(html.H1("Dashboard"), className="page-header-main"), _choice(found, chosen)],
                className="page-header",
            ),
            html.Div(
                [
                    html.Div(_price(chosen), id="dashboard-price"),
                    panel("Latest analyses", _recent(recent), flush=bool(recent)),
                ],
                className="stack",
            ),
        ]
    )


def show(instrument: str | None) -> Any:
    """Return the chart of another instrument."""
    if not paths.is_public_id(instrument):
        raise NotFound("There is no such instrument.")
    with read() as session:
        return _price(prices.get_instrument(session, current_actor(), str(instrument)))


def register(app: Dash) -> None:
    """Register the page and wire the choice of an instrument."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    app.callback(
        Output("dashboard-price", "children"), Input("dashboard-instrument", "value"), prevent_initial_call=True
    )(show)


def _choice(found: list[InstrumentView], chosen: InstrumentView | None) -> Component:
    options = [{"label": f"{each.symbol} · {each.interval} · {each.source}", "value": each.id} for each in found]
    return html.Div(
        [
            html.Label("Instrument", htmlFor="dashboard-instrument", className="visually-hidden"),
            dbc.Select(id="dashboard-instrument", options=options, value=chosen.id if chosen else None),
        ],
        className="page-header-actions",
        hidden=chosen is None,
    )


def _price(instrument: InstrumentView | None) -> Component:
    if instrument is None:
        sentence = "There are no prices yet. `python -m webapp seed` on the server loads the packaged ones."
        return panel("Price", empty_state("graph-up", sentence))
    with read() as session:
        bars = prices.read_prices(session, parts().store, current_actor(), instrument.id, adjusted="back")
    figure = price_chart(bars, theme=current_theme(), symbol=instrument.symbol)
    note = f"{instrument.first_session} to {instrument.last_session}, adjusted for splits and dividends"
    label = f"Close and volume of {instrument.symbol}, {note}"
    return panel(instrument.name, chart("dashboard-chart", figure, label=label, ranges=True), note=note)


def _recent(found: tuple[AnalysisSummary, ...]) -> Component:
    if not found:
        button = dcc.Link([icon("plus-lg"), "New analysis"], href=paths.new_analysis(), className="btn btn-primary")
        may_run = current_actor().may(Permission.ANALYSES_RUN)
        sentence = (
            "Nothing has been analysed yet. Ask whether a model would have made money, and whether to believe it."
        )
        return empty_state("clipboard-data", sentence, button if may_run else None, small=True)
    titles = (("Analysis", ""), ("Status", ""), ("Verdict", ""), ("Submitted", "number"))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=side or None) for title, side in titles]))
    return html.Table([head, html.Tbody([_row(each) for each in found])], className="data-table list-table")


def _row(item: AnalysisSummary) -> Component:
    title = dcc.Link(item.title, href=paths.analysis(item.id), className="list-title", title=item.title)
    symbols = html.Span(", ".join(item.symbols), className="muted small")
    verdict = html.Div(item.verdict or formats.UNKNOWN, className="list-verdict")
    return html.Tr(
        [
            html.Th([title, symbols], scope="row", className="cell-title"),
            html.Td(status_badge(item), className="cell-status"),
            html.Td(verdict, className="cell-verdict"),
            html.Td(ago(item.submitted_at, now()), className="number cell-when"),
        ]
    )

"""The analyses that one asked last."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.status import status_badge
from webapp.dashboard.components.times import ago, now
from webapp.services.analyses import AnalysisSummary


def recent_card(found: Sequence[AnalysisSummary], *, may_run: bool) -> Component:
    """Return a card with the last analyses, each with its verdict."""
    if not found:
        button = dcc.Link([icon("plus-lg"), "New analysis"], href=paths.new_analysis(), className="btn btn-primary")
        sentence = (
            "Nothing has been analysed yet. Ask whether a model would have made money, and whether to believe it."
        )
        return panel(
            "Latest analyses", empty_state("clipboard-data", sentence, button if may_run else None, small=True)
        )
    titles = (("Analysis", ""), ("Status", ""), ("Verdict", ""), ("Submitted", "number"))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=kind or None) for title, kind in titles]))
    table = html.Table([head, html.Tbody([_row(each) for each in found])], className="data-table list-table")
    return panel("Latest analyses", table, note=dcc.Link("All", href=paths.analyses()), flush=True)


def _row(item: AnalysisSummary) -> Component:
    title = dcc.Link(item.title, href=paths.analysis(item.id), className="list-title", title=item.title)
    words = [", ".join(item.symbols), *(["imported, computed elsewhere"] if item.is_imported else [])]
    symbols = html.Span(" · ".join(words), className="muted small")
    return html.Tr(
        [
            html.Th([title, symbols], scope="row", className="cell-title"),
            html.Td(status_badge(item), className="cell-status"),
            html.Td(
                html.Div(formats.sentence(item.verdict or formats.UNKNOWN), className="list-verdict"),
                className="cell-verdict",
            ),
            html.Td(ago(item.submitted_at, now()), className="number cell-when"),
        ]
    )

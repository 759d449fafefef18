"""What stands where nothing is, or nothing that this person may know of: the same in both cases."""

from dash import dcc, html
from dash.development.base_component import Component

from webapp.dashboard import paths
from webapp.dashboard.components.cards import icon

TITLE = "Not found"


def not_found() -> Component:
    """Return the page for an address that leads nowhere."""
    return html.Div(
        [
            icon("signpost-split"),
            html.H1(TITLE),
            html.P("There is no such page or analysis, or it is not yours to see."),
            dcc.Link("To the analyses", href=paths.analyses(), className="btn btn-primary"),
        ],
        className="empty",
    )

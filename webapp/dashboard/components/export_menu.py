"""The menu of what can be taken away from an answer."""

from dash import html
from dash.development.base_component import Component

from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.documents import document_menu
from webapp.services.exports import TABLES

FORMATS = {"csv": "CSV", "json": "JSON", "parquet": "Parquet"}


def export_menu(analysis_id: str) -> Component:
    """Return a button that opens the list of tables, each a link to a file of every kind."""
    rows = [
        html.Li(
            [
                html.Span(table.title),
                html.Span([_link(analysis_id, name, table.title, kind) for kind in FORMATS], className="export-links"),
            ]
        )
        for name, table in TABLES.items()
        if not table.is_on_request
    ]
    return html.Details(
        [
            html.Summary([icon("download"), " Export"]),
            document_menu(analysis_id),
            html.Ul(rows, className="export-list", **aria(label="Tables to take away")),
        ],
        id="analysis-export",
        className="export-menu no-print",
    )


def _link(analysis_id: str, name: str, title: str, kind: str) -> Component:
    label = FORMATS[kind]
    return html.A(
        label,
        href=paths.export(analysis_id, table=name, file_format=kind),
        download="",
        **aria(label=f"{title} as {label}"),
    )

"""Report, tear sheet and bundle of an answer: asked for with a click, there a moment later, and then links."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import icon
from webapp.services.documents import TITLES, DocumentView, Kind
from webapp.services.workflow import Status

POLL_MILLISECONDS = 700
_WORDS = {
    "html": "one page of HTML, opens offline",
    "pdf": "PDF, a few pages to print",
    "bundle": "question, answer, frames and hashes in one file, which another Assay imports",
}
_ICONS = {"html": "file-earmark-text", "pdf": "file-earmark-pdf", "bundle": "box-seam"}


def document_menu(analysis_id: str) -> Component:
    """Return the part of the export menu that makes documents; what there is stands in it once it was asked for."""
    buttons = [
        html.Button(
            [icon(_ICONS[kind]), f" {TITLES[kind]}"],
            id=f"analysis-document-{kind}",
            type="button",
            className="btn btn-secondary btn-sm",
            title=_WORDS[kind],
            n_clicks=0,
        )
        for kind in TITLES
    ]
    return html.Div(
        [
            html.Div(buttons, className="document-buttons"),
            html.Div([], id="analysis-documents", role="status"),
            dcc.Interval(id="analysis-documents-poll", interval=POLL_MILLISECONDS, disabled=True),
        ],
        className="document-menu",
        **aria(label=f"Documents of analysis {analysis_id}"),
    )


def states(analysis_id: str, found: Sequence[DocumentView]) -> list[Component]:
    """Return a line for each document: a link to what is there, or how far it is."""
    return [html.Div(_state(analysis_id, each), className="small") for each in found]


def is_moving(found: Sequence[DocumentView]) -> bool:
    """Whether something is still being made."""
    return any(not each.status.is_final for each in found)


def _state(analysis_id: str, each: DocumentView) -> Component | str:
    title = TITLES[each.kind]
    if each.status is Status.SUCCEEDED:
        size = formats.size(each.n_bytes)
        return html.A(
            f"{title}, {size}", href=paths.document(analysis_id, kind=each.kind), download="", className="fw-semibold"
        )
    if each.status is Status.FAILED:
        return f"{title}: could not be made. {each.error_message or ''}"
    if each.status is Status.CANCELLED:
        return f"{title}: cancelled."
    return f"{title}: {'waits for a data worker' if each.status is Status.QUEUED else 'is being made'} …"


def kind_of(component_id: object) -> Kind | None:
    """Return which document a button asks for."""
    known: dict[str, Kind] = {f"analysis-document-{kind}": kind for kind in TITLES}
    return known.get(str(component_id))

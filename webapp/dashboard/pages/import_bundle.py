"""Bring a bundle: an analysis that another Assay exported."""

import dash
from dash import Dash, html
from dash.development.base_component import Component

from webapp.auth.session import current_actor
from webapp.dashboard import paths
from webapp.dashboard.components.cards import empty_state, panel
from webapp.permissions import Permission

PATH = paths.IMPORT
TITLE = "Import a bundle · Assay"

_WHAT = (
    "The analysis becomes one of yours, private until you share it, and is marked as imported.",
    "It shows the same numbers as where it was computed, and has the same question hash and result hash.",
    "Anything in the file that was changed since it was exported is found, named, and refused.",
    (
        "That the numbers are true, the hashes do not show. Run it again: with the same prices here, an honest answer "
        "comes out the same to the last bit."
    ),
    "It counts nowhere as computed here: not in the ledger of trials, not among jobs. It takes room of your allowance.",
)


def layout(**_query: str) -> Component:
    """Return the place for a file, and what becomes of it."""
    actor = current_actor()
    if not actor.may(Permission.ANALYSES_RUN):
        sentence = f"Your role, {actor.role}, may read analyses but not bring any. An administrator can change that."
        return html.Section(empty_state("lock", sentence), className="panel")
    note = "Made by Export, Bundle on the page of a finished analysis; a .zip of up to 50 MiB."
    return html.Div(
        [
            html.Div(html.Div(html.H1("Import a bundle"), className="page-header-main"), className="page-header"),
            panel("A bundle", html.Div(id="import-drop", className="upload-drop"), note=note),
            panel("What becomes of it", html.Ul([html.Li(each) for each in _WHAT])),
        ],
        className="stack",
    )


def register(app: Dash) -> None:
    """Register the page; the file is sent to a route of REST, which opens what it became."""
    del app
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here

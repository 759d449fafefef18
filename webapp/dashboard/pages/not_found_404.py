"""The page for addresses that lead nowhere; Dash finds it by the module's name."""

import dash
from dash import Dash
from dash.development.base_component import Component

from webapp.dashboard.components.not_found import TITLE as _NOT_FOUND
from webapp.dashboard.components.not_found import not_found

PATH = "/404"
TITLE = f"{_NOT_FOUND} · Assay"


def layout(**_query: str) -> Component:
    """Return the page."""
    return not_found()


def register(_app: Dash) -> None:
    """Register the page."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here

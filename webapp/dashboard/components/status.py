"""Where an analysis is, as an icon and a word: to be told apart without colour."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.grid import badge
from webapp.services.analyses import AnalysisSummary
from webapp.services.workflow import Status

WORDS: dict[Status, str] = {
    Status.QUEUED: "Queued",
    Status.RUNNING: "Running",
    Status.SUCCEEDED: "Succeeded",
    Status.FAILED: "Failed",
    Status.CANCELLED: "Cancelled",
}

_ICONS: dict[Status, str] = {
    Status.QUEUED: "clock",
    Status.SUCCEEDED: "check-circle",
    Status.FAILED: "x-circle",
    Status.CANCELLED: "slash-circle",
}


def status_badge(summary: AnalysisSummary) -> Component:
    """Return the badge of an analysis; a running one shows how far it is."""
    if summary.status is Status.SUCCEEDED and summary.is_credible is False:
        return html.Span([icon("exclamation-triangle"), "Not credible"], className="status status-not-credible")
    if summary.status is Status.RUNNING:
        percent = min(99, int(summary.progress * 100))
        ring = html.Span(className="status-ring", style={"--share": str(percent)}, **aria(hidden="true"))
        return html.Span([ring, f"Running {percent}{formats.NO_BREAK}%"], className="status status-running")
    return html.Span(
        [icon(_ICONS[summary.status]), WORDS[summary.status]], className=f"status status-{summary.status.value}"
    )


def status_cell(summary: AnalysisSummary) -> dict[str, Any]:
    """Return the same as a cell of a grid."""
    if summary.status is Status.SUCCEEDED and summary.is_credible is False:
        return badge("Not credible", "exclamation-triangle", "not-credible")
    if summary.status is Status.RUNNING:
        percent = min(99, int(summary.progress * 100))
        return badge(f"Running {percent}{formats.NO_BREAK}%", "", "running", share=percent)
    return badge(WORDS[summary.status], _ICONS[summary.status], summary.status.value)

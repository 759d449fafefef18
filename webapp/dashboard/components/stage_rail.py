"""The workflow of a running analysis as a line of stages."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import icon
from webapp.services.analyses import AnalysisView
from webapp.services.workflow import STAGES, Status

NAMES: dict[str, str] = {
    "acquire": "Get prices",
    "clean": "Clean",
    "features": "Features",
    "labels": "Labels",
    "split": "Split",
    "train": "Train",
    "tune": "Tune",
    "predict": "Predict",
    "final": "Final model",
    "strategy": "Signals",
    "backtest": "Backtest",
    "risk": "Risk",
    "importance": "Importance",
    "paths": "Paths",
    "chance": "Chance runs",
    "audit": "Audit",
    "report": "Report",
}
_ON_REQUEST = frozenset({"tune", "paths", "chance"})


def stage_name(stage: str | None) -> str:
    """Return what a person calls a stage."""
    return NAMES.get(stage or "", (stage or "").replace("_", " ").capitalize())


def stage_rail(view: AnalysisView) -> Component:
    """Return the stages: done with their time, the current one with its share, the rest waiting."""
    return html.Ol([_stage(view, name) for name in STAGES], className="rail", **aria(label="Stages"))


def _stage(view: AnalysisView, name: str) -> Component:
    order = list(STAGES)
    current = view.summary.stage
    is_running = view.status is Status.RUNNING
    if name == current and is_running:
        return _running(view, name)
    if name == current and view.status is Status.FAILED:
        return _line("failed", [icon("x-lg", label="failed")], name, "failed here")
    seconds = view.stage_seconds.get(name)
    if seconds is not None:
        return _line("done", [icon("check-lg", label="done")], name, formats.duration(seconds))
    if current in order and order.index(name) < order.index(current) and is_running:
        return _line("done", [icon("check-lg", label="done")], name, "not needed" if name in _ON_REQUEST else "")
    return _line("waiting", [], name, "")


def _running(view: AnalysisView, name: str) -> Component:
    percent = round(100 * view.stage_fraction)
    bar = html.Div(
        html.Span(style={"width": f"{percent}%"}),
        className="rail-bar",
        role="progressbar",
        **aria(valuenow=str(percent), valuemin="0", valuemax="100", label=NAMES[name]),
    )
    seconds = view.stage_seconds.get(name)
    time = f"{percent}{formats.NO_BREAK}%" + (f" · {formats.duration(seconds)}" if seconds is not None else "")
    return html.Li(
        [bar, html.Div(NAMES[name], className="rail-name"), html.Div(time, className="rail-time")],
        className="rail-stage rail-running",
        **aria(current="step"),
    )


def _line(state: str, mark: list[Component], name: str, time: str) -> Component:
    parts: list[Any] = [
        html.Div([*mark, stage_name(name)], className="rail-name"),
        html.Div(time, className="rail-time"),
    ]
    return html.Li(parts, className=f"rail-stage rail-{state}")

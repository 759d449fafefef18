"""An analysis on its way: what it waits for, how far it is, what it says; and what stands there if it ended badly."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import empty_state, facts, icon, panel
from webapp.dashboard.components.stage_rail import stage_name, stage_rail
from webapp.dashboard.components.times import clock, elapsed
from webapp.services.analyses import AnalysisView, LogEntry
from webapp.services.workflow import Status

# What to do about a failure whose message does not say so itself, by the code of its error.
_ADVICE = {
    "leakage_error": "A fault of the program: tell an administrator the id of this analysis.",
    "time_limit": "Use fewer trials, smaller models or fewer sessions.",
    "memory_limit": "Use smaller models, fewer features or fewer sessions.",
    "internal": "Run it again; if it fails again, tell an administrator the id of this analysis.",
}


def progress(view: AnalysisView) -> Component:
    """Return the running view: overall bar, stages, numbers."""
    percent = min(99, int(view.summary.progress * 100))
    bar = html.Div(
        html.Span(style={"width": f"{percent}%"}),
        className="big-progress",
        role="progressbar",
        **aria(valuenow=str(percent), valuemin="0", valuemax="100", label="Progress"),
    )
    return panel(
        _headline(view),
        html.Div([bar, facts(_numbers(view)), stage_rail(view)], className="stack gap-3"),
        note=_note(view),
    )


def failure(view: AnalysisView) -> Component:
    """Return what went wrong, in words, and what to do about it."""
    code = view.summary.error_code or "internal"
    at = f" while it was at “{stage_name(view.summary.stage)}”" if view.summary.stage else ""
    message = view.error_message or "The program failed in a way that nobody foresaw; the details are in its own log."
    return html.Div(
        [
            html.Div(
                [
                    html.Div(icon("x-circle"), className="verdict-icon"),
                    html.Div(
                        [
                            html.Div(f"This analysis failed{at}.", className="verdict-words"),
                            html.P(message, className="mt-1"),
                            *([html.P([html.Strong("What to do: "), _ADVICE[code]])] if code in _ADVICE else []),
                            html.Div(["Code ", html.Code(code)], className="muted small"),
                        ]
                    ),
                ],
                className="verdict verdict-bad",
            ),
            panel("How far it came", stage_rail(view)),
        ],
        className="stack",
    )


def cancelled(view: AnalysisView) -> Component:
    """Return what stands there after somebody cancelled."""
    again = dcc.Link("Edit and run again", href=paths.new_analysis(from_id=view.id), className="btn btn-primary")
    return html.Section(
        empty_state("slash-circle", "This analysis was cancelled; there is no result.", again), className="panel"
    )


def log_lines(entries: Sequence[LogEntry]) -> list[Component]:
    """Return lines of the log."""
    return [
        html.Div(
            [
                clock(entry.at),
                html.Span(stage_name(entry.stage) if entry.stage else "", className="log-stage"),
                html.Span(entry.message),
            ],
            className=f"log-line log-{entry.level.lower()}",
        )
        for entry in entries
    ]


def _headline(view: AnalysisView) -> str:
    if view.status is Status.QUEUED:
        return "Waiting for a worker"
    if view.cancel_requested:
        return "Stopping"
    percent = min(99, int(view.summary.progress * 100))
    return f"{percent}{formats.NO_BREAK}% done, now at: {stage_name(view.summary.stage).lower()}"


def _note(view: AnalysisView) -> str:
    if view.status is Status.QUEUED:
        return "You can close this page; nothing is lost."
    if view.cancel_requested:
        return "The worker stops within a few seconds."
    return "You can close this page; it goes on without you."


def _numbers(view: AnalysisView) -> list[tuple[str, Component | str]]:
    if view.status is Status.QUEUED:
        return [
            ("Place in the queue", formats.count(view.queue_position)),
            ("Why it waits", view.waits_for or formats.UNKNOWN),
        ]
    return [
        ("Elapsed", elapsed(view.elapsed_seconds)),
        ("Left, about", formats.duration(view.eta_seconds)),
        ("Worker", html.Span(view.worker or formats.UNKNOWN, className="mono")),
        ("Attempt", formats.count(view.attempt)),
    ]

"""What waits, runs and ran: analyses, acquisitions and documents, with their places in the queue."""

from typing import Any, get_args

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp import formats, jobs
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.grid import GridColumn, action, badge, grid, row_data
from webapp.dashboard.components.limits import allowance_line
from webapp.dashboard.components.stage_rail import stage_name
from webapp.dashboard.components.toasts import tell
from webapp.dashboard.components.watching import POLL_MILLISECONDS
from webapp.errors import InvalidInput
from webapp.permissions import Permission
from webapp.services import acquisitions, analyses, documents, job_lists, quotas
from webapp.services.job_lists import DOCUMENTS, JobKind, JobList, JobView
from webapp.services.quotas import Allowance
from webapp.services.workflow import Status

PATH = paths.JOBS
TITLE = "Jobs · Assay"

MINE, ALL = "mine", "all"

_KINDS = {
    "analysis": "Analysis",
    "fetch": "Fetch",
    "import": "Import",
    "report": "Report",
    "tear_sheet": "Tear sheet",
    "bundle": "Bundle",
}
_KIND_NAMES: dict[str, JobKind] = {name: name for name in get_args(JobKind)}
_BADGES = {
    Status.QUEUED: ("Queued", "clock", "queued"),
    Status.SUCCEEDED: ("Succeeded", "check-circle", "succeeded"),
    Status.FAILED: ("Failed", "x-circle", "failed"),
    Status.CANCELLED: ("Cancelled", "slash-circle", "cancelled"),
}
_SHARED = (
    GridColumn("title", "Job", "name"),
    GridColumn("kind", "Kind", is_optional=True),
    GridColumn("owner", "Owner", is_optional=True),
    GridColumn("status", "Status", "badge"),
)
ACTIVE = (
    GridColumn("title", "Job", "name", below="now"),
    *_SHARED[1:],
    GridColumn("position", "Place", "count", "Place among those that wait", is_optional=True),
    GridColumn("now", "Now", help_text="What is being done, or why it waits", is_optional=True, grows=2),
    GridColumn("elapsed", "Elapsed", "duration", "Since it was first begun", is_optional=True),
    GridColumn(
        "remaining", "About left", "duration", "About how long it will go on, once enough is known", is_optional=True
    ),
    GridColumn("submitted", "Submitted", "ago", is_optional=True),
    GridColumn("worker", "Worker", "code", is_optional=True),
    GridColumn("stop", "", "action"),
)
FINISHED = (
    *_SHARED,
    GridColumn("finished", "Finished", "ago"),
    GridColumn("took", "Took", "duration", is_optional=True),
    GridColumn("why", "Why", is_optional=True, help_text="Code of what went wrong"),
    GridColumn("again", "", "action"),
)


def layout(**_query: str) -> Component:
    """Return the page with what there is now."""
    found = _read(MINE)
    may_all = current_actor().may(Permission.USERS_MANAGE)
    options = [{"label": "Mine", "value": MINE}, {"label": "Everybody's", "value": ALL}]
    return html.Div(
        [
            html.Div(
                [
                    html.Div(html.H1("Jobs"), className="page-header-main"),
                    html.Div(
                        dbc.RadioItems(id="jobs-whose", options=options, value=MINE, className="segments", inline=True),
                        role="group",
                        hidden=not may_all,
                        **aria(label="Whose jobs"),
                    ),
                ],
                className="page-header",
            ),
            html.Div(allowance_line(_allowance()), id="jobs-limits", className="mb-3"),
            html.Div(
                [
                    panel(
                        "Waiting and running",
                        grid(
                            "jobs-active", ACTIVE, _active(found), label="Jobs that wait or run", empty=_nothing_runs()
                        ),
                        html.Div(_more(found), id="jobs-more", className="small muted px-3 pb-2"),
                        flush=True,
                    ),
                    panel(
                        "History",
                        grid(
                            "jobs-finished",
                            FINISHED,
                            _finished(found),
                            label="Jobs that are over",
                            empty=empty_state("clock-history", "Nothing has been finished yet.", small=True),
                        ),
                        flush=True,
                    ),
                ],
                className="stack",
            ),
            html.Div(hidden=True, **data(polls="jobs-poll")),
            dcc.Interval(id="jobs-poll", interval=POLL_MILLISECONDS, disabled=not found.active),
            dcc.Store(id="jobs-mark", data=_mark(found)),
        ]
    )


def show(_n_intervals: int | None, whose: str, mark: str | None) -> tuple[Any, ...]:
    """Return what waits and what is over, whether asking may rest, and a mark; what has not changed is not sent."""
    found = _read(whose)
    shown = _mark(found)
    if shown == mark:
        return no_update, no_update, no_update, no_update, not found.active, shown
    return (
        row_data(ACTIVE, _active(found)),
        row_data(FINISHED, _finished(found)),
        _more(found),
        allowance_line(_allowance()),
        not found.active,
        shown,
    )


def stop(clicked: Any) -> Any:
    """Cancel the job whose button was pressed; the next look shows it."""
    if not isinstance(clicked, dict) or clicked.get("colId") != "stop":
        return no_update
    kind, public_id = _named(clicked)
    with write() as session:
        if kind == "analysis":
            analyses.cancel(session, current_actor(), public_id, address=client_address())
        elif kind in DOCUMENTS:
            documents.cancel(session, current_actor(), public_id, DOCUMENTS[kind])
        else:
            acquisitions.cancel(session, current_actor(), public_id, address=client_address())
    tell("The job is being cancelled.")
    return False


def again(clicked: Any) -> Any:
    """Ask once more for what failed: the same question of the same prices, or the same prices of the same source."""
    if not isinstance(clicked, dict) or clicked.get("colId") != "again":
        return no_update
    kind, public_id = _named(clicked)
    actor = current_actor()
    with write() as session:
        if kind == "analysis":
            analyses.rerun(session, actor, public_id, address=client_address())
            parts().queue.send_after_commit(session, jobs.WORK)
        elif kind in DOCUMENTS:
            documents.ask(session, actor, public_id, DOCUMENTS[kind], address=client_address())
            parts().queue.send_after_commit(session, jobs.DOCUMENT)
        else:
            before = acquisitions.get(session, actor, public_id)
            acquisitions.submit_fetch(
                session,
                actor,
                source=before.source,
                symbol=before.symbol,
                interval=before.interval,
                extent=before.extent,
                address=client_address(),
            )
    tell("Asked once more: it waits for its turn.")
    return False


def register(app: Dash) -> None:
    """Register the page and wire its two tables."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    app.callback(
        Output("jobs-active", "rowData"),
        Output("jobs-finished", "rowData"),
        Output("jobs-more", "children"),
        Output("jobs-limits", "children"),
        Output("jobs-poll", "disabled"),
        Output("jobs-mark", "data"),
        Input("jobs-poll", "n_intervals"),
        Input("jobs-whose", "value"),
        State("jobs-mark", "data"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("jobs-poll", "disabled", allow_duplicate=True),
        Input("jobs-active", "cellRendererData"),
        prevent_initial_call=True,
    )(stop)
    app.callback(
        Output("jobs-poll", "disabled", allow_duplicate=True),
        Input("jobs-finished", "cellRendererData"),
        prevent_initial_call=True,
    )(again)


def _read(whose: str) -> JobList:
    with read() as session:
        return job_lists.list_jobs(session, current_actor(), everybody=whose == ALL)


def _allowance() -> Allowance:
    with read() as session:
        return quotas.get_own(session, current_actor(), only_limited=True)


def _more(found: JobList) -> str:
    return f"and {formats.count(found.n_more)} more that wait" if found.n_more else ""


def _named(clicked: dict[str, Any]) -> tuple[JobKind, str]:
    kind, _, public_id = str(clicked.get("rowId")).partition(":")
    if kind not in _KINDS or not paths.is_public_id(public_id):
        raise InvalidInput("Expected a row of this table.")
    return _KIND_NAMES[kind], public_id


def _row(number: int, job: JobView) -> dict[str, Any]:
    is_open = job.is_own and (job.kind == "analysis" or job.kind in DOCUMENTS)
    return {
        "id": f"{job.kind}:{job.id}" if job.is_own else f"{job.kind}-{number}",
        "href": paths.analysis(job.id) if is_open else None,
        "title": job.title or "Somebody else's",
        "kind": _KINDS[job.kind],
        "owner": job.owner,
        "status": _badge(job),
    }


def _active(found: JobList) -> list[dict[str, Any]]:
    may_run = current_actor().may(Permission.ANALYSES_RUN)
    return [
        {
            **_row(number, job),
            "position": job.position,
            "now": job.waits_for or (stage_name(job.stage) if job.stage else None),
            "elapsed": job.elapsed_seconds,
            "remaining": job.eta_seconds,
            "submitted": job.submitted_at,
            "worker": job.worker,
            "stop": action("Cancel", "slash-circle") if job.is_own and (may_run or job.kind in DOCUMENTS) else None,
        }
        for number, job in enumerate(found.active)
    ]


def _finished(found: JobList) -> list[dict[str, Any]]:
    may_run = current_actor().may(Permission.ANALYSES_RUN)
    return [
        {
            **_row(number, job),
            "finished": job.finished_at,
            "took": _seconds(job),
            "why": (job.error_code or "").replace("_", " ") or None,
            "again": action("Retry", "arrow-repeat")
            if (may_run or job.kind in DOCUMENTS) and _is_retried(job)
            else None,
        }
        for number, job in enumerate(found.finished)
    ]


def _is_retried(job: JobView) -> bool:
    return job.is_own and job.kind != "import" and job.status in {Status.FAILED, Status.CANCELLED}


def _badge(job: JobView) -> dict[str, Any]:
    if job.status is Status.RUNNING:
        percent = min(99, int(job.progress * 100))
        return badge(f"Running {percent}{formats.NO_BREAK}%", "", "running", share=percent)
    if job.status is Status.SUCCEEDED and job.is_credible is False:
        return badge("Not credible", "exclamation-triangle", "not-credible")
    return badge(*_BADGES[job.status])


def _seconds(job: JobView) -> float | None:
    if job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds()


def _nothing_runs() -> Component:
    button = dcc.Link([icon("plus-lg"), "New analysis"], href=paths.new_analysis(), className="btn btn-primary")
    may_run = current_actor().may(Permission.ANALYSES_RUN)
    return empty_state("inbox", "Nothing waits and nothing runs.", button if may_run else None, small=True)


def _mark(found: JobList) -> str:
    """Return a text that changes when anything shown does."""
    shown = [
        f"{job.kind}{job.id}{job.status}{job.progress:.2f}{job.stage}{job.position}{job.worker}{job.waits_for}"
        for job in found.active
    ]
    return "|".join([*shown, "/", *(f"{job.kind}{job.id}{job.status}" for job in found.finished)])

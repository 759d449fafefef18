"""Submitting, watching, cancelling and re-running analyses."""

from http import HTTPStatus

from flask import Response, url_for

from webapp import jobs
from webapp.api.answers import to_json
from webapp.api.operations import NOT_NOW, NOT_THERE, Answer, operation
from webapp.api.schemas import (
    AnalysisChange,
    AnalysisDetail,
    AnalysisList,
    AnalysisQuery,
    AnalysisState,
    AnalysisSummary,
    Log,
    LogLine,
    LogQuery,
    Submission,
)
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.errors import InvalidInput
from webapp.permissions import Permission
from webapp.services import analyses, listing
from webapp.services.listing import Filters
from webapp.services.workflow import Status

_QUEUED = Answer("It is in the queue.", AnalysisState, headers={"Location": "Where to watch it."})


@operation(
    "POST",
    "/analyses",
    tag="Analyses",
    summary="Submit an analysis",
    permission=Permission.ANALYSES_RUN,
    body=Submission,
    answers={HTTPStatus.ACCEPTED: _QUEUED},
)
def submit_analysis(body: Submission) -> Response:
    """Put a question into the queue; a worker answers it. Watch it at the address in `Location`."""
    try:
        with write() as session:
            analysis_id = analyses.submit(
                session, current_actor(), body.spec, title=body.title, address=client_address()
            )
            parts().queue.send_after_commit(session, jobs.WORK)
    except InvalidInput as error:
        raise InvalidInput(
            str(error), fields={_in_body(field): text for field, text in error.fields.items()}
        ) from error
    return _accepted(analysis_id)


@operation(
    "GET",
    "/analyses",
    tag="Analyses",
    summary="List analyses",
    permission=Permission.ANALYSES_READ,
    query=AnalysisQuery,
    answers={200: Answer("A page of the analyses that match.", AnalysisList)},
)
def list_analyses(query: AnalysisQuery) -> Response:
    """Return analyses that match, and in `total` how many there are.

    Of `scope=all` there is metadata only: title, symbols, verdict and credibility are left empty.
    """
    wanted = Filters(
        scope=query.scope,
        status=query.status,
        text=query.text,
        is_credible=None if query.is_credible is None else query.is_credible == "true",
        tag=query.tag,
        archived=query.archived,
        members=query.members,
    )
    with read() as session:
        page = listing.search(session, current_actor(), wanted, sort=query.sort, limit=query.limit, cursor=query.cursor)
    items = [AnalysisSummary.model_validate(item) for item in page.items]
    return to_json(AnalysisList(items=items, total=page.total, next=page.next))


@operation(
    "GET",
    "/analyses/<analysis_id>",
    tag="Analyses",
    summary="Watch an analysis",
    permission=Permission.ANALYSES_READ,
    answers={200: Answer("The analysis, its progress and its question.", AnalysisDetail)},
    refusals=NOT_THERE,
)
def get_analysis(analysis_id: str) -> Response:
    """Return where an analysis is: stage, progress, time left, place in the queue and why it waits, or what failed.

    Asking every two seconds is fine; `succeeded`, `failed` and `cancelled` are final.
    """
    with read() as session:
        view = analyses.get(session, current_actor(), analysis_id)
    return to_json(AnalysisDetail.model_validate({**vars(view.summary), **vars(view)}))


@operation(
    "PATCH",
    "/analyses/<analysis_id>",
    tag="Analyses",
    summary="Rename, tag or archive an analysis",
    permission=Permission.ANALYSES_RUN,
    body=AnalysisChange,
    answers={200: Answer("The analysis as lists show it.", AnalysisSummary)},
    refusals=NOT_THERE,
)
def note_analysis(analysis_id: str, body: AnalysisChange) -> Response:
    """Change title, tags, or whether lists leave your analysis out; question, answer and ledger stay as they are."""
    with write() as session:
        summary = listing.note(
            session,
            current_actor(),
            analysis_id,
            title=body.title,
            tags=body.tags,
            archived=body.archived,
            address=client_address(),
        )
    return to_json(AnalysisSummary.model_validate(summary))


@operation(
    "GET",
    "/analyses/<analysis_id>/log",
    tag="Analyses",
    summary="Read the log of an analysis",
    permission=Permission.ANALYSES_READ,
    query=LogQuery,
    answers={200: Answer("Lines of the log, oldest first.", Log)},
    refusals=NOT_THERE,
)
def read_log(analysis_id: str, query: LogQuery) -> Response:
    """Return the lines after the one with the id `after`; ask again with `last_id` for what came since."""
    with read() as session:
        entries = analyses.read_log(session, current_actor(), analysis_id, after=query.after, limit=query.limit)
    lines = [LogLine.model_validate(entry) for entry in entries]
    return to_json(Log(lines=lines, last_id=lines[-1].id if lines else query.after))


@operation(
    "POST",
    "/analyses/<analysis_id>/cancel",
    tag="Analyses",
    summary="Cancel an analysis",
    permission=Permission.ANALYSES_RUN,
    answers={200: Answer("`cancelled`, or `running` until the worker has stopped, within seconds.", AnalysisState)},
    refusals=NOT_NOW,
)
def cancel_analysis(analysis_id: str) -> Response:
    """Stop an analysis that is queued or running. Asking twice changes nothing."""
    with write() as session:
        status = analyses.cancel(session, current_actor(), analysis_id, address=client_address())
    return to_json(AnalysisState(id=analysis_id, status=status))


@operation(
    "POST",
    "/analyses/<analysis_id>/rerun",
    tag="Analyses",
    summary="Run an analysis again",
    permission=Permission.ANALYSES_RUN,
    answers={HTTPStatus.ACCEPTED: _QUEUED},
    refusals=NOT_NOW,
)
def rerun_analysis(analysis_id: str) -> Response:
    """Ask the same question of the same prices again: the new answer's hash must equal the old one's."""
    with write() as session:
        new_id = analyses.rerun(session, current_actor(), analysis_id, address=client_address())
        parts().queue.send_after_commit(session, jobs.WORK)
    return _accepted(new_id)


def _in_body(field: str) -> str:
    """Return where in the body a field is that the service names: it knows the question, not what it came in."""
    return field if field in Submission.model_fields else f"spec.{field}"


def _accepted(analysis_id: str) -> Response:
    state = AnalysisState(id=analysis_id, status=Status.QUEUED)
    return to_json(state, HTTPStatus.ACCEPTED, Location=url_for("api.get_analysis", analysis_id=analysis_id))

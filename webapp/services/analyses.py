"""Submitting, watching, cancelling and re-running analyses: what people and programs may do with them."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from quant.spec import AnalysisSpec
from webapp.db import database_now
from webapp.errors import MOST_ENTRIES, Conflict, InvalidInput, lists_too_long
from webapp.permissions import Actor, Permission, require
from webapp.services import audit, pace, paging, quotas, snapshots, submissions, turns
from webapp.services.access import find_owned, find_readable, may_read
from webapp.services.submissions import Question, clean_title, default_title
from webapp.services.waiting import Waiting
from webapp.services.workflow import Status
from webapp.tables import Analysis, LogLine, Study, User

_NEWEST_FIRST = (paging.Order(Analysis.submitted_at, descending=True), paging.Order(Analysis.id, descending=True))


@dataclass(frozen=True)
class AnalysisSummary:
    """An analysis as a list shows it. `is_own` is False for one that its owner shares with whoever looks.

    `n_bytes`, the size of what is stored of it, is known in the list of administrators only. `is_imported` says that it
    was computed elsewhere and came in a bundle.
    """

    id: str
    title: str
    owner: str
    symbols: tuple[str, ...]
    status: Status
    progress: float
    stage: str | None
    verdict: str | None
    is_credible: bool | None
    error_code: str | None
    submitted_at: datetime.datetime
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    is_own: bool = True
    tags: tuple[str, ...] = ()
    is_archived: bool = False
    n_bytes: int | None = None
    is_imported: bool = False


@dataclass(frozen=True)
class ImportView:
    """Where an imported analysis comes from: its id there, when it was computed and packed, and by which file it came.

    `has_prices` says that the bars it was computed from are here, too, so that it can be run again.
    """

    id: str
    finished_at: datetime.datetime
    packed_at: datetime.datetime
    imported_at: datetime.datetime
    bundle_hash: str
    has_prices: bool


@dataclass(frozen=True)
class AnalysisView:
    """An analysis as its own page shows it.

    `queue_position` counts from 1 and is None unless queued; `waits_for` says in words why it waits. `eta_seconds` is
    None until enough is known. `study_id` is known to the owner only.
    """

    summary: AnalysisSummary
    spec: dict[str, Any]
    spec_hash: str
    attempt: int
    worker: str | None
    stage_fraction: float
    stage_seconds: dict[str, float]
    elapsed_seconds: float | None
    eta_seconds: float | None
    queue_position: int | None
    waits_for: str | None
    cancel_requested: bool
    error_message: str | None
    result_hash: str | None
    parent_id: str | None
    parent_result_hash: str | None
    study_id: str | None
    versions: dict[str, str]
    imported: ImportView | None = None

    @property
    def id(self) -> str:
        """The public id."""
        return self.summary.id

    @property
    def status(self) -> Status:
        """Where it is."""
        return self.summary.status


@dataclass(frozen=True)
class AnalysisPage:
    """A page of a list, newest first; `next` is the cursor of the page after it, None on the last."""

    items: tuple[AnalysisSummary, ...]
    total: int
    limit: int
    offset: int
    next: str | None = None


@dataclass(frozen=True)
class LogEntry:
    """A line of an analysis's log; `id` grows, so a reader can ask for what came after the last it has."""

    id: int
    at: datetime.datetime
    attempt: int
    level: str
    stage: str | None
    message: str


def parse_spec(data: Any) -> AnalysisSpec:
    """Validate a question at the door.

    Parameters
    ----------
    data : JSON value
        What came in by form, REST or file.

    Returns
    -------
    AnalysisSpec
        The question, defaults filled in.

    Raises
    ------
    InvalidInput
        If it is no valid question; `fields` maps each wrong field, as a dotted path, to what was expected.
    """
    if too_long := lists_too_long(data):
        fields = dict.fromkeys(too_long, f"expected at most {MOST_ENTRIES:,} entries")
        raise InvalidInput("The question has lists that are far too long.", fields=fields)
    try:
        return AnalysisSpec.model_validate(data)
    except ValidationError as error:
        fields = {
            ".".join(str(part) for part in problem["loc"]) or "spec": problem["msg"]
            for problem in error.errors(include_url=False, include_input=False)
        }
        raise InvalidInput("The question has mistakes; each is named with its field.", fields=fields) from error


def submit(session: Session, actor: Actor, spec: AnalysisSpec, *, title: str = "", address: str = "") -> str:
    """Put a question into the queue.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks, and will own the analysis.
    spec : AnalysisSpec
        The question; stored resolved, with every default in it.
    title : str, default=""
        What to call it; empty: made from symbols and models.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    str
        Public id of the analysis. The caller sends the work message after the commit.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    InvalidInput
        If the title is too long, or there are no prices of an instrument.
    QuotaExceeded
        If as many of the actor's analyses wait as may, or they have no room left.
    """
    require(actor, Permission.ANALYSES_RUN)
    quotas.check(session, actor)
    snapshots.resolve(session, actor, spec.instruments, spec.interval)
    question = Question(spec.resolved(), spec.hash(), clean_title(title) or default_title(spec))
    (analysis_id,) = submissions.put_into_queue(session, actor.user_id, [question])
    audit.record(session, action="analysis.submitted", actor=actor, subject=analysis_id, address=address)
    return analysis_id


def rerun(session: Session, actor: Actor, analysis_id: str, *, address: str = "") -> str:
    """Ask the same question of the same prices again: same spec, snapshot, seeds and number of tuning trials.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks, and will own the new analysis.
    analysis_id : str
        Public id of an analysis that the actor owns.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    str
        Public id of the new analysis.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor owns no such analysis.
    Conflict
        If it is not final yet, or it was imported and its prices are not here.
    QuotaExceeded
        If as many of the actor's analyses wait as may, or they have no room left.
    """
    require(actor, Permission.ANALYSES_RUN)
    parent = find_owned(session, actor, analysis_id)
    if not Status(parent.status).is_final:
        raise Conflict(
            f"Expected a finished analysis to run again; this one is {parent.status}. Wait for it, or cancel it."
        )
    if parent.imported_at is not None and parent.snapshot_id is None:
        raise Conflict(
            "Expected the prices that this imported answer was computed from, to the last bit; they are not in this "
            "installation. Bring them and import the bundle again, or edit and run the question on the prices here."
        )
    quotas.check(session, actor)
    question = Question(
        parent.spec,
        parent.spec_hash,
        parent.title,
        parent_id=parent.id,
        snapshot_id=parent.snapshot_id,
        pins=parent.pins,
    )
    (new_id,) = submissions.put_into_queue(session, actor.user_id, [question])
    audit.record(session, action="analysis.rerun", actor=actor, subject=new_id, address=address)
    return new_id


def cancel(session: Session, actor: Actor, analysis_id: str, *, address: str = "") -> Status:
    """Stop an analysis: at once if it is queued, within seconds if it is running.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own the analysis.
    analysis_id : str
        Public id.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    Status
        `cancelled`, or still `running` until the worker has stopped. Asking twice changes nothing.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor owns no such analysis.
    Conflict
        If it has already succeeded or failed.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = find_owned(session, actor, analysis_id)
    now = database_now(session)
    if row.status in (Status.SUCCEEDED, Status.FAILED):
        raise Conflict(f"Expected a queued or running analysis; this one has already {row.status}.")
    if row.status == Status.CANCELLED or row.cancel_requested_at is not None:
        return Status(row.status)
    audit.record(session, action="analysis.cancelled", actor=actor, subject=row.public_id, address=address)
    n_left, _ = submissions.withdraw(session, Analysis.id == row.id, now)
    return Status.CANCELLED if n_left else Status.RUNNING


def get(session: Session, actor: Actor, analysis_id: str) -> AnalysisView:
    """Return an analysis with its progress.

    Raises
    ------
    NotFound
        If there is no such analysis that the actor may see.
    """
    require(actor, Permission.ANALYSES_READ)
    row = find_readable(session, actor, analysis_id)
    owner = session.scalars(select(User.name).where(User.id == row.owner_id)).one()
    parent = session.get(Analysis, row.parent_id) if row.parent_id else None
    shown_parent = parent if parent is not None and may_read(session, actor, parent) else None
    now = database_now(session)
    position, waits_for = queue_place(session, actor, row, now)
    return AnalysisView(
        summary=to_summary(row, owner, actor),
        spec=row.spec,
        spec_hash=row.spec_hash,
        attempt=row.attempt,
        worker=row.worker,
        stage_fraction=row.stage_fraction,
        stage_seconds=dict(row.stage_seconds),
        elapsed_seconds=pace.elapsed_seconds(row, now),
        eta_seconds=pace.eta_seconds(row, now),
        queue_position=position,
        waits_for=waits_for,
        cancel_requested=row.cancel_requested_at is not None,
        error_message=row.error_message,
        result_hash=row.result_hash,
        parent_id=shown_parent.public_id if shown_parent else None,
        parent_result_hash=shown_parent.result_hash if shown_parent else None,
        study_id=_study_of(session, actor, row),
        versions=dict(row.versions),
        imported=_import_of(row),
    )


def list_recent(
    session: Session,
    actor: Actor,
    *,
    status: Sequence[Status] = (),
    text: str = "",
    limit: int = 50,
    offset: int = 0,
    cursor: str = "",
) -> AnalysisPage:
    """Return the actor's analyses, newest first.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Whose analyses.
    status : sequence of Status, default=()
        Only these; empty: all.
    text : str, default=""
        Only those whose title, symbols or models contain this, in any case.
    limit : int, default=50
        At most this many, 1 to 500.
    offset : int, default=0
        Leave out the first ones.
    cursor : str, default=""
        The `next` of the page before; empty: the first page.

    Returns
    -------
    AnalysisPage
        The page and the total that matches.

    Raises
    ------
    InvalidInput
        If the cursor is none of this list.
    """
    require(actor, Permission.ANALYSES_READ)
    query = select(Analysis, User.name).join(User, User.id == Analysis.owner_id)
    query = query.where(Analysis.owner_id == actor.user_id, Analysis.archived_at.is_(None))
    if status:
        query = query.where(Analysis.status.in_(status))
    if text:
        query = query.where(Analysis.keywords.contains(text.lower(), autoescape=True))
    total = session.scalar(query.with_only_columns(func.count(Analysis.id), maintain_column_froms=True)) or 0
    limit, offset = max(1, min(limit, paging.MOST)), max(0, offset)
    rows, following = paging.fetch_page(session, query.offset(offset), _NEWEST_FIRST, cursor=cursor, limit=limit)
    return AnalysisPage(tuple(to_summary(row, owner, actor) for row, owner in rows), total, limit, offset, following)


def read_log(session: Session, actor: Actor, analysis_id: str, *, after: int = 0, limit: int = 500) -> list[LogEntry]:
    """Return the log of an analysis, oldest first, from after the line with the id `after`.

    Raises
    ------
    NotFound
        If there is no such analysis that the actor may see.
    """
    require(actor, Permission.ANALYSES_READ)
    row = find_readable(session, actor, analysis_id)
    lines = session.scalars(
        select(LogLine).where(LogLine.analysis_id == row.id, LogLine.id > after).order_by(LogLine.id).limit(limit)
    )
    return [LogEntry(line.id, line.at, line.attempt, line.level, line.stage, line.message) for line in lines]


def to_summary(row: Analysis | Row[Any], owner: str, actor: Actor, tags: Sequence[str] = ()) -> AnalysisSummary:
    """Return an analysis as a list shows it, to somebody who may read it; what its owner noted, to its owner."""
    is_own = row.owner_id == actor.user_id
    return AnalysisSummary(
        id=row.public_id,
        title=row.title,
        owner=owner,
        symbols=tuple(row.symbols),
        status=Status(row.status),
        progress=row.progress,
        stage=row.stage,
        verdict=row.verdict,
        is_credible=row.is_credible,
        error_code=row.error_code,
        submitted_at=row.submitted_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        is_own=is_own,
        tags=tuple(tags) if is_own else (),
        is_archived=is_own and row.archived_at is not None,
        is_imported=row.imported_at is not None,
    )


def queue_place(session: Session, actor: Actor, row: Analysis, now: datetime.datetime) -> tuple[int | None, str | None]:
    """Return the position of an analysis that the actor may read among the queued, from 1, and why it waits."""
    if row.status != Status.QUEUED:
        return None, None
    place = turns.place_of(session, row.id, now) or 1  # a worker that took it a moment ago waits for nobody
    return place, Waiting(session, actor, now).why(row, place)


def _import_of(row: Analysis) -> ImportView | None:
    if row.imported_at is None or row.origin is None:
        return None
    return ImportView(
        id=row.origin["id"],
        finished_at=datetime.datetime.fromisoformat(row.origin["finished_at"]),
        packed_at=datetime.datetime.fromisoformat(row.origin["made_at"]),
        imported_at=row.imported_at,
        bundle_hash=row.origin["bundle"],
        has_prices=row.snapshot_id is not None,
    )


def _study_of(session: Session, actor: Actor, row: Analysis) -> str | None:
    if row.study_id is None or row.owner_id != actor.user_id:
        return None
    return session.scalar(select(Study.public_id).where(Study.id == row.study_id, Study.hidden_at.is_(None)))

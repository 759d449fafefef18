"""Everything that waits, runs or ran: analyses, acquisitions and documents, as the Jobs page and its route show them.

One's own with their titles; to administrators everybody's, but of others' only whose and of which kind they are.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, defer

from webapp.db import database_now
from webapp.permissions import Actor, Permission, require
from webapp.services import acquisitions, pace, paging, turns
from webapp.services.access import is_shared_with
from webapp.services.documents import TITLES, Kind
from webapp.services.waiting import Waiting
from webapp.services.workflow import FINAL, Status
from webapp.tables import Acquisition, Analysis, Document, User

Job = Analysis | Acquisition | Document
Table = type[Analysis] | type[Acquisition] | type[Document]
Row = tuple[Job, str]
Subjects = Mapping[int, tuple[str, str]]  # by key of an analysis: its public id and title
JobKind = Literal["analysis", "fetch", "import", "report", "tear_sheet", "bundle"]
DOCUMENTS: Mapping[JobKind, Kind] = {"report": "html", "tear_sheet": "pdf", "bundle": "bundle"}
_JOB_KINDS: Mapping[str, JobKind] = {kind: name for name, kind in DOCUMENTS.items()}
_FOR_A_WORKER = "it waits for a data worker"

_ACTIVE = (Status.QUEUED, Status.RUNNING)
MOST_ACTIVE = 200


@dataclass(frozen=True)
class JobView:
    """One job.

    Attributes
    ----------
    id : str
        Public id of the analysis, of the acquisition, or of the analysis that a document tells of; empty if it is
        another's.
    kind : {"analysis", "fetch", "import", "report", "tear_sheet", "bundle"}
        An analysis, prices that are asked of a source, a file that is read, or a document that is made.
    title : str
        What it is about; empty if it is another's.
    owner : str
        Whose.
    is_own : bool
        Whether it is the actor's.
    status : Status
        Where it is.
    is_credible : bool, optional
        Whether the audit of a finished analysis passed.
    stage : str, optional
        What is being done.
    progress : float
        Share that is done, 0 to 1.
    elapsed_seconds : float, optional
        Seconds since it was first begun.
    eta_seconds : float, optional
        About how many remain, once enough is known.
    position : int, optional
        Place among the queued of its kind, from 1.
    waits_for : str, optional
        Why it waits, in words; its owner alone is told.
    worker : str, optional
        Who works on it.
    error_code : str, optional
        Why it failed, or was put back the last time.
    submitted_at, started_at, finished_at : datetime, optional
        When.
    """

    id: str
    kind: JobKind
    title: str
    owner: str
    is_own: bool
    status: Status
    is_credible: bool | None
    stage: str | None
    progress: float
    elapsed_seconds: float | None
    eta_seconds: float | None
    position: int | None
    waits_for: str | None
    worker: str | None
    error_code: str | None
    submitted_at: datetime.datetime
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None


@dataclass(frozen=True)
class JobList:
    """What waits or runs, in the order in which it will end up being done; a page of what is over, newest first."""

    active: tuple[JobView, ...]
    finished: tuple[JobView, ...]
    next: str | None = None  # the cursor of the next page
    n_more: int = 0  # that wait or run beside those that are named


def list_jobs(session: Session, actor: Actor, *, everybody: bool = False, limit: int = 50, cursor: str = "") -> JobList:
    """Return the actor's jobs.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks.
    everybody : bool, default=False
        Everybody's; of others' only owner and kind, times and states.
    limit : int, default=50
        At most this many that are over, 1 to 200.
    cursor : str, default=""
        The `next` of the page before; empty: the first page.

    Returns
    -------
    JobList
        All that wait or run, up to 200 of a kind and those first whose turn comes first, which only the first page has;
        and a page of those that are over, by when they were submitted.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses, or asks for everybody's and may not manage users.
    InvalidInput
        If the cursor is none of this list.
    """
    require(actor, Permission.USERS_MANAGE if everybody else Permission.ANALYSES_READ)
    limit = max(1, min(limit, 200))
    now = database_now(session)
    active, n_more = ([], 0) if cursor else _active(session, actor, everybody=everybody, now=now)
    rows, following = _over(session, actor, everybody=everybody, limit=limit, cursor=cursor)
    subjects = _subjects(session, actor, rows, now)
    return JobList(
        tuple(sorted(active, key=lambda job: (job.status != Status.RUNNING, job.position or 0, job.submitted_at))),
        tuple(_job(actor, row, owner, now, subjects=subjects) for row, owner in rows),
        following,
        n_more,
    )


def _active(session: Session, actor: Actor, *, everybody: bool, now: datetime.datetime) -> tuple[list[JobView], int]:
    """Return what waits and runs, in no order, and how many more there are."""
    running, _ = _rows(session, Analysis, actor, (Status.RUNNING,), everybody=everybody, limit=MOST_ACTIVE)
    owner_id = None if everybody else actor.user_id
    places, n_waiting = turns.first_in_line(session, now, owner_id=owner_id, limit=MOST_ACTIVE)
    queued = session.execute(_listed(Analysis).where(Analysis.id.in_(places))).all() if places else []
    waiting = Waiting(session, actor, now)
    found = [_job(actor, row, owner, now) for row, owner in running]
    for row, owner in queued:
        found.append(_job(actor, row, owner, now, places[row.id], waiting.why(row, places[row.id])))
    fetches, following = _rows(session, Acquisition, actor, _ACTIVE, everybody=everybody, limit=MOST_ACTIVE)
    why = acquisitions.why_they_wait(session, [row for row, _ in fetches if isinstance(row, Acquisition)], now)
    in_line = sorted(row.id for row, _ in fetches if row.status == Status.QUEUED) if everybody else []
    for row, owner in fetches:
        position = in_line.index(row.id) + 1 if row.id in in_line else None
        found.append(_job(actor, row, owner, now, position, why.get(row.id)))
    told, more = _rows(session, Document, actor, _ACTIVE, everybody=everybody, limit=MOST_ACTIVE)
    subjects = _subjects(session, actor, told, now)
    for row, owner in told:
        why_not = _FOR_A_WORKER if row.status == Status.QUEUED else None
        found.append(_job(actor, row, owner, now, None, why_not, subjects=subjects))
    return found, n_waiting - len(places) + (following is not None) + (more is not None)


def _over(session: Session, actor: Actor, *, everybody: bool, limit: int, cursor: str) -> tuple[list[Row], str | None]:
    """Return a page of all kinds together: the first of a page of each, in one order."""
    rows: list[Row] = []
    has_more = False
    for table in (Analysis, Acquisition, Document):
        found, following = _rows(session, table, actor, FINAL, everybody=everybody, limit=limit, cursor=cursor)
        rows += found
        has_more = has_more or following is not None
    rows.sort(key=lambda each: (each[0].submitted_at, each[0].public_id), reverse=True)
    if not has_more and len(rows) <= limit:
        return rows, None
    last = rows[limit - 1][0]
    return rows[:limit], paging.cursor_after(_newest(type(last)), (last.submitted_at, last.public_id))


def _rows(  # whose, in which states, and which page
    session: Session, table: Table, actor: Actor, states: Any, *, everybody: bool, limit: int, cursor: str = ""
) -> tuple[list[Row], str | None]:
    # What is over is most of all there is: found by its moment, not by its state.
    is_wanted = table.status.not_in(_ACTIVE) if states == FINAL else table.status.in_(states)
    query = _listed(table).where(is_wanted)
    if table is Analysis:
        query = query.where(Analysis.imported_at.is_(None))  # nobody here computed it
    if not everybody:
        query = query.where(table.owner_id == actor.user_id)
    return paging.fetch_page(session, query, _newest(table), cursor=cursor, limit=limit)


def _listed(table: Table) -> Select[Any, str]:
    """Select rows with the names of their owners, without questions, which are long and which no list shows."""
    query = select(table, User.name).join(User, User.id == table.owner_id)
    unseen = (Analysis.spec, Analysis.pins, Analysis.versions)
    return query.options(*(defer(column, raiseload=True) for column in unseen)) if table is Analysis else query


def _newest(table: Table) -> tuple[paging.Order, paging.Order]:
    """Return the order; a cursor of it says the same of either table."""
    return paging.Order(table.submitted_at, descending=True), paging.Order(table.public_id, descending=True)


def _subjects(session: Session, actor: Actor, rows: Sequence[Row], now: datetime.datetime) -> Subjects:
    """Return what the actor's documents tell of, as far as they may still read it: a share may have ended since."""
    keys = {row.analysis_id for row, _ in rows if isinstance(row, Document) and row.owner_id == actor.user_id}
    if not keys:
        return {}
    readable = or_(Analysis.owner_id == actor.user_id, is_shared_with(actor.user_id, now))
    query = select(Analysis.id, Analysis.public_id, Analysis.title).where(Analysis.id.in_(keys), readable)
    return {key: (public_id, title) for key, public_id, title in session.execute(query)}


def _job(
    actor: Actor,
    row: Job,
    owner: str,
    now: datetime.datetime,
    position: int | None = None,
    waits_for: str | None = None,
    *,
    subjects: Subjects = MappingProxyType({}),
) -> JobView:
    is_own = row.owner_id == actor.user_id and (not isinstance(row, Document) or row.analysis_id in subjects)
    analysis = row if isinstance(row, Analysis) else None
    return JobView(
        id=_id(row, subjects) if is_own else "",
        kind=_kind(row),
        title=_title(row, subjects) if is_own else "",
        owner=owner,
        is_own=is_own,
        status=Status(row.status),
        is_credible=analysis.is_credible if analysis else None,
        stage=analysis.stage if analysis else None,
        progress=float(row.status == Status.SUCCEEDED) if isinstance(row, Document) else row.progress,
        elapsed_seconds=pace.elapsed_seconds(row, now),
        eta_seconds=None if isinstance(row, Document) else pace.eta_seconds(row, now),
        position=position,
        waits_for=waits_for if is_own else None,
        worker=row.worker if row.status == Status.RUNNING else None,
        error_code=row.error_code,
        submitted_at=row.submitted_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _id(row: Job, subjects: Subjects) -> str:
    return subjects[row.analysis_id][0] if isinstance(row, Document) else row.public_id


def _kind(row: Job) -> JobKind:
    if isinstance(row, Document):
        return _JOB_KINDS[row.kind]
    if isinstance(row, Analysis):
        return "analysis"
    return "fetch" if row.kind == "fetch" else "import"


def _title(row: Job, subjects: Subjects) -> str:
    if isinstance(row, Document):
        return f"{TITLES[DOCUMENTS[_JOB_KINDS[row.kind]]]} of {subjects[row.analysis_id][1]}"
    return row.title if isinstance(row, Analysis) else f"{row.symbol} from {row.source}"

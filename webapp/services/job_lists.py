"""Everything that waits, runs or ran: analyses and acquisitions side by side, as the Jobs page and its route show them.

One's own with their titles; to administrators everybody's, but of others' only whose and of which kind they are.
"""

import datetime
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.permissions import Actor, Permission, require
from webapp.services import turns
from webapp.services.workflow import FINAL, Status
from webapp.tables import Acquisition, Analysis, User

Table = type[Analysis] | type[Acquisition]
JobKind = Literal["analysis", "fetch", "import"]

_ACTIVE = (Status.QUEUED, Status.RUNNING)
_MOST_ACTIVE = 500
_ENOUGH_PROGRESS = 0.05


@dataclass(frozen=True)
class JobView:
    """One job.

    Attributes
    ----------
    id : str
        Public id of the analysis or acquisition; empty if it is another's.
    kind : {"analysis", "fetch", "import"}
        An analysis, prices that are asked of a source, or a file that is read.
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
    eta_seconds : float, optional
        Seconds that remain, once enough is known.
    position : int, optional
        Place among the queued of its kind, from 1.
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
    eta_seconds: float | None
    position: int | None
    worker: str | None
    error_code: str | None
    submitted_at: datetime.datetime
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None


@dataclass(frozen=True)
class JobList:
    """What waits or runs, in the order in which it will end up being done, and what is over, newest first."""

    active: tuple[JobView, ...]
    finished: tuple[JobView, ...]


def list_jobs(session: Session, actor: Actor, *, everybody: bool = False, limit: int = 50) -> JobList:
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

    Returns
    -------
    JobList
        All that wait or run, up to 500 of a kind, and the newest that are over.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses, or asks for everybody's and may not manage users.
    """
    require(actor, Permission.USERS_MANAGE if everybody else Permission.ANALYSES_READ)
    limit = max(1, min(limit, 200))
    now = database_now(session)
    active = _analyses(session, actor, _ACTIVE, everybody=everybody, limit=_MOST_ACTIVE, now=now)
    active += _acquisitions(session, actor, _ACTIVE, everybody=everybody, limit=_MOST_ACTIVE, now=now)
    finished = _analyses(session, actor, FINAL, everybody=everybody, limit=limit, now=now)
    finished += _acquisitions(session, actor, FINAL, everybody=everybody, limit=limit, now=now)
    return JobList(
        tuple(sorted(active, key=lambda job: (job.status != Status.RUNNING, job.position or 0, job.submitted_at))),
        tuple(sorted(finished, key=lambda job: job.finished_at or job.submitted_at, reverse=True)[:limit]),
    )


def _analyses(
    session: Session, actor: Actor, states: Any, *, everybody: bool, limit: int, now: datetime.datetime
) -> list[JobView]:
    wanted = _wanted(Analysis, actor, states, everybody=everybody)
    query = select(Analysis, User.name).join(User, User.id == Analysis.owner_id).where(*wanted)
    rows = session.execute(query.order_by(*_newest(Analysis)).limit(limit)).all()
    places = turns.places(session, now) if any(row.status == Status.QUEUED for row, _ in rows) else {}
    return [
        _view(
            actor,
            row,
            owner,
            now,
            kind="analysis",
            title=row.title,
            is_credible=row.is_credible,
            stage=row.stage,
            position=places.get(row.id),
        )
        for row, owner in rows
    ]


def _acquisitions(
    session: Session, actor: Actor, states: Any, *, everybody: bool, limit: int, now: datetime.datetime
) -> list[JobView]:
    wanted = _wanted(Acquisition, actor, states, everybody=everybody)
    query = select(Acquisition, User.name).join(User, User.id == Acquisition.owner_id).where(*wanted)
    rows = session.execute(query.order_by(*_newest(Acquisition)).limit(limit)).all()
    waiting = [row.id for row, _ in sorted(rows, key=lambda each: each[0].id) if row.status == Status.QUEUED]
    return [
        _view(
            actor,
            row,
            owner,
            now,
            kind=row.kind,
            title=f"{row.symbol} from {row.source}",
            is_credible=None,
            stage=None,
            position=waiting.index(row.id) + 1 if row.id in waiting and everybody else None,
        )
        for row, owner in rows
    ]


def _wanted(table: Table, actor: Actor, states: Any, *, everybody: bool) -> list[ColumnElement[bool]]:
    in_state = table.status.in_(states)
    return [in_state] if everybody else [in_state, table.owner_id == actor.user_id]


def _newest(table: Table) -> tuple[Any, Any]:
    return table.submitted_at.desc(), table.id.desc()


def _view(actor: Actor, row: Analysis | Acquisition, owner: str, now: datetime.datetime, **own: Any) -> JobView:
    is_own = row.owner_id == actor.user_id
    return JobView(
        id=row.public_id if is_own else "",
        owner=owner,
        is_own=is_own,
        status=Status(row.status),
        progress=row.progress,
        eta_seconds=_eta(row, now),
        worker=row.worker if row.status == Status.RUNNING else None,
        error_code=row.error_code,
        submitted_at=row.submitted_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        **{**own, "title": own["title"] if is_own else ""},
    )


def _eta(row: Analysis | Acquisition, now: datetime.datetime) -> float | None:
    if row.status != Status.RUNNING or row.started_at is None or row.progress < _ENOUGH_PROGRESS:
        return None
    return (now - row.started_at).total_seconds() * (1.0 - row.progress) / row.progress

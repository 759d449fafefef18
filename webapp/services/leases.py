"""What all jobs have in common: rows that one worker holds under a lease, with `attempt` as the fencing token.

`jobs` carries analyses by it, `acquisition_jobs` prices, and `document_jobs` reports. All moments are the database's.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.services import meters
from webapp.services.workflow import Status
from webapp.tables import Acquisition, Analysis, Document

Jobs = type[Analysis] | type[Acquisition] | type[Document]

_KINDS: Mapping[Jobs, str] = {Analysis: "analysis", Acquisition: "acquisition", Document: "document"}
_COUNTED = {Status.RUNNING, Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}

QUEUED_AGAIN: Mapping[str, Any] = {
    "status": Status.QUEUED,
    "worker": None,
    "worker_pid": None,
    "lease_expires_at": None,
}


def queued_again(table: Jobs, *, is_counted: bool) -> dict[str, Any]:
    """Return what handing back writes; an attempt that is not counted has no part in when a job is given up."""
    return {**QUEUED_AGAIN, "n_transient": table.n_transient + (0 if is_counted else 1)}


@dataclass(frozen=True)
class Running:
    """A running job as its keeper sees it; `seconds_since_cancel` is None if nobody asked to cancel."""

    job_id: int
    attempt: int
    pid: int
    running_seconds: float
    seconds_since_cancel: float | None
    public_id: str = ""
    request_id: str = ""  # of who asked for it, for the log


def is_due(table: Jobs, now: datetime.datetime) -> ColumnElement[bool]:
    """Select what need not wait for a later moment."""
    return or_(table.not_before.is_(None), table.not_before <= now)


def is_queued(table: Jobs, job_id: int, attempt: int) -> ColumnElement[bool]:
    """Select a job that nobody has taken since it was looked at."""
    return and_(table.id == job_id, table.attempt == attempt, table.status == Status.QUEUED)


def is_running(table: Jobs, job_id: int, attempt: int) -> ColumnElement[bool]:
    """Select a job that runs under this attempt."""
    return and_(table.id == job_id, table.attempt == attempt, table.status == Status.RUNNING)


def is_wanted(table: Jobs, job_id: int, attempt: int) -> ColumnElement[bool]:
    """Select a job that runs under this attempt and that nobody has asked to stop."""
    return and_(is_running(table, job_id, attempt), table.cancel_requested_at.is_(None))


def end(
    session: Session, table: Jobs, job_id: int, attempt: int, status: Status, *, code: str | None, message: str
) -> bool:
    """Move a running job to a final state; return whether it ran under this attempt. Only failures keep words."""
    values = {
        "status": status,
        "finished_at": database_now(session),
        "lease_expires_at": None,
        "error_code": code,
        "error_message": message if status == Status.FAILED else None,
    }
    return update_rows(session, table, is_running(table, job_id, attempt), values) > 0


def holds(session: Session, table: Jobs, job_id: int, attempt: int) -> bool:
    """Whether a job runs under this attempt; if so, nobody can take it away before the writing transaction ends.

    PostgreSQL locks the row; on SQLite the transaction itself keeps every other writer out.
    """
    query = select(table.id).where(is_running(table, job_id, attempt)).with_for_update()
    return session.scalar(query) is not None


def taken(attempt: int, *, worker: str, pid: int, now: datetime.datetime, lease_seconds: float) -> dict[str, Any]:
    """Return what a claim writes into a queued row.

    Parameters
    ----------
    attempt : int
        Of the row as it was found.
    worker : str
        Name of the worker, different after each start.
    pid : int
        The process that will work.
    now : datetime
        The database's moment.
    lease_seconds : float
        How long the claim holds unless it is renewed.

    Returns
    -------
    dict
        Values by column.
    """
    return {
        "status": Status.RUNNING,
        "attempt": attempt + 1,
        "worker": worker,
        "worker_pid": pid,
        "lease_expires_at": now + datetime.timedelta(seconds=lease_seconds),
        "started_at": now,
        "not_before": None,
        "error_code": None,
        "error_message": None,
    }


def running_on(session: Session, table: Jobs, worker: str) -> list[Running]:
    """Return what runs on a worker."""
    now = database_now(session)
    rows = session.execute(
        select(
            table.id,
            table.attempt,
            table.worker_pid,
            table.started_at,
            table.cancel_requested_at,
            table.public_id,
            table.request_id,
        ).where(table.worker == worker, table.status == Status.RUNNING)
    )
    return [
        Running(
            job_id,
            attempt,
            pid or 0,
            (now - started_at).total_seconds() if started_at else 0.0,
            (now - cancelled_at).total_seconds() if cancelled_at else None,
            public_id,
            request_id or "",
        )
        for job_id, attempt, pid, started_at, cancelled_at, public_id, request_id in rows
    ]


def renew(session: Session, table: Jobs, worker: str, pids: Sequence[int], *, lease_seconds: float) -> int:
    """Renew the leases of what these processes of a worker run; return how many."""
    until = database_now(session) + datetime.timedelta(seconds=lease_seconds)
    alive = and_(table.worker == worker, table.worker_pid.in_(pids), table.status == Status.RUNNING)
    return update_rows(session, table, alive, {"lease_expires_at": until})


def lost(session: Session, table: Jobs, now: datetime.datetime) -> list[tuple[int, int]]:
    """Return key and attempt of the jobs whose lease has run out."""
    query = select(table.id, table.attempt).where(table.status == Status.RUNNING, table.lease_expires_at < now)
    return [(job_id, attempt) for job_id, attempt in session.execute(query)]


def update_rows(session: Session, table: Jobs, where: ColumnElement[bool], values: Mapping[str, Any]) -> int:
    """Change the rows that fulfil a condition; return how many there were."""
    status = values.get("status")
    result = session.execute(update(table).where(where).values(**values).execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)  # noqa: S101  # narrows the type: an UPDATE has a row count
    if status in _COUNTED and result.rowcount:
        kind = _KINDS[table]
        meters.count(session, "moved", kind, str(status), n=result.rowcount)
        if status == Status.FAILED:
            meters.count(session, "failed", kind, values.get("error_code") or "unknown", n=result.rowcount)
    return result.rowcount

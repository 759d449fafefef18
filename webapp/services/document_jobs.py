"""Carrying documents through the data workers: claim, lease, the end, and bringing back what was lost.

As for analyses (`jobs`), `attempt` is the fencing token of every write.
"""

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from quant.errors import AnalysisCancelled
from webapp.db import database_now
from webapp.errors import LeaseLost
from webapp.services import leases, meters
from webapp.services.leases import Running
from webapp.services.workflow import Status
from webapp.tables import Document, User

MAX_TRANSIENT = 6
_FIRST_WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class DocumentClaim:
    """A document that a worker owns, and what it needs to make it."""

    document_id: int
    public_id: str
    analysis_id: int
    attempt: int
    kind: str
    request_id: str = ""
    owner: str = ""  # public id of who asked


def claim_next(
    session: Session, *, worker: str, pid: int, lease_seconds: float, max_attempts: int
) -> DocumentClaim | None:
    """Take the document that waits longest.

    Parameters
    ----------
    session : Session
        A writing transaction.
    worker : str
        Name of the worker, different after each start.
    pid : int
        The process that will work.
    lease_seconds : float
        How long the claim holds unless it is renewed.
    max_attempts : int
        A document that was begun this often already is failed instead.

    Returns
    -------
    DocumentClaim or None
        What to do, or None if nothing is due.
    """
    while True:
        now = database_now(session)
        row = session.scalars(_in_order(now).limit(1)).first()
        if row is None:
            return None
        queued = leases.is_queued(Document, row.id, row.attempt)
        if row.attempt - row.n_transient >= max_attempts:
            message = f"Given up after {row.attempt} attempts; each time the worker that ran it was lost."
            values: dict[str, Any] = {
                "status": Status.FAILED,
                "finished_at": now,
                "error_code": "worker_lost",
                "error_message": message,
            }
            leases.update_rows(session, Document, queued, values)
            session.expire_all()
            continue
        owner = session.scalars(select(User.public_id).where(User.id == row.owner_id)).one()
        claim = DocumentClaim(
            row.id, row.public_id, row.analysis_id, row.attempt + 1, row.kind, row.request_id or "", owner
        )
        waited = (now - row.submitted_at).total_seconds()
        values = leases.taken(row.attempt, worker=worker, pid=pid, now=now, lease_seconds=lease_seconds)
        taken = leases.update_rows(session, Document, queued, values)
        session.expire_all()
        if taken:
            if claim.attempt == 1:
                meters.count(session, "waited", "document", amount=waited)
            return claim


def finish(session: Session, claim: DocumentClaim, *, content_hash: str, n_bytes: int) -> None:
    """Move a running document to `succeeded`.

    Raises
    ------
    AnalysisCancelled
        If somebody cancelled it before.
    LeaseLost
        If it is no longer this worker's.
    """
    values = {
        "status": Status.SUCCEEDED,
        "finished_at": database_now(session),
        "lease_expires_at": None,
        "content_hash": content_hash,
        "n_bytes": n_bytes,
    }
    if not leases.update_rows(session, Document, _is_wanted(claim), values):
        row = session.get(Document, claim.document_id, populate_existing=True)
        if row is not None and leases.holds(session, Document, claim.document_id, claim.attempt):
            raise AnalysisCancelled("The document was cancelled.")
        raise LeaseLost(f"Expected document {claim.public_id} to run under attempt {claim.attempt}; it does not.")


def fail(session: Session, claim: DocumentClaim, *, code: str, message: str) -> bool:
    """Move a running document to `failed`; return whether it was still this worker's."""
    return leases.end(session, Document, claim.document_id, claim.attempt, Status.FAILED, code=code, message=message)


def stop(session: Session, running: Running, status: Status, *, code: str | None = None, message: str = "") -> bool:
    """End a running document from outside its process, before that process is killed."""
    return leases.end(session, Document, running.job_id, running.attempt, status, code=code, message=message)


def confirm_cancelled(session: Session, claim: DocumentClaim) -> bool:
    """Move a running document whose worker has stopped politely to `cancelled`."""
    return leases.end(session, Document, claim.document_id, claim.attempt, Status.CANCELLED, code=None, message="")


def hand_back(session: Session, document_id: int, attempt: int, *, reason: str, is_counted: bool = True) -> bool:
    """Put a running document back into the queue because nobody works on it.

    Parameters
    ----------
    session : Session
        A writing transaction.
    document_id, attempt : int
        What was running.
    reason : str
        Kept with it.
    is_counted : bool, default=True
        Whether this was one of the attempts after which it is given up.

    Returns
    -------
    bool
        Whether it was running under this attempt. One that somebody had cancelled is `cancelled` instead.
    """
    row = session.get(Document, document_id, populate_existing=True)
    if row is None or row.status != Status.RUNNING or row.attempt != attempt:
        return False
    if row.cancel_requested_at is not None:
        return leases.end(session, Document, document_id, attempt, Status.CANCELLED, code=None, message="")
    values = {**leases.queued_again(Document, is_counted=is_counted), "error_message": reason}
    return leases.update_rows(session, Document, leases.is_running(Document, document_id, attempt), values) > 0


def retry_later(
    session: Session,
    claim: DocumentClaim,
    *,
    code: str,
    message: str,
    wait_seconds: float | None = None,
    is_patient: bool = False,
) -> bool:
    """Put a running document back into the queue after an error that may pass; waits grow.

    Parameters
    ----------
    session : Session
        A writing transaction.
    claim : DocumentClaim
        The document.
    code, message : str
        Of the error, for who asked.
    wait_seconds : float, optional
        The least to wait.
    is_patient : bool, default=False
        Whether to try for as long as it takes.

    Returns
    -------
    bool
        Whether it will be tried again; False if it failed for good or was no longer this worker's.
    """
    row = session.get_one(Document, claim.document_id, populate_existing=True)
    if row.n_transient >= MAX_TRANSIENT and not is_patient:
        fail(session, claim, code=code, message=f"{message} Tried {row.n_transient + 1} times.")
        return False
    grown = _FIRST_WAIT_SECONDS * 2 ** min(row.n_transient, MAX_TRANSIENT)
    wait = (grown if wait_seconds is None else wait_seconds) * (1.0 + 0.25 * random.random())  # noqa: S311  # no secret
    values = {
        **leases.QUEUED_AGAIN,
        "n_transient": row.n_transient + 1,
        "not_before": database_now(session) + datetime.timedelta(seconds=wait),
        "error_code": code,
        "error_message": message,
    }
    return leases.update_rows(session, Document, _is_wanted(claim), values) > 0


def running_on(session: Session, worker: str) -> list[Running]:
    """Return what runs on a worker."""
    return leases.running_on(session, Document, worker)


def renew(session: Session, worker: str, pids: Sequence[int], *, lease_seconds: float) -> int:
    """Renew the leases of what these processes of a worker run; return how many."""
    return leases.renew(session, Document, worker, pids, lease_seconds=lease_seconds)


def sweep(session: Session) -> int:
    """Bring back documents whose lease has run out; return how many could be begun now."""
    now = database_now(session)
    for document_id, attempt in leases.lost(session, Document, now):
        hand_back(session, document_id, attempt, reason="Its worker fell silent; it is begun again.")
        meters.count(session, "leases_lost", "document")
    return session.scalar(select(func.count()).select_from(_in_order(now).order_by(None).subquery())) or 0


def _in_order(now: datetime.datetime) -> Select[Document]:
    due = leases.is_due(Document, now)
    return select(Document).where(Document.status == Status.QUEUED, due).order_by(Document.submitted_at, Document.id)


def _is_wanted(claim: DocumentClaim) -> ColumnElement[bool]:
    return leases.is_wanted(Document, claim.document_id, claim.attempt)

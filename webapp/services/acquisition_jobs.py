"""Carrying acquisitions through the data workers: claim, lease, progress, the end, and bringing back what was lost.

As for analyses (`jobs`), `attempt` is the fencing token of every write. A source is asked one thing at a time, whatever
number of workers there is: the database's own unique index says so, and the breaker in `price_sources` says when it is
not asked at all.
"""

import datetime
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from quant.errors import AnalysisCancelled
from webapp.db import database_now
from webapp.errors import LeaseLost
from webapp.services import leases, meters, price_sources
from webapp.services.leases import Running
from webapp.services.price_sources import SourceState
from webapp.services.workflow import Status
from webapp.tables import Acquisition, User

Kind = Literal["fetch", "import"]

MAX_TRANSIENT = 3
_FIRST_WAIT_SECONDS = 5.0
_WAITS_GROW_BY = 3.0
_JITTER = 0.25  # so that what failed together does not come back together
_FAIR_WINDOW = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class AcquisitionClaim:
    """An acquisition that a worker owns, and what it needs to carry it out; `request` is what its kind needs beside."""

    acquisition_id: int
    public_id: str
    owner_id: int
    attempt: int
    kind: str
    source: str
    symbol: str
    interval: str
    extent: str
    request: Mapping[str, Any]
    request_id: str = ""  # of who asked, so that the log of a job names it
    owner: str = ""  # public id


@dataclass(frozen=True)
class Outcome:
    """What an acquisition brought: the series and its newest vintage, how many bars, and all of it in words."""

    series_id: int
    revision: int
    n_bars: int
    n_added: int
    n_restated: int
    n_withdrawn: int
    message: str


def claim_next(
    session: Session, *, worker: str, pid: int, lease_seconds: float, max_attempts: int
) -> AcquisitionClaim | None:
    """Take the next acquisition: of who began the fewest in the last ten minutes, then the oldest.

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
        An acquisition that was started this often already is failed instead.

    Returns
    -------
    AcquisitionClaim or None
        What to do, or None if nothing is due. Fetches from a source whose circuit is open are failed, not returned.
    """
    while True:
        now = database_now(session)
        row = session.scalars(_in_order(now).limit(1)).first()
        if row is None:
            return None
        queued = leases.is_queued(Acquisition, row.id, row.attempt)
        if values := _why_hopeless(session, row, now, max_attempts):
            leases.update_rows(session, Acquisition, queued, values)
            session.expire_all()
            continue
        values = leases.taken(row.attempt, worker=worker, pid=pid, now=now, lease_seconds=lease_seconds)
        claim = AcquisitionClaim(
            acquisition_id=row.id,
            public_id=row.public_id,
            owner_id=row.owner_id,
            attempt=row.attempt + 1,
            kind=row.kind,
            source=row.source,
            symbol=row.symbol,
            interval=row.interval,
            extent=row.extent,
            request=row.request,
            request_id=row.request_id or "",
            owner=session.scalars(select(User.public_id).where(User.id == row.owner_id)).one(),
        )
        waited = (now - row.submitted_at).total_seconds()
        try:
            with session.begin_nested():
                taken = leases.update_rows(session, Acquisition, queued, values)
        except IntegrityError:  # another worker has just begun to fetch from this source
            taken = 0
        session.expire_all()
        if taken:
            if claim.attempt == 1:
                meters.count(session, "waited", "acquisition", amount=waited)
            return claim


def report(session: Session, claim: AcquisitionClaim, progress: float) -> None:
    """Say how much is done, 0 to 1; learn whether it is still wanted.

    Raises
    ------
    AnalysisCancelled
        If somebody cancelled it.
    LeaseLost
        If it is no longer this worker's.
    """
    values = {"progress": case((Acquisition.progress < progress, progress), else_=Acquisition.progress)}
    if not leases.update_rows(session, Acquisition, _is_wanted(claim), values):
        raise _why_not(session, claim)


def hold(session: Session, claim: AcquisitionClaim) -> None:
    """Make sure that an acquisition is this worker's, and stays so until the writing transaction ends.

    First in every transaction that keeps something of it: rows of prices, files, and what is known about its source.

    Raises
    ------
    LeaseLost
        If it is no longer this worker's.
    """
    if not leases.holds(session, Acquisition, claim.acquisition_id, claim.attempt):
        raise _why_not(session, claim)


def finish(session: Session, claim: AcquisitionClaim, outcome: Outcome) -> None:
    """Move a running acquisition to `succeeded`, in the transaction that also keeps what it brought.

    Raises
    ------
    AnalysisCancelled
        If somebody cancelled it before.
    LeaseLost
        If it is no longer this worker's.
    """
    final = {
        "status": Status.SUCCEEDED,
        "finished_at": database_now(session),
        "progress": 1.0,
        "lease_expires_at": None,
    }
    if not leases.update_rows(
        session,
        Acquisition,
        _is_wanted(claim),
        {**asdict(outcome), **final},
    ):
        raise _why_not(session, claim)


def fail(session: Session, claim: AcquisitionClaim, *, code: str, message: str) -> bool:
    """Move a running acquisition to `failed`; return whether it was still this worker's."""
    return leases.end(
        session, Acquisition, claim.acquisition_id, claim.attempt, Status.FAILED, code=code, message=message
    )


def stop(session: Session, running: Running, status: Status, *, code: str | None = None, message: str = "") -> bool:
    """End a running acquisition from outside its process, before that process is killed."""
    return leases.end(session, Acquisition, running.job_id, running.attempt, status, code=code, message=message)


def confirm_cancelled(session: Session, claim: AcquisitionClaim) -> bool:
    """Move a running acquisition whose worker has stopped politely to `cancelled`."""
    return leases.end(
        session, Acquisition, claim.acquisition_id, claim.attempt, Status.CANCELLED, code=None, message=""
    )


def hand_back(session: Session, acquisition_id: int, attempt: int, *, reason: str, is_counted: bool = True) -> bool:
    """Put a running acquisition back into the queue because nobody works on it; nothing of it was kept.

    Parameters
    ----------
    session : Session
        A writing transaction.
    acquisition_id, attempt : int
        What was running.
    reason : str
        Kept with it.
    is_counted : bool, default=True
        Whether this was one of the attempts after which it is given up: not if the database was away.

    Returns
    -------
    bool
        Whether it was running under this attempt. One that somebody had cancelled is `cancelled` instead.
    """
    row = session.get(Acquisition, acquisition_id, populate_existing=True)
    if row is None or row.status != Status.RUNNING or row.attempt != attempt:
        return False
    if row.cancel_requested_at is not None:
        return leases.end(session, Acquisition, acquisition_id, attempt, Status.CANCELLED, code=None, message="")
    values = {**leases.queued_again(Acquisition, is_counted=is_counted), "message": reason}
    return leases.update_rows(session, Acquisition, leases.is_running(Acquisition, acquisition_id, attempt), values) > 0


def retry_later(
    session: Session,
    claim: AcquisitionClaim,
    *,
    code: str,
    message: str,
    wait_seconds: float | None = None,
    is_patient: bool = False,
) -> bool:
    """Put a running acquisition back into the queue after a transient error; waits grow, and no two are alike.

    Parameters
    ----------
    session : Session
        A writing transaction.
    claim : AcquisitionClaim
        The acquisition.
    code, message : str
        Of the error, for who asked.
    wait_seconds : float, optional
        The least that the source wants us to wait.
    is_patient : bool, default=False
        Whether to try for as long as it takes, because the cause is on our side and somebody will mend it.

    Returns
    -------
    bool
        Whether it will be tried again; False if it failed for good or was no longer this worker's.
    """
    row = session.get_one(Acquisition, claim.acquisition_id, populate_existing=True)
    if row.n_transient >= MAX_TRANSIENT and not is_patient:
        fail(session, claim, code=code, message=f"{message} Tried {row.n_transient + 1} times.")
        return False
    wait = wait_seconds if wait_seconds is not None else _FIRST_WAIT_SECONDS * _WAITS_GROW_BY**row.n_transient
    wait *= 1.0 + _JITTER * random.random()  # noqa: S311  # nobody gains by guessing it
    values = {
        **leases.QUEUED_AGAIN,
        "n_transient": row.n_transient + 1,
        "not_before": database_now(session) + datetime.timedelta(seconds=wait),
        "error_code": code,
        "error_message": message,
    }
    return leases.update_rows(session, Acquisition, _is_wanted(claim), values) > 0


def running_on(session: Session, worker: str) -> list[Running]:
    """Return what runs on a worker."""
    return leases.running_on(session, Acquisition, worker)


def renew(session: Session, worker: str, pids: Sequence[int], *, lease_seconds: float) -> int:
    """Renew the leases of what these processes of a worker run; return how many."""
    return leases.renew(session, Acquisition, worker, pids, lease_seconds=lease_seconds)


def sweep(session: Session) -> int:
    """Bring back acquisitions whose lease has run out; return how many could be begun now.

    The caller sends that many messages: whatever a broker lost is sent again this way.
    """
    now = database_now(session)
    for acquisition_id, attempt in leases.lost(session, Acquisition, now):
        hand_back(session, acquisition_id, attempt, reason="Its worker fell silent; it is begun again.")
        meters.count(session, "leases_lost", "acquisition")
    return session.scalar(select(func.count()).select_from(_in_order(now).order_by(None).subquery())) or 0


def _in_order(now: datetime.datetime) -> Select[Acquisition]:
    other = aliased(Acquisition)
    recent = (
        select(func.count())
        .where(other.owner_id == Acquisition.owner_id, other.started_at > now - _FAIR_WINDOW)
        .correlate(Acquisition)
        .scalar_subquery()
    )
    fetching = aliased(Acquisition)
    is_busy = (
        select(fetching.id)
        .where(fetching.source == Acquisition.source, fetching.kind == "fetch", fetching.status == Status.RUNNING)
        .correlate(Acquisition)
        .exists()
    )
    may_begin = or_(
        Acquisition.kind != "fetch",
        and_(~is_busy, ~price_sources.is_paused(Acquisition.source.expression, now)),
    )
    return (
        select(Acquisition)
        .where(Acquisition.status == Status.QUEUED, leases.is_due(Acquisition, now), may_begin)
        .order_by(recent, Acquisition.submitted_at, Acquisition.id)
    )


def _why_hopeless(
    session: Session, row: Acquisition, now: datetime.datetime, max_attempts: int
) -> dict[str, Any] | None:
    """Return what to write into a row that must not be begun, or None."""
    failed = {"status": Status.FAILED, "finished_at": now, "not_before": None}
    # Attempts that ended in a transient error have a limit of their own.
    if row.attempt - row.n_transient >= max_attempts:
        message = f"Given up after {row.attempt} attempts; each time the worker that ran it was lost."
        return {**failed, "error_code": "worker_lost", "error_message": message}
    if row.kind != "fetch":
        return None
    source = price_sources.look_at(session, row.source)
    if source.state is not SourceState.OPEN or source.not_before is None:
        return None
    message = (
        f"The source {row.source} has not answered {source.n_failures} times in a row, so it is not asked again before "
        f"{source.not_before:%H:%M} UTC. The last time: {source.error_message} What is stored stays as it is; "
        "try again later."
    )
    return {**failed, "error_code": source.error_code, "error_message": message}


def _why_not(session: Session, claim: AcquisitionClaim) -> Exception:
    row = session.get(Acquisition, claim.acquisition_id, populate_existing=True)
    is_ours = row is not None and row.status == Status.RUNNING and row.attempt == claim.attempt
    if row is not None and is_ours and row.cancel_requested_at is not None:
        return AnalysisCancelled("The acquisition was cancelled.")
    return LeaseLost(
        f"Expected acquisition {claim.public_id} to run under attempt {claim.attempt}; "
        f"found {'no such row' if row is None else f'{row.status}, attempt {row.attempt}'}."
    )


def _is_wanted(claim: AcquisitionClaim) -> ColumnElement[bool]:
    return leases.is_wanted(Acquisition, claim.acquisition_id, claim.attempt)

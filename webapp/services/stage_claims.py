"""Claims on stages: a costly stage is computed once, also when two workers want it in the same moment.

A row says that somebody computes a stage now, under a lease that their keeper renews; or, without a worker, that an
analysis which is tuning offers the stage to whoever is free. It is deleted when the output is stored, and with whoever
died: then the next who wants the stage computes it. A claim that is lost costs a second computation and never a wrong
result, because outputs are pure functions of their key. Nobody waits for a stage while holding the claim on another.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from quant.errors import AnalysisCancelled
from webapp.db import database_now
from webapp.errors import LeaseLost
from webapp.services import turns
from webapp.services.leases import Running
from webapp.services.workflow import Status
from webapp.tables import Analysis, StageClaim


@dataclass(frozen=True)
class Holder:
    """The process that claims: name of its worker, its own number, and how long a claim holds unless it is renewed."""

    worker: str
    pid: int
    lease_seconds: float


@dataclass(frozen=True)
class Held:
    """A stage that is this process's to compute."""

    claim_id: int
    key: str
    attempt: int
    analysis_id: int


@dataclass(frozen=True)
class Help:
    """A stage that an analysis offered, taken, and what is needed to compute it."""

    held: Held
    public_id: str
    owner_id: int
    spec: Mapping[str, Any]
    snapshot_id: int
    is_rerun: bool


def take(session: Session, key: str, analysis_id: int, holder: Holder) -> Held | None:
    """Claim a stage for an analysis, whether it was offered, fell to nobody with a dead worker, or is new.

    From now on it is computed for this analysis, also if another had offered it: that one may end before.

    Returns
    -------
    Held or None
        None if another process computes it.
    """
    now = database_now(session)
    is_free = or_(StageClaim.worker.is_(None), StageClaim.lease_expires_at < now)
    held = _take(session, and_(StageClaim.key == key, is_free), holder, now, analysis_id)
    if held is not None:
        return held
    row = StageClaim(key=key, analysis_id=analysis_id, attempt=1, **_by(holder, now))
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody holds it
        return None
    return Held(row.id, key, 1, analysis_id)


def take_offered(
    session: Session, keys: Sequence[str], holder: Holder, *, analysis_id: int | None = None
) -> Held | None:
    """Claim the first of these stages that is offered and taken by nobody; None if there is none.

    An analysis takes for itself, see `take`; who helps, takes for whoever offered it.
    """
    now = database_now(session)
    is_open = and_(StageClaim.key.in_(keys), StageClaim.worker.is_(None))
    first = select(StageClaim.id).where(is_open).order_by(StageClaim.id).limit(1)
    while (claim_id := session.scalar(first)) is not None:
        held = _take(session, and_(StageClaim.id == claim_id, StageClaim.worker.is_(None)), holder, now, analysis_id)
        if held is not None:
            return held  # else another was faster; look again
    return None


def _take(
    session: Session,
    where: ColumnElement[bool],
    holder: Holder,
    now: datetime.datetime,
    analysis_id: int | None = None,
) -> Held | None:
    values = {**_by(holder, now), **({} if analysis_id is None else {"analysis_id": analysis_id})}
    row = session.execute(
        update(StageClaim)
        .where(where)
        .values(attempt=StageClaim.attempt + 1, **values)
        .returning(StageClaim.id, StageClaim.key, StageClaim.attempt, StageClaim.analysis_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else Held(*row)


def _by(holder: Holder, now: datetime.datetime) -> dict[str, Any]:
    return {
        "worker": holder.worker,
        "worker_pid": holder.pid,
        "lease_expires_at": now + datetime.timedelta(seconds=holder.lease_seconds),
        "started_at": now,
    }


def holder_of(session: Session, keys: Sequence[str]) -> str | None:
    """Return the worker that computes one of these stages; None if nobody does."""
    now = database_now(session)
    query = select(StageClaim.worker).where(StageClaim.key.in_(keys), StageClaim.lease_expires_at >= now)
    return session.scalar(query.order_by(StageClaim.id).limit(1))


def offer(session: Session, analysis_id: int, keys: Sequence[str]) -> int:
    """Let whoever is free compute these stages, the first first; return how many nobody had claimed or offered."""
    known = set(session.scalars(select(StageClaim.key).where(StageClaim.key.in_(keys))))
    n_offered = 0
    for key in keys:
        if key not in known:
            try:
                with session.begin_nested():
                    session.add(StageClaim(key=key, analysis_id=analysis_id))
            except IntegrityError:
                continue  # another analysis came first with the same
            n_offered += 1
    return n_offered


def withdraw(session: Session, analysis_id: int) -> None:
    """Offer no more what an analysis offered and nobody has taken."""
    session.execute(delete(StageClaim).where(StageClaim.analysis_id == analysis_id, StageClaim.worker.is_(None)))


def release(session: Session, held: Held) -> bool:
    """Give up a claim, because the stage is stored or will not be; return whether it was still held."""
    return _delete(session, _is_held(held.claim_id, held.attempt)) > 0


def release_all(session: Session, holder: Holder) -> None:
    """Give up what a process still holds when it looks for new work: the database was away when it should have."""
    _delete(session, and_(StageClaim.worker == holder.worker, StageClaim.worker_pid == holder.pid))


def hold(session: Session, held: Held) -> None:
    """Make sure that a claim is this process's, and stays so until the writing transaction ends.

    Raises
    ------
    LeaseLost
        If it is not.
    """
    query = select(StageClaim.id).where(_is_held(held.claim_id, held.attempt)).with_for_update()
    if session.scalar(query) is None:
        raise LeaseLost(f"Expected to compute the stage {held.key[:12]} under claim {held.attempt}; it was taken away.")


def take_help(session: Session, holder: Holder) -> Help | None:
    """Claim the next stage that a running analysis offers; None if no help is wanted.

    The order is that of the queue: priority, then age. What its owner has running does not count: help is given by
    workers that have nothing else to do.
    """
    wanted = _offers().order_by(Analysis.priority, Analysis.submitted_at, Analysis.id, StageClaim.id).limit(1)
    while (row := session.execute(wanted).first()) is not None:
        claim_id, public_id, owner_id, spec, snapshot_id, parent_id = row
        now = database_now(session)
        held = _take(session, and_(StageClaim.id == claim_id, StageClaim.worker.is_(None)), holder, now)
        if held is not None:
            return Help(held, public_id, owner_id, spec, snapshot_id, parent_id is not None)
    return None


def is_help_wanted(session: Session) -> bool:
    """Whether a running analysis offers something."""
    return session.execute(_offers().limit(1)).first() is not None


def _offers() -> Any:
    return (
        select(
            StageClaim.id,
            Analysis.public_id,
            Analysis.owner_id,
            Analysis.spec,
            Analysis.snapshot_id,
            Analysis.parent_id,
        )
        .join(Analysis, Analysis.id == StageClaim.analysis_id)
        .where(StageClaim.worker.is_(None), _is_wanted(), Analysis.snapshot_id.is_not(None))
    )


def _is_wanted() -> ColumnElement[bool]:
    return and_(Analysis.status == Status.RUNNING, Analysis.cancel_requested_at.is_(None))


def check_help(session: Session, held: Held) -> None:
    """Learn whether help is still wanted, and whether the worker is not needed for an analysis of its own.

    Raises
    ------
    AnalysisCancelled
        If the analysis was cancelled or is over, or another waits for a worker.
    LeaseLost
        If the claim was taken away.
    """
    query = select(_is_wanted()).join(StageClaim, StageClaim.analysis_id == Analysis.id)
    is_wanted = session.scalar(query.where(_is_held(held.claim_id, held.attempt)))
    if is_wanted is None:
        raise LeaseLost(f"Expected to compute the stage {held.key[:12]} under claim {held.attempt}; it was taken away.")
    if not is_wanted:
        raise AnalysisCancelled("The analysis no longer wants help.")
    if is_worker_needed(session):
        raise AnalysisCancelled("An analysis waits for a worker.")


def is_worker_needed(session: Session) -> bool:
    """Whether an analysis waits that a worker could take: then nobody begins to help, and who helps makes way."""
    return turns.first(session, database_now(session)) is not None


# --- What keepers and sweepers ask of every kind of job: see `leases` ------------------------------------------------


def running_on(session: Session, worker: str) -> list[Running]:
    """Return what a worker computes; as cancelled counts also what is computed for an analysis that is over."""
    now = database_now(session)
    over_since = func.coalesce(Analysis.cancel_requested_at, Analysis.finished_at)
    rows = session.execute(
        select(StageClaim.id, StageClaim.attempt, StageClaim.worker_pid, StageClaim.started_at, over_since)
        .join(Analysis, Analysis.id == StageClaim.analysis_id)
        .where(StageClaim.worker == worker)
    )
    return [
        Running(
            claim_id,
            attempt,
            pid or 0,
            (now - started_at).total_seconds() if started_at else 0.0,
            (now - over_at).total_seconds() if over_at else None,
        )
        for claim_id, attempt, pid, started_at, over_at in rows
    ]


def renew(session: Session, worker: str, pids: Sequence[int], *, lease_seconds: float) -> int:
    """Renew the claims of these processes of a worker; return how many."""
    until = database_now(session) + datetime.timedelta(seconds=lease_seconds)
    alive = and_(StageClaim.worker == worker, StageClaim.worker_pid.in_(pids))
    result = session.execute(
        update(StageClaim).where(alive).values(lease_expires_at=until).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)  # noqa: S101  # narrows the type: an UPDATE has a row count
    return result.rowcount


def hand_back(session: Session, claim_id: int, attempt: int, *, reason: str, is_counted: bool = True) -> bool:
    """Give up the claim of a process that is gone, so that who wants the stage computes it; it counts for nothing."""
    del reason, is_counted
    return _delete(session, _is_held(claim_id, attempt)) > 0


def stop(session: Session, running: Running, status: Status, *, code: str | None = None, message: str = "") -> bool:
    """Take a claim away from a process before that is killed; its stage is left to the analysis that wants it."""
    del status, code, message
    return _delete(session, _is_held(running.job_id, running.attempt)) > 0


def sweep(session: Session) -> int:
    """Forget claims whose lease has run out and offers of analyses that are over; return how many offers stand."""
    now = database_now(session)
    is_open = exists().where(
        Analysis.id == StageClaim.analysis_id, Analysis.status.in_([Status.QUEUED, Status.RUNNING])
    )
    _delete(session, or_(StageClaim.lease_expires_at < now, and_(StageClaim.worker.is_(None), ~is_open)))
    return session.scalar(_offers().with_only_columns(func.count())) or 0


def _is_held(claim_id: int, attempt: int) -> ColumnElement[bool]:
    return and_(StageClaim.id == claim_id, StageClaim.attempt == attempt, StageClaim.worker.is_not(None))


def _delete(session: Session, where: ColumnElement[bool]) -> int:
    result = session.execute(delete(StageClaim).where(where).execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)  # noqa: S101  # narrows the type: a DELETE has a row count
    return result.rowcount

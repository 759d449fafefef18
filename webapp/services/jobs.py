"""Carrying analyses through the workers: claim, lease, progress, the final word, and bringing back what was lost.

An analysis belongs to the worker that claimed it for as long as its lease is renewed. `attempt` is the fencing token:
it is part of the WHERE of every write here, so a worker that lost its analysis cannot change anything any more. All
moments are the database's.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, case, or_, select
from sqlalchemy.orm import Session

from quant.errors import AnalysisCancelled
from webapp.db import database_now, into
from webapp.errors import LeaseLost
from webapp.services import cpu_use, leases, meters, quotas, storage_use, turns
from webapp.services.leases import Running
from webapp.services.workflow import STAGES, Status
from webapp.tables import Analysis, LogLine, User

MAX_TRANSIENT = 6
_FIRST_WAIT_SECONDS = 10.0


# What a claim is made of; not the object with all its columns.
_NEEDED = (
    select(
        Analysis.id,
        Analysis.public_id,
        Analysis.owner_id,
        Analysis.parent_id,
        Analysis.request_id,
        Analysis.attempt,
        Analysis.n_transient,
        Analysis.progress,
        Analysis.submitted_at,
        Analysis.first_started_at,
        Analysis.spec,
        Analysis.snapshot_id,
        Analysis.pins,
        User.public_id.label("owner"),
    )
    .join(User, User.id == Analysis.owner_id)
    .where(Analysis.id == bindparam("found"))
)


@dataclass(frozen=True)
class Claim:
    """An analysis that a worker owns, and what it needs to answer it."""

    analysis_id: int
    public_id: str
    owner_id: int
    attempt: int
    spec: Mapping[str, Any]
    snapshot_id: int | None
    pins: Mapping[str, Any]
    is_rerun: bool
    request_id: str = ""  # of who asked, so that the log of a job names it
    owner: str = ""  # public id


@dataclass(frozen=True)
class Line:
    """A line for an analysis's log; `age_seconds` is how long ago it was said."""

    level: str
    stage: str | None
    text: str
    age_seconds: float = 0.0


def claim_next(
    session: Session, *, worker: str, pid: int, lease_seconds: float, max_attempts: int, cpu_clock: float = 0.0
) -> Claim | None:
    """Take the next analysis by policy: priority, then the owner with the fewest running, then age.

    What its owner's limits hold back is left where it is.

    Parameters
    ----------
    session : Session
        A writing transaction.
    worker : str
        Name of the worker, different after each start.
    pid : int
        The process that will compute.
    lease_seconds : float
        How long the claim holds unless it is renewed.
    max_attempts : int
        An analysis that was started this often already is failed instead.
    cpu_clock : float, default=0.0
        Processor seconds that the process has taken in its life so far.

    Returns
    -------
    Claim or None
        What to do, or None if nothing is due.
    """
    while True:
        now = database_now(session)
        row = _next(session, now)
        if row is None:
            return None
        # Attempts that ended in a transient error, such as a source of prices that was away, have a limit of their own.
        is_hopeless = row.attempt - row.n_transient >= max_attempts
        if is_hopeless:
            values: dict[str, Any] = {
                "status": Status.FAILED,
                "finished_at": now,
                "error_code": "worker_lost",
                "error_message": f"Given up after {row.attempt} attempts; each time the worker that ran it was lost.",
            }
        else:
            values = {
                **leases.taken(row.attempt, worker=worker, pid=pid, now=now, lease_seconds=lease_seconds),
                "first_started_at": row.first_started_at or now,
                "progress_before": row.progress,
                "cpu_mark": cpu_clock,
            }
        taken = _update(session, leases.is_queued(Analysis, row.id, row.attempt), values)
        if taken and not is_hopeless:
            attempt = row.attempt + 1
            if attempt == 1:
                meters.count(session, "waited", "analysis", amount=(now - row.submitted_at).total_seconds())
            _log(session, row.id, attempt, "info", None, f"Started by worker {worker} (attempt {attempt}).", now)
            return Claim(
                analysis_id=row.id,
                public_id=row.public_id,
                owner_id=row.owner_id,
                attempt=attempt,
                spec=row.spec,
                snapshot_id=row.snapshot_id,
                pins=row.pins,
                is_rerun=row.parent_id is not None,
                request_id=row.request_id or "",
                owner=row.owner,
            )
        # Another worker was faster; look again.


def report(
    session: Session,
    claim: Claim,
    *,
    stage: str,
    fraction: float,
    stage_seconds: Mapping[str, float],
    lines: Sequence[Line] = (),
) -> None:
    """Say how far the work is; learn whether it is still wanted.

    Parameters
    ----------
    session : Session
        A writing transaction.
    claim : Claim
        The analysis.
    stage : str
        One of `STAGES`.
    fraction : float
        Share of the stage that is done, 0 to 1.
    stage_seconds : mapping of str to float
        Seconds spent in each stage so far.
    lines : sequence of Line, default=()
        For the log.

    Raises
    ------
    AnalysisCancelled
        If somebody cancelled it.
    LeaseLost
        If it is no longer this worker's.
    """
    done = progress_of(stage, fraction)
    # What an earlier attempt has done is passed over in moments: nobody need see the work go back.
    is_further = Analysis.progress <= done
    values = {
        "stage": case((or_(is_further, Analysis.stage.is_(None)), stage), else_=Analysis.stage),
        "stage_fraction": case((is_further, fraction), else_=Analysis.stage_fraction),
        "progress": case((is_further, done), else_=Analysis.progress),
        "stage_seconds": {name: round(seconds, 4) for name, seconds in stage_seconds.items()},
    }
    if not _update(session, _is_wanted(claim), values):
        raise _why_not(session, claim)
    if lines:
        now = database_now(session)
        session.execute(
            into(LogLine),
            [
                {
                    "analysis_id": claim.analysis_id,
                    "attempt": claim.attempt,
                    "at": now - datetime.timedelta(seconds=line.age_seconds),
                    "level": line.level,
                    "stage": line.stage,
                    "message": line.text,
                }
                for line in lines
            ],
        )


def hold(session: Session, claim: Claim) -> None:
    """Make sure that an analysis is this worker's, and stays so until the writing transaction ends.

    First in every transaction that writes for an analysis but does not change its row. One that somebody has cancelled
    is still its worker's: what was computed was computed.

    Raises
    ------
    LeaseLost
        If it is no longer this worker's.
    """
    if not leases.holds(session, Analysis, claim.analysis_id, claim.attempt):
        raise _why_not(session, claim)


def note_help(session: Session, analysis_id: int, worker: str) -> None:
    """Write into a running analysis's log that another worker computes trials of its search."""
    query = select(Analysis.attempt, Analysis.stage).where(Analysis.id == analysis_id)
    attempt, stage = session.execute(query).one()
    _log(session, analysis_id, attempt, "info", stage, f"Worker {worker} helps.", database_now(session))


def pin(
    session: Session, claim: Claim, *, snapshot_id: int | None = None, pins: Mapping[str, Any] | None = None
) -> None:
    """Fix what a re-run must repeat: the prices, at the first claim, and the number of tuning trials.

    Raises
    ------
    AnalysisCancelled
        If somebody cancelled it.
    LeaseLost
        If it is no longer this worker's.
    """
    values: dict[str, Any] = {}
    if snapshot_id is not None:
        values["snapshot_id"] = snapshot_id
    if pins is not None:
        values["pins"] = dict(pins)
    if not _update(session, _is_wanted(claim), values):
        raise _why_not(session, claim)


def finish(session: Session, claim: Claim, values: Mapping[str, Any]) -> None:
    """Move a running analysis to `succeeded`, with its answer's facts, in the transaction that also stores its rows.

    Raises
    ------
    AnalysisCancelled
        If somebody cancelled it before.
    LeaseLost
        If it is no longer this worker's.
    """
    final = {"status": Status.SUCCEEDED, "finished_at": database_now(session), "progress": 1.0, "stage": None}
    if not _update(session, _is_wanted(claim), {**values, **final, "lease_expires_at": None}):
        raise _why_not(session, claim)
    spent = session.scalars(select(Analysis.stage_seconds).where(Analysis.id == claim.analysis_id)).one()
    for stage, seconds in spent.items():
        meters.count(session, "stage", stage, amount=seconds)
    _log(session, claim.analysis_id, claim.attempt, "info", None, "Finished.", database_now(session))


def fail(session: Session, claim: Claim, *, code: str, message: str) -> bool:
    """Move a running analysis to `failed`; return whether it was still this worker's."""
    return _end(session, claim.analysis_id, claim.attempt, Status.FAILED, code=code, message=message)


def stop(session: Session, running: Running, status: Status, *, code: str | None = None, message: str = "") -> bool:
    """End a running analysis from outside its process, before that process is killed."""
    return _end(session, running.job_id, running.attempt, status, code=code, message=message)


def confirm_cancelled(session: Session, claim: Claim) -> bool:
    """Move a running analysis whose worker has stopped politely to `cancelled`."""
    return _end(session, claim.analysis_id, claim.attempt, Status.CANCELLED, code=None, message="Cancelled.")


def hand_back(session: Session, analysis_id: int, attempt: int, *, reason: str, is_counted: bool = True) -> bool:
    """Put a running analysis back into the queue because nobody works on it; it resumes at its last stored stage.

    Parameters
    ----------
    session : Session
        A writing transaction.
    analysis_id, attempt : int
        What was running.
    reason : str
        For its log.
    is_counted : bool, default=True
        Whether this was one of the attempts after which an analysis is given up: not if the database was away.

    Returns
    -------
    bool
        Whether it was running under this attempt. One that somebody had cancelled is `cancelled` instead.
    """
    row = session.get(Analysis, analysis_id, populate_existing=True)
    if row is None or row.status != Status.RUNNING or row.attempt != attempt:
        return False
    if row.cancel_requested_at is not None:
        return _end(session, analysis_id, attempt, Status.CANCELLED, code=None, message="Cancelled.")
    moved = _update(session, _is_running(analysis_id, attempt), leases.queued_again(Analysis, is_counted=is_counted))
    if moved:
        _log(session, analysis_id, attempt, "warning", row.stage, reason, database_now(session))
    return moved


def retry_later(
    session: Session,
    claim: Claim,
    *,
    code: str,
    message: str,
    wait_seconds: float | None = None,
    is_patient: bool = False,
) -> bool:
    """Put a running analysis back into the queue after a transient error, to be tried later; waits grow.

    Parameters
    ----------
    session : Session
        A writing transaction.
    claim : Claim
        The analysis.
    code, message : str
        Of the error, for who asked.
    wait_seconds : float, optional
        How long to wait; default: longer each time.
    is_patient : bool, default=False
        Whether to try for as long as it takes, because the cause is on our side and somebody will mend it.

    Returns
    -------
    bool
        Whether it will be tried again; False if it failed for good or was no longer this worker's.
    """
    row = session.get_one(Analysis, claim.analysis_id, populate_existing=True)
    if row.n_transient >= MAX_TRANSIENT and not is_patient:
        fail(session, claim, code=code, message=f"{message} Tried {row.n_transient + 1} times.")
        return False
    now = database_now(session)
    wait = wait_seconds if wait_seconds is not None else _FIRST_WAIT_SECONDS * 2**row.n_transient
    values = {
        **leases.QUEUED_AGAIN,
        "n_transient": row.n_transient + 1,
        "not_before": now + datetime.timedelta(seconds=wait),
        "error_code": code,
        "error_message": message,
    }
    moved = _update(session, _is_wanted(claim), values)
    if moved:
        text = f"{message} Trying again in {wait:.0f} s."
        _log(session, claim.analysis_id, claim.attempt, "warning", row.stage, text, now)
    return moved


def running_on(session: Session, worker: str) -> list[Running]:
    """Return what runs on a worker."""
    return leases.running_on(session, Analysis, worker)


def renew(session: Session, worker: str, pids: Sequence[int], *, lease_seconds: float) -> int:
    """Renew the leases of what these processes of a worker run; return how many."""
    return leases.renew(session, Analysis, worker, pids, lease_seconds=lease_seconds)


def account(session: Session, job_id: int, attempt: int, clock: float) -> None:
    """Add the processor time that an attempt has taken since somebody last looked; see `cpu_use`."""
    cpu_use.account(session, job_id, attempt, clock)


def sweep(session: Session) -> int:
    """Bring back analyses whose lease has run out; return how many wait for a worker now.

    The caller sends that many work messages: whatever a broker lost is sent again this way.
    """
    now = database_now(session)
    reason = "Its worker fell silent; the work goes on from the last stored stage."
    for analysis_id, attempt in leases.lost(session, Analysis, now):
        hand_back(session, analysis_id, attempt, reason=reason)
        meters.count(session, "leases_lost", "analysis")
    return turns.count_startable(session, now)


def progress_of(stage: str, fraction: float) -> float:
    """Return the share of the whole that is done when a stage is done by `fraction`."""
    names = list(STAGES)
    before = sum(STAGES[name] for name in names[: names.index(stage)])
    return min(0.99, (before + STAGES[stage] * fraction) / sum(STAGES.values()))


def _next(session: Session, now: datetime.datetime) -> Row[*tuple[Any, ...]] | None:
    """Return the next analysis, made sure of that its owner may have one more running."""
    while (found := turns.first(session, now)) is not None:
        row = session.execute(_NEEDED, {"found": found}).one()
        if not quotas.limits_of(session, row.owner_id).n_running:
            return row
        # Two workers may have counted at the same moment. Now the others wait, so that a second count is right.
        storage_use.lock(session, row.owner_id)
        if session.scalar(turns.in_order(now).where(Analysis.id == found)) is not None:
            return row
    return None


def _is_running(analysis_id: int, attempt: int) -> ColumnElement[bool]:
    return leases.is_running(Analysis, analysis_id, attempt)


def _is_wanted(claim: Claim) -> ColumnElement[bool]:
    return leases.is_wanted(Analysis, claim.analysis_id, claim.attempt)


def _why_not(session: Session, claim: Claim) -> Exception:
    row = session.execute(
        select(Analysis.status, Analysis.attempt, Analysis.cancel_requested_at).where(Analysis.id == claim.analysis_id)
    ).one_or_none()
    is_ours = row is not None and row.status == Status.RUNNING and row.attempt == claim.attempt
    if row is not None and is_ours and row.cancel_requested_at is not None:
        return AnalysisCancelled("The analysis was cancelled.")
    return LeaseLost(
        f"Expected analysis {claim.public_id} to run under attempt {claim.attempt}; "
        f"found {'no such row' if row is None else f'{row.status}, attempt {row.attempt}'}."
    )


def _end(session: Session, analysis_id: int, attempt: int, status: Status, *, code: str | None, message: str) -> bool:
    moved = leases.end(session, Analysis, analysis_id, attempt, status, code=code, message=message)
    if moved:
        level = "error" if status == Status.FAILED else "info"
        _log(session, analysis_id, attempt, level, None, message, database_now(session))
    return moved


def _update(session: Session, where: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
    return leases.update_rows(session, Analysis, where, values) > 0


def _log(
    session: Session,
    analysis_id: int,
    attempt: int,
    level: str,
    stage: str | None,
    message: str,
    at: datetime.datetime,
) -> None:
    line = {
        "analysis_id": analysis_id,
        "attempt": attempt,
        "at": at,
        "level": level,
        "stage": stage,
        "message": message,
    }
    session.execute(into(LogLine), line)

"""The ledger of trials: append-only, chained by hashes, never uncounted."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, text
from sqlalchemy.orm import Session

from quant.stages import hash_json
from quant.validation.likeness import independent_trials
from webapp.db import database_now
from webapp.tables import Trial, TrialSeries

FIRST_HASH = "0" * 64
_LEDGER_LOCK = 7_305_661  # any number that no other advisory lock of ours uses


@dataclass(frozen=True)
class TrialEntry:
    """One trial as a worker reports it."""

    kind: str
    number: int
    model: str
    parameters: Mapping[str, Any]
    score_name: str
    score: float | None
    sharpe_ratio: float | None
    weeks: bytes | None = None


@dataclass(frozen=True)
class Ground:
    """What trials were made on: price series, bar interval and span of sessions."""

    series_ids: tuple[int, ...]
    interval: str
    first_session: datetime.date
    last_session: datetime.date


@dataclass(frozen=True)
class LedgerCheck:
    """The outcome of re-reading the whole chain; `broken_at` is the id of the first row that does not fit."""

    n_rows: int
    broken_at: int | None


def record(session: Session, *, owner_id: int, analysis_id: int, ground: Ground, entries: Sequence[TrialEntry]) -> int:
    """Append trials that are not in the ledger yet.

    Parameters
    ----------
    session : Session
        A writing transaction.
    owner_id, analysis_id : int
        Whose trials, and of which analysis.
    ground : Ground
        What they were made on.
    entries : sequence of TrialEntry
        The trials. One with a kind and number that the analysis already has is the same trial, made again by an
        attempt that resumed, and is not counted twice.

    Returns
    -------
    int
        How many were appended.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite's writers already wait for one another
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LEDGER_LOCK})
    known = {
        (kind, number)
        for kind, number in session.execute(select(Trial.kind, Trial.number).where(Trial.analysis_id == analysis_id))
    }
    previous = session.scalar(select(Trial.hash).order_by(Trial.id.desc()).limit(1)) or FIRST_HASH
    now = database_now(session)
    fresh = [entry for entry in entries if (entry.kind, entry.number) not in known]
    rows = []
    for entry in fresh:
        row = {
            "owner_id": owner_id,
            "analysis_id": analysis_id,
            "kind": entry.kind,
            "number": entry.number,
            "interval": ground.interval,
            "first_session": ground.first_session,
            "last_session": ground.last_session,
            "model": entry.model,
            "parameters": dict(entry.parameters),
            "score_name": entry.score_name,
            "score": entry.score,
            "sharpe_ratio": entry.sharpe_ratio,
            "weeks": entry.weeks,
            "created_at": now,
            "previous_hash": previous,
        }
        previous = _hash(row, ground.series_ids)
        rows.append({**row, "hash": previous})
    if rows:  # a sweep has thousands
        added = insert(Trial).returning(Trial.id, sort_by_parameter_order=True)
        ids = session.scalars(added, rows).all()
        seen = [{"trial_id": trial_id, "series_id": each} for trial_id in ids for each in ground.series_ids]
        if seen:
            session.execute(insert(TrialSeries), seen)
    return len(rows)


def count(session: Session, ground: Ground) -> int:
    """Return how many trials anyone has ever made on an overlapping span of any of these series."""
    return session.scalar(select(func.count()).select_from(Trial).where(*_on(ground))) or 0


def count_independent(session: Session, ground: Ground) -> float:
    """Return how many independent trials those of `count` amount to, by what they earned week by week.

    A trial from before the ledger kept that, or one that never earned anything, counts as one.
    """
    return independent_trials(session.scalars(select(Trial.weeks).where(*_on(ground))))


def _on(ground: Ground) -> list[ColumnElement[bool]]:
    """Return what is true of trials on an overlapping span of any of these series."""
    of_series = select(TrialSeries.trial_id).where(TrialSeries.series_id.in_(ground.series_ids))
    return [
        Trial.id.in_(of_series),
        Trial.interval == ground.interval,
        Trial.first_session <= ground.last_session,
        Trial.last_session >= ground.first_session,
    ]


def check(session: Session) -> LedgerCheck:
    """Re-read the whole ledger and recompute its chain."""
    previous = FIRST_HASH
    n_rows = 0
    for row in session.scalars(select(Trial).order_by(Trial.id)):
        n_rows += 1
        series = tuple(session.scalars(select(TrialSeries.series_id).where(TrialSeries.trial_id == row.id)))
        if row.previous_hash != previous or row.hash != _hash(row.__dict__, series):
            return LedgerCheck(n_rows, row.id)
        previous = row.hash
    return LedgerCheck(n_rows, None)


def _hash(row: Mapping[str, Any], series_ids: Sequence[int]) -> str:
    """Hash everything but the owner, who may be anonymised later; rows without weeks as before there were any."""
    weeks = {} if row["weeks"] is None else {"weeks": row["weeks"].hex()}
    return hash_json(
        {
            **weeks,
            "previous": row["previous_hash"],
            "analysis": row["analysis_id"],
            "kind": row["kind"],
            "number": row["number"],
            "series": sorted(series_ids),
            "interval": row["interval"],
            "span": [row["first_session"].isoformat(), row["last_session"].isoformat()],
            "model": row["model"],
            "parameters": dict(row["parameters"]),
            "score_name": row["score_name"],
            "score": row["score"],
            "sharpe_ratio": row["sharpe_ratio"],
            "created_at": row["created_at"].isoformat(),
        }
    )

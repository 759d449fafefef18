"""Uploads as their owners see them."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.tables import PriceSeries, Security, Upload, UploadDecision, UploadFinding


@dataclass(frozen=True)
class FindingView:
    """One kind of thing that was found in a file, where, and what becomes of it; as the gate says it."""

    code: str
    severity: str
    treatment: str
    choices: tuple[str, ...]
    count: int
    lines: tuple[int, ...]
    columns: tuple[str, ...]
    message: str
    option: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class DecisionView:
    """What was decided about a kind of finding, by whom, when and why. `decision` is None if it was taken back."""

    code: str
    decision: str | None
    reason: str
    user_id: int
    at: datetime.datetime


@dataclass(frozen=True)
class UploadView:
    """A file and what the gate says about it.

    Attributes
    ----------
    id : str
        Public id.
    filename : str
        As it was called where it came from.
    content_hash : str
        Of its bytes.
    n_bytes : int
        Its size.
    status : {"checked", "stored"}
        Whether its rows are in the store.
    version : int
        Raised by every change.
    choices, layout : mapping
        What its owner said about the layout, and how it is read.
    preview : list of (line, cells)
        Its first rows.
    interval : str
        Length of a bar.
    n_rows, n_kept, n_quarantined : int
        Rows of the file, or of its chosen instrument; those that are or would be stored; those that stay out.
    is_storable : bool
        Whether nothing has to be chosen or mended any more.
    findings : tuple of FindingView
        What has to be answered first; empty in lists.
    decisions : tuple of DecisionView
        All that was ever decided, oldest first; empty in lists.
    created_at, stored_at : datetime, optional
        When.
    instrument_id, symbol : str, optional
        The series that it was stored in.
    revision : int, optional
        The vintage of that series.
    """

    id: str
    filename: str
    content_hash: str
    n_bytes: int
    status: str
    version: int
    choices: Mapping[str, Any]
    layout: Mapping[str, Any]
    preview: Sequence[Any]
    interval: str
    n_rows: int
    n_kept: int
    n_quarantined: int
    is_storable: bool
    findings: tuple[FindingView, ...]
    decisions: tuple[DecisionView, ...]
    created_at: datetime.datetime
    stored_at: datetime.datetime | None
    instrument_id: str | None
    symbol: str | None
    revision: int | None


def decisions_of(session: Session, row: Upload) -> list[UploadDecision]:
    """Return all that was ever decided about an upload, oldest first."""
    query = select(UploadDecision).where(UploadDecision.upload_id == row.id).order_by(UploadDecision.id)
    return list(session.scalars(query))


def view_of(session: Session, row: Upload) -> UploadView:
    """Return an upload with its findings and decisions."""
    found = session.execute(
        select(PriceSeries.public_id, Security.symbol)
        .join(Security, Security.id == PriceSeries.security_id)
        .where(PriceSeries.id == row.series_id)
    ).one_or_none()
    instrument_id, symbol = found or (None, None)
    query = select(UploadFinding).where(UploadFinding.upload_id == row.id).order_by(UploadFinding.position)
    findings = [
        FindingView(
            each.code, each.severity, each.treatment, tuple(each.choices), each.count, tuple(each.lines),
            tuple(each.columns), each.message, each.option, each.facts,
        )
        for each in session.scalars(query)
    ]  # fmt: skip
    decisions = [
        DecisionView(each.code, each.decision, each.reason, each.user_id, each.at)
        for each in decisions_of(session, row)
    ]
    return brief(row, instrument_id, symbol, tuple(findings), tuple(decisions))


def brief(
    row: Upload, instrument_id: str | None, symbol: str | None, findings: tuple[FindingView, ...] = (),
    decisions: tuple[DecisionView, ...] = (),
) -> UploadView:  # fmt: skip
    """Return an upload with what the caller has read of it already."""
    return UploadView(
        id=row.public_id, filename=row.filename, content_hash=row.content_hash, n_bytes=row.n_bytes, status=row.status,
        version=row.version, choices=row.choices, layout=row.layout, preview=row.preview, interval=row.interval,
        n_rows=row.n_rows, n_kept=row.n_kept, n_quarantined=row.n_quarantined, is_storable=row.is_storable,
        findings=findings, decisions=decisions, created_at=row.created_at, stored_at=row.stored_at,
        instrument_id=instrument_id, symbol=symbol, revision=row.revision,
    )  # fmt: skip

"""Files of prices that people brought: how they are read, what was found, what was decided, what stayed out."""

import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base


class Upload(Base):
    """One file of one person. Its bytes lie in the file store under their hash; nobody else reaches them by it."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("status IN ('checked', 'stored')", name="status"),
        Index("ix_uploads_owner", "owner_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    filename: Mapped[str] = mapped_column(String(200))  # as the browser named it; shown, never opened
    content_hash: Mapped[str] = mapped_column(String(64))  # of the bytes
    n_bytes: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(default=1)  # raised by every change; part of the WHERE of the next one
    choices: Mapped[dict[str, Any]] = mapped_column(JSON)  # what the person said about the layout
    layout: Mapped[dict[str, Any]] = mapped_column(JSON)  # how it is read
    preview: Mapped[list[Any]] = mapped_column(JSON)  # the first rows, each with its line
    interval: Mapped[str] = mapped_column(String(24))
    n_rows: Mapped[int]
    n_kept: Mapped[int]
    n_quarantined: Mapped[int]
    is_storable: Mapped[bool]
    created_at: Mapped[datetime.datetime]
    stored_at: Mapped[datetime.datetime | None]
    series_id: Mapped[int | None] = mapped_column(ForeignKey("price_series.id"), index=True)
    revision: Mapped[int | None]  # the vintage that it made, or found unchanged


class UploadFinding(Base):
    """One kind of thing that was found in a file; written anew whenever it is judged again."""

    __tablename__ = "upload_findings"

    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(8))
    treatment: Mapped[str] = mapped_column(String(16))
    choices: Mapped[list[str]] = mapped_column(JSON)
    count: Mapped[int]
    lines: Mapped[list[int]] = mapped_column(JSON)
    columns: Mapped[list[str]] = mapped_column(JSON)
    message: Mapped[str] = mapped_column(Text)
    option: Mapped[str | None] = mapped_column(String(24))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)


class UploadDecision(Base):
    """What a person decided about a kind of finding, and why. Rows are only added; the newest of a code counts."""

    __tablename__ = "upload_decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    decision: Mapped[str | None] = mapped_column(String(16))  # NULL: taken back
    reason: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    at: Mapped[datetime.datetime]


class QuarantinedRow(Base):
    """One row of a stored file that stayed out of the store, and why."""

    __tablename__ = "quarantined_rows"

    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)

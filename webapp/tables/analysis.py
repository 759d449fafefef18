"""An analysis: one submitted question, its progress and where its answer lies."""

import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base
from webapp.logs import request_id
from webapp.tables.keys import BIG_KEY


class Analysis(Base):
    """One submitted question. Only `services.jobs` and `services.analyses` write `status`."""

    __tablename__ = "analyses"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
        # All that a claim looks at, so that whoever waits is found without reading a row.
        Index("ix_analyses_queue", "status", "owner_id", "priority", "submitted_at", "id", "not_before", "study_id"),
        # Lists, in their orders; with what they are filtered by, they are searched and counted without reading a row.
        Index(
            "ix_analyses_owner",
            "owner_id",
            "archived_at",
            "study_id",
            "submitted_at",
            "id",
            "status",
            "is_credible",
            "keywords",
        ),
        Index("ix_analyses_history", "owner_id", "submitted_at", "public_id", "status"),
        Index("ix_analyses_title", "owner_id", "title", "id", "archived_at", "study_id"),
        Index("ix_analyses_status", "owner_id", "status", "id", "archived_at", "study_id"),
        Index("ix_analyses_newest", "submitted_at", "id", "study_id", "status"),
        # Of members alone: SQLite would else find by it, and sort, all that belong to no study.
        Index(
            "ix_analyses_study",
            "study_id",
            "study_number",
            unique=True,
            sqlite_where=text("study_id IS NOT NULL"),
            postgresql_where=text("study_id IS NOT NULL"),
        ),
        # Counted by their states, without reading a row.
        Index(
            "ix_analyses_members",
            "study_id",
            "status",
            "study_number",
            sqlite_where=text("study_id IS NOT NULL"),
            postgresql_where=text("study_id IS NOT NULL"),
        ),
        # The ledger outlives the analysis, and knows its trials by this number: it must never be given again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("analyses.id"), index=True)  # re-run of
    title: Mapped[str] = mapped_column(String(120))

    # The question, resolved, as it was understood at submission. Never rewritten.
    spec: Mapped[dict[str, Any]] = mapped_column(JSON)
    spec_version: Mapped[int]
    spec_hash: Mapped[str] = mapped_column(String(64), index=True)
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshots.id"), index=True)  # pinned at the first claim
    pins: Mapped[dict[str, Any]] = mapped_column(JSON)  # what a re-run must repeat: number of tuning trials

    # The job.
    status: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int] = mapped_column(default=0)  # smaller first
    attempt: Mapped[int] = mapped_column(default=0)  # the fencing token: part of the WHERE of every write by a worker
    n_transient: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime.datetime | None]
    worker: Mapped[str | None] = mapped_column(String(120))  # host:pid of the worker's main process
    worker_pid: Mapped[int | None]  # of the process that computes
    lease_expires_at: Mapped[datetime.datetime | None] = mapped_column(index=True)
    cancel_requested_at: Mapped[datetime.datetime | None]
    submitted_at: Mapped[datetime.datetime]
    started_at: Mapped[datetime.datetime | None]  # of the newest attempt
    finished_at: Mapped[datetime.datetime | None]
    stage: Mapped[str | None] = mapped_column(String(32))
    stage_fraction: Mapped[float] = mapped_column(default=0.0)
    progress: Mapped[float] = mapped_column(default=0.0)  # of the whole; never falls
    stage_seconds: Mapped[dict[str, float]] = mapped_column(JSON)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)

    # The answer.
    result_key: Mapped[str | None] = mapped_column(String(64))
    result_hash: Mapped[str | None] = mapped_column(String(64))
    verdict: Mapped[str | None] = mapped_column(Text)
    is_credible: Mapped[bool | None]
    versions: Mapped[dict[str, str]] = mapped_column(JSON)

    # What it is found by, and whether lists leave it out.
    keywords: Mapped[str | None] = mapped_column(Text)  # title, symbols and models in lower case
    archived_at: Mapped[datetime.datetime | None]  # counted as before

    # What its attempts have in common.
    first_started_at: Mapped[datetime.datetime | None]
    progress_before: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))  # the newest one
    cpu_seconds: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))  # of all
    cpu_mark: Mapped[float | None]  # what its process's own clock showed when `cpu_seconds` was last added to
    request_id: Mapped[str | None] = mapped_column(String(64), default=request_id)  # that asked for it, as in the log

    # The study that it belongs to, if any.
    study_id: Mapped[int | None] = mapped_column(ForeignKey("studies.id"))
    study_number: Mapped[int | None]  # its combination in the study's grid, from 0; NULL: a later try has its place

    # Of its instruments, so that lists read no question. PostgreSQL compares no defaults of its plain JSON.
    symbols: Mapped[list[str]] = mapped_column(JSON().with_variant(JSONB(), "postgresql"), server_default=text("'[]'"))

    # Of one that was computed elsewhere and came in a bundle: when, and what that said of where it comes from.
    imported_at: Mapped[datetime.datetime | None]
    origin: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class AnalysisTag(Base):
    """A word that the owner of an analysis has put on it."""

    __tablename__ = "analysis_tags"
    __table_args__ = (Index("ix_analysis_tags_owner", "owner_id", "name", "analysis_id"),)

    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))  # of the analysis, which never changes


class LogLine(Base):
    """A line of an analysis's log."""

    __tablename__ = "analysis_log"
    __table_args__ = (Index("ix_analysis_log_analysis", "analysis_id", "id"),)

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    attempt: Mapped[int]
    at: Mapped[datetime.datetime]
    level: Mapped[str] = mapped_column(String(8))
    stage: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(Text)


class Artifact(Base):
    """A stored stage output or result that an analysis uses; for clean-up and quota."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("analysis_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))  # "result", or the stage: "features", "predict/fold-3"
    key: Mapped[str] = mapped_column(String(64), index=True)
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime.datetime]

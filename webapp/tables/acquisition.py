"""Acquiring prices: one request to a source or one file to read, and what each source was last like."""

import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base
from webapp.logs import request_id

_ONE_AT_A_TIME = text("status = 'running' AND kind = 'fetch'")


class Acquisition(Base):
    """One job of bringing prices into the raw store. Only `services.acquisition_jobs` and `.acquisitions` write it."""

    __tablename__ = "acquisitions"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
        CheckConstraint("kind IN ('fetch', 'import')", name="kind"),
        CheckConstraint("extent IN ('newest', 'all')", name="extent"),
        Index("ix_acquisitions_queue", "status", "submitted_at"),
        Index("ix_acquisitions_owner", "owner_id", "submitted_at"),
        # A source is asked one thing at a time, by whatever number of workers: the database itself says so.
        Index(
            "uq_acquisitions_fetching",
            "source",
            unique=True,
            sqlite_where=_ONE_AT_A_TIME,
            postgresql_where=_ONE_AT_A_TIME,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))

    # What is wanted.
    kind: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(32))
    symbol: Mapped[str] = mapped_column(String(32))
    interval: Mapped[str] = mapped_column(String(8))
    extent: Mapped[str] = mapped_column(String(16))  # newest: from the last stored bars on; all: whatever there is
    request: Mapped[dict[str, Any]] = mapped_column(JSON)  # what else its kind needs: an import's file and mapping

    # The job; the columns mean what they mean for an analysis.
    status: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(default=0)  # the fencing token: part of the WHERE of every write by a worker
    n_transient: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime.datetime | None]
    worker: Mapped[str | None] = mapped_column(String(120))
    worker_pid: Mapped[int | None]
    lease_expires_at: Mapped[datetime.datetime | None] = mapped_column(index=True)
    cancel_requested_at: Mapped[datetime.datetime | None]
    submitted_at: Mapped[datetime.datetime]
    started_at: Mapped[datetime.datetime | None]
    finished_at: Mapped[datetime.datetime | None]
    progress: Mapped[float] = mapped_column(default=0.0)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)

    # What it brought.
    series_id: Mapped[int | None] = mapped_column(ForeignKey("price_series.id"), index=True)
    revision: Mapped[int | None]  # the newest vintage afterwards
    n_bars: Mapped[int | None]  # in the delivery
    n_added: Mapped[int | None]
    n_restated: Mapped[int | None]
    n_withdrawn: Mapped[int | None]
    message: Mapped[str | None] = mapped_column(Text)  # what it brought, in words
    request_id: Mapped[str | None] = mapped_column(String(64), default=request_id)  # that asked for it, as in the log


class PriceSource(Base):
    """How a source of prices last answered: what the circuit breaker knows."""

    __tablename__ = "price_sources"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    n_failures: Mapped[int] = mapped_column(default=0)  # in a row
    not_before: Mapped[datetime.datetime | None]  # it is not asked earlier
    failed_at: Mapped[datetime.datetime | None]
    succeeded_at: Mapped[datetime.datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)

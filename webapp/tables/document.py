"""Documents of an answer: a report, a tear sheet or a bundle, made once by a worker and kept as a file."""

import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base
from webapp.logs import request_id


class Document(Base):
    """One job of making a document. Only `services.documents` and `services.document_jobs` write it."""

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
        CheckConstraint("kind IN ('html', 'pdf', 'bundle')", name="kind"),
        UniqueConstraint("analysis_id", "kind"),
        Index("ix_documents_queue", "status", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)  # who asked for it
    kind: Mapped[str] = mapped_column(String(8))
    recipe: Mapped[int]  # how it was made: an older one is made anew when somebody asks

    # The job; the columns mean what they mean for an analysis.
    status: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(default=0)
    n_transient: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime.datetime | None]
    worker: Mapped[str | None] = mapped_column(String(120))
    worker_pid: Mapped[int | None]
    lease_expires_at: Mapped[datetime.datetime | None] = mapped_column(index=True)
    cancel_requested_at: Mapped[datetime.datetime | None]
    submitted_at: Mapped[datetime.datetime]
    started_at: Mapped[datetime.datetime | None]
    finished_at: Mapped[datetime.datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(String(64), default=request_id)

    # The file.
    content_hash: Mapped[str | None] = mapped_column(String(64))
    n_bytes: Mapped[int | None]

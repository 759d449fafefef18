"""Who computes which stage, so that no two do the same."""

import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base


class StageClaim(Base):
    """A costly stage that somebody computes now, or offers to whoever is free. It goes when the output is stored."""

    __tablename__ = "stage_claims"

    id: Mapped[int] = mapped_column(primary_key=True)  # what was offered first is taken first
    key: Mapped[str] = mapped_column(String(64), unique=True)  # where the output will lie
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), index=True)  # for which
    attempt: Mapped[int] = mapped_column(default=0)  # the fencing token, as for jobs
    worker: Mapped[str | None] = mapped_column(String(120))  # unknown: offered, and taken by nobody yet
    worker_pid: Mapped[int | None]
    lease_expires_at: Mapped[datetime.datetime | None]
    started_at: Mapped[datetime.datetime | None]

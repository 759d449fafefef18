"""The ledger of trials: every attempt to find something in a span of prices, counted for ever."""

import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base
from webapp.tables.keys import BIG_KEY


class Trial(Base):
    """One trial. Rows are only added; each carries the hash of the one before it.

    `owner_id` and `analysis_id` have no foreign key: the ledger outlives both.
    """

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint("analysis_id", "kind", "number"),  # an analysis that runs twice is counted once
        UniqueConstraint("previous_hash"),  # the chain cannot fork
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(index=True)
    analysis_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))  # "candidate", "tuning" or "rule"; of a later fold with its number
    number: Mapped[int]
    interval: Mapped[str] = mapped_column(String(8))
    first_session: Mapped[datetime.date]
    last_session: Mapped[datetime.date]
    model: Mapped[str] = mapped_column(String(32))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    score_name: Mapped[str] = mapped_column(String(16))
    score: Mapped[float | None]
    sharpe_ratio: Mapped[float | None]  # per bar, of the purged signals without costs; NULL: unknown
    created_at: Mapped[datetime.datetime]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    weeks: Mapped[bytes | None] = mapped_column(LargeBinary)  # what it earned, see `quant.validation.likeness`


class TrialSeries(Base):
    """A price series that a trial looked at."""

    __tablename__ = "trial_series"
    __table_args__ = (Index("ix_trial_series_series", "series_id"),)

    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id"), primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("price_series.id"), primary_key=True)

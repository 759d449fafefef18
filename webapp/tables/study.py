"""A study: one base question and the axes along which its analyses differ."""

import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base


class Study(Base):
    """Many analyses from one grid. Where it is follows from its analyses; here is what its owner has said."""

    __tablename__ = "studies"
    __table_args__ = (Index("ix_studies_owner", "owner_id", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(120))
    spec: Mapped[dict[str, Any]] = mapped_column(JSON)  # the base question as it was sent; members have theirs resolved
    axes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # path and values of each, in order
    n_members: Mapped[int]
    n_folded: Mapped[int]  # combinations that ask what another asks already
    created_at: Mapped[datetime.datetime]
    paused_at: Mapped[datetime.datetime | None]  # since when no member is started
    cancelled_at: Mapped[datetime.datetime | None]  # when all that was left of it was last cancelled
    hidden_at: Mapped[datetime.datetime | None]  # since when it and its analyses are out of lists; they count as before

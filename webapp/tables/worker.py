"""The workers that are alive: each one's keeper says so every few seconds."""

import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base


class Worker(Base):
    """One worker since its start. A row that is not renewed is that of a worker that is gone."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)  # as it claims: host:pid:start
    seen_at: Mapped[datetime.datetime] = mapped_column(index=True)
    memory_bytes: Mapped[int | None] = mapped_column(BigInteger)  # of its main process and children

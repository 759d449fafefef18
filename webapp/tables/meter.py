"""What is counted as it happens, so that nobody has to go through a hundred thousand rows to know it."""

import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base


class Meter(Base):
    """How often something has happened, and the sum of what it measured. Both only grow."""

    __tablename__ = "meters"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    label: Mapped[str] = mapped_column(String(100), primary_key=True)  # words, with a space between them
    n: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[float]


class Singleton(Base):
    """A program of which one works at a time: who does, and until when nobody else may."""

    __tablename__ = "singletons"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    expires_at: Mapped[datetime.datetime]

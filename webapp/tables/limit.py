"""How much each person may take of the installation's time and room, and what they have taken of it."""

import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base


class _Limits:
    """The four limits. 0 is no limit; NULL is none in the house's row, and the house's own in a user's."""

    n_running: Mapped[int | None]  # analyses at once
    n_queued: Mapped[int | None]  # analyses that wait
    cpu_minutes: Mapped[int | None]  # a day, in UTC
    storage_bytes: Mapped[int | None] = mapped_column(BigInteger)  # of results and uploads


class HouseLimits(_Limits, Base):
    """What holds for everybody who has no limit of their own; one row, or none."""

    __tablename__ = "house_limits"

    id: Mapped[int] = mapped_column(primary_key=True)  # always 1


class UserLimits(_Limits, Base):
    """What an administrator has set for one person."""

    __tablename__ = "user_limits"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


class CpuUse(Base):
    """The processor time that a person's analyses took on one day, attempts that were lost or killed included."""

    __tablename__ = "cpu_use"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    used_on: Mapped[datetime.date] = mapped_column(primary_key=True)  # in UTC
    seconds: Mapped[float]


class StorageUse(Base):
    """What the stored outputs of a person's answers take, what several of their answers use counted once."""

    __tablename__ = "storage_use"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    n_bytes: Mapped[int] = mapped_column(BigInteger)

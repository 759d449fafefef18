"""What was answered to requests that may come twice."""

import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base


class IdempotencyKey(Base):
    """A key that a program gave to a request, so that sending it again makes nothing twice. Kept for a day.

    `answer` is encrypted with what only the program and the server's secret key have together: it may hold a token.
    """

    __tablename__ = "idempotency_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)  # of the person and the key
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64))  # of the request
    created_at: Mapped[datetime.datetime] = mapped_column(index=True)
    answer: Mapped[str | None] = mapped_column(Text)  # unknown: it is being made, or was lost

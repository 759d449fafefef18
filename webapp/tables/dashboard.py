"""What a person has set on the Dashboard."""

import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base


class DashboardChoice(Base):
    """One row a person: what they look at, so that it is the same on another machine."""

    __tablename__ = "dashboard_choices"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime.datetime]

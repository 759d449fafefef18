"""Which workers are alive: each one's keeper says so every few seconds."""

import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.tables import Worker

ALIVE_FOR = datetime.timedelta(seconds=20)  # a keeper says so every five
_FORGOTTEN_AFTER = datetime.timedelta(days=1)


def beat(session: Session, worker: str) -> None:
    """Say that a worker is alive; workers that have not been seen for a day are forgotten."""
    now = database_now(session)
    seen = session.execute(update(Worker).where(Worker.name == worker).values(seen_at=now))
    if not seen.rowcount:  # type: ignore[attr-defined]  # an UPDATE has a row count
        session.add(Worker(name=worker, seen_at=now))
        session.execute(delete(Worker).where(Worker.seen_at < now - _FORGOTTEN_AFTER))


def say_farewell(session: Session, worker: str) -> None:
    """Say that a worker is gone."""
    session.execute(delete(Worker).where(Worker.name == worker))


def count_alive(session: Session) -> int:
    """Return how many workers have said in the last twenty seconds that they are alive."""
    since = database_now(session) - ALIVE_FOR
    return session.scalar(select(func.count()).where(Worker.seen_at >= since)) or 0

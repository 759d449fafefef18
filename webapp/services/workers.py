"""Which workers are alive: each one's keeper says so every few seconds."""

import datetime
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.tables import Worker

ALIVE_FOR = datetime.timedelta(seconds=20)  # a keeper says so every five
_FORGOTTEN_AFTER = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Alive:
    """A worker that is alive, and the memory that its processes take, as far as it is known."""

    name: str
    memory_bytes: int | None


def beat(session: Session, worker: str, memory_bytes: int | None = None) -> None:
    """Say that a worker is alive, and how much it takes; workers that have not been seen for a day are forgotten."""
    now = database_now(session)
    seen = session.execute(update(Worker).where(Worker.name == worker).values(seen_at=now, memory_bytes=memory_bytes))
    if not seen.rowcount:  # type: ignore[attr-defined]  # an UPDATE has a row count
        session.add(Worker(name=worker, seen_at=now, memory_bytes=memory_bytes))
        session.execute(delete(Worker).where(Worker.seen_at < now - _FORGOTTEN_AFTER))


def say_farewell(session: Session, worker: str) -> None:
    """Say that a worker is gone."""
    session.execute(delete(Worker).where(Worker.name == worker))


def count_alive(session: Session) -> int:
    """Return how many workers have said in the last twenty seconds that they are alive."""
    since = database_now(session) - ALIVE_FOR
    return session.scalar(select(func.count()).where(Worker.seen_at >= since)) or 0


def list_alive(session: Session) -> list[Alive]:
    """Return the workers that have said in the last twenty seconds that they are alive."""
    since = database_now(session) - ALIVE_FOR
    rows = session.execute(
        select(Worker.name, Worker.memory_bytes).where(Worker.seen_at >= since).order_by(Worker.name)
    )
    return [Alive(name, memory_bytes) for name, memory_bytes in rows]

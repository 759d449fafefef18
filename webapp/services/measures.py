"""What a monitoring system wants to know, in a few queries by index; nothing of anybody's contents."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.services import meters, workers
from webapp.services.leases import Jobs
from webapp.services.workers import Alive
from webapp.services.workflow import Status
from webapp.tables import Acquisition, Analysis, Document

KINDS: dict[str, Jobs] = {"analysis": Analysis, "acquisition": Acquisition, "document": Document}


@dataclass(frozen=True)
class Measures:
    """How the installation does.

    Attributes
    ----------
    jobs : mapping of (str, str) to int
        How many there are now, by kind and status (`queued`, `running`).
    oldest_seconds : mapping of str to float
        How long the oldest waits that has waited longest, by kind; 0 if none waits.
    workers : list of Alive
        Those that have said in the last twenty seconds that they are alive.
    counted : mapping
        What has happened since the first day: see `meters.read`.
    """

    jobs: Mapping[tuple[str, str], int]
    oldest_seconds: Mapping[str, float]
    workers: list[Alive]
    counted: Mapping[str, list[tuple[tuple[str, ...], int, float]]]


def read_measures(session: Session) -> Measures:
    """Return how the installation does; the caller has made sure that the asker may know."""
    now = database_now(session)
    jobs: dict[tuple[str, str], int] = {}
    oldest: dict[str, float] = {}
    for kind, table in KINDS.items():
        for status in (Status.QUEUED, Status.RUNNING):
            jobs[kind, status] = session.scalar(select(func.count()).where(table.status == status)) or 0
        since: datetime.datetime | None = session.scalar(
            select(func.min(table.submitted_at)).where(table.status == Status.QUEUED)
        )
        oldest[kind] = (now - since).total_seconds() if since else 0.0
    return Measures(jobs, oldest, workers.list_alive(session), meters.read(session))

"""How the installation does: workers alive, work that waits and runs, the newest prices. No contents of anybody."""

import datetime
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.permissions import Actor
from webapp.services import workers
from webapp.services.price_store import is_visible_to
from webapp.services.workflow import Status
from webapp.tables import Acquisition, Analysis, PriceRevision, PriceSeries


@dataclass(frozen=True)
class SystemStatus:
    """What everybody who works here may know.

    Attributes
    ----------
    n_workers : int
        Workers that have said in the last twenty seconds that they are alive.
    n_running, n_waiting : int
        Analyses and acquisitions.
    prices_at : datetime, optional
        When the newest shared or own prices came.
    """

    n_workers: int
    n_running: int
    n_waiting: int
    prices_at: datetime.datetime | None


def read_status(session: Session, actor: Actor) -> SystemStatus:
    """Return how the installation does.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks; whoever is signed in may.

    Returns
    -------
    SystemStatus
        Numbers only: of prices, the moment of the newest that the actor may see.
    """
    counts = {Status.QUEUED: 0, Status.RUNNING: 0}
    for table in (Analysis, Acquisition):
        rows = session.execute(
            select(table.status, func.count()).where(table.status.in_(counts)).group_by(table.status)
        )
        for status, n in rows:
            counts[Status(status)] += n
    newest = (
        select(func.max(PriceRevision.created_at))
        .join(PriceSeries, PriceSeries.id == PriceRevision.series_id)
        .where(is_visible_to(actor.user_id))
    )
    return SystemStatus(
        workers.count_alive(session), counts[Status.RUNNING], counts[Status.QUEUED], session.scalar(newest)
    )

"""Processor time: what each attempt of an analysis takes is added to the analysis and to its owner's day.

The clock is that of the process that computes: what it shows at the claim is written down, and everybody who looks
later, the process itself or the keeper beside it, adds what has passed since. Whoever is second adds nothing.
"""

import datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.tables import Analysis, CpuUse


def account(session: Session, analysis_id: int, attempt: int, clock: float) -> float:
    """Add what an attempt has taken since somebody last looked.

    Parameters
    ----------
    session : Session
        A writing transaction.
    analysis_id : int
        Key of the analysis.
    attempt : int
        Of which; another one's time is not touched.
    clock : float
        Processor seconds that its process has taken in its life.

    Returns
    -------
    float
        The seconds that were added; 0 if somebody has added them already, or it is another attempt by now.
    """
    query = select(Analysis.owner_id, Analysis.cpu_mark).where(Analysis.id == analysis_id, Analysis.attempt == attempt)
    found = session.execute(query.with_for_update()).one_or_none()
    if found is None or found.cpu_mark is None or clock <= found.cpu_mark:
        return 0.0
    seconds = clock - float(found.cpu_mark)
    session.execute(
        update(Analysis)
        .where(Analysis.id == analysis_id)
        .values(cpu_seconds=Analysis.cpu_seconds + seconds, cpu_mark=clock)
        .execution_options(synchronize_session=False)
    )
    spend(session, found.owner_id, seconds)
    return seconds


def spend(session: Session, user_id: int, seconds: float) -> None:
    """Add processor seconds to what a person has taken today."""
    today = database_now(session).date()
    more = (
        update(CpuUse)
        .where(CpuUse.user_id == user_id, CpuUse.used_on == today)
        .values(seconds=CpuUse.seconds + seconds)
        .execution_options(synchronize_session=False)
    )
    if session.execute(more).rowcount:  # type: ignore[attr-defined]  # an UPDATE has a row count
        return
    try:
        with session.begin_nested():
            session.add(CpuUse(user_id=user_id, used_on=today, seconds=seconds))
    except IntegrityError:  # somebody else has just begun the day
        session.execute(more)


def spent_today(session: Session, user_id: int, today: datetime.date) -> float:
    """Return the processor seconds that a person's analyses have taken today."""
    query = select(func.sum(CpuUse.seconds)).where(CpuUse.user_id == user_id, CpuUse.used_on == today)
    return session.scalar(query) or 0.0

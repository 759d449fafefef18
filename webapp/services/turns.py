"""Whose turn it is: the one policy by which workers take what is queued, and the place that it gives everybody."""

import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.services.workflow import Status
from webapp.tables import Analysis


def in_order(now: datetime.datetime) -> Select[Analysis]:
    """Select what may be started now, in the order in which it will be: priority, fewest running, age."""
    return select(Analysis).where(Analysis.status == Status.QUEUED, is_due(now)).order_by(*_policy())


def place_of(session: Session, analysis_id: int, now: datetime.datetime) -> int | None:
    """Return the place of an analysis among the queued.

    Parameters
    ----------
    session : Session
        A transaction.
    analysis_id : int
        Key of the analysis.
    now : datetime
        The database's moment. What has to wait for a later one stands behind all that has not.

    Returns
    -------
    int or None
        From 1, by what runs now: it changes when an analysis of any owner begins or ends. None if it is not queued.
    """
    has_to_wait = case((is_due(now), 0), else_=1)
    place = func.row_number().over(order_by=(has_to_wait, *_policy())).label("place")
    queue = select(Analysis.id, place).where(Analysis.status == Status.QUEUED).subquery()
    return session.scalar(select(queue.c.place).where(queue.c.id == analysis_id))


def places(session: Session, now: datetime.datetime) -> dict[int, int]:
    """Return the place of everything that is queued, by its key; see `place_of`."""
    has_to_wait = case((is_due(now), 0), else_=1)
    place = func.row_number().over(order_by=(has_to_wait, *_policy()))
    rows = session.execute(select(Analysis.id, place).where(Analysis.status == Status.QUEUED))
    return {analysis_id: number for analysis_id, number in rows}  # noqa: C416  # typed rows


def is_due(now: datetime.datetime) -> ColumnElement[bool]:
    """Select what need not wait for a later moment."""
    return or_(Analysis.not_before.is_(None), Analysis.not_before <= now)


def _policy() -> tuple[Any, ...]:
    other = aliased(Analysis)
    running = (
        select(func.count())
        .where(other.owner_id == Analysis.owner_id, other.status == Status.RUNNING)
        .correlate(Analysis)
        .scalar_subquery()
    )
    return Analysis.priority, running, Analysis.submitted_at, Analysis.id

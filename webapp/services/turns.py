"""Whose turn it is: the one policy by which workers take what is queued, and the place that it gives everybody.

Whatever may be started comes first: what is due, of owners who may have more running. Then smaller priority numbers,
owners with fewer running, and age. So a thousand members of one person's study, or their thousand analyses, stand
behind another's first.
"""

import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from webapp.db import UtcDateTime
from webapp.services import quotas
from webapp.services.workflow import Status
from webapp.tables import Analysis, Study

Moment = datetime.datetime | BindParameter[datetime.datetime]
Day = datetime.date | BindParameter[datetime.date]


def in_order(now: datetime.datetime) -> Select[int]:
    """Select the keys of what may be started now, in the order in which it will be."""
    return _in_order(now, now.date())


def first(session: Session, now: datetime.datetime) -> int | None:
    """Return the key of what is started next, if anything is; every claim asks this, so the question is made once."""
    return session.scalar(_FIRST, {"now": now, "today": now.date()})


def place_of(session: Session, analysis_id: int, now: datetime.datetime) -> int | None:
    """Return the place of an analysis among the queued.

    Parameters
    ----------
    session : Session
        A transaction.
    analysis_id : int
        Key of the analysis.
    now : datetime
        The database's moment. What may not be started yet stands behind all that may.

    Returns
    -------
    int or None
        From 1, by what runs now: it changes when an analysis of any owner begins or ends. None if it is not queued.
    """
    standing = _standing(now)
    mine = session.execute(_queue(*standing).where(Analysis.id == analysis_id)).one_or_none()
    if mine is None:
        return None
    ahead = tuple_(*standing) < tuple_(*(literal(own, each.type) for own, each in zip(mine, standing, strict=True)))
    return 1 + (session.scalar(_queue(func.count()).where(ahead)) or 0)


def first_in_line(
    session: Session, now: datetime.datetime, *, owner_id: int | None = None, limit: int = 200
) -> tuple[dict[int, int], int]:
    """Return the first that will be taken, of everybody or one owner.

    Parameters
    ----------
    session : Session
        A transaction.
    now : datetime
        The database's moment.
    owner_id : int, optional
        Only this owner's; their places are among everybody's.
    limit : int, default=200
        At most this many.

    Returns
    -------
    tuple of (dict, int)
        Places by key, and how many of these owners wait in all.
    """
    in_line = session.execute(_queue(Analysis.id, Analysis.owner_id).order_by(*_standing(now)))
    wanted = {key: place for place, (key, owner) in enumerate(in_line, start=1) if owner_id in (None, owner)}
    return dict(islice(wanted.items(), limit)), len(wanted)


def count_startable(session: Session, now: datetime.datetime) -> int:
    """Return how many of the queued a worker would take now."""
    query = select(func.count()).select_from(Analysis).where(Analysis.status == Status.QUEUED, may_start(now))
    return session.scalar(query) or 0


def may_start(now: datetime.datetime) -> ColumnElement[bool]:
    """Select what a worker would take: it is due, and its owner may have more running."""
    return _may_start(now, now.date())


def _may_start(now: Moment, today: Day) -> ColumnElement[bool]:
    return and_(is_due(now), Analysis.owner_id.not_in(quotas.held_back(today)))


def is_due(now: Moment) -> ColumnElement[bool]:
    """Select what need not wait for a later moment, nor for a study to go on that its owner has paused.

    Whatever else makes a queued analysis wait belongs here.
    """
    paused = select(Study.id).where(Study.paused_at.is_not(None))
    return and_(
        or_(Analysis.not_before.is_(None), Analysis.not_before <= now),
        or_(Analysis.study_id.is_(None), Analysis.study_id.not_in(paused)),
    )


def _in_order(now: Moment, today: Day) -> Select[int]:
    return _queue(Analysis.id).where(_may_start(now, today)).order_by(*_policy())


def _queue(*columns: Any) -> Select[Any]:
    """Select from what is queued, with how many each owner has running beside it, counted once for all."""
    return (
        select(*columns)
        .select_from(Analysis)
        .outerjoin(_running, _running.c.owner_id == Analysis.owner_id)
        .where(Analysis.status == Status.QUEUED)
    )


def _standing(now: datetime.datetime) -> tuple[Any, ...]:
    """Return by what the queued are told apart: what may not be started stands behind whatever may."""
    return case((may_start(now), 0), else_=1), *_policy()


def _policy() -> tuple[Any, ...]:
    return Analysis.priority, func.coalesce(_running.c.n_running, 0), Analysis.submitted_at, Analysis.id


_running = quotas.running_by_owner().subquery("running")
_FIRST = _in_order(bindparam("now", type_=UtcDateTime()), bindparam("today", type_=Date())).limit(1)

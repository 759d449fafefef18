"""Who may reach an analysis: its owner everything, and whom they share it with its content, for reading only.

The one place where this is decided. Whoever may not learns the same as if there were no such analysis.
"""

import datetime

from sqlalchemy import ColumnElement, or_, select, union_all
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import NotFound
from webapp.logs import mention
from webapp.permissions import Actor
from webapp.tables import Analysis, GroupMember, Share, ShareOpening

_NOTHING = "There is no such analysis."


def find_readable(session: Session, actor: Actor, analysis_id: str) -> Analysis:
    """Return the row of an analysis that the actor owns or that is shared with them.

    Raises
    ------
    NotFound
        In the same words whether it is another's or does not exist.
    """
    row = session.scalars(select(Analysis).where(Analysis.public_id == analysis_id)).one_or_none()
    if row is None or not may_read(session, actor, row):
        raise NotFound(_NOTHING)
    mention(analysis=analysis_id)
    return row


def find_owned(session: Session, actor: Actor, analysis_id: str) -> Analysis:
    """Return the row of an analysis that the actor owns: for whatever changes it, or says who may read it.

    Raises
    ------
    NotFound
        In the same words whether it is another's, shared or not, or does not exist.
    """
    row = session.scalars(select(Analysis).where(Analysis.public_id == analysis_id)).one_or_none()
    if row is None or row.owner_id != actor.user_id:
        raise NotFound(_NOTHING)
    mention(analysis=analysis_id)
    return row


def may_read(session: Session, actor: Actor, row: Analysis) -> bool:
    """Whether the actor owns an analysis, or it is shared with them at this moment."""
    if row.owner_id == actor.user_id:
        return True
    shared = is_shared_with(actor.user_id, database_now(session))
    return session.scalar(select(Analysis.id).where(Analysis.id == row.id, shared)) is not None


def is_shared_with(user_id: int, now: datetime.datetime) -> ColumnElement[bool]:
    """Return the condition on `analyses` that one is shared with this user: directly, by a group, or by a link."""
    # One way after the other, each by its index: for an "or" of the three, databases walk through everybody's shares.
    given = select(Share.analysis_id).where(or_(Share.expires_at.is_(None), Share.expires_at > now))
    ways = (
        given.where(Share.user_id == user_id),
        given.join(GroupMember, GroupMember.group_id == Share.group_id).where(GroupMember.user_id == user_id),
        given.join(ShareOpening, ShareOpening.share_id == Share.id).where(ShareOpening.user_id == user_id),
    )
    return Analysis.id.in_(union_all(*ways))

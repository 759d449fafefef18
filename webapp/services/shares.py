"""Sharing an analysis, for reading only: with a user, with a group, or with whoever in this house has a link.

Everything else stays with the owner. What is taken back, has run out, or came by a group that was left, is not found by
the next request: `services.access` asks each time.
"""

import datetime
import hashlib
import secrets
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import InvalidInput, NotFound, QuotaExceeded
from webapp.permissions import Actor, Permission, require
from webapp.services import audit
from webapp.services.access import find_owned
from webapp.services.accounts import to_email
from webapp.tables import Analysis, Group, GroupMember, Share, ShareOpening, User

MOST_DAYS = 365
MOST_SHARES = 100
_MAX_SECRET = 128


class ShareKind(StrEnum):
    """With whom something is shared."""

    USER = "user"
    GROUP = "group"
    LINK = "link"


@dataclass(frozen=True)
class ShareView:
    """One leave to read, as the owner sees it; `id` is public.

    `name` is that of the user or the group, empty for a link; `opened_by` are those who have opened the link.
    """

    id: str
    kind: ShareKind
    name: str
    email: str | None
    created_at: datetime.datetime
    expires_at: datetime.datetime | None
    opened_by: tuple[str, ...]


def list_shares(session: Session, actor: Actor, analysis_id: str) -> list[ShareView]:
    """Return who else may read an analysis, oldest first; what has run out is left out.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        The owner.
    analysis_id : str
        Public id of the analysis.

    Returns
    -------
    list of ShareView
        Without the secrets of links.

    Raises
    ------
    NotFound
        If the actor owns no such analysis.
    """
    require(actor, Permission.ANALYSES_READ)
    return _list(session, find_owned(session, actor, analysis_id))


def share_with_user(
    session: Session,
    actor: Actor,
    analysis_id: str,
    *,
    email: str,
    expires_in_days: int | None = None,
    address: str = "",
) -> ShareView:
    """Let a user read an analysis; if they may already, only until when changes.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The owner.
    analysis_id : str
        Public id of the analysis.
    email : str
        Whom to share it with; case and surrounding blanks do not matter.
    expires_in_days : int, optional
        1 to 365; None: until it is taken back.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    ShareView
        The share.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor owns no such analysis.
    InvalidInput
        If there is no active user with this address, it is the owner's own, or the days do not fit.
    QuotaExceeded
        If the analysis is shared a hundred times already.
    """
    row = _shareable(session, actor, analysis_id)
    user = session.scalars(select(User).where(User.email == to_email(email), User.is_active)).one_or_none()
    if user is None:
        raise _refused("email", "There is no active user with this address.")
    if user.id == actor.user_id:
        raise _refused("email", "This is your own address: the analysis is yours already.")
    found = session.scalars(select(Share).where(Share.analysis_id == row.id, Share.user_id == user.id)).one_or_none()
    share = found or Share(analysis_id=row.id, user_id=user.id)
    return _keep(session, actor, row, share, _until(session, expires_in_days), {"user": user.public_id}, address)


def share_with_group(
    session: Session,
    actor: Actor,
    analysis_id: str,
    *,
    group_id: str,
    expires_in_days: int | None = None,
    address: str = "",
) -> ShareView:
    """Let everybody in a group read an analysis, whoever that is at the moment of reading.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The owner.
    analysis_id : str
        Public id of the analysis.
    group_id : str
        Public id of a group that the actor is in; administrators may name any.
    expires_in_days : int, optional
        1 to 365; None: until it is taken back.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    ShareView
        The share.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor owns no such analysis.
    InvalidInput
        If the actor is in no such group, or the days do not fit.
    QuotaExceeded
        If the analysis is shared a hundred times already.
    """
    row = _shareable(session, actor, analysis_id)
    query = select(Group).where(Group.public_id == group_id)
    if not actor.may(Permission.USERS_MANAGE):
        query = query.where(Group.id.in_(select(GroupMember.group_id).where(GroupMember.user_id == actor.user_id)))
    group = session.scalars(query).one_or_none()
    if group is None:
        raise _refused("group_id", "Expected a group that you are in; found none with this id.")
    found = session.scalars(select(Share).where(Share.analysis_id == row.id, Share.group_id == group.id)).one_or_none()
    share = found or Share(analysis_id=row.id, group_id=group.id)
    return _keep(session, actor, row, share, _until(session, expires_in_days), {"group": group.public_id}, address)


def make_link(
    session: Session, actor: Actor, analysis_id: str, *, expires_in_days: int | None = None, address: str = ""
) -> tuple[ShareView, str]:
    """Make a link to an analysis: whoever is signed in here and opens it may read.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The owner.
    analysis_id : str
        Public id of the analysis.
    expires_in_days : int, optional
        1 to 365; None: until it is taken back.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    tuple of (ShareView, str)
        The share, and the link's secret, of which only the hash is kept.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor owns no such analysis.
    InvalidInput
        If the days do not fit.
    QuotaExceeded
        If the analysis is shared a hundred times already.
    """
    row = _shareable(session, actor, analysis_id)
    secret = secrets.token_urlsafe(32)
    share = Share(analysis_id=row.id, link_hash=_hash(secret))
    return _keep(session, actor, row, share, _until(session, expires_in_days), {"link": True}, address), secret


def revoke(session: Session, actor: Actor, analysis_id: str, share_id: str, *, address: str = "") -> None:
    """Take a share back; whoever read by it does not find the analysis any more.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The owner.
    analysis_id : str
        Public id of the analysis.
    share_id : str
        Public id of the share.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor owns no such analysis, or it has no such share.
    """
    row = _shareable(session, actor, analysis_id)
    share = session.scalars(select(Share).where(Share.analysis_id == row.id, Share.public_id == share_id)).one_or_none()
    if share is None:
        raise NotFound("There is no such share.")
    details = {"share": share.public_id}
    audit.record(
        session, action="analysis.unshared", subject=row.public_id, actor=actor, address=address, details=details
    )
    session.delete(share)
    session.flush()


def open_link(session: Session, actor: Actor, secret: str, *, address: str = "") -> str:
    """Return the analysis that a link leads to, which the actor may read from now on, as long as the link is there.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who has the link.
    secret : str
        Its secret.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    str
        Public id of the analysis.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If there is no such link, or it was taken back or has run out; which of these is not said.
    """
    require(actor, Permission.ANALYSES_READ)
    now = database_now(session)
    found = None
    if len(secret) <= _MAX_SECRET:
        found = session.execute(
            select(Share, Analysis)
            .join(Analysis, Analysis.id == Share.analysis_id)
            .where(Share.link_hash == _hash(secret), or_(Share.expires_at.is_(None), Share.expires_at > now))
            .with_for_update(of=Share)  # so that opening it twice at the same moment is noted once
        ).one_or_none()
    if found is None:
        raise NotFound("This link leads nowhere: it was taken back, has run out, or is not complete.")
    share, row = found
    if row.owner_id != actor.user_id and session.get(ShareOpening, (share.id, actor.user_id)) is None:
        session.add(ShareOpening(share_id=share.id, user_id=actor.user_id, opened_at=now))
        details = {"share": share.public_id}
        audit.record(
            session, action="analysis.link_opened", subject=row.public_id, actor=actor, address=address, details=details
        )
    public_id: str = row.public_id
    return public_id


def _shareable(session: Session, actor: Actor, analysis_id: str) -> Analysis:
    require(actor, Permission.ANALYSES_RUN)
    row = find_owned(session, actor, analysis_id)
    # Locked, so that two requests at the same moment do not both make what there may be only one of.
    session.execute(select(Analysis.id).where(Analysis.id == row.id).with_for_update())
    return row


def _until(session: Session, days: int | None) -> datetime.datetime | None:
    if days is None:
        return None
    if not 1 <= days <= MOST_DAYS:
        raise _refused("expires_in_days", f"Expected 1 to {MOST_DAYS} days; found {days}.")
    return database_now(session) + datetime.timedelta(days=days)


def _keep(
    session: Session,
    actor: Actor,
    row: Analysis,
    share: Share,
    expires_at: datetime.datetime | None,
    whom: dict[str, object],
    address: str,
) -> ShareView:
    share.expires_at = expires_at
    if share.id is None:
        if (session.scalar(select(func.count()).where(Share.analysis_id == row.id)) or 0) >= MOST_SHARES:
            raise QuotaExceeded(f"Expected at most {MOST_SHARES} shares of an analysis. Take one back, or use a group.")
        share.public_id, share.created_at = secrets.token_hex(8), database_now(session)
        session.add(share)
    session.flush()
    audit.record(
        session,
        action="analysis.shared",
        subject=row.public_id,
        actor=actor,
        address=address,
        details={"share": share.public_id, **whom, "expires_at": expires_at.isoformat() if expires_at else None},
    )
    return next(view for view in _list(session, row) if view.id == share.public_id)


def _list(session: Session, row: Analysis) -> list[ShareView]:
    now = database_now(session)
    found = session.execute(
        select(Share, User, Group)
        .outerjoin(User, User.id == Share.user_id)
        .outerjoin(Group, Group.id == Share.group_id)
        .where(
            Share.analysis_id == row.id,
            or_(Share.expires_at.is_(None), Share.expires_at > now),
            or_(Share.user_id.is_(None), User.is_active),
        )
        .order_by(Share.id)
    ).all()
    openers: defaultdict[int, list[str]] = defaultdict(list)
    opened = session.execute(
        select(ShareOpening.share_id, User.name)
        .join(User, User.id == ShareOpening.user_id)
        .join(Share, Share.id == ShareOpening.share_id)
        .where(Share.analysis_id == row.id, User.is_active)
        .order_by(ShareOpening.opened_at, User.id)
    )
    for share_id, name in opened:
        openers[share_id].append(name)
    return [_view(share, user, group, tuple(openers[share.id])) for share, user, group in found]


def _view(share: Share, user: User | None, group: Group | None, opened_by: tuple[str, ...]) -> ShareView:
    kind = ShareKind.USER if user else ShareKind.GROUP if group else ShareKind.LINK
    return ShareView(
        id=share.public_id,
        kind=kind,
        name=user.name if user else group.name if group else "",
        email=user.email if user else None,
        created_at=share.created_at,
        expires_at=share.expires_at,
        opened_by=opened_by,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _refused(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, fields={field: message})

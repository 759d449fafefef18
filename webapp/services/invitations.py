"""Invitations: a link by which one person makes themselves an account, without mail and without a shared password.

The administrator sees the link once and hands it over by whatever way they trust. Its secret is random and kept as a
hash only; it ends by itself, can be revoked, and works once.
"""

import datetime
import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.permissions import Actor, Role
from webapp.services import accounts, audit, passwords, signing_in
from webapp.services.accounts import require_manager
from webapp.services.sessions import Visit
from webapp.services.signing_in import SignIn
from webapp.tables import Invitation, User

MAX_DAYS = 30
_MAX_LENGTH = 128
_MOST = 200


@dataclass(frozen=True)
class InvitationView:
    """An invitation that still works, without its secret; `id` is public."""

    id: str
    email: str
    role: Role
    invited_by: str
    created_at: datetime.datetime
    expires_at: datetime.datetime


def create_invitation(
    session: Session, actor: Actor, *, email: str, role: Role, days: int = 7, address: str = ""
) -> tuple[InvitationView, str]:
    """Invite somebody; an earlier invitation of the same address is revoked.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The administrator who asks.
    email : str
        What they will sign in with.
    role : Role
        What they may do.
    days : int, default=7
        Until it ends by itself, 1 to 30.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    tuple of (InvitationView, str)
        The invitation, and the secret of its link, to be shown once: it is stored nowhere.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    InvalidInput
        If e-mail or days do not fit.
    Conflict
        If somebody has an account with this e-mail.
    """
    require_manager(actor)
    email = accounts.to_email(email)
    accounts.check_identity(email, "somebody")
    if not 1 <= days <= MAX_DAYS:
        wrong = f"expected 1 to {MAX_DAYS}; found {days}"
        raise InvalidInput(f"The invitation does not fit: {wrong}.", fields={"days": wrong})
    if accounts.find_row(session, email) is not None:
        raise Conflict(f"There is already a user with the e-mail {email}. Reset their password instead.")
    now = database_now(session)
    session.execute(
        update(Invitation)
        .where(Invitation.email == email, *_works(now))
        .values(revoked_at=now)
        .execution_options(synchronize_session="fetch")
    )
    secret = secrets.token_urlsafe(32)
    row = Invitation(
        public_id=secrets.token_hex(8),
        token_hash=_hash(secret),
        email=email,
        role=role,
        invited_by_id=actor.user_id,
        created_at=now,
        expires_at=now + datetime.timedelta(days=days),
    )
    session.add(row)
    session.flush()
    details = {"role": str(role), "days": days}
    audit.record(
        session, action="invitation.created", subject=row.public_id, actor=actor, address=address, details=details
    )
    return _view(row, actor.name), secret


def list_invitations(session: Session, actor: Actor) -> list[InvitationView]:
    """Return the invitations that still work, newest first.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    """
    require_manager(actor)
    rows = session.execute(
        select(Invitation, User.name)
        .join(User, User.id == Invitation.invited_by_id)
        .where(*_works(database_now(session)))
        .order_by(Invitation.id.desc())
        .limit(_MOST)
    )
    return [_view(row, name) for row, name in rows]


def revoke_invitation(session: Session, actor: Actor, invitation_id: str, *, address: str = "") -> None:
    """Make an invitation worthless; doing it twice changes nothing.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The administrator who asks.
    invitation_id : str
        Public id of the invitation.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such invitation.
    Conflict
        If it has been used: there is an account now.
    """
    require_manager(actor)
    row = session.scalars(
        select(Invitation).where(Invitation.public_id == invitation_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such invitation.")
    if row.accepted_at is not None:
        raise Conflict("This invitation has been used. Disable or delete the user instead.")
    if row.revoked_at is None:
        row.revoked_at = database_now(session)
        audit.record(session, action="invitation.revoked", subject=row.public_id, actor=actor, address=address)


def find_invitation(session: Session, secret: str) -> InvitationView:
    """Return the invitation that a link belongs to; for the person who was invited.

    Raises
    ------
    NotFound
        If the link was never one, has ended, was revoked or used.
    """
    row = _find(session, secret)
    return _view(row, session.get_one(User, row.invited_by_id).name)


def accept_invitation(
    session: Session, secret: str, *, name: str, password: str, visit: Visit, address: str = ""
) -> SignIn:
    """Make an account of an invitation, and sign in; works once.

    Parameters
    ----------
    session : Session
        A writing transaction.
    secret : str
        From the link.
    name : str
        What others will see.
    password : str
        At least 10 characters.
    visit : Visit
        The browser for which a session is opened.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    SignIn
        The actor, and what the session cookie carries.

    Raises
    ------
    NotFound
        If the link was never one, has ended, was revoked or used.
    InvalidInput
        If name or password do not fit; the invitation still works then.
    Conflict
        If somebody has made an account with this e-mail meanwhile.
    """
    passwords.check_strength(password)
    row = _find(session, secret)
    now = database_now(session)
    taken = session.execute(
        update(Invitation)
        .where(Invitation.id == row.id, *_works(now))
        .values(accepted_at=now)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]  # an UPDATE has a row count
    if not taken:
        raise _ended()
    view = accounts.create_user(
        session, None, email=row.email, name=name, role=Role(row.role), password=password, address=address
    )
    user = session.scalars(select(User).where(User.public_id == view.id)).one()
    audit.record(
        session,
        action="invitation.accepted",
        subject=row.public_id,
        actor=accounts.to_actor(user),
        address=address,
    )
    return signing_in.admit(session, user, visit=visit, address=address)


def _find(session: Session, secret: str) -> Invitation:
    if len(secret) > _MAX_LENGTH:
        raise _ended()
    row = session.scalars(
        select(Invitation).where(Invitation.token_hash == _hash(secret), *_works(database_now(session)))
    ).one_or_none()
    if row is None:
        raise _ended()
    return row


def _ended() -> NotFound:
    return NotFound("This invitation has been used, revoked or has ended. Ask for a new link.")


def _works(now: datetime.datetime) -> tuple[ColumnElement[bool], ...]:
    return Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > now


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _view(row: Invitation, invited_by: str) -> InvitationView:
    return InvitationView(row.public_id, row.email, Role(row.role), invited_by, row.created_at, row.expires_at)

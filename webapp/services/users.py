"""What administrators do with accounts: find, make, shut out, let in, change role or password, end sessions, delete.

`actor` is None for the command line, which may do all of it. Nothing here leaves the house without an administrator who
can sign in.
"""

import datetime
import hashlib
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict, NotFound
from webapp.permissions import Actor, Role
from webapp.services import accounts, audit, paging, passwords, sessions, tokens, two_factor
from webapp.services.accounts import UserView, require_manager, to_view
from webapp.services.sessions import SessionView
from webapp.services.workflow import Status
from webapp.tables import Analysis, ApiToken, BrowserSession, GroupMember, Invitation, Share, User

_BY_EMAIL = (paging.Order(User.email),)
DELETED_NAME = "Deleted user"


@dataclass(frozen=True)
class UserPage:
    """Some of the users, and how many match."""

    items: tuple[UserView, ...]
    total: int
    next: str | None = None  # the cursor of the next page


def search_users(
    session: Session, actor: Actor | None, *, text: str = "", limit: int = 50, offset: int = 0, cursor: str = ""
) -> UserPage:
    """Return users by e-mail, those who were deleted left out.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor or None
        The administrator who asks.
    text : str, default=""
        Only those whose name or e-mail contains this, in any case.
    limit : int, default=50
        At most this many, 1 to 500.
    offset : int, default=0
        Leave out the first ones.
    cursor : str, default=""
        The `next` of the page before; empty: the first page.

    Returns
    -------
    UserPage
        The page and the total that matches.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    InvalidInput
        If the cursor is none of this list.
    """
    require_manager(actor)
    query = select(User).where(User.deleted_at.is_(None))
    wanted = text.strip().lower()
    if wanted:
        found = (func.lower(column).contains(wanted, autoescape=True) for column in (User.name, User.email))
        query = query.where(or_(*found))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows, following = paging.fetch_page(session, query.offset(max(0, offset)), _BY_EMAIL, cursor=cursor, limit=limit)
    return UserPage(tuple(to_view(row) for row in rows), total, following)


def get_user(session: Session, actor: Actor | None, user_id: str) -> UserView:
    """Return one user.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user, or no longer.
    """
    return to_view(_row(session, actor, user_id))


def create_with_password(
    session: Session, actor: Actor | None, *, email: str, name: str, role: Role, address: str = ""
) -> tuple[UserView, str]:
    """Let somebody new in with a password that is made up, and that opens nothing until they choose one of their own.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks.
    email : str
        What they sign in with.
    name : str
        What others see.
    role : Role
        What they may do.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    tuple of (UserView, str)
        The user, and the password, to be shown once: it is stored nowhere.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    InvalidInput
        If e-mail or name do not fit.
    Conflict
        If the e-mail is taken.
    """
    password = passwords.generate()
    view = accounts.create_user(
        session,
        actor,
        email=email,
        name=name,
        role=role,
        password=password,
        must_choose_password=True,
        address=address,
    )
    return view, password


def set_active(session: Session, actor: Actor | None, user_id: str, *, is_active: bool, address: str = "") -> UserView:
    """Shut a person out at once, with their sessions, tokens and open invitations, or let them in again.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks.
    user_id : str
        Public id of whom.
    is_active : bool
        Whether they may sign in.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    UserView
        The user afterwards. Sessions and tokens that ended stay so when they are let in again.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user.
    Conflict
        If nobody would be left who can manage users.
    """
    row = _row(session, actor, user_id)
    if row.is_active == is_active:
        return to_view(row)
    if not is_active:
        _keep_an_admin(session, row)
    row.is_active = is_active
    action = "account.enabled" if is_active else "account.disabled"
    audit.record(session, action=action, subject=row.public_id, actor=actor, address=address)
    if not is_active:
        _end_everything(session, actor, row, address)
        _take_back_invitations(session, actor, row, address)
    session.flush()
    return to_view(row)


def set_role(session: Session, actor: Actor | None, user_id: str, *, role: Role, address: str = "") -> UserView:
    """Give a person another role; it counts from their next request. The invitations of a former administrator end.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks.
    user_id : str
        Public id of whom.
    role : Role
        What they may do from now on.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    UserView
        The user afterwards.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user.
    Conflict
        If nobody would be left who can manage users.
    """
    row = _row(session, actor, user_id)
    before = Role(row.role)
    if before is role:
        return to_view(row)
    if before is Role.ADMIN:
        _keep_an_admin(session, row)
    row.role = role
    details = {"from": str(before), "to": str(role)}
    audit.record(
        session, action="account.role_changed", subject=row.public_id, actor=actor, address=address, details=details
    )
    if before is Role.ADMIN:
        _take_back_invitations(session, actor, row, address)
    session.flush()
    return to_view(row)


def set_password(session: Session, actor: Actor | None, user_id: str, *, password: str, address: str = "") -> None:
    """Give a person a new password, end all their sessions and revoke their tokens: whoever knew the old one is out.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks.
    user_id : str
        Public id of whom.
    password : str
        The new one, at least 10 characters.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    InvalidInput
        If the new password does not fit.
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user.
    """
    require_manager(actor)
    passwords.check_strength(password)
    password_hash = passwords.hash_password(password)  # before the first statement, which takes the database's lock
    row = _row(session, actor, user_id)
    row.password_hash, row.must_choose_password = password_hash, False
    audit.record(session, action="account.password_reset", subject=row.public_id, actor=actor, address=address)
    _end_everything(session, actor, row, address)


def reset_password(session: Session, actor: Actor | None, user_id: str, *, address: str = "") -> str:
    """Give a person a password that is made up; it opens nothing until they choose one of their own.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks.
    user_id : str
        Public id of whom.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    str
        The password, to be shown once: it is stored nowhere.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user.
    """
    password = passwords.generate()
    set_password(session, actor, user_id, password=password, address=address)
    row = _row(session, actor, user_id)
    row.must_choose_password = actor is None or actor.user_id != row.id  # one's own, nobody else has seen
    session.flush()
    return password


def delete_user(session: Session, actor: Actor | None, user_id: str, *, address: str = "") -> None:
    """Make a person unknown: name, e-mail, password, sessions and tokens go, what they ran stops.

    The row stays without them, because the ledger of trials and the audit trail name its number for ever, and so do
    their analyses, which those go on reading with whom they were shared; links end.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks.
    user_id : str
        Public id of whom.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user.
    Conflict
        If nobody would be left who can manage users.
    """
    row = _row(session, actor, user_id)
    _keep_an_admin(session, row)
    now = database_now(session)
    n_cancelled = _stop_analyses(session, row, now)
    for table in (BrowserSession, ApiToken, GroupMember, Share):
        session.execute(delete(table).where(table.user_id == row.id).execution_options(synchronize_session="fetch"))
    mine = select(Analysis.id).where(Analysis.owner_id == row.id)
    session.execute(  # links go: there is nobody left to take them back
        delete(Share)
        .where(Share.link_hash.is_not(None), Share.analysis_id.in_(mine))
        .execution_options(synchronize_session="fetch")
    )
    session.execute(
        delete(Invitation)
        .where(or_(Invitation.email == row.email, Invitation.invited_by_id == row.id))
        .execution_options(synchronize_session="fetch")
    )
    # The trail is not rewritten, but for the address that would still tell who it was; the id says which row it was.
    audit.forget(session, row.email, row.public_id)
    row.email = f"{hashlib.sha256(row.public_id.encode()).hexdigest()[:16]}@deleted.invalid"
    row.name = DELETED_NAME
    row.password_hash = ""
    two_factor.forget(session, row)
    row.is_active = False
    row.last_sign_in_at = None
    row.deleted_at = now
    audit.record(
        session,
        action="account.deleted",
        subject=row.public_id,
        actor=actor,
        address=address,
        details={"n_cancelled": n_cancelled},
    )
    session.flush()


def list_sessions_of(session: Session, actor: Actor | None, user_id: str, *, current: str = "") -> list[SessionView]:
    """Return a person's open sessions, the one used last first.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor or None
        The administrator who asks.
    user_id : str
        Public id of whom.
    current : str, default=""
        Public id of the session that asks.

    Returns
    -------
    list of SessionView
        Open sessions only.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user.
    """
    return sessions.views_of(session, _row(session, actor, user_id).id, current=current)


def end_session_of(session: Session, actor: Actor | None, user_id: str, session_id: str, *, address: str = "") -> None:
    """End one of a person's sessions; doing it twice changes nothing.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user, or they have no such session.
    """
    sessions.end_one(session, actor, _row(session, actor, user_id), session_id, address=address)


def end_sessions_of(session: Session, actor: Actor | None, user_id: str, *, address: str = "") -> int:
    """End all sessions of a person, and return how many there were.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user.
    """
    return sessions.end_all(session, actor, _row(session, actor, user_id), address=address)


def _row(session: Session, actor: Actor | None, user_id: str) -> User:
    require_manager(actor)
    row = session.scalars(select(User).where(User.public_id == user_id, User.deleted_at.is_(None))).one_or_none()
    if row is None:
        raise NotFound("There is no such user.")
    return row


def _keep_an_admin(session: Session, row: User) -> None:
    """Refuse to take away the last administrator who can sign in.

    Locked, so that two administrators who take each other away at the same moment do not both succeed.
    """
    admins = session.scalars(select(User.id).where(User.role == Role.ADMIN, User.is_active).with_for_update()).all()
    if list(admins) == [row.id]:
        raise Conflict(f"{row.email} is the last active administrator. Make another one first.")


def _end_everything(session: Session, actor: Actor | None, row: User, address: str) -> None:
    sessions.end_all(session, actor, row, address=address)
    tokens.revoke_all(session, actor, row, address=address)


def _take_back_invitations(session: Session, actor: Actor | None, row: User, address: str) -> None:
    """Revoke what a person has invited others by: who may not manage users any more must not come back by a link."""
    query = select(Invitation).where(
        Invitation.invited_by_id == row.id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
    now = database_now(session)
    for each in session.scalars(query.with_for_update()):
        each.revoked_at = now
        audit.record(session, action="invitation.revoked", subject=each.public_id, actor=actor, address=address)


def _stop_analyses(session: Session, owner: User, now: datetime.datetime) -> int:
    """Cancel what a person has in the queue, ask workers to stop what runs, and return how many these were."""
    mine = update(Analysis).where(Analysis.owner_id == owner.id).execution_options(synchronize_session="fetch")
    queued = mine.where(Analysis.status == Status.QUEUED).values(
        status=Status.CANCELLED, cancel_requested_at=now, finished_at=now
    )
    running = mine.where(Analysis.status == Status.RUNNING, Analysis.cancel_requested_at.is_(None)).values(
        cancel_requested_at=now
    )
    return sum(session.execute(each).rowcount for each in (queued, running))  # type: ignore[attr-defined]

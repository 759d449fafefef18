"""Accounts: who may sign in, and as what. What administrators do with them is in `users`."""

import datetime
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.permissions import Actor, Permission, Role, require
from webapp.services import audit, passwords
from webapp.tables import User

_MAX_EMAIL = 254
_MAX_NAME = 120
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True)
class UserView:
    """A person as an administrator sees them; `id` is public."""

    id: str
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: datetime.datetime
    last_sign_in_at: datetime.datetime | None
    has_two_factor: bool = False


def create_user(  # who asks, who it is, and how they come in
    session: Session,
    actor: Actor | None,
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    must_choose_password: bool = False,
    address: str = "",
) -> UserView:
    """Let somebody new in.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks; None for the command line.
    email : str
        What they sign in with; kept in lower case.
    name : str
        What others see.
    role : Role
        What they may do.
    password : str
        At least 10 characters.
    must_choose_password : bool, default=False
        Whether it opens nothing until they have chosen another.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    UserView
        The new user.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    InvalidInput
        If e-mail, name or password do not fit; `fields` says what was expected.
    Conflict
        If the e-mail is taken.
    """
    require_manager(actor)
    email, name = to_email(email), " ".join(name.split())
    check_identity(email, name)
    passwords.check_strength(password)
    password_hash = passwords.hash_password(password)  # before the first statement, which takes the database's lock
    row = User(
        public_id=secrets.token_hex(8),
        email=email,
        name=name,
        role=role,
        password_hash=password_hash,
        is_active=True,
        must_choose_password=must_choose_password,
        created_at=database_now(session),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise Conflict(f"There is already a user with the e-mail {email}. Choose another.") from error
    audit.record(
        session,
        action="account.created",
        subject=row.public_id,
        actor=actor,
        address=address,
        details={"role": str(role)},
    )
    return to_view(row)


def ensure_admin(session: Session, *, email: str, password: str = "") -> str | None:
    """Create the first administrator if there is none.

    Parameters
    ----------
    session : Session
        A writing transaction.
    email : str
        What they sign in with.
    password : str, default=""
        At least 10 characters; empty: one is made up.

    Returns
    -------
    str or None
        The password that was made up, to be shown once; None if there was nothing to make up.

    Raises
    ------
    InvalidInput
        If e-mail or password do not fit.
    Conflict
        If the e-mail belongs to somebody who is no administrator.
    """
    if session.scalar(select(func.count()).select_from(User).where(User.role == Role.ADMIN)):
        return None
    generated = None if password else passwords.generate()
    create_user(session, None, email=email, name="Administrator", role=Role.ADMIN, password=generated or password)
    return generated


def first_admin(session: Session) -> Actor | None:
    """Return the active administrator who has been here longest, or None if there is none."""
    admins = select(User).where(User.role == Role.ADMIN, User.is_active).order_by(User.id).limit(1)
    row = session.scalars(admins).one_or_none()
    return to_actor(row) if row else None


def list_users(session: Session, actor: Actor | None) -> list[UserView]:
    """Return everybody, by e-mail.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor or None
        The administrator who asks; None for the command line.

    Returns
    -------
    list of UserView
        All users, active or not.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    """
    require_manager(actor)
    rows = session.scalars(select(User).where(User.deleted_at.is_(None)).order_by(User.email))
    return [to_view(row) for row in rows]


def find_user(session: Session, email: str) -> UserView:
    """Return who has an e-mail address; for the command line.

    Raises
    ------
    NotFound
        If nobody has it.
    """
    row = find_row(session, to_email(email))
    if row is None:
        raise NotFound(f"There is no user with the e-mail {to_email(email)}.")
    return to_view(row)


def to_email(text: str) -> str:
    """Return an e-mail address as it is kept: without surrounding blanks, in lower case."""
    return text.strip().lower()


def check_identity(email: str, name: str) -> None:
    """Refuse an e-mail address or a name that does not fit.

    Raises
    ------
    InvalidInput
        With `fields` saying what was expected.
    """
    fields = {}
    if not _is_email(email):
        fields["email"] = f"expected an address like name@example.org, at most {_MAX_EMAIL} characters"
    if not 1 <= len(name) <= _MAX_NAME or not name.isprintable():
        fields["name"] = f"expected 1 to {_MAX_NAME} printable characters; found {len(name)} characters"
    if fields:
        wrong = "; ".join(f"{field}: {problem}" for field, problem in fields.items())
        raise InvalidInput(f"The account does not fit: {wrong}.", fields=fields)


def require_manager(actor: Actor | None) -> None:
    """Raise PermissionDenied unless the actor may manage users; None is the command line, which may."""
    if actor is not None:
        require(actor, Permission.USERS_MANAGE)


def find_row(session: Session, email: str) -> User | None:
    """Return the row of who has an e-mail address, as `to_email` returns it."""
    return session.scalars(select(User).where(User.email == email)).one_or_none() if _is_email(email) else None


def to_actor(row: User) -> Actor:
    """Return a person as services know them."""
    return Actor(user_id=row.id, name=row.name, role=Role(row.role), public_id=row.public_id)


def to_view(row: User) -> UserView:
    """Return a person as administrators see them."""
    return UserView(
        row.public_id,
        row.email,
        row.name,
        Role(row.role),
        row.is_active,
        row.created_at,
        row.last_sign_in_at,
        row.two_factor_since is not None,
    )


def _is_email(email: str) -> bool:
    return len(email) <= _MAX_EMAIL and email.isprintable() and _EMAIL.fullmatch(email) is not None

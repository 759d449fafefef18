"""Accounts: who may sign in, and as what."""

import datetime
import hmac
import re
import secrets
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict, InvalidCredentials, InvalidInput, NotFound
from webapp.permissions import Actor, Permission, Role, require
from webapp.services import audit, passwords, tokens
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


@dataclass(frozen=True)
class PasswordCheck:
    """What came of comparing a password: `password_hash` is the one it was compared with, None for an unknown name."""

    email: str
    user_id: int | None
    password_hash: str | None
    is_right: bool
    new_hash: str | None = None


@dataclass(frozen=True)
class SignIn:
    """A person who has just proved who they are, and what their session cookie has to carry."""

    actor: Actor
    public_id: str
    session_token: str


def verify_password(session: Session, email: str, password: str) -> PasswordCheck:
    """Compare a password with the stored one; slow on purpose, and just as slow for an unknown name.

    The first half of `authenticate`. It only reads, so that the slow comparison need not hold up every writer of the
    database; `sign_in` is the second half.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    email : str
        As typed; case and surrounding blanks do not matter.
    password : str
        As typed.

    Returns
    -------
    PasswordCheck
        To be handed to `sign_in` at once.
    """
    email = to_email(email)
    row = _find(session, email) if _is_email(email) else None
    password_hash = row.password_hash if row else None
    check = PasswordCheck(email, row.id if row else None, password_hash, passwords.is_right(password_hash, password))
    if check.is_right and password_hash is not None and passwords.is_outdated(password_hash):
        return replace(check, new_hash=passwords.hash_password(password))
    return check


def sign_in(session: Session, check: PasswordCheck, *, address: str = "") -> SignIn:
    """Sign a person in whose password was compared, or refuse; both go to the audit trail.

    Parameters
    ----------
    session : Session
        A writing transaction. The line about a refusal is in it when the error is raised: catch the error inside the
        transaction, or the line is lost.
    check : PasswordCheck
        What `verify_password` returned.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    SignIn
        The actor, and what the session cookie carries.

    Raises
    ------
    InvalidCredentials
        If the name is unknown, the password wrong or just changed, or the person may no longer sign in. Which of these
        it was is not said.
    """
    row = session.get(User, check.user_id) if check.is_right and check.user_id is not None else None
    if row is None or not row.is_active or row.password_hash != check.password_hash:
        audit.record(session, action="account.sign_in_refused", subject=check.email, address=address)
        raise InvalidCredentials("E-mail or password is not right. Check both and try again.")
    row.last_sign_in_at = database_now(session)
    if check.new_hash is not None:
        row.password_hash = check.new_hash
    actor = _actor(row)
    audit.record(session, action="account.signed_in", subject=row.email, actor=actor, address=address)
    return SignIn(actor, row.public_id, row.session_token)


def authenticate(session: Session, email: str, password: str, *, address: str = "") -> Actor:
    """Return who has this name and password.

    Parameters
    ----------
    session : Session
        A writing transaction. It is held while the password is compared (about 0.15 s); where many may ask at once, use
        `verify_password` and `sign_in`. Catch the error inside the transaction, or its audit line is lost.
    email : str
        As typed; case and surrounding blanks do not matter.
    password : str
        As typed.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    Actor
        Who may now act.

    Raises
    ------
    InvalidCredentials
        If the name is unknown, the password wrong, or the person may no longer sign in.
    """
    return sign_in(session, verify_password(session, email, password), address=address).actor


def actor_for_session(session: Session, public_id: str, session_token: str) -> Actor | None:
    """Return who a session cookie stands for, or None if it no longer stands for anybody.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    public_id : str
        Public id of the user.
    session_token : str
        The token that was current at sign-in; a newer one has ended all earlier sessions.

    Returns
    -------
    Actor or None
        None if the user is gone or inactive, or the token is not the current one.
    """
    row = session.scalars(select(User).where(User.public_id == public_id)).one_or_none()
    if row is None or not row.is_active or not hmac.compare_digest(row.session_token.encode(), session_token.encode()):
        return None
    return _actor(row)


def sign_out(session: Session, actor: Actor, *, address: str = "") -> None:
    """End all sessions of a person, on every device: a copied cookie is worth nothing afterwards.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who signs out.
    address : str, default=""
        Network address of the request, for the audit trail.
    """
    row = session.get_one(User, actor.user_id)
    row.session_token = _new_session_token()
    audit.record(session, action="account.signed_out", subject=row.email, actor=actor, address=address)


def create_user(
    session: Session, actor: Actor | None, *, email: str, name: str, role: Role, password: str, address: str = ""
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
    _require_manager(actor)
    email, name = to_email(email), " ".join(name.split())
    _check_new_user(email, name)
    passwords.check_strength(password)
    password_hash = passwords.hash_password(password)  # before the first statement, which takes the database's lock
    row = User(
        public_id=secrets.token_hex(8),
        email=email,
        name=name,
        role=role,
        password_hash=password_hash,
        session_token=_new_session_token(),
        is_active=True,
        created_at=database_now(session),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise Conflict(f"There is already a user with the e-mail {email}. Choose another.") from error
    audit.record(
        session, action="account.created", subject=email, actor=actor, address=address, details={"role": str(role)}
    )
    return _view(row)


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
    return _actor(row) if row else None


def change_password(
    session: Session,
    actor: Actor | None,
    *,
    email: str,
    password: str,
    current_password: str | None = None,
    address: str = "",
) -> None:
    """Give a person a new password, end all their sessions and revoke their tokens: whoever knew the old one is out.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        Who asks: the person, or an administrator; None for the command line.
    email : str
        Whose password.
    password : str
        The new one, at least 10 characters.
    current_password : str, optional
        The one that is replaced; needed from everybody who changes their own.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    InvalidInput
        If the new password does not fit.
    PermissionDenied
        If it is another's password and the actor may not manage users.
    InvalidCredentials
        If it is the actor's own and the current password is wrong.
    NotFound
        If there is no such user.
    """
    passwords.check_strength(password)
    password_hash = passwords.hash_password(password)
    row = _find(session, to_email(email))
    is_own = actor is not None and row is not None and row.id == actor.user_id
    if not is_own:
        _require_manager(actor)
    if row is None:
        raise NotFound(f"There is no user with the e-mail {to_email(email)}.")
    if is_own and not passwords.is_right(row.password_hash, current_password or ""):
        raise InvalidCredentials("The current password is not right. Type it again.")
    row.password_hash = password_hash
    row.session_token = _new_session_token()
    audit.record(session, action="account.password_changed", subject=row.email, actor=actor, address=address)
    tokens.revoke_all(session, actor, row, address=address)


def set_active(session: Session, actor: Actor | None, *, email: str, is_active: bool, address: str = "") -> UserView:
    """Shut a person out, with all their sessions and tokens, or let them in again.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks; None for the command line.
    email : str
        Whom.
    is_active : bool
        Whether they may sign in.
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
    _require_manager(actor)
    row = _find(session, to_email(email))
    if row is None:
        raise NotFound(f"There is no user with the e-mail {to_email(email)}.")
    if not is_active:
        # Locked, so that two administrators who disable each other at the same moment do not both succeed.
        admins = session.scalars(select(User.id).where(User.role == Role.ADMIN, User.is_active).with_for_update()).all()
        if list(admins) == [row.id]:
            raise Conflict(f"{row.email} is the last active administrator. Make another one first.")
        row.session_token = _new_session_token()
    row.is_active = is_active
    action = "account.enabled" if is_active else "account.disabled"
    audit.record(session, action=action, subject=row.email, actor=actor, address=address)
    session.flush()
    return _view(row)


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
    _require_manager(actor)
    return [_view(row) for row in session.scalars(select(User).order_by(User.email))]


def to_email(text: str) -> str:
    """Return an e-mail address as it is kept: without surrounding blanks, in lower case."""
    return text.strip().lower()


def _is_email(email: str) -> bool:
    return len(email) <= _MAX_EMAIL and email.isprintable() and _EMAIL.fullmatch(email) is not None


def _check_new_user(email: str, name: str) -> None:
    fields = {}
    if not _is_email(email):
        fields["email"] = f"expected an address like name@example.org, at most {_MAX_EMAIL} characters"
    if not 1 <= len(name) <= _MAX_NAME or not name.isprintable():
        fields["name"] = f"expected 1 to {_MAX_NAME} printable characters; found {len(name)} characters"
    if fields:
        wrong = "; ".join(f"{field}: {problem}" for field, problem in fields.items())
        raise InvalidInput(f"The account does not fit: {wrong}.", fields=fields)


def _require_manager(actor: Actor | None) -> None:
    if actor is not None:
        require(actor, Permission.USERS_MANAGE)


def _find(session: Session, email: str) -> User | None:
    return session.scalars(select(User).where(User.email == email)).one_or_none()


def _new_session_token() -> str:
    return secrets.token_urlsafe(32)


def _actor(row: User) -> Actor:
    return Actor(user_id=row.id, name=row.name, role=Role(row.role))


def _view(row: User) -> UserView:
    return UserView(
        row.public_id, row.email, row.name, Role(row.role), row.is_active, row.created_at, row.last_sign_in_at
    )

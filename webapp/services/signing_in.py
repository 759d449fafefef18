"""Signing in: a password is compared, and whoever it belongs to may act.

Comparing is slow on purpose and only reads; what follows writes and is quick. The two halves are apart, so that the
comparison does not hold up every writer of the database.
"""

import datetime
import hashlib
import hmac
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import InvalidCredentials, SecondFactorNeeded
from webapp.permissions import Actor
from webapp.secrets import SecretBox
from webapp.services import accounts, audit, passwords, sessions, two_factor
from webapp.services.sessions import Visit
from webapp.tables import AuditEvent, User

_ADDRESS_KNOWN_FOR = datetime.timedelta(days=90)


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
    """A person who has just proved who they are. `secret` is what their cookie has to carry, if a session was asked."""

    actor: Actor
    secret: str = ""


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
    email = accounts.to_email(email)
    row = accounts.find_row(session, email)
    password_hash = row.password_hash if row else None
    check = PasswordCheck(email, row.id if row else None, password_hash, passwords.is_right(password_hash, password))
    if check.is_right and password_hash is not None and passwords.is_outdated(password_hash):
        return replace(check, new_hash=passwords.hash_password(password))
    return check


def mark_of(check: PasswordCheck) -> str:
    """Return what a browser may carry between the two steps of a sign-in: worthless once the password has changed."""
    return hashlib.sha256(f"second step {check.password_hash}".encode()).hexdigest()


def recall_check(session: Session, email: str, mark: str) -> PasswordCheck:
    """Return the check that a mark stands for; who calls has seen that the mark is from a right password of late.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    email : str
        As `PasswordCheck` has it.
    mark : str
        What `mark_of` returned.

    Returns
    -------
    PasswordCheck
        To be handed to `sign_in`; not right if the password has changed meanwhile.
    """
    row = accounts.find_row(session, email)
    check = PasswordCheck(email, row.id if row else None, row.password_hash if row else None, is_right=False)
    return replace(check, is_right=row is not None and hmac.compare_digest(mark_of(check), mark))


def is_known_address(session: Session, email: str, address: str) -> bool:
    """Whether somebody has signed in from this network address within the last 90 days."""
    since = database_now(session) - _ADDRESS_KNOWN_FOR
    query = (
        select(AuditEvent.id)
        .join(User, User.id == AuditEvent.user_id)
        .where(User.email == email, AuditEvent.action == "account.signed_in")
        .where(AuditEvent.address == address, AuditEvent.at > since)
        .limit(1)
    )
    return session.scalar(query) is not None


def sign_in(
    session: Session,
    check: PasswordCheck,
    *,
    box: SecretBox | None = None,
    code: str = "",
    visit: Visit | None = None,
    address: str = "",
) -> SignIn:
    """Sign a person in whose password was compared, or refuse; both go to the audit trail.

    Parameters
    ----------
    session : Session
        A writing transaction. The line about a refusal is in it when the error is raised: catch the error inside the
        transaction, or the line is lost.
    check : PasswordCheck
        What `verify_password` returned.
    box : SecretBox, optional
        What opens the secrets of devices; without it, nobody who has one is let in.
    code : str, default=""
        What the person's device shows, or a recovery code, if they have two-factor sign-in on.
    visit : Visit, optional
        The browser for which a session is opened; none: no session is wanted.
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
        it was is not said. Or if the code is not right.
    SecondFactorNeeded
        If the password is right, and a code is needed beside it.
    """
    known = session.get(User, check.user_id) if check.user_id is not None else None
    row = known if check.is_right else None
    if row is None or not row.is_active or row.password_hash != check.password_hash:
        subject = known.public_id if known else check.email
        audit.record(session, action="account.sign_in_refused", subject=subject, address=address)
        raise InvalidCredentials("E-mail or password is not right. Check both and try again.")
    if row.two_factor_since is not None:
        if box is None or not code:
            raise SecondFactorNeeded("The password is right. Send the code that your device shows, too.")
        if not two_factor.is_right(session, box, row, code, address=address):
            audit.record(session, action="account.code_refused", subject=row.public_id, address=address)
            raise two_factor.wrong_code()
    if check.new_hash is not None:
        row.password_hash = check.new_hash
    return admit(session, row, visit=visit, address=address)


def admit(session: Session, user: User, *, visit: Visit | None = None, address: str = "") -> SignIn:
    """Let somebody in who has proved who they are; how, the calling service has found out."""
    user.last_sign_in_at = database_now(session)
    actor = accounts.to_actor(user)
    audit.record(session, action="account.signed_in", subject=user.public_id, actor=actor, address=address)
    secret = sessions.open_session(session, user, visit, address=address) if visit else ""
    return SignIn(actor, secret)


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


def sign_out(session: Session, actor: Actor, *, current: str, address: str = "") -> None:
    """End the session of this browser: a copy of its cookie is worth nothing afterwards.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who signs out.
    current : str
        Public id of the session.
    address : str, default=""
        Network address of the request, for the audit trail.
    """
    row = session.get_one(User, actor.user_id)
    audit.record(session, action="account.signed_out", subject=row.public_id, actor=actor, address=address)
    sessions.end_one(session, actor, row, current, is_told=False)

"""What people do with their own account: who they are, and another password."""

from sqlalchemy.orm import Session

from webapp.errors import InvalidCredentials, InvalidInput
from webapp.permissions import Actor
from webapp.services import accounts, audit, passwords, sessions, tokens
from webapp.services.accounts import UserView
from webapp.services.sessions import require_person
from webapp.tables import User


def get_me(session: Session, actor: Actor) -> UserView:
    """Return the actor as administrators see them."""
    return accounts.to_view(session.get_one(User, actor.user_id))


def prove(session: Session, actor: Actor, password: str) -> User:
    """Return the actor's row if this is their password: what changes how they sign in asks for it.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who signed in.
    password : str
        As typed.

    Returns
    -------
    User
        The row.

    Raises
    ------
    PermissionDenied
        If the actor acts by a token.
    InvalidCredentials
        If the password is wrong.
    """
    require_person(actor)
    row = session.get_one(User, actor.user_id)
    if not passwords.is_right(row.password_hash, password):
        raise InvalidCredentials("The password is not right. Type it again.")
    return row


def change_password(
    session: Session, actor: Actor, *, current_password: str, password: str, current: str = "", address: str = ""
) -> None:
    """Give oneself a new password, end all other sessions and revoke all tokens: whoever knew the old one is out.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who signed in.
    current_password : str
        The one that is replaced.
    password : str
        The new one, at least 10 characters.
    current : str, default=""
        Public id of the session that stays.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    PermissionDenied
        If the actor acts by a token.
    InvalidInput
        If the new password does not fit, or is the one that an administrator was shown.
    InvalidCredentials
        If the current one is wrong.
    """
    require_person(actor)
    passwords.check_strength(password)
    password_hash = passwords.hash_password(password)
    row = prove(session, actor, current_password)
    if row.must_choose_password and password == current_password:
        found = "expected another than the one that an administrator was shown"
        raise InvalidInput(f"The password does not fit: {found}.", fields={"password": found})
    action = "account.password_chosen" if row.must_choose_password else "account.password_changed"
    row.password_hash, row.must_choose_password = password_hash, False
    audit.record(session, action=action, subject=row.public_id, actor=actor, address=address)
    sessions.end_all(session, actor, row, keep=current, address=address)
    tokens.revoke_all(session, actor, row, address=address)

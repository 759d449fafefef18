"""Two-factor sign-in: a code of a device beside the password (TOTP, RFC 6238), and recovery codes for who loses it.

The device's secret is stored sealed, recovery codes as hashes. A code works once: the step it belongs to is remembered,
and none up to it is taken again. What changes how somebody signs in asks for their password.
"""

import datetime
import hashlib
import hmac
import secrets
from dataclasses import dataclass

import pyotp
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict, InvalidCredentials, NotFound
from webapp.permissions import Actor
from webapp.secrets import SecretBox
from webapp.services import accounts, audit, sessions
from webapp.services.own_account import prove
from webapp.services.sessions import require_person
from webapp.tables import RecoveryCode, User

ISSUER = "Assay"
N_CODES = 10
_STEP_SECONDS = 30
_DRIFT_STEPS = 1  # a device's clock may be off by one step
_DIGITS = 6
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_CODE_LENGTH = 16  # 79 bits: nobody finds one from its hash


@dataclass(frozen=True)
class TwoFactorStatus:
    """Whether a code is asked for at sign-in, since when, and how many recovery codes are left."""

    is_on: bool
    since: datetime.datetime | None
    n_codes_left: int


@dataclass(frozen=True)
class Enrolment:
    """What a device needs to know, shown until the first code proves that it does."""

    secret: str
    uri: str


def get_status(session: Session, actor: Actor) -> TwoFactorStatus:
    """Return how the actor signs in."""
    row = session.get_one(User, actor.user_id)
    left = select(func.count()).where(RecoveryCode.user_id == row.id, RecoveryCode.used_at.is_(None))
    return TwoFactorStatus(row.two_factor_since is not None, row.two_factor_since, session.scalar(left) or 0)


def begin(session: Session, box: SecretBox, actor: Actor, *, password: str) -> Enrolment:
    """Make a secret for a device; nothing is asked for at sign-in before `confirm`.

    Parameters
    ----------
    session : Session
        A writing transaction.
    box : SecretBox
        What seals it.
    actor : Actor
        Who signed in.
    password : str
        Theirs.

    Returns
    -------
    Enrolment
        For the device, as text and as the address that a QR code holds.

    Raises
    ------
    PermissionDenied
        If the actor acts by a token.
    InvalidCredentials
        If the password is wrong.
    Conflict
        If it is on already.
    """
    row = prove(session, actor, password)
    if row.two_factor_since is not None:
        raise Conflict("Two-factor sign-in is on already. Turn it off first to use another device.")
    secret = pyotp.random_base32()
    row.totp_secret = box.seal(secret)
    row.totp_last_step = None
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=row.email, issuer_name=ISSUER))


def confirm(
    session: Session, box: SecretBox, actor: Actor, *, code: str, current: str = "", address: str = ""
) -> tuple[str, ...]:
    """Turn two-factor sign-in on with the device's first code, and end all other sessions.

    Parameters
    ----------
    session : Session
        A writing transaction.
    box : SecretBox
        What opens the secret.
    actor : Actor
        Who signed in.
    code : str
        What the device shows.
    current : str, default=""
        Public id of the session that stays.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    tuple of str
        Recovery codes, to be shown once: they are stored nowhere.

    Raises
    ------
    PermissionDenied
        If the actor acts by a token.
    Conflict
        If it was not begun, or is on already.
    InvalidCredentials
        If the code is not right.
    """
    require_person(actor)
    row = session.get_one(User, actor.user_id)
    if row.totp_secret is None or row.two_factor_since is not None:
        raise Conflict("Expected a device that was just added; found none. Begin again with your password.")
    if not _is_device_code(session, box, row, _plain(code)):
        raise wrong_code()
    row.two_factor_since = database_now(session)
    audit.record(session, action="two_factor.enabled", subject=row.public_id, actor=actor, address=address)
    sessions.end_all(session, actor, row, keep=current, address=address)
    return _new_codes(session, row)


def turn_off(session: Session, actor: Actor, *, password: str, address: str = "") -> None:
    """Sign in by password alone from now on.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who signed in.
    password : str
        Theirs.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    PermissionDenied
        If the actor acts by a token.
    InvalidCredentials
        If the password is wrong.
    """
    _turn_off(session, actor, prove(session, actor, password), address)


def turn_off_for(session: Session, actor: Actor | None, user_id: str, *, address: str = "") -> None:
    """Let somebody who lost their device sign in by password alone, and end their sessions.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks; None for the command line.
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
    """
    accounts.require_manager(actor)
    row = session.scalars(select(User).where(User.public_id == user_id, User.deleted_at.is_(None))).one_or_none()
    if row is None:
        raise NotFound("There is no such user.")
    _turn_off(session, actor, row, address)
    sessions.end_all(session, actor, row, address=address)


def renew_codes(session: Session, actor: Actor, *, password: str, address: str = "") -> tuple[str, ...]:
    """Make new recovery codes; the old ones are worthless.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who signed in.
    password : str
        Theirs.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    tuple of str
        The codes, to be shown once: they are stored nowhere.

    Raises
    ------
    PermissionDenied
        If the actor acts by a token.
    InvalidCredentials
        If the password is wrong.
    Conflict
        If two-factor sign-in is off.
    """
    row = prove(session, actor, password)
    if row.two_factor_since is None:
        raise Conflict("Two-factor sign-in is off. Turn it on first.")
    audit.record(session, action="two_factor.codes_renewed", subject=row.public_id, actor=actor, address=address)
    return _new_codes(session, row)


def is_right(session: Session, box: SecretBox, user: User, code: str, *, address: str = "") -> bool:
    """Whether a code is one that the person's device shows now, or a recovery code; it is used up by that.

    Parameters
    ----------
    session : Session
        A writing transaction.
    box : SecretBox
        What opens the secret.
    user : User
        Who signs in; with two-factor sign-in on.
    code : str
        As typed; blanks and dashes do not matter.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    bool
        False also for a code that was used before.
    """
    code = _plain(code)
    if len(code) == _DIGITS:
        return _is_device_code(session, box, user, code)
    used = session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user.id, RecoveryCode.code_hash == _hash(code), RecoveryCode.used_at.is_(None))
        .values(used_at=database_now(session))
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]  # an UPDATE has a row count
    if used:
        actor = accounts.to_actor(user)
        audit.record(session, action="two_factor.code_used", subject=user.public_id, actor=actor, address=address)
    return bool(used)


def wrong_code() -> InvalidCredentials:
    """Return what to say about a code that is not right, or not any more."""
    return InvalidCredentials("The code is not right, or was used before. Wait for the next one and type that.")


def _is_device_code(session: Session, box: SecretBox, user: User, code: str) -> bool:
    if user.totp_secret is None:
        return False
    device = pyotp.TOTP(box.open(user.totp_secret))
    now = int(database_now(session).timestamp()) // _STEP_SECONDS
    steps = range(now - _DRIFT_STEPS, now + _DRIFT_STEPS + 1)
    known = code.encode("utf-8", "surrogatepass")
    found = [step for step in steps if hmac.compare_digest(device.generate_otp(step).encode(), known)]
    if not found:
        return False
    taken = session.execute(
        update(User)
        .where(User.id == user.id, or_(User.totp_last_step.is_(None), User.totp_last_step < found[0]))
        .values(totp_last_step=found[0])
        .execution_options(synchronize_session="fetch")
    ).rowcount  # type: ignore[attr-defined]  # an UPDATE has a row count
    return bool(taken)


def _turn_off(session: Session, actor: Actor | None, row: User, address: str) -> None:
    was_on = row.two_factor_since is not None
    forget(session, row)
    if was_on:
        audit.record(session, action="two_factor.disabled", subject=row.public_id, actor=actor, address=address)


def forget(session: Session, user: User) -> None:
    """Remove a person's device and recovery codes."""
    user.totp_secret, user.totp_last_step, user.two_factor_since = None, None, None
    session.execute(
        delete(RecoveryCode).where(RecoveryCode.user_id == user.id).execution_options(synchronize_session="fetch")
    )
    session.flush()


def _new_codes(session: Session, user: User) -> tuple[str, ...]:
    session.execute(
        delete(RecoveryCode).where(RecoveryCode.user_id == user.id).execution_options(synchronize_session="fetch")
    )
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH)) for _ in range(N_CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash(code)) for code in codes)
    session.flush()
    return tuple("-".join(code[start : start + 4] for start in range(0, _CODE_LENGTH, 4)) for code in codes)


def _plain(code: str) -> str:
    return "".join(character for character in code.lower() if character.isalnum())[:64]


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()

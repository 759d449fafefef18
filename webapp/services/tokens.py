"""API tokens: let a program act for a person, with no more rights than it needs. The secret is shown once.

Who acts by a token sees and revokes itself and the tokens that may do no more than it may: a narrow one that leaked
tells nothing about the others, and cannot end them.
"""

import datetime
import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import InvalidInput, NotFound, OwnPasswordNeeded, PermissionDenied, QuotaExceeded
from webapp.permissions import GRANTS, Actor, Permission, Role
from webapp.services import audit
from webapp.tables import ApiToken, User

PREFIX = "assay_"
MAX_DAYS = 365
MAX_TOKENS = 50
_MAX_NAME = 120
_MAX_LENGTH = 128
_USE_NOTED_EVERY = datetime.timedelta(minutes=1)


@dataclass(frozen=True)
class TokenView:
    """A token as its owner sees it, without the secret; `id` is public."""

    id: str
    name: str
    scopes: tuple[Permission, ...]
    created_at: datetime.datetime
    expires_at: datetime.datetime | None
    last_used_at: datetime.datetime | None


@dataclass(frozen=True)
class Bearer:
    """Who a token acts for. `is_use_due`: its last use was noted more than a minute ago; call `note_use`."""

    actor: Actor
    is_use_due: bool


def create_token(
    session: Session, actor: Actor, *, name: str, scopes: Collection[str], expires_in_days: int, address: str = ""
) -> tuple[TokenView, str]:
    """Make a token that acts for the actor.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who will own it; signed in, not by a token: a stolen token must not outlive its expiry by making others.
    name : str
        What it is for, 1 to 120 characters.
    scopes : collection of str
        Permissions it carries, at least one, none that the actor does not have.
    expires_in_days : int
        1 to 365.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    tuple of (TokenView, str)
        The token, and its secret, which is stored nowhere.

    Raises
    ------
    PermissionDenied
        If the actor acts by a token.
    OwnPasswordNeeded
        If an administrator was shown the password that they have.
    InvalidInput
        If name, scopes or days do not fit; `fields` says what was expected.
    QuotaExceeded
        If the actor has 50 tokens that still work.
    """
    if actor.scopes is not None:
        raise PermissionDenied("A token cannot make tokens. Sign in with e-mail and password for that.")
    if session.get_one(User, actor.user_id).must_choose_password:
        raise OwnPasswordNeeded
    name = " ".join(name.split())
    carried = _check(actor, name, scopes, expires_in_days)
    now = database_now(session)
    if _count(session, actor, now) >= MAX_TOKENS:
        raise QuotaExceeded(f"Expected at most {MAX_TOKENS} tokens that still work. Revoke one first.")
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        public_id=secrets.token_hex(8),
        user_id=actor.user_id,
        name=name,
        token_hash=_hash(secret),
        scopes=[str(scope) for scope in carried],
        created_at=now,
        expires_at=now + datetime.timedelta(days=expires_in_days),
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        action="token.created",
        subject=row.public_id,
        actor=actor,
        address=address,
        details={"name": name, "scopes": row.scopes, "expires_in_days": expires_in_days},
    )
    return _view(row), secret


def bearer_of(session: Session, secret: str) -> Bearer | None:
    """Return who a token acts for.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    secret : str
        What the request carried.

    Returns
    -------
    Bearer or None
        The actor, with the token's scopes; None if the token is unknown, revoked or expired, or its owner inactive.
    """
    if not secret.startswith(PREFIX) or len(secret) > _MAX_LENGTH:
        return None
    now = database_now(session)
    found = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.token_hash == _hash(secret), User.is_active, *_works(now))
    ).one_or_none()
    if found is None:
        return None
    token, user = found
    scopes = frozenset(_scopes(token))
    is_use_due = token.last_used_at is None or now - token.last_used_at >= _USE_NOTED_EVERY
    return Bearer(Actor(user.id, user.name, Role(user.role), scopes, user.public_id), is_use_due)


def note_use(session: Session, secret: str) -> None:
    """Remember that a token was used now, unless that was remembered within the last minute.

    Parameters
    ----------
    session : Session
        A writing transaction.
    secret : str
        What the request carried.
    """
    now = database_now(session)
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.token_hash == _hash(secret),
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= now - _USE_NOTED_EVERY),
        )
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )


def list_tokens(session: Session, actor: Actor) -> list[TokenView]:
    """Return the actor's tokens that still work, newest first.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Whose tokens; if they act by a token, those within its scopes.

    Returns
    -------
    list of TokenView
        Without their secrets.
    """
    return [_view(row) for row in _working(session, actor.user_id) if _is_within(row, actor)]


def list_tokens_of(session: Session, email: str) -> list[TokenView]:
    """Return somebody's tokens that still work, newest first; for the command line.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    email : str
        Whose, as `accounts.to_email` returns it.

    Returns
    -------
    list of TokenView
        Without their secrets.

    Raises
    ------
    NotFound
        If there is no such user.
    """
    user_id = session.scalar(select(User.id).where(User.email == email))
    if user_id is None:
        raise NotFound(f"There is no user with the e-mail {email}.")
    return [_view(row) for row in _working(session, user_id)]


def revoke_token(session: Session, actor: Actor | None, token_id: str, *, address: str = "") -> None:
    """Make a token worthless; doing it twice changes nothing.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        Who asks; must own it, and if they act by a token, it must be within that token's scopes. None for the command
        line.
    token_id : str
        Public id of the token.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    NotFound
        If the actor has no such token.
    """
    row = session.scalars(select(ApiToken).where(ApiToken.public_id == token_id)).one_or_none()
    if row is None or (actor is not None and not (row.user_id == actor.user_id and _is_within(row, actor))):
        raise NotFound("There is no such token.")
    if row.revoked_at is None:
        _revoke(session, row, actor, address)


def revoke_all(session: Session, actor: Actor | None, owner: User, *, address: str = "") -> None:
    """Make all tokens of a person worthless; whether the actor may, the calling service has found out.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        Who asks; None for the command line.
    owner : User
        Whose tokens.
    address : str, default=""
        Network address of the request, for the audit trail.
    """
    for row in _working(session, owner.id):
        _revoke(session, row, actor, address)


def _revoke(session: Session, row: ApiToken, actor: Actor | None, address: str) -> None:
    row.revoked_at = database_now(session)
    audit.record(session, action="token.revoked", subject=row.public_id, actor=actor, address=address)


def _working(session: Session, user_id: int) -> list[ApiToken]:
    """Return a person's tokens that still work, newest first."""
    works = _works(database_now(session))
    rows = session.scalars(select(ApiToken).where(ApiToken.user_id == user_id, *works).order_by(ApiToken.id.desc()))
    return list(rows)


def _is_within(row: ApiToken, actor: Actor) -> bool:
    """Whether a token may do no more than the one that the actor acts by, if they act by one."""
    return actor.scopes is None or actor.scopes.issuperset(_scopes(row))


def _check(actor: Actor, name: str, scopes: Collection[str], expires_in_days: int) -> list[Permission]:
    fields = {}
    grants = sorted(GRANTS[actor.role])
    beyond = sorted(set(scopes) - set(grants))
    if not 1 <= len(name) <= _MAX_NAME or not name.isprintable():
        fields["name"] = f"expected 1 to {_MAX_NAME} printable characters; found {len(name)} characters"
    if not scopes or beyond:
        found = ", ".join(beyond) or "none"
        fields["scopes"] = f"expected some of {', '.join(grants)}, which your role {actor.role} grants; found {found}"
    if not 1 <= expires_in_days <= MAX_DAYS:
        fields["expires_in_days"] = f"expected 1 to {MAX_DAYS}; found {expires_in_days}"
    if fields:
        wrong = "; ".join(f"{field}: {problem}" for field, problem in fields.items())
        raise InvalidInput(f"The token does not fit: {wrong}.", fields=fields)
    return sorted({Permission(scope) for scope in scopes})


def _works(now: datetime.datetime) -> tuple[ColumnElement[bool], ...]:
    return ApiToken.revoked_at.is_(None), or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now)


def _count(session: Session, actor: Actor, now: datetime.datetime) -> int:
    query = select(func.count()).select_from(ApiToken).where(ApiToken.user_id == actor.user_id, *_works(now))
    return session.scalar(query) or 0


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _scopes(row: ApiToken) -> tuple[Permission, ...]:
    """Return the stored scopes that still exist."""
    return tuple(permission for permission in Permission if permission in row.scopes)


def _view(row: ApiToken) -> TokenView:
    return TokenView(row.public_id, row.name, _scopes(row), row.created_at, row.expires_at, row.last_used_at)

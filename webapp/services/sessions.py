"""Sessions of browsers: opened by signing in, looked up at every request, seen and ended by their owner.

The cookie carries a random secret of which the row keeps the hash. One look-up answers whether the session still holds
and who it stands for; ending one, or shutting the person out, therefore counts from the very next request.
"""

import datetime
import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, delete, select, update
from sqlalchemy.orm import Session

from webapp.db import ask, database_now
from webapp.errors import NotFound, PermissionDenied
from webapp.permissions import Actor, Role
from webapp.services import audit
from webapp.tables import BrowserSession, User

_MAX_LENGTH = 128
_ADDRESS_LENGTH = 64
_USER_AGENT_LENGTH = 200
_SEEN_NOTED_EVERY = datetime.timedelta(minutes=1)
_KEPT_AFTERWARDS = datetime.timedelta(days=30)  # rows of sessions that are over

# Who a session stands for, made once: it is asked at every request.
_HOLDER = (
    select(
        BrowserSession.public_id.label("session_id"), BrowserSession.last_seen_at, User.id, User.name, User.role,
        User.public_id, User.must_choose_password,
    )
    .join(User, User.id == BrowserSession.user_id)
    .where(BrowserSession.token_hash == bindparam("token_hash"), User.is_active)
    .where(BrowserSession.ended_at.is_(None), BrowserSession.expires_at > bindparam("now"))
)  # fmt: skip


@dataclass(frozen=True)
class Visit:
    """From where somebody signs in, and for how long at most."""

    user_agent: str
    days: int


@dataclass(frozen=True)
class SessionView:
    """A session as its owner and administrators see it; `id` is public, `is_current` that of the one who looks."""

    id: str
    created_at: datetime.datetime
    last_seen_at: datetime.datetime
    expires_at: datetime.datetime
    address: str
    user_agent: str
    is_current: bool


@dataclass(frozen=True)
class Holder:
    """Who a session stands for.

    `is_sighting_due`: it was last noted more than a minute ago; call `note_sighting`. `must_choose_password`: it opens
    nothing but the choice of a password of their own.
    """

    actor: Actor
    session_id: str
    is_sighting_due: bool
    must_choose_password: bool


def open_session(session: Session, user: User, visit: Visit, *, address: str = "") -> str:
    """Begin a session for somebody who has just proved who they are.

    Parameters
    ----------
    session : Session
        A writing transaction.
    user : User
        Who signed in.
    visit : Visit
        The browser, and how long the session lasts at most.
    address : str, default=""
        Network address of the request.

    Returns
    -------
    str
        The secret for the cookie; it is stored nowhere.
    """
    now = database_now(session)
    session.execute(
        delete(BrowserSession)
        .where(BrowserSession.user_id == user.id, BrowserSession.expires_at < now - _KEPT_AFTERWARDS)
        .execution_options(synchronize_session=False)
    )
    secret = secrets.token_urlsafe(32)
    session.add(
        BrowserSession(
            public_id=secrets.token_hex(8),
            user_id=user.id,
            token_hash=_hash(secret),
            created_at=now,
            expires_at=now + datetime.timedelta(days=visit.days),
            last_seen_at=now,
            address=_printable(address)[:_ADDRESS_LENGTH],
            user_agent=_printable(visit.user_agent)[:_USER_AGENT_LENGTH],
        )
    )
    session.flush()
    return secret


def holder_of(session: Session, secret: str) -> Holder | None:
    """Return who a session stands for, in one query.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    secret : str
        What the cookie carried.

    Returns
    -------
    Holder or None
        None if the session is unknown, has ended or is too old, or its owner may no longer sign in.
    """
    if len(secret) > _MAX_LENGTH:
        return None
    now = datetime.datetime.now(datetime.UTC)  # a session lasts days: the web server's own clock will do
    found = ask(session, _HOLDER, {"token_hash": _hash(secret), "now": now}).one_or_none()
    if found is None:
        return None
    is_due = now - found.last_seen_at >= _SEEN_NOTED_EVERY
    actor = Actor(found.id, found.name, Role(found.role), public_id=found.public_id)
    return Holder(actor, found.session_id, is_due, found.must_choose_password)


def note_sighting(session: Session, session_id: str, *, address: str = "") -> None:
    """Remember that a session was used now and from where, unless that was remembered within the last minute.

    Parameters
    ----------
    session : Session
        A writing transaction.
    session_id : str
        Public id of the session.
    address : str, default=""
        Network address of the request.
    """
    now = database_now(session)
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.public_id == session_id, BrowserSession.last_seen_at <= now - _SEEN_NOTED_EVERY)
        .values(last_seen_at=now, address=_printable(address)[:_ADDRESS_LENGTH])
        .execution_options(synchronize_session=False)
    )


def list_sessions(session: Session, actor: Actor, *, current: str = "") -> list[SessionView]:
    """Return the actor's open sessions, the one used last first.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Whose sessions.
    current : str, default=""
        Public id of the session that asks.

    Returns
    -------
    list of SessionView
        Open sessions only.

    Raises
    ------
    PermissionDenied
        If the actor acts by a token: it is not for a program to know where its owner sits.
    """
    require_person(actor)
    return views_of(session, actor.user_id, current=current)


def end_session(session: Session, actor: Actor, session_id: str, *, address: str = "") -> None:
    """End one of the actor's own sessions; doing it twice changes nothing.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own it.
    session_id : str
        Public id of the session.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    NotFound
        If the actor has no such session.
    PermissionDenied
        If the actor acts by a token.
    """
    require_person(actor)
    end_one(session, actor, session.get_one(User, actor.user_id), session_id, address=address)


def end_other_sessions(session: Session, actor: Actor, *, current: str, address: str = "") -> int:
    """End all of the actor's sessions but one.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Whose sessions.
    current : str
        Public id of the one that stays; empty: none does.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    int
        How many have ended.

    Raises
    ------
    PermissionDenied
        If the actor acts by a token.
    """
    require_person(actor)
    return end_all(session, actor, session.get_one(User, actor.user_id), keep=current, address=address)


def require_person(actor: Actor) -> None:
    """Raise PermissionDenied for somebody who acts by a token: what this is about is for people who signed in."""
    if actor.scopes is not None:
        raise PermissionDenied("A token cannot do this. Sign in with a browser for that.")


def views_of(session: Session, user_id: int, *, current: str = "") -> list[SessionView]:
    """Return a person's open sessions; whether the actor may see them, the calling service has found out."""
    rows = session.scalars(
        select(BrowserSession)
        .where(BrowserSession.user_id == user_id, *_is_open(database_now(session)))
        .order_by(BrowserSession.last_seen_at.desc(), BrowserSession.id.desc())
    )
    return [
        SessionView(
            row.public_id,
            row.created_at,
            row.last_seen_at,
            row.expires_at,
            row.address,
            row.user_agent,
            row.public_id == current,
        )
        for row in rows
    ]


def end_one(
    session: Session, actor: Actor | None, owner: User, session_id: str, *, address: str = "", is_told: bool = True
) -> None:
    """End a session of a person; whether the actor may, the calling service has found out.

    `is_told`: the trail has a line about it; not if it has one already.

    Raises
    ------
    NotFound
        If the person has no such session.
    """
    row = session.scalars(
        select(BrowserSession).where(BrowserSession.public_id == session_id, BrowserSession.user_id == owner.id)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such session.")
    if row.ended_at is not None:
        return
    row.ended_at = database_now(session)
    if is_told:
        audit.record(
            session,
            action="session.ended",
            subject=owner.public_id,
            actor=actor,
            address=address,
            details={"session": row.public_id, "from": row.address},
        )


def end_all(session: Session, actor: Actor | None, owner: User, *, keep: str = "", address: str = "") -> int:
    """End all sessions of a person, or all but one; whether the actor may, the calling service has found out."""
    now = database_now(session)
    ended = session.execute(
        update(BrowserSession)
        .where(BrowserSession.user_id == owner.id, BrowserSession.public_id != keep, *_is_open(now))
        .values(ended_at=now)
        .execution_options(synchronize_session="fetch")
    ).rowcount  # type: ignore[attr-defined]  # an UPDATE has a row count
    if ended:
        details = {"n_sessions": ended}
        audit.record(
            session, action="sessions.ended", subject=owner.public_id, actor=actor, address=address, details=details
        )
    return int(ended)


def _is_open(now: datetime.datetime) -> tuple[ColumnElement[bool], ...]:
    return BrowserSession.ended_at.is_(None), BrowserSession.expires_at > now


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _printable(text: str) -> str:
    """Return the text without what no database takes: a browser says of itself what it likes."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)

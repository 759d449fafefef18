"""Requests that may come twice: the same key and content bring the same answer, and make nothing a second time.

A key is claimed in the transaction that makes what was asked for, so that there is either both or neither, whatever
dies meanwhile, and of two at once one waits for the other. The answer is kept beside it for a day.
"""

import base64
import datetime
import hashlib
import hmac
from dataclasses import dataclass

import orjson
from cryptography.fernet import Fernet
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict, IdempotencyKeyReused
from webapp.tables import IdempotencyKey

KEPT_HOURS = 24


@dataclass(frozen=True)
class Request:
    """A request with a key, as far as it matters here; made by `request_of`."""

    key_hash: str
    fingerprint: str
    user_id: int | None
    cipher: Fernet


@dataclass(frozen=True)
class KeptAnswer:
    """What was answered: status, headers and body."""

    status: int
    headers: dict[str, str]
    body: str


def request_of(secret: str, *, user_id: int | None, key: str, content: bytes) -> Request:
    """Return a request by what tells it from others.

    Parameters
    ----------
    secret : str
        The installation's secret key.
    user_id : int or None
        Who asks. Keys of different people never meet, and neither do those of strangers with different content.
    key : str
        What the program calls its request.
    content : bytes
        Everything that was asked: method, address and body.

    Returns
    -------
    Request
        What the other functions here take.
    """
    fingerprint = _keyed(secret, b"content", content)
    whose = f"user {user_id}" if user_id is not None else f"stranger {fingerprint}"
    key_hash = _keyed(secret, b"key", f"{whose}\n{key}".encode())
    cipher = hmac.digest(secret.encode(), b"answer" + content + b"\n" + key.encode(), "sha256")
    return Request(key_hash, fingerprint, user_id, Fernet(base64.urlsafe_b64encode(cipher)))


def find(session: Session, request: Request) -> KeptAnswer | None:
    """Return what was answered to this request before.

    Parameters
    ----------
    session : Session
        A transaction.
    request : Request
        The request at hand.

    Returns
    -------
    KeptAnswer or None
        The answer; None if the key is new, or older than a day.

    Raises
    ------
    IdempotencyKeyReused
        If the key stood for another request.
    Conflict
        If the first request with it is not answered yet, or its answer was lost.
    """
    row = session.scalars(select(IdempotencyKey).where(IdempotencyKey.key_hash == request.key_hash)).one_or_none()
    if row is None or row.created_at <= _oldest(session):
        return None
    if row.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused(
            "Expected a new Idempotency-Key, for this one stood for another request in the last "
            f"{KEPT_HOURS} hours. Use one key for each thing that you want to make."
        )
    if row.answer is None:
        raise Conflict(
            "The first request with this Idempotency-Key is not answered yet. Ask again in a moment; if that does not "
            "help, its answer was lost: look whether what it made is there, before you use a new key."
        )
    status, headers, body = orjson.loads(request.cipher.decrypt(row.answer))
    return KeptAnswer(status, headers, body)


def claim(session: Session, request: Request) -> bool:
    """Take the key, in the transaction that makes what was asked for.

    Parameters
    ----------
    session : Session
        A writing transaction.
    request : Request
        The request at hand.

    Returns
    -------
    bool
        Whether it was free. If not, the transaction has to be rolled back: another request was faster.
    """
    session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.key_hash == request.key_hash, IdempotencyKey.created_at <= _oldest(session)
        )
    )
    row = IdempotencyKey(
        key_hash=request.key_hash,
        user_id=request.user_id,
        fingerprint=request.fingerprint,
        created_at=database_now(session),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def keep_answer(session: Session, request: Request, answer: KeptAnswer) -> None:
    """Keep what was answered, for whoever asks again; encrypted, since it may hold what is shown only once."""
    text = request.cipher.encrypt(orjson.dumps([answer.status, answer.headers, answer.body])).decode()
    session.execute(update(IdempotencyKey).where(IdempotencyKey.key_hash == request.key_hash).values(answer=text))


def give_back(session: Session, request: Request) -> None:
    """Forget a key whose request came to nothing: it may be tried again, also with other content."""
    session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.key_hash == request.key_hash, IdempotencyKey.answer.is_(None))
    )


def forget_old(session: Session) -> None:
    """Remove the keys that are older than a day."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= _oldest(session)))


def _oldest(session: Session) -> datetime.datetime:
    return database_now(session) - datetime.timedelta(hours=KEPT_HOURS)


def _keyed(secret: str, purpose: bytes, content: bytes) -> str:
    return hmac.new(secret.encode(), purpose + b"\n" + content, hashlib.sha256).hexdigest()

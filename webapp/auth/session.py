"""What a request may use: who acts, the database, and the other parts of the application. This is all that doors need.

Flask-SQLAlchemy holds the request's session, on the same engine as everything else. It only reads: every `read()` is a
transaction of its own that is rolled back, so that nothing read before a `write()` is shown after it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, current_app, g, request, url_for
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from webapp import schema
from webapp.config import Settings
from webapp.db import Database, is_overtaken
from webapp.errors import InvalidCredentials, NotSignedIn, ServiceUnavailable
from webapp.jobs import Queue
from webapp.permissions import Actor
from webapp.secrets import SecretBox
from webapp.services import signing_in
from webapp.services.sessions import Visit
from webapp.storage import FileStore, FrameStore

_KEY = "assay"
_FIRST_STEP = "first_step"
_READ_IN = "read_in"


class Overtaken(Exception):
    """Another transaction changed what this one rests on; nothing of this one was kept."""


@dataclass(frozen=True)
class Parts:
    """What the application is made of."""

    settings: Settings
    database: Database
    queue: Queue
    store: FrameStore
    files: FileStore
    two_factor_box: SecretBox


class _SharedEngine(SQLAlchemy):
    """Flask-SQLAlchemy on the engine that the application has already."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        del bind_key, options
        return parts_of(app).database.engine

    def _apply_driver_defaults(self, options: dict[str, Any], app: Flask) -> None:
        """Change nothing: `webapp.db` has set the engine up."""


_requests = _SharedEngine(add_models_to_shell=False)


def install_parts(app: Flask, parts: Parts) -> None:
    """Give an application its parts, and its requests their session."""
    app.extensions[_KEY] = parts
    app.config["SQLALCHEMY_DATABASE_URI"] = parts.database.engine.url  # unlike a string, it hides the password in logs
    _requests.init_app(app)


def parts_of(app: Flask) -> Parts:
    """Return the parts of an application."""
    return cast("Parts", app.extensions[_KEY])


def parts() -> Parts:
    """Return the parts of the application that handles this request."""
    return parts_of(current_app)


def current_actor() -> Actor:
    """Return who this request acts for.

    Raises
    ------
    NotSignedIn
        If it acts for nobody: the guard lets that happen only where strangers may go.
    """
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise NotSignedIn("Sign in first.")
    return actor


def current_session_id() -> str:
    """Return the public id of the browser's session that this request belongs to; empty if it came by a token."""
    session_id: str = g.get("session_id", "")
    return session_id


def this_visit() -> Visit:
    """Return from where somebody signs in just now, and for how long at most."""
    return Visit(request.user_agent.string, parts().settings.session_days)


def invitation_link(secret: str) -> str:
    """Return the whole address at which somebody accepts an invitation; it holds the secret."""
    return url_for("auth.invitation", secret=secret, _external=True)


def client_address() -> str:
    """Return the network address that the request came from, for limits and the audit trail."""
    return request.remote_addr or ""


@contextmanager
def read() -> Iterator[Session]:
    """Open a transaction that only reads; it is rolled back at the end.

    Raises
    ------
    ServiceUnavailable
        If the database does not answer.
    """
    if (writing := g.get(_READ_IN)) is not None:
        yield writing
        return
    session = _requests.session
    with _database_errors():
        try:
            yield session()
        finally:
            session.rollback()


@contextmanager
def write() -> Iterator[Session]:
    """Open a transaction that commits at the end, or rolls back if an exception passes.

    Raises
    ------
    ServiceUnavailable
        If the database does not answer.
    WrongVersion
        If somebody has migrated the database under this program.
    Overtaken
        If its first step made it a serialized one, and another came first.
    """
    with _database_errors(), parts().database.write() as session:
        if (first_step := g.get(_FIRST_STEP)) is not None:
            first_step(session)
        schema.check_still(session)
        yield session
        g.pop(_FIRST_STEP, None)  # taken with this transaction, whose commit comes next


def begin_writing_with(step: Callable[[Session], None] | None) -> None:
    """Let the first transaction of this request that writes begin with a step, and be done with it or not at all."""
    g.pop(_FIRST_STEP, None)
    if step is not None:
        setattr(g, _FIRST_STEP, step)


@contextmanager
def reading_in(session: Session) -> Iterator[None]:
    """Let every `read()` meanwhile see what this writing transaction sees."""
    setattr(g, _READ_IN, session)
    try:
        yield
    finally:
        g.pop(_READ_IN)


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if is_overtaken(error):
            raise Overtaken from error
        raise ServiceUnavailable("The database does not answer. Try again in a moment.") from error


def check_credentials(email: str, password: str, *, code: str = "", visit: Visit | None = None) -> signing_in.SignIn:
    """Sign a person in by e-mail and password, or refuse; both are in the audit trail afterwards.

    The slow comparison happens outside the writing transaction, which on SQLite nobody else can have meanwhile. With
    `visit` a session is opened for that browser.

    Raises
    ------
    InvalidCredentials
        If the name is unknown, the password or the code wrong, or the person may no longer sign in.
    SecondFactorNeeded
        If a code is needed beside the password.
    """
    with read() as session:
        check = signing_in.verify_password(session, email, password)
    return finish_sign_in(check, code=code, visit=visit)


def finish_sign_in(check: signing_in.PasswordCheck, *, code: str, visit: Visit | None) -> signing_in.SignIn:
    """Do the second half of signing in.

    Raises
    ------
    InvalidCredentials
        As `check_credentials`.
    SecondFactorNeeded
        As `check_credentials`; `check` in it is what was found out.
    """
    refusal: InvalidCredentials | None = None
    with write() as session:
        try:
            return signing_in.sign_in(
                session, check, box=parts().two_factor_box, code=code, visit=visit, address=client_address()
            )
        except InvalidCredentials as error:
            refusal = error  # raised below: an exception that passes here would take the audit line with it
    raise refusal

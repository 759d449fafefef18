"""Sessions of browsers: the only module that knows flask-login.

The cookie is signed and carries the secret of a row in `sessions`. Each request asks that row, once: ended or too old
rows and people who were shut out let nobody in. The row notes when and from where it was last used, once a minute.
"""

import datetime
import time

import flask_login
from flask import Flask, g
from flask import session as cookie

from webapp.auth.csrf import renew_token
from webapp.auth.devices import mark_of_email, remember_device
from webapp.auth.session import client_address, read, write
from webapp.config import Settings
from webapp.permissions import Actor
from webapp.services import sessions
from webapp.services.signing_in import SignIn

_PENDING = "pending"
_PENDING_SECONDS = 300


class _Visitor(flask_login.UserMixin):  # type: ignore[misc]  # flask-login has no types
    """A signed-in person, as flask-login wants them."""

    def __init__(self, secret: str, actor: Actor) -> None:
        self._id = secret
        self.actor = actor

    def get_id(self) -> str:
        """Return what the cookie carries."""
        return self._id


def install_login(app: Flask, settings: Settings) -> None:
    """Set up the session cookie and who it stands for."""
    prefix = "__Host-" if settings.behind_https else ""  # browsers then refuse one set by a neighbouring host name
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SESSION_COOKIE_NAME=f"{prefix}assay_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.behind_https,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=datetime.timedelta(days=settings.session_days),
    )
    manager = flask_login.LoginManager()
    manager.session_protection = None  # it judges by address and browser, which change on a train and can be forged
    manager.user_loader(_load)
    manager.init_app(app, add_context_processor=False)


def load_actor() -> Actor | None:
    """Return who the session cookie of this request stands for."""
    visitor = flask_login.current_user
    return visitor.actor if isinstance(visitor._get_current_object(), _Visitor) else None  # noqa: SLF001  # a proxy


def start_session(sign_in: SignIn, email: str) -> None:
    """Begin a fresh session: nothing of an earlier one, planted or real, lives on in it."""
    remember_device(mark_of_email(email))
    cookie.clear()
    cookie.permanent = True
    renew_token()  # now, so that two pages opened at once do not each make one
    flask_login.login_user(_Visitor(sign_in.secret, sign_in.actor))


def await_second_step(email: str, mark: str) -> None:
    """Remember, signed, that the password was right just now; it lets nobody in by itself."""
    cookie.clear()
    cookie[_PENDING] = [email, mark, int(time.time())]
    renew_token()


def pending_sign_in() -> tuple[str, str] | None:
    """Return e-mail and mark of somebody whose password was right within the last five minutes."""
    found = cookie.get(_PENDING)
    if found is None or time.time() - found[2] > _PENDING_SECONDS:
        return None
    return found[0], found[1]


def end_session() -> None:
    """Forget the session in this browser; `signing_in.sign_out` makes copies of its cookie worthless."""
    flask_login.logout_user()
    cookie.clear()


def _load(secret: str) -> _Visitor | None:
    with read() as session:
        holder = sessions.holder_of(session, secret)
    if holder is None:
        return None
    if holder.is_sighting_due:
        with write() as session:
            sessions.note_sighting(session, holder.session_id, address=client_address())
    g.session_id, g.must_choose_password = holder.session_id, holder.must_choose_password
    return _Visitor(secret, holder.actor)

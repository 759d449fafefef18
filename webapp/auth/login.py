"""Sessions of browsers: the only module that knows flask-login.

The cookie is signed and carries `public_id:session_token` and the moment of the sign-in. A new token in the user's row
ends all sessions at once; a session ends by itself `session_days` after its sign-in, however busy it was.
"""

import datetime
import time

import flask_login
from flask import Flask
from flask import session as cookie

from webapp.auth.csrf import renew_token
from webapp.auth.session import parts, read
from webapp.config import Settings
from webapp.permissions import Actor
from webapp.services import accounts

_SIGNED_IN_AT = "signed_in_at"


class _Visitor(flask_login.UserMixin):  # type: ignore[misc]  # flask-login has no types
    """A signed-in person, as flask-login wants them."""

    def __init__(self, public_id: str, session_token: str, actor: Actor) -> None:
        self._id = f"{public_id}:{session_token}"
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


def start_session(sign_in: accounts.SignIn) -> None:
    """Begin a fresh session: nothing of an earlier one, planted or real, lives on in it."""
    cookie.clear()
    cookie.permanent = True
    cookie[_SIGNED_IN_AT] = int(time.time())
    renew_token()  # now, so that two pages opened at once do not each make one
    flask_login.login_user(_Visitor(sign_in.public_id, sign_in.session_token, sign_in.actor))


def end_session() -> None:
    """Forget the session in this browser; `accounts.sign_out` makes copies of its cookie worthless."""
    flask_login.logout_user()
    cookie.clear()


def _load(key: str) -> _Visitor | None:
    age = time.time() - cookie.get(_SIGNED_IN_AT, 0)
    if age > parts().settings.session_days * 86_400:
        return None
    public_id, _, session_token = key.partition(":")
    with read() as session:
        actor = accounts.actor_for_session(session, public_id, session_token)
    return _Visitor(public_id, session_token, actor) if actor else None

"""The guard: one function before every route, page and callback, and one list of what it lets a stranger reach."""

from flask import Flask, Response, g, redirect, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest
from werkzeug.urls import iri_to_uri

from webapp.auth import csrf
from webapp.auth.limits import SIGN_IN_ENDPOINTS
from webapp.auth.local_paths import HOME
from webapp.auth.login import load_actor
from webapp.auth.problems import wants_page
from webapp.auth.session import read, write
from webapp.errors import NotSignedIn, OwnPasswordNeeded
from webapp.logs import mention
from webapp.permissions import Actor
from webapp.services import bundle_imports, tokens, uploads

# Method and rule of everything that a stranger may reach. Whatever is not here needs a session or a token.
PUBLIC_ENDPOINTS = frozenset(
    {
        "GET /login",
        "POST /login",
        "GET /login/code",
        "POST /login/code",  # the cookie says that the password was right, a moment ago
        "GET /invitation/<secret>",  # carries a secret of 256 bits, which works once
        "POST /invitation/<secret>",
        "GET /static/<path:filename>",  # style, fonts and pictures of the sign-in page
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",  # has a token of its own, and is not there without one
        "POST /api/v1/tokens",  # carries e-mail and password itself
    }
)
# All that a session opens whose owner has a password that an administrator was shown.
OWN_PASSWORD_ENDPOINTS = frozenset({"GET /password", "POST /password", "POST /api/v1/me/password", "POST /logout"})
_API = "/api/"
# Largest bodies in bytes, where what is sent is small; elsewhere the application's own limit holds.
_MOST_TO_SIGN_IN = 16 * 1024
_MOST_TO_THE_API = 256 * 1024
# What takes a file has a limit of its own, and some room for the form around it.
FILE_ENDPOINTS = frozenset({"POST /api/v1/uploads", "POST /api/v1/bundles"})
_MOST_IN_A_FILE = max(uploads.MOST_BYTES, bundle_imports.MOST_BYTES) + 64 * 1024


def install_guard(app: Flask) -> None:
    """Put the guard before everything. To be called before anything else may answer requests."""
    app.before_request(_guard)
    app.after_request(_set_no_cookie_beside_a_token)


def is_public() -> bool:
    """Whether a stranger may have this request answered."""
    return _endpoint() in PUBLIC_ENDPOINTS


def _endpoint() -> str:
    """Return method and rule of this request; empty if there is nothing at its address."""
    method = "GET" if request.method == "HEAD" else request.method
    return f"{method} {request.url_rule.rule}" if request.url_rule is not None else ""


def _guard() -> ResponseReturnValue | None:
    """Find out who asks, refuse strangers, and refuse what another site may have sent in a person's name.

    A bearer token counts under `/api/` only, and then it alone counts: the cookie is not looked at, and because no
    other site can make a browser send such a header, no CSRF token is asked for.
    """
    g.actor, g.session_id, g.must_choose_password = None, "", False
    if "\x00" in request.path or b"%00" in request.query_string:
        raise BadRequest  # no database takes it as text
    is_api = request.path.startswith(_API)
    _limit_body(is_api=is_api)
    if is_public():
        if not is_api:
            csrf.protect()
        return None
    secret = _bearer_secret() if is_api else None
    g.actor = load_actor() if secret is None else _actor_of(secret)
    if g.actor is None:
        return _turn_away()
    mention(user=g.actor.public_id)
    if secret is not None:
        g.came_by_token = True
        return None
    csrf.protect()
    if g.must_choose_password and _endpoint() not in OWN_PASSWORD_ENDPOINTS:
        return _lead_to_own_password()
    return None


def _limit_body(*, is_api: bool) -> None:
    """Say how much of the body may be read at all, before anybody parses it.

    What offers a password is read here already: the count of attempts looks into it, and must not meet an error there.
    """
    if _endpoint() in SIGN_IN_ENDPOINTS:
        request.max_content_length = _MOST_TO_SIGN_IN
        request.get_data()
    elif _endpoint() in FILE_ENDPOINTS:
        request.max_content_length = _MOST_IN_A_FILE
    elif is_api:
        request.max_content_length = _MOST_TO_THE_API


def _set_no_cookie_beside_a_token(response: Response) -> Response:
    if g.pop("came_by_token", False):
        cookie.modified = False  # whatever touched it: a program has no use for a session
    return response


def _bearer_secret() -> str | None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _actor_of(secret: str) -> Actor | None:
    with read() as transaction:
        bearer = tokens.bearer_of(transaction, secret)
    if bearer is not None and bearer.is_use_due:
        with write() as transaction:
            tokens.note_use(transaction, secret)
    return bearer.actor if bearer else None


def _lead_to_own_password() -> ResponseReturnValue:
    if not wants_page():
        raise OwnPasswordNeeded
    return redirect(url_for("auth.own_password"))


def _turn_away() -> ResponseReturnValue:
    if not wants_page():
        raise NotSignedIn("Nobody is signed in, or the session or token has ended. Sign in, or send a bearer token.")
    wanted = iri_to_uri(request.full_path.removesuffix("?"))
    is_worth_keeping = request.method == "GET" and wanted not in {"/", HOME}
    return redirect(url_for("auth.login", next=wanted if is_worth_keeping else None))

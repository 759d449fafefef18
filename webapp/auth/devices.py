"""Browsers that have signed in before: what a stranger does elsewhere does not count against them.

Such a browser keeps a signed cookie with a random name of its own and marks of the people who signed in with it. It
lets nobody in: all it does is that attempts from there are counted by themselves.
"""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from webapp.config import Settings
from webapp.services.accounts import to_email

COOKIE = "assay_device"
_MOST_PEOPLE = 5
_DAYS = 365
_KEY = "assay_devices"


def install_devices(app: Flask, settings: Settings) -> None:
    """Prepare the cookie."""
    app.extensions[_KEY] = (
        URLSafeSerializer(settings.secret_key.get_secret_value(), salt="device"),
        settings.behind_https,
    )


def mark_of_email(email: str) -> str:
    """Return a short mark of an e-mail address: what strangers type is not kept as it is."""
    return hashlib.sha256(to_email(email).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def known_device(mark: str) -> str | None:
    """Return the name of this browser if the person of this mark has signed in with it, else None."""
    name, people = _read()
    return name if name and mark in people else None


def remember_device(mark: str) -> None:
    """Let the browser remember that the person of this mark has signed in with it."""
    name, people = _read()
    serializer, is_secure = current_app.extensions[_KEY]
    others = [each for each in people if each != mark][: _MOST_PEOPLE - 1]
    value = serializer.dumps([name or secrets.token_urlsafe(12), mark, *others])

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            COOKIE, value, max_age=_DAYS * 86_400, path="/login", httponly=True, secure=is_secure, samesite="Lax"
        )
        return response


def _read() -> tuple[str, Iterable[str]]:
    try:
        found: Any = current_app.extensions[_KEY][0].loads(request.cookies.get(COOKIE, ""))
        name, *people = (str(each) for each in found)
    except (BadSignature, ValueError, TypeError):
        return "", ()
    return name, people

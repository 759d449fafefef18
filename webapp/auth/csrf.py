"""No other site may act through a browser that is signed in here: every unsafe request carries the session's token.

Forms carry it in a field, the dashboard in a header: Dash reads it from a cookie that other sites cannot read.
"""

from flask import Flask, Response, g, request
from flask import session as cookie
from flask_wtf.csrf import CSRFProtect, generate_csrf

from webapp.config import Settings

COOKIE = "_csrf_token"  # Dash's name for it
_protection = CSRFProtect()


def install_csrf(app: Flask, settings: Settings) -> None:
    """Prepare the tokens; the guard says which requests have to carry one."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,  # the guard calls `protect`, after it has found out who asks
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    _protection.init_app(app)

    def hand_out(response: Response) -> Response:
        if response.mimetype == "text/html" and response.location is None:
            response.set_cookie(COOKIE, generate_csrf(), samesite="Strict", secure=settings.behind_https)
        return response

    app.after_request(hand_out)


def protect() -> None:
    """Refuse an unsafe request that does not carry this session's token.

    Raises
    ------
    CSRFError
        If the token is missing or belongs to another session.
    """
    if request.url_rule is not None:  # an address that does not exist has its own answer
        _protection.protect()


def renew_token() -> None:
    """Give a fresh session a token of its own."""
    cookie.pop("csrf_token", None)
    g.pop("csrf_token", None)  # where the old one is kept for the rest of the request
    generate_csrf()

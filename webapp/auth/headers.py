"""What every answer says to the browser: run only our own scripts, tell nobody, keep nothing."""

import re
from collections.abc import Callable, Iterable

from flask import Flask, Response, request

from webapp.config import Settings

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

# No `unsafe-eval` anywhere. Inline styles are allowed in the dashboard only: Dash, AG Grid and Plotly need them.
_SHARED = "img-src 'self' data: blob:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_DASHBOARD = (
    "default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    f"connect-src 'self'; worker-src 'self' blob:; {_SHARED}"
)
_PAGE = f"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; {_SHARED}"
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'"

_BARE_HASH = re.compile(r"[0-9a-f]{32}")

_YEAR = 365 * 86_400
_HOUR = 3_600


def install_headers(app: Flask, settings: Settings, dashboard_scripts: Callable[[], Iterable[str]]) -> None:
    """Put the security headers on every answer.

    `dashboard_scripts` returns the hashes of the scripts that Dash writes into its page. It is asked for every page:
    Dash knows the last of them only after its first request.
    """
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _HOUR

    def policy(response: Response) -> str:
        if response.mimetype != "text/html":
            return _NO_PAGE
        if request.path.startswith("/app/"):
            return _DASHBOARD.format(scripts=" ".join(["'self'", *dashboard_scripts()]))
        return _PAGE

    def protect(response: Response) -> Response:
        response.headers.update(_ALWAYS)
        response.headers["Content-Security-Policy"] = policy(response)
        if settings.behind_https:
            response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
        _set_caching(response)
        return response

    app.after_request(protect)


def _is_named_by_content() -> bool:
    """Whether the address of this file changes with what is in it: `v` is ours, `m` Dash's, a bare hash the icons'."""
    if request.endpoint == "static":
        return "v" in request.args or _BARE_HASH.fullmatch(request.query_string.decode("ascii", "replace")) is not None
    return request.path.startswith("/app/assets/") and "m" in request.args


def _set_caching(response: Response) -> None:
    if _is_named_by_content():
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    elif "_dash-component-suites" in request.path:
        response.headers.setdefault("Cache-Control", "private, no-cache")
    else:
        response.headers.setdefault("Cache-Control", "no-store")

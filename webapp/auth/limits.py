"""How often one may try to sign in: per network address and per e-mail, whichever door is used.

Counted in Redis, so that all web processes count together; in memory of each process while Redis is away or not set.
"""

import hashlib
import time

from flask import Flask, Response, current_app, request
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded
from limits import parse_many
from redis.backoff import NoBackoff
from redis.retry import Retry

from webapp.auth import problems
from webapp.auth.session import client_address
from webapp.config import Settings
from webapp.errors import TooManyRequests
from webapp.services.accounts import to_email

# Method and rule of every way to offer a password.
SIGN_IN_ENDPOINTS = frozenset({"POST /login", "POST /api/v1/tokens"})
_KEY = "assay_limits"


def install_limits(app: Flask, settings: Settings) -> None:
    """Count the attempts to sign in, and refuse what is too many with 429."""
    parse_many(settings.sign_in_limit)  # a limit that cannot be read stops the start, not the first sign-in
    redis_url = settings.redis_url.get_secret_value()
    # Without retries, and with short waits: a server that hangs must not hang the sign-in with it.
    options = {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)}
    limiter = Limiter(
        key_func=client_address,
        storage_uri=redis_url or "memory://",
        storage_options=options if redis_url else {},  # type: ignore[arg-type]  # handed to the Redis client as they are
        in_memory_fallback_enabled=bool(redis_url),
        application_limits=[
            ApplicationLimit(settings.sign_in_limit, key_function=_address_key, exempt_when=_is_harmless),
            ApplicationLimit(settings.sign_in_limit, key_function=_email_key, exempt_when=_is_harmless),
        ],
        key_prefix="assay",
    )
    limiter.init_app(app)
    app.extensions[_KEY] = limiter
    app.register_error_handler(RateLimitExceeded, _answer)


def too_many() -> TooManyRequests:
    """Return what to tell somebody whose attempt was one too many."""
    limiter: Limiter = current_app.extensions[_KEY]
    limit = limiter.current_limit
    wait = max(1, round(limit.reset_at - time.time())) if limit else 60
    return TooManyRequests(f"Too many attempts to sign in. Try again in {wait} s.", retry_after=wait)


def _answer(_error: RateLimitExceeded) -> Response:
    return problems.answer(too_many())


def _is_harmless() -> bool:
    """Whether this request offers no password."""
    return request.url_rule is None or f"{request.method} {request.url_rule.rule}" not in SIGN_IN_ENDPOINTS


def _address_key() -> str:
    return f"address {client_address()}"


def _email_key() -> str:
    """Return a short key for the e-mail that was typed; what strangers type is not kept as it is."""
    typed = request.form.get("email")
    if typed is None:
        try:
            body = request.get_json(silent=True)
        except RecursionError:  # brackets without end, to see what happens
            body = None
        typed = body.get("email") if isinstance(body, dict) else ""
    return "email " + hashlib.sha256(to_email(str(typed)).encode("utf-8", "surrogatepass")).hexdigest()[:32]

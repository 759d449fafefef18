"""How often one may ask, and how often try to sign in.

Requests to REST are counted by person: whatever tokens and browsers they use, they count together, and nobody uses up
what is another's. Attempts to sign in, whichever door is used, have three counts, so that nobody is shut out by a
stranger:

- Attempts of any kind, by network address, as the settings say.
- Refused passwords, by e-mail and network address: one address cannot use up what all have together.
- Refused passwords, by e-mail alone: many addresses together do not guess on for ever either. Whoever has so many that
  they reach this limit does shut the person out, for at most an hour; without it, they would guess without end.

Counted in Redis, so that all web processes count together; in memory of each process while Redis is away or not set.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, Response, current_app, g, request
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded, RequestLimit
from limits import parse_many
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from webapp.auth import problems
from webapp.auth.session import client_address
from webapp.config import Settings
from webapp.errors import TooManyRequests
from webapp.services.accounts import to_email

# Method and rule of every way to offer a password, or the secret of an invitation.
SIGN_IN_ENDPOINTS = frozenset({"POST /login", "POST /api/v1/tokens", "POST /invitation/<secret>"})
REFUSED_FROM_ONE_ADDRESS = "20 per hour"
REFUSED_FROM_ANYWHERE = "100 per hour"
_KEY = "assay_limits"
_PERSON = "person "


def install_limits(app: Flask, settings: Settings) -> None:
    """Count requests and the attempts to sign in, and refuse what is too many with 429."""
    for limit in (settings.sign_in_limit, settings.request_limit):
        parse_many(limit)  # a limit that cannot be read stops the start, not the first sign-in
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
            _of_refusals(REFUSED_FROM_ONE_ADDRESS, _email_and_address_key),
            _of_refusals(REFUSED_FROM_ANYWHERE, _email_key),
            ApplicationLimit(settings.request_limit, key_function=_person_key, exempt_when=_is_not_counted),
        ],
        key_prefix="assay",
    )
    limiter.init_app(app)
    app.after_request(_say_what_is_left)
    app.extensions[_KEY] = limiter
    app.register_error_handler(RateLimitExceeded, _answer)


def _of_refusals(limit: str, key: Callable[[], str]) -> ApplicationLimit:
    return ApplicationLimit(limit, key_function=key, exempt_when=_is_harmless, deduct_when=_is_refusal)


def too_many() -> TooManyRequests:
    """Return what to tell somebody whose request was one too many."""
    limiter: Limiter = current_app.extensions[_KEY]
    limit = limiter.current_limit
    wait = _seconds_until(limit) if limit else 60
    what = "requests" if limit and _is_of_person(limit) else "attempts to sign in"
    return TooManyRequests(f"Too many {what}. Try again in {wait} s.", retry_after=wait)


def _say_what_is_left(response: Response) -> Response:
    """Name the tightest limit of the person, what is left of it, and the seconds until it is whole again."""
    limiter: Limiter = current_app.extensions[_KEY]
    limits = [limit for limit in limiter.current_limits if _is_of_person(limit)]
    if not limits:
        return response
    with contextlib.suppress(RedisError, OSError):  # it went away a moment ago; the next request is counted in memory
        limit = min(limits, key=lambda each: each.remaining)
        response.headers["RateLimit-Limit"] = str(limit.limit.amount)
        response.headers["RateLimit-Remaining"] = str(max(0, limit.remaining))
        response.headers["RateLimit-Reset"] = str(_seconds_until(limit))
    return response


def _seconds_until(limit: RequestLimit) -> int:
    return max(1, round(limit.reset_at - time.time()))


def _is_of_person(limit: RequestLimit) -> bool:
    return any(part.startswith(_PERSON) for part in limit.request_args)


def _answer(_error: RateLimitExceeded) -> Response:
    return problems.answer(too_many())


def _is_harmless() -> bool:
    """Whether this request offers no password."""
    return request.url_rule is None or f"{request.method} {request.url_rule.rule}" not in SIGN_IN_ENDPOINTS


def _is_refusal(response: Response) -> bool:
    """Whether e-mail and password were looked at and are not right: what cannot be read counts against nobody."""
    return response.status_code == HTTPStatus.UNAUTHORIZED


def _is_not_counted() -> bool:
    """Whether nobody's requests are counted here: pages have their own pace, and strangers are refused anyway."""
    return g.get("actor") is None or not request.path.startswith("/api/")


def _person_key() -> str:
    return f"{_PERSON}{g.actor.user_id}"


def _address_key() -> str:
    return f"address {client_address()}"


def _email_key() -> str:
    return f"email {_hash(_typed_email())}"


def _email_and_address_key() -> str:
    return f"email and address {_hash(f'{_typed_email()} {client_address()}')}"


def _hash(text: str) -> str:
    """Return a short key: what strangers type is not kept as it is."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _typed_email() -> str:
    """Return the e-mail that was typed. It must not raise: an error here would pass for a counter that is away."""
    typed = request.form.get("email")
    if typed is None:
        try:
            body = request.get_json(silent=True)
        except RecursionError:  # brackets without end, to see what happens
            body = None
        typed = body.get("email") if isinstance(body, dict) else ""
    return to_email(str(typed))

"""How often one may ask, and how often try to sign in.

Requests to REST are counted by person: whatever tokens and browsers they use, they count together, and nobody uses up
what is another's. Attempts to sign in, whichever door is used, have four counts, so that nobody is shut out by a
stranger:

- Attempts of any kind, by place, as the settings say. A place is a network address, or, for the people who signed in
  with it before, a browser: what strangers do at the same address does not count against it.
- Refused passwords, by e-mail and place: one place cannot use up what all have together.
- Refused passwords, by e-mail alone: many addresses together do not guess on for ever either. It holds for places where
  the person has not signed in before, so that nobody can shut them out where they usually are.
- Refused codes of the second step, by e-mail: six digits do not bear many guesses. Only who knows the password gets so
  far, and a browser that the person knows counts for itself.

Counted in Redis, so that all web processes count together; in memory of each process while Redis is away or not set.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded, RequestLimit
from limits import parse, parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from webapp.auth import problems
from webapp.auth.devices import known_device, mark_of_email
from webapp.auth.login import pending_sign_in
from webapp.auth.session import client_address, current_actor, read
from webapp.config import Settings
from webapp.errors import InvalidCredentials, ServiceUnavailable, TooManyRequests
from webapp.services import signing_in
from webapp.services.accounts import to_email

# Method and rule of every way to offer a password, or the secret of an invitation.
SIGN_IN_ENDPOINTS = frozenset({"POST /login", "POST /api/v1/tokens", "POST /login/code", "POST /invitation/<secret>"})
REFUSED_FROM_ONE_PLACE = "20 per hour"
REFUSED_FROM_ANYWHERE = "100 per hour"
CODES_REFUSED = "10 per hour"
WRONG_PROOFS = "20 per hour"
_KEY = "assay_limits"
_PROOFS = "assay_proofs"
_PERSON = "person "

Answer = TypeVar("Answer")


def install_limits(app: Flask, settings: Settings) -> None:
    """Count requests and the attempts to sign in, and refuse what is too many with 429."""
    for limit in (settings.sign_in_limit, settings.request_limit):
        parse_many(limit)  # a limit that cannot be read stops the start, not the first sign-in
    redis_url = settings.resolved_redis_url
    # Without retries, and with short waits: a server that hangs must not hang the sign-in with it.
    options = {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)}
    limiter = Limiter(
        key_func=client_address,
        storage_uri=redis_url or "memory://",
        storage_options=options if redis_url else {},  # type: ignore[arg-type]  # handed to the Redis client as they are
        in_memory_fallback_enabled=bool(redis_url),
        application_limits=[
            ApplicationLimit(settings.sign_in_limit, key_function=_place_key, exempt_when=_is_harmless),
            _of_refusals(REFUSED_FROM_ONE_PLACE, _email_and_place_key, _is_harmless),
            _of_refusals(REFUSED_FROM_ANYWHERE, _email_key, _is_from_a_known_place),
            _of_refusals(CODES_REFUSED, _code_key, _offers_no_code),
            ApplicationLimit(settings.request_limit, key_function=_person_key, exempt_when=_is_not_counted),
        ],
        key_prefix="assay",
    )
    limiter.request_filter(_is_free)
    limiter.init_app(app)
    app.after_request(_say_what_is_left)
    app.extensions[_KEY] = limiter
    app.extensions[_PROOFS] = FixedWindowRateLimiter(MemoryStorage())
    app.register_error_handler(RateLimitExceeded, _answer)


def _of_refusals(limit: str, key: Callable[[], str], exempt_when: Callable[[], bool]) -> ApplicationLimit:
    return ApplicationLimit(limit, key_function=key, exempt_when=exempt_when, deduct_when=_is_refusal)


@contextlib.contextmanager
def proving() -> Iterator[None]:
    """Count the wrong passwords and codes of somebody who is signed in, whichever door they use; refuse too many.

    All processes count together, as attempts to sign in; while the shared counter is away, each for itself.

    Raises
    ------
    TooManyRequests
        If there were too many within the hour.
    """
    limit, key = parse(WRONG_PROOFS), f"assay proof {current_actor().user_id}"
    if not _count_proofs(lambda counter: counter.test(limit, key)):
        stats = _count_proofs(lambda counter: counter.get_window_stats(limit, key))
        wait = max(1, round(stats.reset_time - time.time()))
        raise TooManyRequests(f"Too many wrong passwords or codes. Try again in {wait} s.", retry_after=wait)
    try:
        yield
    except InvalidCredentials:
        _count_proofs(lambda counter: counter.hit(limit, key))
        raise


def _count_proofs(ask: Callable[[RateLimiter], Answer]) -> Answer:
    """Ask the counter that all processes share; this one's own while that one is away."""
    limiter: Limiter = current_app.extensions[_KEY]
    try:
        return ask(limiter.limiter)
    except (RedisError, OSError):
        own: RateLimiter = current_app.extensions[_PROOFS]
        return ask(own)


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


def _is_free() -> bool:
    """Whether this request is counted nowhere. Open pages ask all the time; they are let through by this alone."""
    return _is_harmless() and _is_not_counted()


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


def _place_key() -> str:
    device = known_device(mark_of_email(_typed_email()))
    return f"device {device}" if device else f"address {client_address()}"


def _email_key() -> str:
    return f"email {mark_of_email(_typed_email())}"


def _email_and_place_key() -> str:
    return f"{_email_key()} {_place_key()}"


def _code_key() -> str:
    device = known_device(mark_of_email(_typed_email()))
    return f"code {_email_key()} {device or ''}"


def _is_from_a_known_place() -> bool:
    """Whether the person has signed in with this browser before, or lately from this address, or nobody signs in."""
    if _is_harmless():
        return True
    email = _typed_email()
    if known_device(mark_of_email(email)) is not None:
        return True
    try:
        with read() as session:
            return signing_in.is_known_address(session, email, client_address())
    except ServiceUnavailable:  # the sign-in itself will say so; here it would pass for a counter that is away
        return False


def _offers_no_code() -> bool:
    return _is_harmless() or not (request.path == "/login/code" or _body().get("code"))


def _typed_email() -> str:
    """Return the e-mail that was typed. It must not raise: an error here would pass for a counter that is away."""
    pending = pending_sign_in() if request.path == "/login/code" else None
    typed = pending[0] if pending else request.form.get("email", _body().get("email", ""))
    return to_email(str(typed))


def _body() -> Mapping[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # brackets without end, to see what happens
        body = None
    return body if isinstance(body, dict) else {}

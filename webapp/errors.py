"""The errors that `webapp` raises.

AppError
├── InvalidCredentials    unknown name or wrong password; which of the two is never said
├── SecondFactorNeeded    the password is right; a code of the device is needed beside it
├── NotSignedIn           nobody is signed in, or the token is unknown or expired
├── OwnPasswordNeeded     an administrator was shown the password that they have; only another opens anything
├── PermissionDenied      the role or the token's scopes do not allow it
├── NotFound              it does not exist, or the actor may not know that it does
├── Conflict              it is already final, or the name is taken
├── PreconditionFailed    it has changed since the asker read it
├── InvalidInput          `fields` says what is wrong with which field
├── IdempotencyKeyReused  the key stood for another request
├── TooManyRequests       `retry_after` seconds
├── QuotaExceeded         the actor's limit is used up; `limit` names it, `retry_after` seconds if waiting helps
├── LeaseLost             a worker no longer owns the analysis it works on
└── ServiceUnavailable    the database or the queue does not answer
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any, ClassVar

MOST_FIELDS = 50  # mistakes that one answer names: nobody reads more, and somebody may send a hundred thousand
MOST_ENTRIES = 1000  # of a list whose entries are looked at: each wrong one would be a mistake of its own


class AppError(Exception):
    """Base of every error this package raises on purpose."""

    code: ClassVar[str] = "app_error"


class InvalidCredentials(AppError):
    """The name is unknown or the password is wrong; which of the two is never said."""

    code = "invalid_credentials"


class SecondFactorNeeded(AppError):
    """E-mail and password are right; a code of the person's device is needed beside them."""

    code = "second_factor_needed"


class NotSignedIn(AppError):
    """Nobody is signed in, or the token is unknown, revoked or expired."""

    code = "not_signed_in"


class OwnPasswordNeeded(AppError):
    """An administrator was shown the password that they have; only one of their own opens anything."""

    code = "own_password_needed"

    def __init__(self) -> None:
        super().__init__("An administrator was shown your password. Sign in, and choose a password of your own first.")


class PermissionDenied(AppError):
    """The actor's role or the token's scopes do not allow it."""

    code = "permission_denied"


class NotFound(AppError):
    """It does not exist, or the actor may not know that it does."""

    code = "not_found"


class Conflict(AppError):
    """It is already final, or the name is taken."""

    code = "conflict"


class PreconditionFailed(AppError):
    """It has changed since the asker read it."""

    code = "precondition_failed"


class IdempotencyKeyReused(AppError):
    """The key stood for another request."""

    code = "idempotency_key_reused"


class InvalidInput(AppError):
    """Some fields are wrong; `fields` maps each, or the first 50, to what was expected and found."""

    code = "invalid_input"

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        fields = fields or {}
        if len(fields) > MOST_FIELDS:
            message += f" {len(fields) - MOST_FIELDS:,} more are not named."
        super().__init__(message)
        self.fields = dict(islice(fields.items(), MOST_FIELDS))


class TooManyRequests(AppError):
    """Asked too often; try again after `retry_after` seconds."""

    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaExceeded(AppError):
    """The actor's limit is used up: `limit` names it; `retry_after` seconds if it helps to wait."""

    code = "quota_exceeded"

    def __init__(self, message: str, *, limit: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.limit = limit
        self.retry_after = retry_after


class LeaseLost(AppError):
    """The worker no longer owns the analysis: it was cancelled, handed to another, or finished."""

    code = "lease_lost"


class ServiceUnavailable(AppError):
    """The database or the queue does not answer."""

    code = "service_unavailable"


def lists_too_long(question: Any) -> list[str]:
    """Return the names of those lists of a question that are too long for anybody to look at their entries."""
    parts = question.items() if isinstance(question, Mapping) else ()
    return [str(name) for name, part in parts if isinstance(part, list | tuple) and len(part) > MOST_ENTRIES]

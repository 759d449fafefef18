"""Passwords: what is accepted, how they are kept, and a check that takes as long for a name nobody has."""

import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webapp.errors import InvalidInput

MIN_LENGTH = 10
MAX_LENGTH = 1024  # more is an attempt to keep the server busy

# The library's defaults, RFC 9106's second choice: 64 MiB and about 0.15 s a hash.
HASHER = PasswordHasher()

# The hash of a random password that was thrown away, under the same parameters. Unknown names are checked against it.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$MSb8sGz5CEY6K+0zi2iaiQ$9tEBSbGp7732PVgZqPQdHdTzxaGYqk97Fq85uRpeqrE"

# One hash at a time: every one takes 64 MiB, and a burst of sign-ins must not multiply that by the number of threads.
_ONE_AT_A_TIME = threading.Lock()


def check_strength(password: str, *, field: str = "password") -> None:
    """Refuse a password that is too short or absurdly long.

    Raises
    ------
    InvalidInput
        With `field` saying what was expected and found.
    """
    length = len(password)
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        found = f"expected {MIN_LENGTH} to {MAX_LENGTH:,} characters; found {length:,}"
        raise InvalidInput(f"The password does not fit: {found}.", fields={field: found})


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, salt and parameters in it."""
    with _ONE_AT_A_TIME:
        return HASHER.hash(_prepared(password))


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password belongs to the hash; as slow for no hash at all, which no password belongs to."""
    with _ONE_AT_A_TIME:
        try:
            HASHER.verify(password_hash or _NOBODY, _prepared(password[:MAX_LENGTH]))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None and len(password) <= MAX_LENGTH


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than we use now."""
    return HASHER.check_needs_rehash(password_hash)


def generate() -> str:
    """Return a random password of 128 bits that can be read out and typed."""
    return secrets.token_urlsafe(16)


def _prepared(password: str) -> bytes:
    """Return one byte string for all the ways in which keyboards and browsers write the same letters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")

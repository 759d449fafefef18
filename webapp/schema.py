"""Whether the database is of the version that this program knows: neither older nor newer.

A program that writes into tables of another version can do harm that no migration mends, so it does not begin, and
ends when somebody migrates the database under it.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp.errors import ServiceUnavailable

_MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations" / "versions"
_NOTHING = "0000"
_VERSION = text("SELECT version_num FROM alembic_version")


class WrongVersion(ServiceUnavailable):
    """The database is older or newer than this program; the message is one line that says what to do."""

    is_newer: bool = False


@cache
def known() -> str:
    """Return the number of the newest migration that this program has."""
    return max(file.name[:4] for file in _MIGRATIONS.glob("[0-9][0-9][0-9][0-9]_*.py"))


def check(session: Session) -> None:
    """Make sure that the database is of this program's version.

    Raises
    ------
    WrongVersion
        If it is older or newer.
    """
    is_migrated = inspect(session.connection()).has_table("alembic_version")
    _compare(_version_of(session) if is_migrated else _NOTHING)


def check_still(session: Session) -> None:
    """Make sure that it still is, as it was when the program began: one small question, before everything is written.

    Raises
    ------
    WrongVersion
        If somebody has migrated it.
    """
    _compare(_version_of(session))


def check_if_there(engine: Engine) -> None:
    """Make sure of it before a program begins; a database that does not answer yet is looked at later.

    Raises
    ------
    WrongVersion
        If it is older or newer.
    """
    try:
        with Session(engine) as session:
            check(session)
    except OperationalError:
        return


def _version_of(session: Session) -> str:
    return session.connection().execute(_VERSION).scalar() or _NOTHING


def _compare(found: str) -> None:
    if found == known():
        return
    is_newer = found > known()
    what_to_do = (
        "which is newer. Start the program of that version, or restore a backup that this one has made."
        if is_newer
        else "which is older. Bring it up to date first: python -m webapp migrate"
    )
    error = WrongVersion(f"Expected a database of version {known()}, as this program is; found {found}, {what_to_do}")
    error.is_newer = is_newer
    raise error

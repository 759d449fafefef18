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
    found = _NOTHING
    if inspect(session.connection()).has_table("alembic_version"):
        found = session.scalar(text("SELECT version_num FROM alembic_version")) or _NOTHING
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

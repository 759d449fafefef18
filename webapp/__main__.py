"""`python -m webapp up` starts everything on one machine; the other words start one program, as containers do.

`backup FILE` and `restore FILE` are commands of `webapp.cli`, which has all the others. `health PROGRAM` says whether
web, worker, data or beat does its work on this machine; its exit code is 0 if it does.
"""

import argparse
import os
import sys
from typing import NoReturn

from webapp import pulse
from webapp.config import Settings
from webapp.launch import FAILED, programs, read_settings, up
from webapp.supervision import CannotStart


def main() -> int:
    """Start what the command line names; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m webapp", description=__doc__)
    parser.add_argument("what", choices=("up", "web", "worker", "data", "beat", "migrate", "seed"))
    if sys.argv[1:2] in (["backup"], ["restore"]):
        return _become((sys.executable, "-m", "webapp.cli", *sys.argv[1:]))
    if sys.argv[1:2] == ["health"] and sys.argv[2:] in [[name] for name in pulse.PROGRAMS]:
        return 0 if pulse.beats(sys.argv[2], read_settings()) else FAILED
    what = parser.parse_args().what
    os.umask(0o077)  # nobody else reads what this program, and those that it starts or becomes, will write
    if what == "up":
        return up()
    try:
        settings = read_settings()
        if what != "migrate":
            _check_database(settings)
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return _become(programs(settings)[what].command)


def _check_database(settings: Settings) -> None:
    """Refuse to begin on a database of another version; what it becomes later, keepers and `/readyz` see."""
    from webapp import schema  # noqa: PLC0415  # brings SQLAlchemy, which the launcher does without
    from webapp.db import Database  # noqa: PLC0415  # as above

    database = Database(settings.resolved_database_url)
    try:
        schema.check_if_there(database.engine)
    except schema.WrongVersion as error:
        raise CannotStart(str(error)) from error
    finally:
        database.dispose()


def _become(command: tuple[str, ...]) -> NoReturn:
    """Become the program instead of starting it, so that a container's signals reach it."""
    os.execv(command[0], command)  # noqa: S606  # our own command


if __name__ == "__main__":
    sys.exit(main())

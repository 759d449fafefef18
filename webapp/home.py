"""The home folder of one installation: made, locked, and the secrets that the launcher makes up and keeps there."""

import contextlib
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil

from webapp.supervision import CannotStart

FREE_WITHIN_SECONDS = 12.0  # after a launcher was killed, its guard needs some seconds to clear away what was left


def make_folders(home: Path) -> None:
    """Make the home folder and what the launcher needs in it, for nobody else to read; close those that were open.

    Raises
    ------
    CannotStart
        If it cannot be written.
    """
    try:
        for folder in (home, home / "secrets", home / "logs", home / "broker"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _close(folder)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise CannotStart(
            f"The data folder {home} cannot be written ({error.strerror}). "
            "Name another: make run ASSAY_HOME=/some/folder"
        ) from error


def _close(folder: Path) -> None:
    """Shut others out of a folder that was there before, if it is ours; never out of one like /tmp, which is all's."""
    found = folder.stat()
    if found.st_uid == os.geteuid() and found.st_mode & 0o077 and not found.st_mode & stat.S_ISVTX:
        folder.chmod(0o700)


def keep_secret(home: Path, name: str, value: str) -> None:
    """Write a secret that only its owner can read; it appears whole or not at all."""
    target = home / "secrets" / name
    half = target.with_suffix(".half")
    half.unlink(missing_ok=True)
    with open(half, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(value)
    half.replace(target)


def has_secret(home: Path, name: str) -> bool:
    """Whether a secret of this name was kept."""
    return (home / "secrets" / name).exists()


def forget_secret(home: Path, name: str) -> None:
    """Remove a secret, if there is one."""
    (home / "secrets" / name).unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home folder's lock.

    A process forked meanwhile holds it too: the launcher's guard, so that the folder is free only when nothing of a
    killed launcher writes to it any more.

    Raises
    ------
    CannotStart
        If Assay runs on this folder already.
    """
    with (home / "lock").open("a+") as lock:
        deadline = time.monotonic() + FREE_WITHIN_SECONDS
        while not _try_lock(lock):
            lock.seek(0)
            holder = lock.read().strip()
            if time.monotonic() > deadline or (holder.isdigit() and psutil.pid_exists(int(holder))):
                raise CannotStart(
                    f"Assay runs on {home} already (process {holder}). "
                    "Stop it first, or give this one a folder of its own: make run ASSAY_HOME=/some/folder"
                )
            time.sleep(0.2)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

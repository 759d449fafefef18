"""What befalls work through no fault of its own: the database is away for a while, or there is no room on the disk.

Neither may lose a job, nor use up one of the attempts after which a job is given up.
"""

import errno
import logging
import os
import time
from dataclasses import dataclass
from typing import Any

from quant.errors import QuantError
from tasks.hands import Hands
from tasks.pool import WORKER
from webapp.db import AWAY
from webapp.errors import AppError, ServiceUnavailable

PERIOD_SECONDS = 1.0
ROOM_AGAIN_SECONDS = 15.0

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setback:
    """Why a job has to wait: a code, words for who asked, and whether it waits for as long as it takes."""

    code: str
    message: str
    wait_seconds: float | None
    is_patient: bool


def setback_of(error: Exception) -> Setback | None:
    """Return why a job that an error interrupted has to wait; None if waiting would not help.

    A full disk is waited for; whatever else is wrong with the place of results, or with a source of prices, is tried
    again a limited number of times.
    """
    if isinstance(error, OSError):
        if error.errno in _NO_ROOM:
            message = "There is no room left where results are kept. Free some, or ask an administrator to."
            return Setback("disk_full", message, ROOM_AGAIN_SECONDS, is_patient=True)
        message = "The place where results are kept cannot be read or written. The server's log has the details."
        return Setback("storage_unavailable", message, None, is_patient=False)
    if isinstance(error, ServiceUnavailable) or (isinstance(error, QuantError) and error.is_transient):
        return Setback(error.code, str(error), getattr(error, "retry_after", None), is_patient=False)
    return None


def failure_of(error: Exception, reference: str) -> tuple[str, str]:
    """Return the code and the message of an error for who asked; `reference` finds in the log what nobody foresaw."""
    if isinstance(error, QuantError | AppError):
        return error.code, str(error)
    return "internal", f"Something went wrong on our side. The server's log has the details under {reference}."


def let_go(parts: Hands, *services: Any, goes_on: str) -> None:
    """Hand back whatever stands under this process, as soon as the database answers.

    Until then the keeper renews the lease of a process that is alive, so a job that was merely left would stand as
    running for ever. What to hand back is asked of the database, because it may have carried out what it never
    confirmed.

    Parameters
    ----------
    parts : Hands
        Database and queue.
    *services : modules
        Such as `jobs`: who knows the rows of a kind of job, as the keeper has them.
    goes_on : str
        How the work goes on, in words.
    """
    reason = f"The database did not answer; {goes_on}"
    while True:
        try:
            with parts.database.write() as session:
                left = [(kind, job) for kind in services for job in kind.running_on(session, WORKER)]
                for kind, job in left:
                    if job.pid == os.getpid():
                        kind.hand_back(session, job.job_id, job.attempt, reason=reason, is_counted=False)
        except AWAY:
            time.sleep(PERIOD_SECONDS)
        else:
            _log.info("The database answers again.")
            return

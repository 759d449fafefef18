"""The clock of an installation: of however many that are started, one sends; the others wait until it falls silent."""

import logging
import os
import socket
import time
from typing import Any

from celery.beat import PersistentScheduler
from sqlalchemy.exc import DBAPIError

from tasks.hands import hands
from webapp.services import singletons

NAME = "clock"
LEASE_SECONDS = 30.0
_LOOK_SECONDS = 5.0
_log = logging.getLogger(__name__)


class OneClock(PersistentScheduler):  # type: ignore[misc]  # Celery has no types
    """Celery's clock, which sends only while it holds the lease of the installation.

    While the database is away nobody sends: there is nothing to sweep either, and the keepers go on by themselves.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"
        self._is_ours = False
        self._look_at = 0.0
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, if this is the one; return how long to sleep."""
        if time.monotonic() >= self._look_at:
            self._look()
        if not self._is_ours:
            self.sync()  # the file is how a health check sees that it is alive
            return _LOOK_SECONDS
        return min(_LOOK_SECONDS, float(super().tick(*args, **kwargs)))

    def close(self) -> None:
        """Let another one go on at once."""
        if self._is_ours:
            try:
                with hands().database.write() as session:
                    singletons.let_go(session, NAME, self.holder)
            except DBAPIError:
                _log.warning("The database does not answer; another clock goes on when the lease has run out.")
        super().close()

    def _look(self) -> None:
        was_ours, self._look_at = self._is_ours, time.monotonic() + _LOOK_SECONDS
        try:
            with hands().database.write() as session:
                self._is_ours = singletons.hold(session, NAME, self.holder, seconds=LEASE_SECONDS)
        except DBAPIError as error:
            self._is_ours = False
            _log.warning("The database does not answer; the clock waits.", extra={"error": str(error)})
            return
        if self._is_ours != was_ours:
            _log.info("This clock sends now." if self._is_ours else "Another clock sends; this one waits.")

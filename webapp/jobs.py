"""Names of the tasks, and the one way to send them: after the commit.

The web process never imports `tasks`. A message carries no more than "there is work"; if it is lost, the sweeper sends
another, so a broker that is away is logged and never fails a door.
"""

import logging

from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import event
from sqlalchemy.orm import Session

WORK = "tasks.analyses.work"
SWEEP = "tasks.maintenance.sweep"
TIDY = "tasks.maintenance.tidy"
ACQUIRE = "tasks.acquisitions.acquire"
DOCUMENT = "tasks.documents.make"

MOST_MESSAGES = 32  # that one transaction sends: whoever carries one sends for the next

DATA = "data"  # the queue of the data worker, so that prices do not wait behind analyses, nor these behind prices
_QUEUES = {ACQUIRE: DATA, DOCUMENT: DATA}

_log = logging.getLogger(__name__)


class Queue:
    """Sends tasks by name."""

    def __init__(self, broker_url: str) -> None:
        self._celery = Celery(broker=broker_url)
        self._celery.conf.update(
            broker_connection_retry=False,
            broker_transport_options={"socket_connect_timeout": 1, "socket_timeout": 2, "max_retries": 0},
            task_ignore_result=True,
        )

    def send(self, name: str) -> bool:
        """Send a task now; return whether the broker took it."""
        try:
            self._celery.signature(name).apply_async(retry=False, ignore_result=True, queue=_QUEUES.get(name))
        except (OperationalError, OSError) as error:
            _log.warning(
                "The broker is away; the sweeper will send this later.", extra={"task": name, "error": str(error)}
            )
            return False
        return True

    def send_after_commit(self, session: Session, name: str, n_waiting: int = 1) -> None:
        """Send a task once the session's transaction has committed, for so many that wait; a rollback sends nothing."""
        if self not in session.info:
            session.info[self] = []
            event.listen(session, "after_commit", self._send_waiting)
            event.listen(session, "after_rollback", self._forget_waiting)
        session.info[self] += [name] * min(n_waiting, MOST_MESSAGES)

    def _send_waiting(self, session: Session) -> None:
        if session.in_nested_transaction():
            return  # only a savepoint has ended: nobody else can see the rows yet
        waiting, session.info[self] = session.info[self], []
        for name in waiting:
            self.send(name)

    def _forget_waiting(self, session: Session) -> None:
        if not session.in_nested_transaction():
            session.info[self] = []

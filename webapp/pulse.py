"""Whether a program of this machine does its work: what health checks of containers ask.

A process that is there may hang all the same. So a worker has to answer through the queue, the clock has to have
written down a sending of the last minute, and the web server has to answer a request.
"""

import http.client
import socket
import time
from pathlib import Path

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from webapp.config import Settings

CLOCK_SECONDS = 90.0  # the clock sends every 15 s
_WAIT_SECONDS = 4.0
PROGRAMS = ("web", "worker", "data", "beat")


def beats(program: str, settings: Settings) -> bool:
    """Whether the program of this name answers on this machine."""
    if program == "web":
        return _web_answers(settings)
    return _clock_runs(settings.home) if program == "beat" else _worker_answers(program, settings)


def _web_answers(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  # read
    connection = http.client.HTTPConnection(host, settings.port, timeout=_WAIT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _worker_answers(name: str, settings: Settings) -> bool:
    """Ask all workers, and look for one of this kind on this machine: in a container there is one."""
    app = Celery(broker=settings.resolved_redis_url)
    app.conf.update(broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 5, "max_retries": 0})
    try:
        answers = app.control.ping(timeout=_WAIT_SECONDS / 2)
    except (OperationalError, RedisError, OSError):
        return False
    here = f"@{socket.gethostname()}"
    names = [worker for answer in answers for worker in answer if worker.endswith(here)]
    return any(_kind(worker) == name for worker in names)


def _kind(worker: str) -> str:
    """Return which program a worker is, by the name that its command gave it."""
    if worker.startswith("assay-data-"):
        return "data"
    return "worker" if worker.startswith("assay-") else ""


def _clock_runs(home: Path) -> bool:
    written = [file.stat().st_mtime for file in home.glob("beat*") if file.is_file()]
    return bool(written) and time.time() - max(written) < CLOCK_SECONDS

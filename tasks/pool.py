"""What a worker does when its main process starts, and when a child of it starts."""

import gc
import logging
import os
import socket
import subprocess
import sys
import time
from typing import Any

from webapp.config import load_settings, prepare_numeric_libraries
from webapp.logs import configure_logging

_log = logging.getLogger(__name__)

# Made in the worker's main process and inherited by the children it forks: different after each start.
WORKER = f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"


def log_as_json(**_signal: Any) -> None:
    """Log as every other program of ours does; Celery leaves logging alone when somebody listens to its signal."""
    configure_logging(load_settings().log_level)


def start_keeper(**_signal: Any) -> None:
    """Start the keeper, in a session of its own: it must outlive whatever ends the worker, to hand back the work."""
    command = [sys.executable, "-m", "tasks.keeper", "--worker", WORKER, "--parent", str(os.getpid())]
    subprocess.Popen(command, start_new_session=True)  # noqa: S603  # our own module


def share_what_is_loaded(**_signal: Any) -> None:
    """Take what is loaded out of the garbage collector's sight: looking at it would copy every page into each child."""
    gc.collect()
    gc.freeze()


def warm_up(**_signal: Any) -> None:
    """Prepare a new child, so that no analysis waits for imports or compilation."""
    settings = load_settings()
    prepare_numeric_libraries(settings)
    from quant.analysis import warm_up as warm_up_science  # noqa: PLC0415  # only in children: see the package's head
    from tasks.hands import hands  # noqa: PLC0415  # so that beat, which needs no hands, starts without pandas

    warm_up_science()
    hands.cache_clear()  # nothing that was opened before the fork is used after it
    hands()
    gc.collect()
    gc.freeze()  # libraries and kernels stay: a collection during an analysis need not go through them
    _log.info("A worker process is warm.")


def begin(**_signal: Any) -> None:
    """Prepare a new child of the data worker: nothing that was opened before the fork is used after it."""
    from tasks.hands import hands  # noqa: PLC0415  # so that beat starts without it

    hands.cache_clear()
    hands()
    _log.info("A data worker process is ready.")

"""What a worker does when its main process starts, and when a child of it starts."""

import gc
import logging
import mmap
import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from billiard.process import current_process

from webapp.config import load_settings, place_compiled_kernels
from webapp.logs import configure_logging

_log = logging.getLogger(__name__)
_keeper: subprocess.Popen[bytes] | None = None
_stopping = mmap.mmap(-1, 1)  # a byte that the main process shares with the children it forks

# Made in the worker's main process and inherited by the children it forks: different after each start.
WORKER = f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"


def log_as_json(**_signal: Any) -> None:
    """Log as every other program of ours does; Celery leaves logging alone when somebody listens to its signal."""
    configure_logging(load_settings().log_level)


def start_keeper(**_signal: Any) -> None:
    """Start the keeper, and another one whenever it ends or freezes: nobody else renews the leases of this worker."""
    _spawn_keeper()
    # A signal, not a timer of Celery's: while the broker is away, Celery waits for it and looks at no timer.
    signal.signal(signal.SIGCHLD, _on_child_changed)


def _spawn_keeper() -> None:
    """Start a keeper in a session of its own: it must outlive whatever ends the worker, to hand back the work."""
    global _keeper  # noqa: PLW0603  # one worker has one keeper
    command = [sys.executable, "-m", "tasks.keeper", "--worker", WORKER, "--parent", str(os.getpid())]
    _keeper = subprocess.Popen(command, start_new_session=True)  # noqa: S603  # our own module


def _on_child_changed(_number: int, _frame: FrameType | None) -> None:
    """See whether it was the keeper; nothing is logged here, where something may just be being logged."""
    is_main = WORKER.rsplit(":", 2)[1] == str(os.getpid())  # the children inherit this handler
    if not is_main or _keeper is None:
        return
    if _keeper.poll() is not None:
        _spawn_keeper()
    elif os.waitid(os.P_PID, _keeper.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None:
        _keeper.kill()  # frozen, it is of no use; its end leads here again


def hurry(**_signal: Any) -> None:
    """Tell children and keeper that the worker was asked to end: what is not finished soon is handed back."""
    _stopping[0] = 1
    if _keeper is not None and _keeper.poll() is None:
        _keeper.send_signal(signal.SIGUSR1)


def is_stopping() -> bool:
    """Whether the worker was asked to end, so that its children must begin nothing more."""
    return _stopping[0] == 1


def share_what_is_loaded(**_signal: Any) -> None:
    """Take what is loaded out of the garbage collector's sight: looking at it would copy every page into each child."""
    gc.collect()
    gc.freeze()


def warm_up(**_signal: Any) -> None:
    """Prepare a new child, so that no analysis waits for imports or compilation."""
    settings = load_settings()
    place_compiled_kernels(settings)
    from quant.warming import warm_up as warm_up_science  # noqa: PLC0415  # only in children: see the package's head
    from tasks.hands import hands  # noqa: PLC0415  # so that beat, which needs no hands, starts without pandas

    warm_up_science(from_the_end=_is_every_other())
    hands.cache_clear()  # nothing that was opened before the fork is used after it
    hands()
    gc.collect()
    gc.freeze()  # libraries and kernels stay: a collection during an analysis need not go through them
    _log.info("A worker process is warm.")


def _is_every_other() -> bool:
    """Whether this is the second child of a worker, or the fourth, ..."""
    return getattr(current_process(), "index", 0) % 2 == 1


def begin(**_signal: Any) -> None:
    """Prepare a new child of the data worker: nothing that was opened before the fork is used after it."""
    from tasks.hands import hands  # noqa: PLC0415  # so that beat starts without it

    hands.cache_clear()
    hands()
    _log.info("A data worker process is ready.")

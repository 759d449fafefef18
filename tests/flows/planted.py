"""A worker some of whose analyses misbehave: `celery -A tests.flows.planted worker`. What they do is in their seed."""

import logging
import os
import signal
import time
from typing import Any

from celery.signals import worker_init

import tasks.analyses
from quant.analysis import run_analysis
from quant.result import AnalysisResult
from quant.spec import AnalysisSpec
from tasks import app

CRASH, EXIT, LEAK, SPIN, LONG, KERNEL = range(1, 7)
LONG_SECONDS = 8.0
IN_A_KERNEL = "What follows is compiled."
VISIBILITY_SECONDS = 1


def misbehave(spec: AnalysisSpec, *arguments: Any, **options: Any) -> AnalysisResult:
    """Run an analysis, or do what no analysis should."""
    if spec.seed == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    if spec.seed == EXIT:
        os._exit(3)
    held = []
    while spec.seed == LEAK:
        held.append(bytearray(os.urandom(2**20) * 16))
    while spec.seed == SPIN:
        pass
    if spec.seed == KERNEL:
        _stay_in_a_kernel()
    if spec.seed == LONG:
        time.sleep(LONG_SECONDS)
    return run_analysis(spec, *arguments, **options)


def _stay_in_a_kernel() -> None:
    """Compute for hours in compiled code that lets no other thread of the process run."""
    from numba import njit  # noqa: PLC0415  # children have it already; the main process needs it not

    @njit
    def grow(n_steps: int) -> float:
        total = 1.0
        for _ in range(n_steps):
            total = total * 0.999 + 0.5
        return total

    grow(1)  # compiled before anybody cancels
    logging.getLogger(__name__).warning(IN_A_KERNEL)
    grow(10**15)


@worker_init.connect
def plant(**_signal: Any) -> None:
    """Let them misbehave, and the broker give what nobody has acknowledged to another worker after a second."""
    tasks.analyses.run_analysis = misbehave
    app.conf.broker_transport_options["visibility_timeout"] = VISIBILITY_SECONDS

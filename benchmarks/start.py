"""Claim: an installation starts, and ends, while one waits for it."""

import contextlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.findings import Cell, Finding, Goal, Table
from benchmarks.installation import environment, wait_until

GOAL = "a second start takes less than 10 s until the address is there, and Ctrl-C ends everything within 10 s."
_STARTED_WITHIN_SECONDS = 120.0
_ENDED_WITHIN_SECONDS = 30.0


def measure(*, quick: bool = False) -> Finding:
    """Start everything once to make the data, then several times again."""
    n_starts = 1 if quick else 5
    with tempfile.TemporaryDirectory(prefix="assay-benchmark-") as folder, environment(Path(folder) / "home", {}):
        first = start_once(Path(folder))
        later = [start_once(Path(folder)) for _ in range(n_starts)]
    starts, ends = [start for start, _end in later], [end for _start, end in later]
    return Finding(
        name="start",
        title="Start and end",
        goal=GOAL,
        how=(
            "`python -m webapp up`, which is what `make run` starts once the environment is complete, with every "
            "default: queue server, migrations, two web processes, a worker, the clock. From the command until it "
            "prints the address, and from Ctrl-C until no process is left. The first start makes database, prices and "
            f"administrator; the data are kept for {n_starts} more."
        ),
        goals=(
            Goal("second start until the address is printed", statistics.median(starts), 10.0, "s"),
            Goal("Ctrl-C until everything has ended, longest", max(ends), 10.0, "s"),
        ),
        tables=(
            Table(
                "Seconds:",
                ("what", "median", "least", "most"),
                (
                    ("first start", first[0], first[0], first[0]),
                    _row("later starts", starts),
                    _row("end after a later start", ends),
                ),
            ),
        ),
    )


def start_once(folder: Path) -> tuple[float, float]:
    """Start everything and end it; return the seconds that each took."""
    began = time.perf_counter()
    with _launched(folder / "said") as process:
        wait_until(
            lambda: re.search(rb"^Ready after .*http://", (folder / "said").read_bytes(), re.MULTILINE),
            seconds=_STARTED_WITHIN_SECONDS,
            what="the address",
            log=folder / "said",
        )
        started = time.perf_counter() - began
        family = [process, *process.children(recursive=True)]
        began = time.perf_counter()
        process.send_signal(signal.SIGINT)
        _gone, alive = psutil.wait_procs(family, timeout=_ENDED_WITHIN_SECONDS)
        if alive:
            raise RuntimeError(f"Expected no process after Ctrl-C; {len(alive)} still run.")
        return started, time.perf_counter() - began


@contextlib.contextmanager
def _launched(said: Path) -> Iterator[psutil.Process]:
    with said.open("wb") as stream:
        process = psutil.Popen(
            [sys.executable, "-m", "webapp", "up"], stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        if process.is_running():
            process.terminate()
            process.wait(_ENDED_WITHIN_SECONDS)


def _row(what: str, seconds: list[float]) -> tuple[Cell, ...]:
    return what, statistics.median(seconds), min(seconds), max(seconds)

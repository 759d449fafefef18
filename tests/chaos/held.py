"""A worker that a test can hold at a moment of a stage: `celery -A tests.chaos.held worker`.

It is the product's worker; only when the analysis has said where it is, it waits for as long as the test keeps a file
locked. A lock ends with whoever holds it, so nothing waits for a test that has died.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery.signals import worker_init

import tasks.analyses
from quant.spec import AnalysisSpec
from tasks import app
from tasks.hands import Hands
from tasks.reports import Reports
from webapp.services.jobs import Claim

__all__ = ["app", "hold"]


@contextmanager
def hold(home: Path, stage: str, fraction: float) -> Iterator[Path]:
    """Hold analyses that have done this much of a stage or more; the file that is yielded is there when one is held."""
    folder = home / "holds"
    folder.mkdir(exist_ok=True)
    held, reached = folder / stage, folder / f"{stage}.reached"
    reached.unlink(missing_ok=True)
    made = folder / "made"
    made.write_text(str(fraction))
    with made.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        made.rename(held)
        try:
            yield reached
        finally:
            held.unlink()


class HeldWatcher(tasks.analyses.Watcher):
    """Waits where a test holds it."""

    def __init__(self, parts: Hands, claim: Claim, spec: AnalysisSpec, reports: Reports) -> None:
        super().__init__(parts, claim, spec, reports)
        self._holds = parts.settings.home / "holds"
        if (self._holds / "split").exists():
            vars(parts).pop("memory", None)  # a process that remembers its samples does not split again

    def at(self, stage: str, fraction: float, message: str = "") -> None:
        """Report, and wait if a test holds this moment."""
        super().at(stage, fraction, message)
        try:
            file = (self._holds / stage).open()
        except FileNotFoundError:
            return
        with file:
            if fraction >= float(file.read()):
                (self._holds / f"{stage}.reached").touch()
                fcntl.flock(file, fcntl.LOCK_SH)


@worker_init.connect
def plant(**_signal: object) -> None:
    """Let analyses be held."""
    tasks.analyses.Watcher = HeldWatcher

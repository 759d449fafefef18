"""Reports of how far a job is: written no more often than somebody would look, and never later than that.

A report costs a transaction, and the short stages of a short analysis would be mostly that. So what is said within a
moment after a report, or after the claim, waits until the moment has passed, and so do entries into the ledger. A
thread waits for just that: a long fit that begins meanwhile hides nothing.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session

from quant.errors import AnalysisCancelled
from webapp.db import AWAY, Database
from webapp.errors import LeaseLost
from webapp.services import jobs as job_services
from webapp.services.jobs import Claim, Line

REPORT_SECONDS = 0.4


class _Alarm:
    """One thread that calls whom it was asked to call, when it is time; it ends when nobody is left.

    A thread for each analysis would cost a short one more than its reports.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[Callable[[], None], float] = {}
        self._is_there = False

    def ask(self, call: Callable[[], None], at: float) -> None:
        """Have `call` called at a moment of the monotonic clock, no more than `REPORT_SECONDS` away."""
        with self._lock:
            self._asked[call] = at
            if not self._is_there:
                self._is_there = True
                threading.Thread(target=self._run, name="reports", daemon=True).start()

    def forget(self, call: Callable[[], None]) -> None:
        """Do not call any more; a call that has begun goes on."""
        with self._lock:
            self._asked.pop(call, None)

    def _run(self) -> None:
        while True:
            with self._lock:
                now = time.monotonic()
                due = [call for call, at in self._asked.items() if at <= now]
                for call in due:
                    del self._asked[call]
                if not due and not self._asked:
                    self._is_there = False
                    return
                wait = min(self._asked.values(), default=now) - now
            for call in due:
                call()
            if not due:
                time.sleep(wait)  # whoever asks meanwhile asks for no earlier moment


_alarm = _Alarm()


class Reports:
    """Writes reports of one analysis, for the block in which it runs.

    Parameters
    ----------
    database : Database
        Where they are written.
    claim : Claim
        The analysis, claimed just now.
    """

    def __init__(self, database: Database, claim: Claim) -> None:
        self._database = database
        self._claim = claim
        self._lock = threading.RLock()
        self._is_asked = self._is_stopped = False
        self._written_at = time.monotonic()
        self._waiting: tuple[str, float, Mapping[str, float]] | None = None
        self._lines: list[tuple[float, str, str]] = []  # when, stage, text
        self._entries: list[Callable[[Session], object]] = []
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write what still waits, if the analysis did not end well: who asked will want to know how far it came.

        Of one that was cancelled, its entries: what was tried was tried.
        """
        self.stop()
        if error is None or isinstance(error, (LeaseLost, *AWAY)):
            return
        with suppress(LeaseLost):  # whoever ends the analysis will find out, too
            if isinstance(error, AnalysisCancelled) or not self._write_rest():
                with self._database.write() as session:
                    job_services.hold(session, self._claim)
                    self._enter(session)

    def say(self, stage: str, fraction: float, seconds: Mapping[str, float], text: str = "") -> None:
        """Report now, or soon if something was reported just before.

        Parameters
        ----------
        stage : str
            Where the work is.
        fraction : float
            Share of the stage that is done.
        seconds : mapping of str to float
            Seconds spent in each stage so far.
        text : str, default=""
            A line for the log.

        Raises
        ------
        AnalysisCancelled
            If this report or an earlier one found that somebody cancelled the analysis.
        LeaseLost
            Likewise, if it is no longer this worker's.
        """
        with self._lock:
            self._waiting = stage, fraction, dict(seconds)
            if text:
                self._lines.append((time.monotonic(), stage, text))
            self._write_in_time()

    def enter(self, write: Callable[[Session], object]) -> None:
        """Have something else written with the next report, now or soon, last in its transaction; raises as `say`."""
        with self._lock:
            self._entries.append(write)
            self._write_in_time()

    def stop(self) -> None:
        """Write nothing by itself any more; a report that is being written is waited for."""
        _alarm.forget(self._write_late)
        with self._lock:
            self._is_stopped = True

    @contextmanager
    def written(self) -> Iterator[Session]:
        """Open a writing transaction that begins with what waits, and so only if the analysis is ours and wanted.

        Raises
        ------
        AnalysisCancelled
            If somebody cancelled it; nothing is written then.
        LeaseLost
            Likewise, if it is no longer this worker's.
        """
        with self._lock:
            with self._database.write() as session:
                self._report(session)
                yield session
                self._enter(session)  # last, because the ledger is locked by it
            self._waiting, self._lines, self._entries, self._written_at = None, [], [], time.monotonic()

    def _report(self, session: Session) -> None:
        if self._waiting is None:
            job_services.hold(session, self._claim)
            return
        stage, fraction, seconds = self._waiting
        now = time.monotonic()
        lines = [Line("info", said_in, text, age_seconds=now - at) for at, said_in, text in self._lines]
        job_services.report(session, self._claim, stage=stage, fraction=fraction, stage_seconds=seconds, lines=lines)

    def _enter(self, session: Session) -> None:
        for write in self._entries:
            write(session)

    def _write_in_time(self) -> None:
        """Write what waits, or have it written, by whoever has the lock."""
        if self._error is not None:
            raise self._error
        wait = self._written_at + REPORT_SECONDS - time.monotonic()
        if wait <= 0:
            with self.written():
                pass
        elif not self._is_asked:
            self._is_asked = True
            _alarm.ask(self._write_late, self._written_at + REPORT_SECONDS)

    def _write_late(self) -> None:
        with self._lock:
            self._is_asked = False
            if self._is_stopped:
                return
            try:
                with self.written():
                    pass
            except Exception as error:  # noqa: BLE001  # whatever it is: the next report raises it where it is expected
                self._error = error

    def _write_rest(self) -> bool:
        """Write what waits; return whether nobody had cancelled the analysis."""
        try:
            with self.written():
                return True
        except AnalysisCancelled:
            return False

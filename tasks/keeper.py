"""The keeper: a process beside each worker that renews leases, stops what must stop and hands back what died.

It is started by the worker's main process and ends when that is gone. It does the same things whether Redis is there or
not, so a cancelled job stops also while the broker is away.
"""

import argparse
import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import psutil
from sqlalchemy.orm import Session

from tasks.hands import Hands, hands
from webapp import jobs, schema
from webapp.config import Settings
from webapp.db import AWAY
from webapp.logs import bound, configure_logging
from webapp.services import acquisition_jobs, document_jobs, stage_claims, workers
from webapp.services import jobs as job_services
from webapp.services.leases import Running
from webapp.services.workflow import Status

PERIOD_SECONDS = 0.5
SWEEP_SECONDS = 5.0
FAREWELL_SECONDS = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """One kind of job: who knows its rows, the message that sends for it, its limits, and words about it."""

    services: Any  # a module, such as `jobs`; all of them have functions of the same names and arguments
    message: str
    name: str
    goes_on: str
    time_limit: Callable[[Settings], int]
    advice: str
    counts_cpu: bool = False  # towards what its owner may use in a day


KINDS = (
    Kind(
        job_services,
        jobs.WORK,
        name="an analysis",
        goes_on="the work goes on from the last stored stage.",
        time_limit=lambda settings: settings.analysis_time_limit_seconds,
        advice="Ask for fewer models, folds or trials.",
        counts_cpu=True,
    ),
    Kind(
        stage_claims,
        jobs.WORK,
        name="a stage",
        goes_on="who wants the stage computes it.",
        time_limit=lambda settings: settings.analysis_time_limit_seconds,
        advice="",
    ),
    Kind(
        acquisition_jobs,
        jobs.ACQUIRE,
        name="an acquisition",
        goes_on="it is begun again.",
        time_limit=lambda settings: settings.acquisition_time_limit_seconds,
        advice="Ask for fewer bars.",
    ),
    Kind(
        document_jobs,
        jobs.DOCUMENT,
        name="a document",
        goes_on="it is begun again.",
        time_limit=lambda settings: settings.acquisition_time_limit_seconds,
        advice="",
    ),
)


class Keeper:
    """Watches over what one worker runs.

    Parameters
    ----------
    parts : Hands
        Settings, database, store and queue.
    worker : str
        Name under which the worker claims.
    parent : int
        Process id of the worker's main process.
    """

    def __init__(self, parts: Hands, worker: str, parent: int) -> None:
        self.parts = parts
        self.worker = worker
        self.parent = parent
        self.must_end_at: float | None = None
        self._children: list[psutil.Process] = []
        self._clocks: dict[tuple[int, int], float] = {}  # processor seconds last seen, by analysis and attempt
        self._frozen_since: dict[psutil.Process, float] = {}
        self._next_beat = self._next_sweep = 0.0

    def step(self, now: float) -> None:
        """Look once; `now` is in seconds of any steady clock."""
        self._children = _children(self.parent) or self._children
        self._end_frozen(now)
        if self.must_end_at is not None and now >= self.must_end_at:
            self.give_up(is_counted=False)
            end(self.parent)
            return
        with self.parts.database.read() as session:
            running = {kind: kind.services.running_on(session, self.worker) for kind in KINDS}
        if not running[KINDS[0]]:
            self._clocks.clear()
        for kind, held in running.items():
            for job in held:
                with bound(**{kind.name.split()[-1]: job.public_id}, request_id=job.request_id):
                    self._look_at(kind, job)
        settings = self.parts.settings
        if any(running.values()) and now >= self._next_beat:
            with self.parts.database.write() as session:
                for kind, held in running.items():
                    alive = [job.pid for job in held if _is_working(job.pid)]
                    kind.services.renew(session, self.worker, alive, lease_seconds=settings.lease_seconds)
                    for job in held:
                        self._account(session, kind, job)
            self._next_beat = now + settings.heartbeat_seconds
        if now >= self._next_sweep:
            self._sweep()
            self._next_sweep = now + SWEEP_SECONDS

    def _sweep(self) -> None:
        with self.parts.database.write() as session:
            schema.check(session)
            workers.beat(session, self.worker, memory_bytes=self._memory_of_all())
            waiting = [kind.message for kind in KINDS if kind.services.sweep(session)]
        for message in waiting:
            if not self.parts.queue.send(message):
                break  # it takes seconds to learn that the broker is away, and whoever cancels must not wait

    def give_up(self, *, is_counted: bool = True) -> None:
        """Stop and hand back everything, because the worker's main process is gone or was told to go.

        `is_counted` says whether this was one of the attempts after which a job is given up.
        """
        with self.parts.database.write() as session:
            running = [(kind, job) for kind in KINDS for job in kind.services.running_on(session, self.worker)]
            for kind, job in running:
                self._account(session, kind, job)
                reason = f"Its worker was ended; {kind.goes_on}"
                kind.services.hand_back(session, job.job_id, job.attempt, reason=reason, is_counted=is_counted)
            workers.say_farewell(session, self.worker)
        for child in self._children:
            if child.is_running():
                _kill(child.pid)
        for message in {kind.message for kind, _ in running}:
            self.parts.queue.send(message)

    def _memory_of_all(self) -> int:
        """Return the memory of the worker's main process and its children, shared pages counted in each."""
        return sum(_memory_bytes(pid) or 0 for pid in (self.parent, *(child.pid for child in self._children)))

    def refuse(self) -> None:
        """End the worker without writing anything, because somebody has migrated the database under it."""
        for child in self._children:
            _kill(child.pid)
        end(self.parent)

    def _end_frozen(self, now: float) -> None:
        """Kill a child that has been frozen for longer than a lease: its work is another's by now.

        It would take up a place in the pool; and if it was frozen while it wrote, it keeps everybody else from writing.
        """
        frozen = [child for child in self._children if _status(child.pid) == psutil.STATUS_STOPPED]
        self._frozen_since = {child: self._frozen_since.get(child, now) for child in frozen}
        for child, since in self._frozen_since.items():
            if now - since > self.parts.settings.lease_seconds:
                _log.warning("Killed a process that had been frozen for long.", extra={"pid": child.pid})
                _kill(child.pid)

    def _look_at(self, kind: Kind, job: Running) -> None:
        settings = self.parts.settings
        memory = _memory_bytes(job.pid)
        limit = kind.time_limit(settings)
        self._see_clock(kind, job)
        if memory is None:
            with self.parts.database.write() as session:
                self._account(session, kind, job)
                reason = f"The process that ran it died; {kind.goes_on}"
                moved = kind.services.hand_back(session, job.job_id, job.attempt, reason=reason)
            if moved:
                _log.warning(reason, extra={"pid": job.pid})
                self.parts.queue.send(kind.message)
        elif (job.seconds_since_cancel or 0.0) > settings.cancel_grace_seconds:
            self._end(kind, job, Status.CANCELLED, message="Cancelled; its process had to be killed.")
        elif job.running_seconds > limit:
            message = f"Stopped after {limit} s, the most {kind.name} may take. {kind.advice}"
            self._end(kind, job, Status.FAILED, code="time_limit", message=message)
        elif memory > settings.analysis_memory_limit_bytes:
            limit = settings.analysis_memory_limit_bytes // 1024**2
            message = f"Stopped at {limit} MiB, the most memory {kind.name} may use. Ask for fewer features or bars."
            self._end(kind, job, Status.FAILED, code="memory_limit", message=message)

    def _end(self, kind: Kind, job: Running, status: Status, *, message: str, code: str | None = None) -> None:
        """Take the job away from its process first, so that it can write nothing more, then kill the process."""
        with self.parts.database.write() as session:
            self._account(session, kind, job)
            moved = kind.services.stop(session, job, status, code=code, message=message)
        if moved:
            _log.warning(message, extra={"pid": job.pid, "code": code or str(status)})
            _kill(job.pid)

    def _see_clock(self, kind: Kind, job: Running) -> None:
        clock = _cpu_seconds(job.pid) if kind.counts_cpu else None
        if clock is not None:
            self._clocks[job.job_id, job.attempt] = clock

    def _account(self, session: Session, kind: Kind, job: Running) -> None:
        """Add the processor time of an analysis; of a process that is gone, what was last seen of it."""
        if not kind.counts_cpu:
            return
        self._see_clock(kind, job)
        clock = self._clocks.get((job.job_id, job.attempt))
        if clock is not None:
            kind.services.account(session, job.job_id, job.attempt, clock)


def _children(pid: int) -> list[psutil.Process]:
    """Return the child processes of a worker's main process, its keeper left out."""
    try:
        return [child for child in psutil.Process(pid).children() if child.pid != os.getpid()]
    except psutil.NoSuchProcess:
        return []


def _is_working(pid: int) -> bool:
    """Whether a process exists and is not frozen: a frozen one must lose its lease."""
    return _status(pid) not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}


def _status(pid: int) -> str:
    try:
        return str(psutil.Process(pid).status())
    except psutil.NoSuchProcess:
        return str(psutil.STATUS_DEAD)


def _memory_bytes(pid: int) -> int | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return None


def _cpu_seconds(pid: int) -> float | None:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return None
    return float(times.user + times.system)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        _log.info("The process had already ended.", extra={"pid": pid})


def end(worker: int) -> None:
    """End a worker's main process from whom everything has been taken: politely, and soon after by force."""
    try:
        process = psutil.Process(worker)
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=FAREWELL_SECONDS)
    except psutil.TimeoutExpired:
        _kill(worker)
    except psutil.NoSuchProcess:
        _log.info("The worker had already ended.", extra={"pid": worker})


def main() -> None:
    """Watch until the worker's main process is gone."""
    parser = argparse.ArgumentParser(description="Watches over the analyses of one worker.")
    parser.add_argument("--worker", required=True)
    parser.add_argument("--parent", type=int, required=True)
    arguments = parser.parse_args()
    parts = hands()
    configure_logging(parts.settings.log_level)
    keeper = Keeper(parts, arguments.worker, arguments.parent)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, signal.SIG_IGN)  # we go after the worker, never before it

    def hurry(_number: int, _frame: FrameType | None) -> None:
        keeper.must_end_at = time.monotonic() + parts.settings.stop_grace_seconds

    signal.signal(signal.SIGUSR1, hurry)
    is_over = False
    while not is_over:
        try:
            is_over = os.getppid() != arguments.parent
            if is_over:
                keeper.give_up()
            else:
                keeper.step(time.monotonic())
        except schema.WrongVersion as error:
            _log.error("Ended the worker.", extra={"error": str(error)})  # one line says it all
            keeper.refuse()
            return
        except AWAY:
            _log.exception("The database does not answer; looking again.")
            is_over = False  # if it was: nothing has been handed back yet
        if not is_over:
            time.sleep(PERIOD_SECONDS)


if __name__ == "__main__":
    main()

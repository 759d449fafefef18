"""A whole installation in a temporary folder: queue server, migrated database, packaged prices, an administrator.

Its programs are the launcher's, as they are; only the folder, the address of the queue and the number of processes are
the benchmark's. Everything ends, and the folder goes, with the block that made it.
"""

import contextlib
import dataclasses
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from unittest import mock

import psutil

from quant.spec import AnalysisSpec
from webapp import jobs
from webapp.broker import answers, embedded_broker
from webapp.config import Settings, load_settings
from webapp.db import Database
from webapp.home import make_folders
from webapp.jobs import Queue
from webapp.launch import programs
from webapp.permissions import Actor
from webapp.services import accounts, analyses
from webapp.services.analyses import AnalysisView
from webapp.services.workflow import Status
from webapp.storage import FrameStore
from webapp.supervision import Group, Program, last_lines

ROOT = Path(__file__).resolve().parents[1]
WARM_WITHIN_SECONDS = 300.0  # kernels may have to be compiled first
ANSWERED_WITHIN_SECONDS = 900.0
LOOK_SECONDS = 0.005

Found = TypeVar("Found")


@dataclass
class Installation:
    """What a benchmark plays on."""

    settings: Settings
    database: Database
    store: FrameStore
    queue: Queue
    actor: Actor
    password: str
    group: Group

    def start_worker(self, *, app: str = "tasks") -> psutil.Process:
        """Start the worker, by default the product's own, and wait until its children are warm."""
        program = programs(self.settings)["worker"]
        command = tuple(app if part == "tasks" else part for part in program.command)
        process = self.start(dataclasses.replace(program, command=command))
        log = self.group.logs / "worker.log"
        n_children = self.settings.worker_processes
        wait_until(
            lambda: log.read_bytes().count(b"A worker process is warm") >= n_children,
            seconds=WARM_WITHIN_SECONDS,
            what="the worker to be warm",
            log=log,
        )
        return process

    def start(self, program: Program) -> psutil.Process:
        """Start a program of the launcher's."""
        return psutil.Process(self.group.start(program).process.pid)

    def submit(self, spec: AnalysisSpec) -> str:
        """Put a question into the queue, as the doors do."""
        with self.database.write() as session:
            analysis_id = analyses.submit(session, self.actor, spec)
            self.queue.send_after_commit(session, jobs.WORK)
        return analysis_id

    def wait_final(self, analysis_id: str, *, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Wait until an analysis is over, looking every few milliseconds; anything but success is an error."""
        query = "SELECT status, error_message FROM analyses WHERE public_id = ?"
        # Straight to the file: looking this often must not take the processor from what is measured.
        with contextlib.closing(sqlite3.connect(self.settings.home / "assay.sqlite", isolation_level=None)) as database:

            def final() -> tuple[Status, str] | None:
                meanwhile()
                status, message = database.execute(query, (analysis_id,)).fetchone()
                return (Status(status), message) if Status(status).is_final else None

            log = self.group.logs / "worker.log"
            status, message = wait_until(final, seconds=ANSWERED_WITHIN_SECONDS, what="an answer", log=log)
        if status is not Status.SUCCEEDED:
            raise RuntimeError(f"Expected an analysis that succeeds; it is {status}: {message}")

    def view(self, analysis_id: str) -> AnalysisView:
        """Return an analysis as its owner sees it."""
        with self.database.read() as session:
            return analyses.get(session, self.actor, analysis_id)

    def stored(self) -> set[str]:
        """Return the keys of everything in the store."""
        return {folder.name for folder in self.store.root.glob("??/*")}

    def forget(self, keys: set[str]) -> None:
        """Remove outputs from the store, so that they have to be computed again."""
        for key in keys:
            self.store.remove(key)


@contextlib.contextmanager
def installation(*, worker_processes: int = 1) -> Iterator[Installation]:
    """Make an installation whose queue server runs, and nothing else yet."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-benchmark-")))
        make_folders(home)
        broker = embedded_broker(home / "broker")
        password = secrets.token_urlsafe(24)
        values = {"REDIS_URL": broker.url, "WORKER_PROCESSES": str(worker_processes), "ADMIN_PASSWORD": password}
        stack.enter_context(environment(home, values))
        settings = load_settings()
        group = stack.enter_context(_group(home / "logs"))
        group.start(broker.program)
        for name in ("migrate", "seed"):
            _run_once(programs(settings)[name])
        wait_until(lambda: not answers(broker.url), seconds=10, what="the queue server", log=group.logs / "broker.log")
        database = Database(settings.resolved_database_url)
        stack.callback(database.dispose)
        with database.read() as session:
            actor = accounts.first_admin(session)
        if actor is None:
            raise RuntimeError("Expected an administrator after seeding; found none.")
        store = FrameStore(settings.home / "frames")
        yield Installation(settings, database, store, Queue(broker.url), actor, password, group)


@contextlib.contextmanager
def environment(home: Path, values: dict[str, str]) -> Iterator[None]:
    """Give our settings, and no others, to all processes that start inside the block."""
    own = {
        "HOME": str(home),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "PORT": str(_free_port()),
        "EXAMPLE": "false",
        **values,
    }
    with mock.patch.dict(os.environ), contextlib.chdir(ROOT):  # noqa: TID251  # what child processes inherit
        for name in [name for name in os.environ if name.startswith("ASSAY_")]:  # noqa: TID251
            del os.environ[name]  # noqa: TID251
        os.environ.update({f"ASSAY_{name}": value for name, value in own.items()})  # noqa: TID251
        yield


def wait_until(condition: Callable[[], Found | None], *, seconds: float, what: str, log: Path) -> Found:
    """Return the first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:.0f} s in vain for {what}. The end of {log.name}:\n{last_lines(log)}")
        time.sleep(LOOK_SECONDS)
    return found


@contextlib.contextmanager
def _group(logs: Path) -> Iterator[Group]:
    """Supervise programs; Ctrl-C and SIGTERM end the benchmark, and with it the programs."""
    endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in endings}
    try:
        with Group(logs) as group:
            for number in endings:
                signal.signal(number, signal.default_int_handler)
            yield group
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run_once(program: Program) -> None:
    done = subprocess.run(program.command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Expected {program.name} to succeed; it said:\n{done.stdout}{done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

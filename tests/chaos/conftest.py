"""A whole installation that is kept running while faults befall it, one after the other, and what is measured of it."""

import json
import os
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from quant.warming import warm_up
from tests import factories, schema, servers
from tests.chaos import held
from tests.flows.conftest import ROOT, Stage, Worker, wait_until
from webapp import jobs
from webapp.config import Settings
from webapp.db import Database
from webapp.launch import programs
from webapp.permissions import GRANTS, Role
from webapp.services import analyses, tokens
from webapp.tables import Analysis

# As the product has them, but a shorter lease: what waits for its end would make the matrix take twice as long.
LEASE_SECONDS = 6.0
CHANGES = {
    "lease_seconds": LEASE_SECONDS,
    "heartbeat_seconds": 1.0,
    "max_attempts": 10,  # on a crowded machine a lease may be lost once more for nothing
    "web_processes": 1,
    "request_limit": "100000 per minute",
    "example": False,
}
SILENT_PORT = servers.free_port()
RECORD = os.environ.get("CHAOS_RECORD", "")  # noqa: TID251  # a file of the test run, not a setting


@dataclass
class Row:
    """What faults and checks need to know of an analysis, read at once."""

    id: int
    status: str
    stage: str | None
    attempt: int
    worker: str | None
    pid: int | None
    progress: float
    stage_seconds: dict[str, float]


class Installation(Stage):
    """Database, broker, two workers, a data worker, clock and web server: real processes, to be ended and begun."""

    def __init__(self, settings: Settings, database: Database, folder: Path) -> None:
        super().__init__(settings, database, folder)
        self.folder = folder
        self.is_sound = True
        self.hold = ExitStack()
        self.broker = ExitStack()
        self.database_server = ExitStack()
        self.postgresql: Path | None = None
        self.valkey: servers.Valkey | None = None
        self.others: dict[str, subprocess.Popen[bytes]] = {}
        with database.write() as session:
            user = factories.create_user(session)
            self.actor = factories.actor_of(user)
            _, self.secret = tokens.create_token(
                session, self.actor, name="chaos", scopes=GRANTS[Role(user.role)], expires_in_days=1
            )

    @property
    def environment(self) -> dict[str, str]:
        """What every program of the installation is told."""
        values = {
            "HOME": self.settings.home,
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url.get_secret_value(),
            "SECRET_KEY": self.settings.secret_key.get_secret_value(),
            "PORT": self.settings.port,
            "YAHOO_BASE_URL": f"http://127.0.0.1:{SILENT_PORT}",
            **{name.upper(): value for name, value in CHANGES.items()},
        }
        return os.environ | {f"ASSAY_{name}": str(value) for name, value in values.items()}  # noqa: TID251  # its own

    def begin_worker(self, *, is_for_data: bool = False) -> Worker:
        """Start a worker without waiting for it."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        worker = Worker(self.settings, self.environment, log, is_for_data=is_for_data, app="tests.chaos.held")
        self.workers.append(worker)
        return worker

    def begin(self, name: str) -> None:
        """Start the web server or the clock."""
        log = (self.folder / f"{name}.log").open("ab")
        self.others[name] = subprocess.Popen(
            programs(self.settings)[name].command,
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    def kill(self, name: str) -> None:
        """Kill the web server or the clock with all its processes."""
        process = self.others.pop(name)
        with suppress(psutil.NoSuchProcess):
            for each in psutil.Process(process.pid).children(recursive=True):
                each.kill()
        process.kill()
        process.wait(timeout=5)

    def wait_whole(self) -> None:
        """Wait until two workers are warm, each with its keeper, and the web server answers."""
        while len(self.alive()) < 2:  # the two of every installation here
            self.begin_worker()
        for worker in self.alive():
            worker.wait_ready()
        self.wait_web()

    def wait_web(self) -> None:
        """Wait until the web server answers."""
        wait_until(self._web_answers, seconds=60, what="the web server")

    def _web_answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/healthz", timeout=5).is_success
        return False

    @property
    def url(self) -> str:
        """Where the web server listens."""
        return f"http://127.0.0.1:{self.settings.port}"

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        """Ask REST as the one user there is."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        return httpx.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=30, **options)

    def alive(self) -> list[Worker]:
        """Return the workers of analyses whose main process runs."""
        return [each for each in self.workers if each.process.poll() is None and b"warm" in each.ready]

    def owner_of(self, row: Row) -> Worker:
        """Return the worker that runs an analysis; the first, if none does."""
        for worker in self.alive():
            if row.worker and f":{worker.process.pid}:" in row.worker:
                return worker
        return self.alive()[0]

    def submit_silently(self, spec: object) -> str:
        """Submit, and lose the message: the analysis is queued until a keeper or the clock looks."""
        with self.database.write() as session:
            return analyses.submit(session, self.actor, spec)

    def send(self, n_times: int = 1) -> None:
        """Send the message that there is work."""
        for _ in range(n_times):
            self.queue.send(jobs.WORK)

    def look(self, analysis_id: str) -> Row:
        """Read the row."""
        columns = (
            Analysis.id,
            Analysis.status,
            Analysis.stage,
            Analysis.attempt,
            Analysis.worker,
            Analysis.worker_pid,
            Analysis.progress,
            Analysis.stage_seconds,
        )
        with self.database.read() as session:
            return Row(*session.query(*columns).filter(Analysis.public_id == analysis_id).one())

    def hold_at(self, stage: str, fraction: float) -> Path:
        """Hold the next analysis when it has done this much of a stage; the file is there when it is held."""
        return self.hold.enter_context(held.hold(self.settings.home, stage, fraction))

    def release(self) -> None:
        """Let what is held go on."""
        self.hold.close()

    def last(self, seconds: float) -> None:
        """Let time pass in the middle of a fault, and what was held go on into it."""
        self.release()
        time.sleep(seconds)

    def forget_stages(self) -> None:
        """Empty the store, so that the next analysis computes everything; prices are made again from their rows."""
        for entry in self.store.root.iterdir() if self.store.root.is_dir() else ():
            shutil.rmtree(entry)

    def stop_postgresql(self) -> None:
        """Stop the server of the database, at once."""
        self.database_server.close()

    def start_postgresql(self) -> None:
        """Start it again on the same data."""
        assert self.postgresql is not None
        self.database_server.enter_context(servers.serve_postgresql(self.postgresql))

    def stop_broker(self) -> None:
        """Stop the broker; what it held is lost."""
        self.broker.close()

    def start_broker(self) -> None:
        """Start an empty broker where the last one was."""
        last = self.valkey
        run = servers.run_valkey(last.port, last.password) if last else servers.run_valkey()
        self.valkey = self.broker.enter_context(run)

    def end(self) -> None:
        """End every program at once: how they end when they are asked to is tested elsewhere."""
        for name in list(self.others):
            self.kill(name)
        for worker in self.workers:
            worker.lose()


@contextmanager
def install(kind: str, folder: Path) -> Iterator[Installation]:
    """Make an installation on SQLite or PostgreSQL, whole and warm."""
    with ExitStack() as parts:
        broker, database_server = parts.enter_context(ExitStack()), ExitStack()
        postgresql = None
        try:
            valkey = broker.enter_context(servers.run_valkey())
            if kind == "postgresql":
                postgresql = parts.enter_context(servers.prepare_postgresql())
                parts.callback(database_server.close)
                server = database_server.enter_context(servers.serve_postgresql(postgresql))
                server.execute("CREATE DATABASE assay")
                url = server.url("assay")
            else:
                url = f"sqlite:///{folder / 'assay.sqlite'}"
        except servers.ServerMissing as error:
            pytest.skip(str(error))
        schema.migrate(url)
        settings = Settings(
            home=folder / "home",
            database_url=url,
            redis_url=valkey.url,
            secret_key="only-for-tests-" + "0" * 32,
            port=servers.free_port(),
        )
        (settings.home / "frames").mkdir(parents=True)
        database = Database(url)
        made = Installation(settings, database, folder)
        made.broker, made.database_server, made.postgresql, made.valkey = broker, database_server, postgresql, valkey
        parts.callback(database.dispose)
        parts.callback(made.end)
        parts.callback(made.release)
        for name in ("web", "beat"):
            made.begin(name)
        made.begin_worker()
        made.wait_whole()
        yield made


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Installation]]:
    """Return an installation on a database: the last one, unless a test on it has failed."""
    with ExitStack() as current:
        made: dict[str, Installation] = {}

        def get(kind: str) -> Installation:
            if kind not in made or not made[kind].is_sound:
                made.clear()
                current.close()
                made[kind] = current.enter_context(install(kind, tmp_path_factory.mktemp(f"chaos-{kind}")))
            return made[kind]

        yield get


@pytest.fixture
def installation(request: pytest.FixtureRequest, installed: Callable[[str], Installation]) -> Iterator[Installation]:
    """An installation on SQLite or PostgreSQL, kept warm for all cases; a failure shows what its programs said."""
    made = installed(request.param)
    before = {log: log.stat().st_size for log in made.folder.glob("*.log")}
    made.is_sound = False  # until the test says otherwise
    yield made
    made.release()
    if not made.is_sound:
        for log in sorted(made.folder.glob("*.log")):
            print(f"--- {log}", log.read_bytes()[before.get(log, 0) :][-6000:].decode(errors="replace"), sep="\n")  # noqa: T201


# --- Several installations side by side ------------------------------------------------------------------------------

INSTALLATIONS = 3  # of each database, for the whole matrix


class ByInstallation(LoadScopeScheduling):
    """Deals the cases of a database out to as many test processes, each with an installation that it keeps.

    pytest-xdist has marks for that, which pytest 9 does not let it see.
    """

    def _split_scope(self, nodeid: str) -> str:
        database = nodeid.partition("[")[2].partition("-")[0]
        return f"{database} {zlib.crc32(nodeid.encode()) % INSTALLATIONS}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Keep cases together that share an installation."""
    return ByInstallation(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Compile the kernels once, before a dozen workers all do it at the same time."""
    warm_up()


# --- What was measured -----------------------------------------------------------------------------------------------

BEGAN = time.monotonic()


def passed_before() -> set[str]:
    """Return the cases that have passed in runs of which `CHAOS_RECORD` tells."""
    if not RECORD or not Path(RECORD).exists():
        return set()
    lines = [json.loads(line) for line in Path(RECORD).read_text().splitlines()]
    return {line["case"] for line in lines if line["outcome"] == "passed"}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write down how a case ended, in the one process that hears of all."""
    case = dict(report.user_properties)
    is_xdist_worker = "PYTEST_XDIST_WORKER" in os.environ  # noqa: TID251  # of the test run
    if RECORD and "case" in case and not is_xdist_worker and (report.when == "call" or report.failed):
        line = {**case, "outcome": report.outcome, "when": report.when, "took": round(report.duration, 1)}
        with Path(RECORD).open("a") as record:
            record.write(json.dumps(line) + "\n")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many faults there were, and which was the slowest to recover from."""
    told = [dict(report.user_properties) for report in terminalreporter.stats.get("passed", [])]
    measured = [case for case in told if "moving_again" in case]
    if not measured:
        return
    terminalreporter.section("chaos")
    terminalreporter.line(
        f"{len(measured)} faults in {time.monotonic() - BEGAN:.0f} s on Python {sys.version.split()[0]}"
    )
    for case in sorted(measured, key=lambda case: -case["moving_again"])[:5]:
        terminalreporter.line(f"  moving again {case['moving_again']:5.1f} s after {case['case']}")

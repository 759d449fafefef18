"""A real worker on a real broker and a real database, in processes of their own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests import factories
from webapp import jobs
from webapp.config import Settings
from webapp.db import Database
from webapp.jobs import Queue
from webapp.services import analyses, price_store
from webapp.storage import open_frames

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 240
END_SECONDS = 20


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> object:
    """Return the first true value of `condition`; fail after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"Waited {seconds} s in vain for {what}.")


class Worker:
    """A Celery worker with one child, its keeper, and a log file; of the data queue, if it is told so."""

    def __init__(
        self,
        settings: Settings,
        environment: dict[str, str],
        log: Path,
        *,
        is_for_data: bool = False,
        app: str = "tasks",
    ) -> None:
        self.settings = settings
        self.log = log
        self.ready = b"A data worker process is ready" if is_for_data else b"A worker process is warm"
        command = [sys.executable, "-m", "celery", "-A", "tasks.data" if is_for_data else app, "worker"]
        command += ["--concurrency", "1", "--loglevel", "INFO"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        command += ["--queues", jobs.DATA] if is_for_data else []
        with log.open("wb") as stream:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
        self._all: set[psutil.Process] = set()

    def wait_ready(self) -> None:
        """Wait for its child to be warm."""
        wait_until(lambda: self.ready in self.log.read_bytes(), seconds=READY_SECONDS, what=self.log.name)
        self.family()

    def family(self) -> list[psutil.Process]:
        """All its processes that are alive now, remembered for the end."""
        try:
            mine = psutil.Process(self.process.pid)
            self._all |= {mine, *mine.children(recursive=True)}
        except psutil.NoSuchProcess:
            pass
        return [process for process in self._all if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]

    def kill(self) -> None:
        """Kill the main process, as the machine's memory killer would."""
        self.family()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=5)

    def lose(self) -> None:
        """Take all of it away at once, as when its machine is lost: main process, children and keeper."""
        for process in self.family():
            process.kill()
        psutil.wait_procs(self.family(), timeout=5)
        self.process.wait(timeout=5)

    def end(self) -> None:
        """Stop whatever is left of it."""
        self.family()
        self.process.terminate()
        try:
            self.process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=5)
        _, alive = psutil.wait_procs(self.family(), timeout=END_SECONDS)
        outlived = [(each.pid, " ".join(each.cmdline())) for each in alive if each.is_running()]
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=5)
        assert not outlived, f"Outlived their worker, {self.process.pid}: {outlived}."


class Stage:
    """A whole installation without its web server: what a test of a flow plays on."""

    def __init__(self, settings: Settings, database: Database, folder: Path) -> None:
        self.settings = settings
        self.database = database
        self.store = open_frames(settings)
        self.queue = Queue(settings.resolved_redis_url)
        self.workers: list[Worker] = []
        self._folder = folder
        self._furthest: dict[str, float] = {}
        with database.write() as session:
            price_store.load_sample(session, self.store)
            self.actor = factories.create_actor(session)

    def start_worker(
        self, *, is_for_data: bool = False, app: str = "tasks", is_awaited: bool = True, **changes: object
    ) -> Worker:
        """Start one more worker; `changes` are settings of its own, `app` another Celery app than ours."""
        values, environment = self.settings.model_copy(update=changes), self.environment(**changes)
        log = self._folder / f"worker-{len(self.workers)}.log"
        worker = Worker(values, environment, log, is_for_data=is_for_data, app=app)
        self.workers.append(worker)
        if is_awaited:
            worker.wait_ready()
        return worker

    def environment(self, **changes: object) -> dict[str, str]:
        """Return the environment of one more program; `changes` are settings of its own."""
        values = self.settings.model_copy(update=changes)
        return dict(os.environ) | {  # noqa: TID251  # what the processes of a launcher inherit
            "ASSAY_HOME": str(values.home),
            "ASSAY_DATABASE_URL": values.database_url,
            "ASSAY_REDIS_URL": values.redis_url.get_secret_value(),
            "ASSAY_REDIS_CA_FILE": values.redis_ca_file,
            "ASSAY_RESULTS_URL": values.results_url.get_secret_value(),
            "ASSAY_RESULTS_ACCESS_KEY": values.results_access_key.get_secret_value(),
            "ASSAY_RESULTS_SECRET_KEY": values.results_secret_key.get_secret_value(),
            "ASSAY_SECRET_KEY": values.secret_key.get_secret_value(),
            **{f"ASSAY_{name.upper()}": str(value) for name, value in changes.items()},
        }

    def submit(self, spec: object) -> str:
        """Submit as the one user there is; the message is sent after the commit."""
        with self.database.write() as session:
            analysis_id = analyses.submit(session, self.actor, spec)
            self.queue.send_after_commit(session, jobs.WORK)
        return analysis_id

    def view(self, analysis_id: str) -> analyses.AnalysisView:
        """Look at an analysis as its owner, who never sees it go backwards, whatever befalls its workers."""
        with self.database.read() as session:
            view = analyses.get(session, self.actor, analysis_id)
        assert view.summary.progress >= self._furthest.get(analysis_id, 0.0), view
        self._furthest[analysis_id] = view.summary.progress
        return view

    def wait_final(self, analysis_id: str, *, seconds: float = 240) -> analyses.AnalysisView:
        """Wait until an analysis is over."""
        wait_until(lambda: self.view(analysis_id).status.is_final, seconds=seconds, what=f"the end of {analysis_id}")
        return self.view(analysis_id)

    def wait_stage(self, analysis_id: str, *stages: str, seconds: float = 120) -> analyses.AnalysisView:
        """Wait until an analysis runs in one of these stages."""
        view = wait_until(
            lambda: (seen := self.view(analysis_id)) and seen.summary.stage in stages and seen,
            seconds=seconds,
            what=f"{analysis_id} to be in {stages}",
        )
        assert isinstance(view, analyses.AnalysisView)
        return view

    def cancel(self, analysis_id: str) -> None:
        """Cancel an analysis as its owner."""
        with self.database.write() as session:
            analyses.cancel(session, self.actor, analysis_id)


@pytest.fixture(scope="session")
def flows_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all flows of a test process: compiled kernels are made once."""
    return tmp_path_factory.mktemp("flows")


@pytest.fixture
def stage(flows_home, database, database_url, valkey, tmp_path) -> Iterator[Stage]:
    """An installation on the test's database and broker, with nothing stored; its workers end with the test."""
    settings = Settings(
        home=flows_home, database_url=database_url, redis_url=valkey.url, secret_key="only-for-tests-" + "0" * 32
    )
    shutil.rmtree(flows_home / "frames", ignore_errors=True)  # else the stages of another test answer this one's
    stage = Stage(settings, database, tmp_path)
    yield stage
    with ExitStack() as at_the_end:  # each, also if one of them does not end as it should
        for worker in stage.workers:
            at_the_end.callback(worker.end)

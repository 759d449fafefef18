"""The whole of Assay as `make run` starts it, no part replaced: up, signed in, disturbed, answered, ended, up again."""

import contextlib
import functools
import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psutil
import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from tests.flows.conftest import ROOT, wait_until
from tests.servers import free_port
from webapp.config import Settings
from webapp.db import Database
from webapp.services.example import TITLE, example_spec
from webapp.tables import Analysis

# Each wait has a bound of its own; on a busy machine all of them together take longer than a test usually may.
pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(900)]

READY_SECONDS = 240
ANSWERED_SECONDS = 240
STOPPED_WITHIN_SECONDS = 10.0


@dataclass
class Installation:
    """An installation in a home of its own, with every default but the port and perhaps the database."""

    home: Path
    database_url: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _family: set[psutil.Process] = field(default_factory=set)
    _said: Path = Path()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> str:
        """Start everything; return what it says until it is ready."""
        self._said = self.home.with_name(f"said-{len(list(self.home.parent.glob('said-*')))}")
        environment = os.environ | {  # noqa: TID251  # a process's own
            "ASSAY_HOME": str(self.home),
            "ASSAY_PORT": str(self.port),
            "ASSAY_DATABASE_URL": self.database_url,
        }
        with self._said.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "webapp", "up"], cwd=ROOT, env=environment, stdout=stream, stderr=stream
            )
        wait_until(
            lambda: "Ctrl-C stops it." in self.said() or self.process.poll() is not None,
            seconds=READY_SECONDS,
            what="the address",
        )
        assert self.process.poll() is None, self.said()
        return self.said()

    def said(self) -> str:
        return self._said.read_text()

    def alive(self) -> list[psutil.Process]:
        """Return all its processes that are alive now; whoever was one once is looked at for ever."""
        with contextlib.suppress(psutil.NoSuchProcess):
            launcher = psutil.Process(self.process.pid)
            self._family |= {launcher, *launcher.children(recursive=True)}
        return [process for process in self._family if is_alive(process)]

    def kill_web(self) -> None:
        """Kill the web server's main process, as the machine's memory killer would."""
        self.alive()
        children = psutil.Process(self.process.pid).children()
        (web,) = [process for process in children if "gunicorn" in process.cmdline()]
        web.kill()

    def stop(self, number: signal.Signals) -> float:
        """Ask it to end; return the seconds until none of its processes was left."""
        self.alive()
        began = time.monotonic()
        self.process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=3 * STOPPED_WITHIN_SECONDS)
        seconds = time.monotonic() - began
        left = [process.cmdline() for process in self.alive()]
        assert left == [], self.said()
        assert self.process.returncode == 0, self.said()
        return seconds

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        for process in self.alive():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self.process:
            self.process.wait(timeout=5)

    def row_of(self, analysis_id: str) -> Analysis:
        """Read an analysis from the database: what no door shows, and while no door is open."""
        settings = Settings(home=self.home, database_url=self.database_url, secret_key="k" * 32)
        database = Database(settings.resolved_database_url)
        try:
            with database.read() as session:
                return session.query(Analysis).filter_by(public_id=analysis_id).one()
        finally:
            database.dispose()


class Person:
    """A browser without a page: it fills in the form, and keeps its cookies."""

    def __init__(self, url: str) -> None:
        self._url = url
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def sign_in(self, email: str, password: str) -> str:
        """Fill in the form; return where that leads."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.open("/login")[1])
        form = {"email": email, "password": password, "csrf_token": token[1]}
        return self.open("/login", urllib.parse.urlencode(form).encode())[0]

    def open(self, path: str, form: bytes | None = None) -> tuple[str, str]:
        """Return where an address leads, and what stands there."""
        with self._opener.open(self._url + path, form, timeout=60) as answer:
            return answer.geturl().removeprefix(self._url), answer.read().decode()


class Program:
    """A program that uses REST with a token."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._url = f"{url}/api/v1"
        self._headers = {"Content-Type": "application/json"}
        token = self.ask("POST", "/tokens", {"email": email, "password": password})["token"]
        self._headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, self._headers, method=method)  # noqa: S310  # our own server
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # our own server
            return json.load(answer)

    def wait_for(self, analysis_id: str, *, until: str) -> Any:
        """Wait until an analysis is in this state, or in a final one; return it as REST shows it."""

        def look() -> Any:
            time.sleep(0.2)  # a person may ask 600 times a minute
            seen = self.ask("GET", f"/analyses/{analysis_id}")
            return seen if seen["status"] in {until, "succeeded", "failed", "cancelled"} else None

        seen: Any = wait_until(look, seconds=ANSWERED_SECONDS, what=f"{analysis_id} to be {until}")
        assert seen["status"] == until, seen["error_message"]
        return seen


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310  # our own server
            return answer.status == HTTPStatus.OK
    except OSError:  # nobody listens, or it was cut off; an HTTPError is one too
        return False


@functools.cache
def found_alone(n_tuning_trials: int | None) -> str:
    """Return the hash of what the library alone finds for the example; it is the same for each database."""
    return run_analysis(example_spec(), fetch_instruments, pinned_n_tuning_trials=n_tuning_trials).hash()


@pytest.fixture
def installation(database_kind, tmp_path, request) -> Iterator[Installation]:
    """An installation that was never started: SQLite in its home, or a PostgreSQL database without a table."""
    url = ""
    if database_kind == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        server.execute("CREATE DATABASE untouched")
        url = server.url("untouched")
    installation = Installation(tmp_path / "home", url)
    yield installation
    installation.end()
    if url:
        server.execute("DROP DATABASE untouched WITH (FORCE)")


def test_from_the_first_start_to_the_answer_and_over_the_next_start(installation, database_kind):
    said = installation.up()
    assert re.search(rf"^Ready after .*: {installation.url}$", said, re.MULTILINE)
    email = re.search(r"^ *First administrator: (\S+)$", said, re.MULTILINE)[1]
    password = re.search(r"^ *Password: (\S+)   \(shown this once\)$", said, re.MULTILINE)[1]
    person = Person(installation.url)
    assert person.sign_in(email, password) == "/app/"
    program = Program(installation.url, email, password)
    (example,) = program.ask("GET", "/analyses")["items"]
    assert example["title"] == TITLE

    # The web server is killed while the example runs: nobody has to sign in again, and the analysis does not notice.
    program.wait_for(example["id"], until="running")
    installation.kill_web()
    assert installation.row_of(example["id"]).status == "running", "it was killed in time"
    wait_until(
        lambda: "web was killed by signal 9" in installation.said() and is_healthy(installation.url),
        seconds=READY_SECONDS,
        what="the next web server; what the old one left is ended before the launcher says so",
    )
    assert person.open("/app/")[0] == "/app/"
    answered = program.wait_for(example["id"], until="succeeded")
    assert answered["attempt"] == 1
    pins = installation.row_of(example["id"]).pins
    assert answered["result_hash"] == found_alone(pins.get("n_tuning_trials"))  # none if its target was met without

    assert installation.stop(signal.SIGTERM) < STOPPED_WITHIN_SECONDS

    # The second start finds everything: people, passwords, sessions, tokens and answers; and makes nothing twice.
    said = installation.up()
    assert "Password" not in said
    assert "administrator" not in said
    assert person.open("/app/")[0] == "/app/"
    assert Person(installation.url).sign_in(email, password) == "/app/"
    assert [each["id"] for each in program.ask("GET", "/analyses")["items"]] == [example["id"]]
    assert program.ask("GET", f"/analyses/{example['id']}")["result_hash"] == answered["result_hash"]

    if database_kind == "sqlite":  # once is enough: what is computed again does not come from a database
        again = program.ask("POST", f"/analyses/{example['id']}/rerun")
        assert program.wait_for(again["id"], until="succeeded")["result_hash"] == answered["result_hash"]
    assert installation.stop(signal.SIGINT) < STOPPED_WITHIN_SECONDS

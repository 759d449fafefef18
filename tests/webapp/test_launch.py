"""The launcher with real processes: a real queue server, real migrations, and stand-ins for web, worker and beat."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.servers import free_port
from webapp import jobs
from webapp.config import Settings
from webapp.launch import programs

pytestmark = pytest.mark.broker

ROOT = Path(__file__).resolve().parents[2]
STOPPED_WITHIN_SECONDS = 10.0

# Runs the launcher with other programs than Assay's own, given as JSON: {name: [command, grace_seconds]}.
LAUNCHER = """
import json, sys
from webapp import launch
from webapp.supervision import Program

own = launch.programs
given = {name: Program(name, tuple(command), grace) for name, (command, grace) in json.loads(sys.argv[1]).items()}
launch.programs = lambda settings: own(settings) | given
sys.exit(launch.up())
"""
WEB = """
import http.server, signal, sys
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""
SLEEPER = "import time; time.sleep(600)"
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"],
                 start_new_session="apart" in sys.argv)
print("ready", flush=True)
time.sleep(600)
"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-c", code, *arguments]


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def is_named(process: psutil.Process, name: str) -> bool:
    line = process.cmdline() or ["", ""]  # between its fork and its program it has none
    return "-server" in line[0] if name == "broker" else line[-1] == name


@dataclass
class Launch:
    """One launcher and what it started."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] = field(init=False)
    family: list[psutil.Process] = field(default_factory=list)

    def start(self, stand_ins: dict[str, list[str]] | None = None, **settings: str) -> "Launch":
        given = {
            "web": python(WEB, str(self.port)),
            "worker": python(SLEEPER, "worker"),
            "data": python(SLEEPER, "data"),
            "beat": python(SLEEPER, "beat"),
            "migrate": python("print('up to date')"),
            "seed": python("print('Sign in as somebody')"),
        } | (stand_ins or {})
        environment = os.environ | {"ASSAY_HOME": str(self.home), "ASSAY_PORT": str(self.port)}  # noqa: TID251  # a process's own
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, json.dumps({name: [line, 2.0] for name, line in given.items()})],
            cwd=ROOT,
            env=environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def ready(self) -> list[str]:
        lines = []
        while not any("Ctrl-C stops it" in line for line in lines):
            line = self.process.stdout.readline()
            assert line, f"It ended instead: {self.process.communicate()}"
            lines.append(line.rstrip())
        self.look()
        return lines

    def look(self) -> None:
        known = {process.pid for process in self.family}
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.family += [process for process in family if process.pid not in known]

    def alive(self, name: str) -> list[psutil.Process]:
        self.look()
        return [process for process in self.family if is_alive(process) and is_named(process, name)]

    def refused(self) -> str:
        """Return what a launcher that cannot start says; it says it in one line and leaves nothing."""
        out, error = self.process.communicate(timeout=30)
        assert self.process.returncode == 1
        assert "Traceback" not in error
        assert "Ready" not in out
        return error.strip()

    def none_left(self) -> bool:
        return not any(is_alive(process) for process in self.family)

    def stop(self, number: int = signal.SIGTERM) -> float:
        self.look()
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        return time.monotonic() - began


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    launch = Launch(tmp_path / "home")
    yield launch
    if launch.process.poll() is None:
        launch.look()
        launch.process.kill()
    launch.process.communicate()
    for process in launch.family:
        if is_alive(process):
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_starts_tells_where_it_is_and_leaves_nothing_when_it_ends(launch, number):
    lines = launch.start().ready()

    assert any(f"http://127.0.0.1:{launch.port}" in line for line in lines)
    assert "  Sign in as somebody" in lines
    assert len(launch.family) == 6, "the guard, the queue server, web, worker, data worker and beat"
    assert launch.stop(number) < STOPPED_WITHIN_SECONDS
    assert launch.process.returncode == 0
    assert launch.none_left()


@pytest.mark.parametrize("where", ["beside", "apart"])
def test_ends_programs_that_do_not_want_to_end(launch, where):
    launch.start({"worker": python(STUBBORN, where), "web": python(WEB, str(launch.port), "stubborn")})
    launch.ready()
    wait_until(lambda: "ready" in (launch.home / "logs" / "worker.log").read_text())

    assert launch.stop() < STOPPED_WITHIN_SECONDS
    assert launch.process.returncode == 0
    assert launch.none_left()


def test_a_second_ctrl_c_does_not_wait(launch):
    launch.start({"web": python(WEB, str(launch.port), "stubborn")}).ready()
    launch.process.send_signal(signal.SIGINT)
    time.sleep(0.2)

    assert launch.stop(signal.SIGINT) < 5  # a stubborn program that is waited for takes longer
    assert launch.none_left()


def test_a_killed_launcher_leaves_no_orphans_and_the_next_one_starts(launch):
    launch.start({"worker": python(STUBBORN, "apart")}).ready()
    wait_until(lambda: "ready" in (launch.home / "logs" / "worker.log").read_text())
    launch.stop(signal.SIGKILL)
    launch.process.communicate()
    orphans = list(launch.family)

    launch.start().ready()

    assert not any(is_alive(process) for process in orphans)


@pytest.mark.parametrize("name", ["broker", "worker"])
def test_a_dead_program_is_started_again(launch, name):
    launch.start().ready()
    (victim,) = launch.alive(name)
    victim.kill()

    assert f"{name} was killed by signal 9" in launch.process.stdout.readline()
    wait_until(lambda: launch.alive(name))
    assert launch.alive(name) != [victim]
    assert launch.stop() < STOPPED_WITHIN_SECONDS
    assert launch.none_left()


def test_a_program_that_dies_again_and_again_ends_everything(launch):
    launch.start({"beat": python("import sys, time; time.sleep(1); sys.exit('no schedule')")}).ready()
    _, error = launch.process.communicate(timeout=30)

    assert launch.process.returncode == 1
    assert "beat ended with code 1, 3 times in a row" in error
    assert error.count("no schedule") == 3, "the end of its log"
    assert launch.none_left()


def test_a_second_launcher_on_the_same_folder_is_refused(launch):
    launch.start().ready()

    refused = Launch(launch.home).start().refused()

    assert refused.startswith(f"Assay runs on {launch.home} already (process {launch.process.pid}).")
    assert len(launch.alive("broker")) == 1, "the first goes on"


def test_a_busy_port_is_refused_before_anything_starts(launch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", launch.port))
        other.listen()
        refused = launch.start().refused()

    assert refused == (
        f"Port {launch.port} on 127.0.0.1 cannot be used (Address already in use). "
        f"Choose another: make run ASSAY_PORT={launch.port + 1}"
    )
    assert not (launch.home / "logs" / "broker.log").exists()


def test_a_folder_that_cannot_be_written_is_refused(launch):
    launch.home = Path("/dev/null/home")  # nobody can write there, not even root

    assert launch.start().refused() == (
        "The data folder /dev/null/home cannot be written (Not a directory). "
        "Name another: make run ASSAY_HOME=/some/folder"
    )


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://127.0.0.1:1/0", "Error 111 connecting to 127.0.0.1:1. Connection refused"),
        ("http://somewhere", "Redis URL must specify one of the following schemes"),
    ],
)
def test_a_redis_url_that_leads_nowhere_is_refused(launch, url, reason):
    refused = launch.start(ASSAY_REDIS_URL=url).refused()

    assert refused.startswith(f"The server of ASSAY_REDIS_URL does not answer ({reason}")
    assert refused.endswith("Start it, or correct the URL.")


def test_settings_that_are_wrong_are_named(launch):
    refused = launch.start(ASSAY_PORT="eighty", ASSAY_WEB_THREADS="0").refused()

    assert [line.split(":")[0] for line in refused.splitlines()] == ["ASSAY_PORT", "ASSAY_WEB_THREADS"]
    assert "found 'eighty'" in refused


def test_a_secret_that_is_wrong_is_named_and_not_shown(launch):
    refused = launch.start(ASSAY_SECRET_KEY="hunter2").refused()

    assert refused.startswith("ASSAY_SECRET_KEY: ")
    assert "hunter2" not in refused


@pytest.mark.parametrize(
    ("settings", "is_warned"),
    [
        ({"ASSAY_HOST": "127.0.0.1"}, False),
        ({"ASSAY_HOST": "localhost"}, False),
        ({"ASSAY_HOST": "0.0.0.0"}, True),  # noqa: S104  # the stand-in for the web server does not listen there
        ({"ASSAY_HOST": "0.0.0.0", "ASSAY_TRUSTED_PROXIES": "1"}, False),  # noqa: S104
    ],
)
def test_who_can_be_reached_from_elsewhere_without_a_proxy_is_warned_in_one_line(launch, settings, is_warned):
    lines = launch.start(**settings).ready()

    assert sum("put a proxy with HTTPS before it" in line for line in lines) == is_warned


def test_a_database_of_a_newer_version_is_refused(launch):
    launch.home.mkdir()
    with sqlite3.connect(launch.home / "assay.sqlite") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()
    settings = Settings(secret_key="x" * 32)
    refused = launch.start({"migrate": list(programs(settings)["migrate"].command)}).refused()

    assert re.match(r"Expected a database of version \d{4} or an older one; found 9999", refused)
    assert len(refused.splitlines()) == 1


def test_a_first_step_that_fails_is_told_in_one_line(launch):
    code = "import sys; print('a long traceback'); print('ValueError: the sample is broken'); sys.exit(1)"
    refused = launch.start({"seed": python(code)}).refused()

    assert len(refused.splitlines()) == 1
    assert "ValueError: the sample is broken" in refused
    assert "a long traceback" in (launch.home / "logs" / "seed.log").read_text()


def test_a_server_that_was_named_is_used_instead_of_an_embedded_one(launch):
    launch.start().ready()
    url = (launch.home / "secrets" / "assay_redis_url").read_text()
    other = Launch(launch.home.with_name("other"))
    try:
        other.start(ASSAY_REDIS_URL=url).ready()

        assert other.alive("broker") == []
        assert not (other.home / "secrets" / "assay_redis_url").exists()
        assert other.stop() < STOPPED_WITHIN_SECONDS
    finally:
        other.process.kill()
        other.process.communicate()


def test_an_empty_redis_url_is_no_redis_url(launch):
    launch.start(ASSAY_REDIS_URL="").ready()

    assert len(launch.alive("broker")) == 1


def test_secrets_are_kept_for_their_owner_only_and_shown_to_nobody(launch):
    launch.start().ready()
    secrets = launch.home / "secrets"
    password = re.search(r":(.+)@", (secrets / "assay_redis_url").read_text().removeprefix("redis://"))[1]

    for folder in (launch.home, secrets, launch.home / "logs", launch.home / "broker"):
        assert folder.stat().st_mode & 0o777 == 0o700
    for file in secrets.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
    assert not any(password in " ".join(process.cmdline()) for process in launch.family)
    assert not any(password in log.read_text() for log in (launch.home / "logs").iterdir())


def test_a_second_start_keeps_the_key_and_changes_the_queue_password(launch):
    secrets = launch.home / "secrets"
    launch.start().ready()
    before = [(secrets / name).read_text() for name in ("assay_secret_key", "assay_redis_url")]
    launch.stop()
    launch.process.communicate()
    launch.start().ready()

    assert (secrets / "assay_secret_key").read_text() == before[0]
    assert (secrets / "assay_redis_url").read_text() != before[1]


def test_what_is_shown_once_is_not_kept_in_a_log(launch):
    launch.start({"seed": python("print('password: a-very-secret-one')")}).ready()

    assert not any("a-very-secret-one" in log.read_text() for log in (launch.home / "logs").iterdir())


def test_a_web_server_that_is_asked_to_listen_everywhere_gets_all_addresses():
    settings = Settings(secret_key="x" * 32, host="::", port=8051, web_processes=3)
    command = programs(settings)["web"].command

    assert command[command.index("--bind") + 1] == "[::]:8051"
    assert command[command.index("--workers") + 1] == "3"


def test_the_data_worker_takes_the_queue_to_which_acquisitions_are_sent():
    command = programs(Settings(secret_key="x" * 32))["data"].command

    assert command[command.index("-A") + 1] == "tasks.data"
    assert command[command.index("--queues") + 1] == jobs.DATA


def alone(word: str, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one program as a container does."""
    own = {"ASSAY_HOME": str(home), "ASSAY_SECRET_KEY": "k" * 32} | settings
    environment = os.environ | own  # noqa: TID251  # a process's own
    command = [sys.executable, "-m", "webapp", word]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False, umask=0o022
    )


def test_one_word_becomes_one_program(tmp_path):
    done = alone("migrate", tmp_path)

    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "assay.sqlite") as database:
        assert database.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    database.close()
    assert (tmp_path / "assay.sqlite").stat().st_mode & 0o777 == 0o600, "nobody else reads it"


def test_a_program_without_its_key_is_refused(tmp_path):
    done = alone("web", tmp_path, ASSAY_SECRET_KEY="")

    assert done.returncode == 1
    assert done.stderr == "ASSAY_SECRET_KEY: Field required. See docs/settings.md.\n"


def test_an_unknown_word_is_refused(tmp_path):
    done = alone("everything", tmp_path)

    assert done.returncode == 2
    assert "choose from" in done.stderr

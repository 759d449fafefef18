import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from webapp import supervision
from webapp.supervision import GaveUp, Group, Program, StopRequested

# A newer Python warns of a fork beside threads: pytest-xdist has some here, the launcher has none.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def program(code: str, *, name: str = "it", grace_seconds: float = 5.0, configuration: str = "") -> Program:
    return Program(name, (sys.executable, "-I", "-c", code), grace_seconds, configuration)


SLEEPER = program("import time; time.sleep(600)")
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""
POLITE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("bye"), sys.exit()))
print("ready", flush=True)
signal.pause()
"""
PARENT = """
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
sys.exit(1)
"""


@pytest.fixture
def group(tmp_path) -> Iterator[Group]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with Group(tmp_path) as group:
        yield group
    for number, handler in handlers.items():
        signal.signal(number, handler)


def wait_for_log(group: Group, text: str) -> None:
    while text not in (group.logs / "it.log").read_text():
        group.tick()


def events(group: Group, seconds: float) -> list[str]:
    lines, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        lines += group.watch(["it"])
        group.tick()
    return lines


def test_a_program_runs_in_a_session_of_its_own_with_its_output_in_its_log(group):
    member = group.start(program("import os; print(os.getsid(0) == os.getpid())"))
    while group.finished("it") is None:
        group.tick()

    assert member.log.read_text() == "True\n"
    assert "it" not in group


def test_what_is_configured_comes_by_standard_input(group):
    group.start(program("import sys; print(sys.stdin.read().upper())", configuration="password"))
    wait_for_log(group, "PASSWORD")


def test_a_program_that_died_late_is_started_again_at_once(group, monkeypatch):
    monkeypatch.setattr(supervision, "QUICK_SECONDS", 0.0)
    first = group.start(SLEEPER).process
    first.kill()
    first.wait()

    (line,) = group.watch(["it"])
    assert line == f"it was killed by signal 9 after 0 s; starting it again. Log: {group.logs / 'it.log'}"
    assert list(group.watch(["it"])) == []
    group.stop(["it"])


def test_a_program_that_dies_at_once_is_given_time_and_then_given_up(group):
    group.start(program("import sys; sys.exit('no settings')"))
    began = time.monotonic()
    with pytest.raises(GaveUp, match=r"it ended with code 1, 3 times in a row, .*\n(no settings\n?){3}"):
        events(group, 30.0)

    assert 3.0 < time.monotonic() - began < 10.0, "one second before the second start, two before the third"


def test_who_asked_to_stop_is_heard_at_the_next_tick(group):
    signal.raise_signal(signal.SIGHUP)

    with pytest.raises(StopRequested):
        group.tick()
    assert not group.kill_requested
    signal.raise_signal(signal.SIGHUP)
    assert group.kill_requested


def test_a_program_may_end_by_itself(group):
    group.start(program(POLITE))
    wait_for_log(group, "ready")
    group.stop(["it"])

    assert "bye" in (group.logs / "it.log").read_text()


def test_a_program_that_takes_too_long_is_killed(group):
    process = group.start(program(STUBBORN, grace_seconds=0.3)).process
    wait_for_log(group, "ready")
    began = time.monotonic()
    group.stop(["it"])

    assert process.returncode == -signal.SIGKILL
    assert 0.3 <= time.monotonic() - began < 2.0


def test_what_a_dead_program_started_is_not_left_behind(group):
    group.start(program(PARENT))
    wait_for_log(group, "\n")
    pid = int((group.logs / "it.log").read_text())
    while not list(group.watch(["it"])):
        group.tick()

    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    group.stop(["it"])


def test_nothing_breaks_when_somebody_kills_the_guard(group):
    guard, _pipe = group._guard
    os.kill(guard, signal.SIGKILL)
    process = group.start(SLEEPER).process
    group.stop(["it"])

    assert process.returncode is not None


def test_a_large_log_is_put_aside_at_a_start(group, monkeypatch):
    monkeypatch.setattr(supervision, "LOG_BYTES", 10)
    log = group.logs / "it.log"
    log.write_text("a long story of the last time")
    group.start(SLEEPER)

    assert log.read_text() == ""
    assert Path(f"{log}.1").read_text() == "a long story of the last time"


def test_the_end_of_a_log_is_what_a_person_wants_to_see(tmp_path):
    (tmp_path / "log").write_text("".join(f"{number}\n" for number in range(100)))

    assert supervision.last_lines(tmp_path / "log", 3) == "97\n98\n99"

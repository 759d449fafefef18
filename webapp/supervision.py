"""Supervision: programs that start together, are watched and restarted, and end together.

Each program leads a session of its own, so that a Ctrl-C at the terminal reaches only us, and so that ending it ends
whatever it started. A guard, forked at the start, does the same should we be killed without a chance to do it.
"""

import contextlib
import os
import signal
import subprocess
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import psutil

QUICK_SECONDS = 20.0  # dying sooner than this after its start is a quick death
QUICK_DEATHS_ALLOWED = 2  # the third in a row ends everything
KILL_SECONDS = 1.0  # how long the kernel may take to remove what was killed
FAREWELL_SECONDS = 1.5  # what a program started in a session of its own may go on after it, to put things in order
ORPHAN_SECONDS = 5.0  # how long programs may take to end after we were killed
TICK_SECONDS = 0.05
LOG_BYTES = 5_000_000
LOG_LINES_SHOWN = 12


class CannotStart(Exception):
    """Assay cannot start; the message is one line that says what to do."""


class StopRequested(Exception):
    """Somebody asked us to end: Ctrl-C, SIGTERM, or a terminal that was closed."""


class GaveUp(Exception):
    """A program died again and again; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Program:
    """What to start, and how long it may take to end by itself when asked to."""

    name: str
    command: tuple[str, ...]
    grace_seconds: float = 1.5
    configuration: str = ""  # given on standard input: unlike the command, nobody can read it in a list of processes


@dataclass
class Member:
    """A program of the group, its process and its record."""

    program: Program
    process: subprocess.Popen[bytes]
    log: Path
    started_at: float
    quick_deaths: int = 0
    restart_at: float | None = None


@dataclass
class Group:
    """Programs that live and die together; a context manager, so that none outlives it.

    Parameters
    ----------
    logs : Path
        Folder where each program's output is kept as `<name>.log`.
    """

    logs: Path
    stop_requested: bool = False
    kill_requested: bool = False
    _members: dict[str, Member] = field(default_factory=dict)
    _guard: tuple[int, int] = (-1, -1)  # its process, and the pipe on which it hears of us

    def __enter__(self) -> Self:
        """Post the guard, and take over what would end us."""
        self._guard = _fork_guard()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *exception: object) -> None:
        """End what still runs, and dismiss the guard."""
        self.stop(self._members)
        guard, pipe = self._guard
        os.close(pipe)
        os.waitpid(guard, 0)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.kill_requested = self.stop_requested  # who asks twice does not want to wait
        self.stop_requested = True

    def start(self, program: Program, *, output: IO[bytes] | None = None) -> Member:
        """Start a program; its output goes to its log, or to `output`."""
        log = self.logs / f"{program.name}.log"
        if output is None:
            _rotate(log)
        member = Member(program, self._spawn(program, log, output), log, time.monotonic())
        self._members[program.name] = member
        return member

    def _spawn(self, program: Program, log: Path, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        with contextlib.ExitStack() as stack:
            sink = output or stack.enter_context(log.open("ab"))
            process = subprocess.Popen(  # noqa: S603  # our own commands
                program.command,
                stdin=subprocess.PIPE if program.configuration else subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tell_guard(f"+{process.pid}")
        if process.stdin:
            with contextlib.suppress(BrokenPipeError), process.stdin:  # it is dead already; `watch` will see that
                process.stdin.write(program.configuration.encode())
        return process

    def __contains__(self, name: str) -> bool:
        """Whether a program of this name was started and not ended."""
        return name in self._members

    def finished(self, name: str) -> int | None:
        """Return the exit code of a program that was to run once, or None while it runs; then it is forgotten."""
        code = self._members[name].process.poll()
        if code is not None:
            self._tell_guard(f"-{self._members.pop(name).process.pid}")
        return code

    def tick(self) -> None:
        """Wait a moment.

        Raises
        ------
        StopRequested
            If somebody asked us to end in the meantime.
        """
        if not self.stop_requested:
            time.sleep(TICK_SECONDS)
        if self.stop_requested:
            raise StopRequested

    def watch(self, names: Iterable[str]) -> Iterator[str]:
        """Look after the named programs once: start again what died, and yield a line about each event.

        Raises
        ------
        GaveUp
            If one of them died quickly for the third time in a row.
        """
        for name in names:
            member = self._members[name]
            if member.restart_at is None:
                code = member.process.poll()
                if code is not None:
                    yield self._bury(member, code)
            elif time.monotonic() >= member.restart_at:
                member.process = self._spawn(member.program, member.log)
                member.started_at, member.restart_at = time.monotonic(), None

    def _bury(self, member: Member, code: int) -> str:
        _kill_session(member.process.pid)  # what it left behind would be in the way of its successor
        self._tell_guard(f"-{member.process.pid}")
        lived = time.monotonic() - member.started_at
        member.quick_deaths = member.quick_deaths + 1 if lived < QUICK_SECONDS else 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        if member.quick_deaths > QUICK_DEATHS_ALLOWED:
            raise GaveUp(
                f"{member.program.name} {how}, {member.quick_deaths} times in a row, so everything is stopped. "
                f"The end of {member.log}:\n{last_lines(member.log)}"
            )
        wait = 0.5 * 2**member.quick_deaths if member.quick_deaths else 0.0
        member.restart_at = time.monotonic() + wait
        return f"{member.program.name} {how} after {lived:.0f} s; starting it again. Log: {member.log}"

    def stop(self, names: Iterable[str]) -> None:
        """End the named programs and all that they started: politely, then by force when their time is over."""
        members = [self._members.pop(name) for name in list(names)]
        kin = {member.process.pid: _descendants(member.process.pid) for member in members}
        for member in members:
            member.process.terminate()
        asked_at = time.monotonic()
        for member in members:
            while member.process.poll() is None and self._waits_until(asked_at + member.program.grace_seconds):
                pass
        for member in members:
            pid = member.process.pid
            _kill_session(pid)
            member.process.wait()
            deadline = time.monotonic() + FAREWELL_SECONDS
            while any(map(_is_alive, kin[pid])) and self._waits_until(deadline):
                pass
            _kill(kin[pid])
            self._tell_guard(f"-{pid}")

    def _waits_until(self, deadline: float) -> bool:
        """Wait a moment; return whether there is time left, and nobody who wants it over with."""
        time.sleep(TICK_SECONDS)
        return time.monotonic() < deadline and not self.kill_requested

    def _tell_guard(self, report: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # somebody killed the guard; we end everything without it
            os.write(self._guard[1], f"{report}\n".encode())


def last_lines(log: Path, count: int = LOG_LINES_SHOWN) -> str:
    """Return the end of a log, for a person to read."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _descendants(pid: int) -> list[psutil.Process]:
    """Return what a process started, and what that started, also in sessions of their own."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _session(leader: int) -> list[psutil.Process]:
    """Return the living processes of a session."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError):  # gone, or not ours
            if os.getsid(process.pid) == leader and _is_alive(process):
                found.append(process)
    return found


def _is_alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that ended and that nobody has collected yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _kill_session(leader: int) -> None:
    deadline = time.monotonic() + KILL_SECONDS
    while (processes := _session(leader)) and time.monotonic() < deadline:
        _kill(processes)
        time.sleep(0.01)


def _fork_guard() -> tuple[int, int]:
    """Fork the guard; return its process, and the pipe on which it hears who lives. The pipe's end is ours."""
    reading, writing = os.pipe()
    guard = os.fork()
    if guard == 0:
        try:
            os.close(writing)
            _stand_guard(reading)
        except BaseException:  # noqa: BLE001  # a copy of our caller must not go on, whatever happens
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(reading)
    return guard, writing


def _stand_guard(reading: int) -> None:
    """Wait for the end of our parent, then end the sessions that it left; it leaves none when it ends in order."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    living: set[int] = set()
    with open(reading) as reports:
        for report in reports:
            (living.add if report[0] == "+" else living.discard)(int(report[1:]))
    kin = [process for pid in living for process in _descendants(pid)]
    for pid in living:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + ORPHAN_SECONDS
    while (any(map(_session, living)) or any(map(_is_alive, kin))) and time.monotonic() < deadline:
        time.sleep(TICK_SECONDS)
    for pid in living:
        _kill_session(pid)
    _kill(kin)

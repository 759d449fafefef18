"""Claim: a member of a study costs hardly more than its own computing, and two workers are twice as fast as one."""

import contextlib
import sqlite3
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from benchmarks import questions
from benchmarks.findings import Finding, Goal, Table
from benchmarks.installation import ANSWERED_WITHIN_SECONDS, Installation, installation, wait_until
from quant.analysis import fetch_instruments, run_analysis
from quant.grid import Axis, expand
from quant.memory import Memory
from quant.spec import AnalysisSpec
from quant.stages import MemoryStore
from tasks.hands import MEMORY_BYTES
from webapp import jobs
from webapp.services import studies

GOAL = (
    "trivial members: 25 a second on two slots, 40 ms of processor time each beyond their own; two slots 1.8 times one."
)
_MOST_MEMBERS = 1000
_FIRST_CASH = 100_000


@dataclass(frozen=True)
class Pace:
    """How a study went on a number of slots: members, seconds, and processor seconds of the worker's processes."""

    n_members: int
    seconds: float
    cpu_seconds: float


def measure(*, quick: bool = False) -> Finding:
    """Run the same study on one slot and on two, and its members' own work in this process."""
    return find(4, 1) if quick else find(200, 2)


def find(n_members: int, n_rounds: int) -> Finding:
    """Play as many rounds of a study of as many members, on one slot and on two."""
    paces: dict[int, list[Pace]] = {1: [], 2: []}
    own: list[float] = []
    for _ in range(n_rounds):
        own += own_seconds(min(n_members, 40))
        for n_slots, runs in paces.items():
            with installation(worker_processes=n_slots) as site:
                worker = site.start_worker()
                run_study(site, worker, axis(4 * n_slots, _FIRST_CASH - 1000))  # stages are stored, all are warm
                runs.append(run_study(site, worker, axis(n_members, _FIRST_CASH)))
    own_ms = 1e3 * statistics.median(own)
    cpu_ms = {
        slots: 1e3 * statistics.median(run.cpu_seconds / run.n_members for run in runs) for slots, runs in paces.items()
    }
    rates = {slots: statistics.median(run.n_members / run.seconds for run in runs) for slots, runs in paces.items()}
    return Finding(
        name="studies",
        title="Studies",
        goal=GOAL,
        how=(
            f"A study of {n_members} members that differ in the money they begin with, so that all costly stages are "
            "shared and found in the store: from before the study is submitted until its last member has ended, on one "
            "worker process and on two, each with an installation of its own, SQLite and the embedded queue server; "
            f"{n_rounds} times each, in turns, after a small study to warm up. Processor time is that of all processes "
            "of the worker, its keeper included. A member's own work is the same question in one process, with prices "
            "and all that the members share at hand in memory: what backtest, risk and report take."
        ),
        goals=(
            Goal("members a second on two slots", rates[2], 25.0, "", at_least=True),
            Goal("processor time a member beyond its own work", cpu_ms[1] - own_ms, 40.0, "ms"),
            Goal("two slots over one", rates[2] / rates[1], 1.8, "×", at_least=True),
        ),
        tables=(
            Table(
                f"A study of {n_members} members:",
                ("slots", "members a second", "processor time a member, ms", "of it its own work, ms"),
                tuple((slots, rates[slots], cpu_ms[slots], own_ms) for slots in paces),
            ),
        ),
    )


def axis(n_members: int, first: int) -> Axis:
    """Return what members differ in, and nothing that is costly depends on."""
    return Axis(path="backtest.initial_cash", values=tuple(range(first, first + n_members)))


def run_study(site: Installation, worker: psutil.Process, differing: Axis) -> Pace:
    """Submit a study and wait until its last member has ended; a member without an answer is an error."""
    n_members = len(differing.values)
    cpu, began = _cpu_seconds(worker), time.perf_counter()
    with site.database.write() as session:
        made = studies.create(
            session, site.actor, spec=questions.trivial().resolved(), axes=[differing], most=_MOST_MEMBERS
        )
        site.queue.send_after_commit(session, jobs.WORK, n_members)
    query = (
        "SELECT count(*), sum(a.status = 'succeeded') FROM analyses a JOIN studies s ON s.id = a.study_id "
        "WHERE s.public_id = ? AND a.status NOT IN ('queued', 'running')"
    )
    with contextlib.closing(sqlite3.connect(site.settings.home / "assay.sqlite", isolation_level=None)) as database:

        def ended() -> tuple[int, int] | None:
            n_ended, n_succeeded = database.execute(query, (made.id,)).fetchone()
            return (n_ended, n_succeeded) if n_ended == n_members else None

        log = site.group.logs / "worker.log"
        _, n_succeeded = wait_until(ended, seconds=ANSWERED_WITHIN_SECONDS, what="a study", log=log)
    pace = Pace(n_members, time.perf_counter() - began, _cpu_seconds(worker) - cpu)
    if n_succeeded != n_members:
        raise RuntimeError(f"Expected {n_members} members that succeed; found {n_succeeded}.")
    return pace


def own_seconds(n_members: int) -> list[float]:
    """Return the processor seconds of members in this process, whose shared stages are there."""
    specs = _specs(n_members + 1)
    store, memory, instruments = MemoryStore(), Memory(MEMORY_BYTES), fetch_instruments(specs[0])
    seconds = []
    for spec in specs:
        began = time.process_time()
        run_analysis(spec, lambda _spec: instruments, store=store, memory=memory)
        seconds.append(time.process_time() - began)
    return seconds[1:]  # the first one has filled store and memory


def _specs(n_members: int) -> Sequence[AnalysisSpec]:
    grid = expand(questions.trivial().resolved(), [axis(n_members, _FIRST_CASH)], most=_MOST_MEMBERS)
    return [member.spec for member in grid.members]


def _cpu_seconds(worker: psutil.Process) -> float:
    """Return the processor time that a worker, its children and its keeper have used so far."""
    times = [process.cpu_times() for process in (worker, *worker.children(recursive=True))]
    return sum(each.user + each.system for each in times)

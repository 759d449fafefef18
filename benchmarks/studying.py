"""Claim: a member of a study costs hardly more than its own computing, and two workers are twice as fast as one."""

import contextlib
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from benchmarks import questions
from benchmarks.findings import Cell, Finding, Goal, Table
from benchmarks.installation import ANSWERED_WITHIN_SECONDS, Installation, installation, wait_until
from quant.analysis import run_analysis
from quant.grid import Axis, expand
from quant.memory import Memory
from quant.preparation import fetch_instruments
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
_N_SLOTS = (1, 2)


@dataclass(frozen=True)
class Pace:
    """How a study went on a number of slots: members, seconds, and processor seconds of the worker's processes."""

    n_members: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Paces:
    """Rounds of one kind of study, by the number of slots, and the processor seconds of its members' own work."""

    rounds: dict[int, list[Pace]]
    own: list[float]

    @property
    def own_ms(self) -> float:
        """Milliseconds of a member's own work."""
        return 1e3 * statistics.median(self.own)

    def rate(self, n_slots: int) -> float:
        """Return members a second."""
        return statistics.median(run.n_members / run.seconds for run in self.rounds[n_slots])

    def cpu_ms(self, n_slots: int) -> float:
        """Return milliseconds of processor time a member."""
        return 1e3 * statistics.median(run.cpu_seconds / run.n_members for run in self.rounds[n_slots])

    def rows(self, what: str) -> list[tuple[Cell, ...]]:
        """Return a row for each number of slots."""
        return [(what, slots, self.rate(slots), self.cpu_ms(slots), self.own_ms) for slots in _N_SLOTS]


def measure(*, quick: bool = False) -> Finding:
    """Run the same studies on one slot and on two, and their members' own work in this process."""
    return find(4, 1) if quick else find(200, 2)


def find(n_members: int, n_rounds: int) -> Finding:
    """Play as many rounds of studies of as many members, on one slot and on two."""
    trivial = play(questions.trivial(), axis, n_members, n_rounds)
    trained = play(questions.trained(), training_axis, n_members, n_rounds)
    return Finding(
        name="studies",
        title="Studies",
        goal=GOAL,
        how=(
            f"Two studies of {n_members} members, SQLite and the embedded queue server: from before the study is "
            "submitted until its last member has ended, on one worker process and on two, each with an installation "
            f"of its own; {n_rounds} times each, in turns, after a small study to warm up. Trivial members differ in "
            "the money they begin with, so that all costly stages are shared and found in the store; members that "
            "train differ in a parameter of their model. Processor time is that of all processes of the worker, its "
            "keeper included. A member's own work is the same question in one process, with prices and all that the "
            "members share at hand in memory. On this machine two workers leave no processor to the keeper, the queue "
            "and whoever submits and waits; of a trivial member these are a larger part."
        ),
        goals=(
            Goal("trivial members a second on two slots", trivial.rate(2), 25.0, "", at_least=True),
            Goal("processor time a trivial member beyond its own work", trivial.cpu_ms(1) - trivial.own_ms, 40.0, "ms"),
            Goal("two slots over one, members that train", trained.rate(2) / trained.rate(1), 1.8, "×", at_least=True),
            Goal("two slots over one, trivial members", trivial.rate(2) / trivial.rate(1), 1.8, "×", at_least=True),
        ),
        tables=(
            Table(
                f"Studies of {n_members} members:",
                ("members", "slots", "members a second", "processor time a member, ms", "of it its own work, ms"),
                (*trivial.rows("trivial"), *trained.rows("that train")),
            ),
        ),
    )


def play(spec: AnalysisSpec, differing: Callable[[int, int], Axis], n_members: int, n_rounds: int) -> Paces:
    """Play rounds of a study in turns on one slot and on two."""
    paces = Paces({slots: [] for slots in _N_SLOTS}, [])
    for _ in range(n_rounds):
        paces.own.extend(own_seconds(spec, differing, min(n_members, 40)))
        for n_slots, runs in paces.rounds.items():
            with installation(worker_processes=n_slots) as site:
                worker = site.start_worker()
                n_warm = 4 * n_slots  # stages are stored then, and all is warm
                run_study(site, worker, spec, differing(n_warm, _MOST_MEMBERS))
                runs.append(run_study(site, worker, spec, differing(n_members, 0)))
    return paces


def axis(n_members: int, first: int) -> Axis:
    """Return what trivial members differ in, and nothing that is costly depends on."""
    first += _FIRST_CASH
    return Axis(path="backtest.initial_cash", values=tuple(range(first, first + n_members)))


def training_axis(n_members: int, first: int) -> Axis:
    """Return what members differ in whose model has to be trained."""
    return Axis(path="model.l2", values=tuple((1 + first + number) / 4 for number in range(n_members)))


def run_study(site: Installation, worker: psutil.Process, spec: AnalysisSpec, differing: Axis) -> Pace:
    """Submit a study and wait until its last member has ended; a member without an answer is an error."""
    n_members = len(differing.values)
    cpu, began = _cpu_seconds(worker), time.perf_counter()
    with site.database.write() as session:
        made = studies.create(session, site.actor, spec=spec.resolved(), axes=[differing], most=_MOST_MEMBERS)
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


def own_seconds(spec: AnalysisSpec, differing: Callable[[int, int], Axis], n_members: int) -> list[float]:
    """Return the processor seconds of members in this process, whose shared stages are there."""
    grid = expand(spec.resolved(), [differing(n_members + 1, 0)], most=_MOST_MEMBERS)
    store, memory, instruments = MemoryStore(), Memory(MEMORY_BYTES), fetch_instruments(spec)
    seconds = []
    for member in grid.members:
        began = time.process_time()
        run_analysis(member.spec, lambda _spec: instruments, store=store, memory=memory)
        seconds.append(time.process_time() - began)
    return seconds[1:]  # the first one has filled store and memory


def _cpu_seconds(worker: psutil.Process) -> float:
    """Return the processor time that a worker, its children and its keeper have used so far."""
    times = [process.cpu_times() for process in (worker, *worker.children(recursive=True))]
    return sum(each.user + each.system for each in times)

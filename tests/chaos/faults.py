"""The faults. Each begins, lasts, and has ended when its function returns; none uses anything but what an operator has.

A function gets the installation and what it knew of the analysis when the fault began. The analysis is held where it
was hit until then; a fault that lasts lets it go on, into the fault.
"""

import os
import resource
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

from tests.chaos.conftest import LEASE_SECONDS, SILENT_PORT, Installation, Row
from tests.flows.conftest import wait_until
from webapp import jobs
from webapp.services import acquisitions, price_sources
from webapp.tables import Acquisition

BROKER_AWAY_SECONDS = 5.0
SQLITE_LOCKED_SECONDS = 17.0  # beyond the 15 s for which a writer waits
POSTGRESQL_AWAY_SECONDS = 5.0
FULL_SECONDS = 4.0
_ONE_PAGE = 4096  # beyond it nothing is written: any output of a stage is larger
FROZEN_SECONDS = LEASE_SECONDS + 8.0  # a keeper looks every five seconds

Fault = Callable[[Installation, Row], None]


def web_killed(chaos: Installation, _row: Row) -> None:
    """Kill every process of the web server; start it again."""
    chaos.kill("web")
    chaos.begin("web")


def clock_killed(chaos: Installation, _row: Row) -> None:
    """Kill the clock; start it again."""
    chaos.kill("beat")
    chaos.begin("beat")


def child_killed(chaos: Installation, row: Row) -> None:
    """Kill the process that computes; if none does yet, one that waits."""
    pids = [row.pid] if row.pid else [each.pid for each in _computing(chaos, row)]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def worker_killed(chaos: Installation, row: Row) -> None:
    """Kill the worker's main process; another worker is started in its place, as every supervisor does."""
    chaos.owner_of(row).kill()
    chaos.begin_worker()


def keeper_killed(chaos: Installation, row: Row) -> None:
    """Kill the process that renews the worker's leases."""
    for keeper in _keepers(chaos, row):
        keeper.kill()


def keeper_frozen(chaos: Installation, row: Row) -> None:
    """Freeze the process that renews the worker's leases; the worker replaces it before they are over."""
    keepers = _keepers(chaos, row)
    for keeper in keepers:
        keeper.suspend()
    chaos.release()
    wait_until(
        lambda: not any(keeper.is_running() for keeper in keepers) and _keepers(chaos, row),
        seconds=LEASE_SECONDS,
        what="a new keeper",
    )


def broker_stopped(chaos: Installation, _row: Row) -> None:
    """Stop the broker for some seconds; it comes back empty."""
    chaos.stop_broker()
    chaos.last(BROKER_AWAY_SECONDS)
    chaos.start_broker()


def broker_restarted(chaos: Installation, _row: Row) -> None:
    """Restart the broker, which comes back empty."""
    chaos.stop_broker()
    chaos.start_broker()


def broker_flushed(chaos: Installation, _row: Row) -> None:
    """Make the broker forget everything."""
    with chaos.valkey.client() as client:
        client.flushall()


def database_away(chaos: Installation, _row: Row) -> None:
    """Stop and start PostgreSQL; hold the lock of SQLite for longer than anybody waits."""
    if chaos.postgresql:
        chaos.stop_postgresql()
        chaos.last(POSTGRESQL_AWAY_SECONDS)
        chaos.start_postgresql()
        return
    connection = sqlite3.connect(chaos.database.engine.url.database, timeout=30, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        chaos.last(SQLITE_LOCKED_SECONDS)
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def disk_full(chaos: Installation, row: Row) -> None:
    """Let no file of a worker grow any more, and make room again.

    Filling a real file system takes one that may be filled, and only root may mount that. A limit that each process
    bears refuses writes in the same way, with EFBIG instead of ENOSPC; and SQLite cannot be written either, as on a
    full disk.
    """
    family = chaos.owner_of(row).family()
    for process in family:
        _limit_files(process, _ONE_PAGE)
    chaos.last(FULL_SECONDS)
    for process in {*family, *chaos.owner_of(row).family()}:  # those that were started meanwhile have inherited it
        _limit_files(process, resource.RLIM_INFINITY)


def _limit_files(process: psutil.Process, most_bytes: int) -> None:
    with suppress(ProcessLookupError):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))


def fetch_hangs(chaos: Installation, _row: Row) -> None:
    """Let a source accept a connection and never answer; then let it refuse."""
    data_worker = next((each for each in chaos.workers if b"data" in each.ready), None)
    (data_worker or chaos.begin_worker(is_for_data=True)).wait_ready()
    with socket.create_server(("127.0.0.1", SILENT_PORT)) as silent:
        silent.settimeout(60)
        with chaos.database.write() as session:
            price_sources.answered(
                session, "yahoo"
            )  # else, after a few of these, its circuit is open and nobody asks it
            fetch = acquisitions.submit_fetch(session, chaos.actor, source="yahoo", symbol="MSFT")
            chaos.queue.send_after_commit(session, jobs.ACQUIRE)
        connection, _ = silent.accept()
        chaos.release()
        before = _acquisition(chaos, fetch)
    connection.close()
    wait_until(
        lambda: (now := _acquisition(chaos, fetch)).status in {"failed", "cancelled"} or now.error_code,
        seconds=60,
        what=f"the fetch that hung, {before.status}, to be tried again",
    )
    with chaos.database.write() as session, suppress(Exception):
        acquisitions.cancel(session, chaos.actor, fetch)


def child_frozen(chaos: Installation, row: Row) -> None:
    """Freeze the process that computes for longer than its lease."""
    computing = [psutil.Process(row.pid)] if row.pid else _computing(chaos, row)
    _freeze(chaos, computing)


def worker_frozen(chaos: Installation, row: Row) -> None:
    """Freeze a worker with its child and keeper for longer than their lease; the child is the first to go on."""
    family = chaos.owner_of(row).family()
    computing = {each.pid for each in _computing(chaos, row)}
    _freeze(chaos, sorted(family, key=lambda each: each.pid not in computing))


def message_twice(chaos: Installation, _row: Row) -> None:
    """Deliver the message that there is work three times more."""
    chaos.send(3)


def _freeze(chaos: Installation, processes: Iterable[psutil.Process]) -> None:
    processes = list(processes)
    for process in reversed(processes):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
    chaos.last(FROZEN_SECONDS)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGCONT)
            time.sleep(0.3)  # alone for a moment: long enough to write something, if it could


def _is_keeper(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "tasks.keeper" in process.cmdline()
    return False


def _keepers(chaos: Installation, row: Row) -> list[psutil.Process]:
    return [each for each in chaos.owner_of(row).family() if _is_keeper(each)]


def _computing(chaos: Installation, row: Row) -> list[psutil.Process]:
    worker = chaos.owner_of(row)
    return [each for each in worker.family() if each.pid != worker.process.pid and not _is_keeper(each)]


def _acquisition(chaos: Installation, public_id: str) -> Acquisition:
    with chaos.database.read() as session:
        return session.query(Acquisition).filter_by(public_id=public_id).one()


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        web_killed,
        clock_killed,
        child_killed,
        worker_killed,
        keeper_killed,
        broker_stopped,
        broker_restarted,
        broker_flushed,
        database_away,
        disk_full,
        fetch_hangs,
        child_frozen,
        worker_frozen,
        message_twice,
        keeper_frozen,
    )
}

import mmap
import os
import signal
import subprocess
import sys
import time

import billiard.process
import pytest

from tasks import pool


def test_a_worker_has_another_name_after_each_start():
    host, pid, started = pool.WORKER.rsplit(":", 2)
    assert host
    assert int(pid) == os.getpid()
    assert int(started) > 1_700_000_000


@pytest.fixture
def keepers(monkeypatch):
    """Commands of the keepers that were started, each a process that does nothing for a minute."""
    started, start = [], subprocess.Popen
    handler = signal.getsignal(signal.SIGCHLD)

    def begin(command, **options):
        process = start([sys.executable, "-c", "import time; time.sleep(60)"], **options)
        started.append((command, options, process))
        return process

    monkeypatch.setattr(subprocess, "Popen", begin)
    monkeypatch.setattr(pool, "_keeper", None)
    yield started
    signal.signal(signal.SIGCHLD, handler)
    for *_, process in started:
        process.kill()
        process.wait(timeout=5)


def test_the_keeper_is_started_for_this_worker_in_a_session_of_its_own(keepers):
    pool.start_keeper(sender=None)

    ((command, options, _),) = keepers
    assert command[1:] == ["-m", "tasks.keeper", "--worker", pool.WORKER, "--parent", str(os.getpid())]
    assert options == {"start_new_session": True}


def test_a_keeper_that_was_killed_has_a_successor_at_once(keepers):
    pool.start_keeper(sender=None)
    keepers[0][2].kill()
    until = time.monotonic() + 10
    while len(keepers) < 2 and time.monotonic() < until:
        time.sleep(0.01)  # the signal comes while we wait

    assert len(keepers) == 2
    assert keepers[1][0] == keepers[0][0]


def test_a_keeper_that_is_frozen_is_replaced_and_one_that_went_on_is_not(keepers):
    pool.start_keeper(sender=None)
    first = keepers[0][2]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # a moment's halt is over before we see it
    first.send_signal(signal.SIGSTOP)
    first.send_signal(signal.SIGCONT)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    assert first.poll() is None

    first.send_signal(signal.SIGSTOP)
    until = time.monotonic() + 10
    while len(keepers) < 2 and time.monotonic() < until:
        time.sleep(0.01)

    assert len(keepers) == 2
    assert first.wait(timeout=5) == -signal.SIGKILL


def test_another_child_that_ends_starts_no_keeper(keepers):
    pool.start_keeper(sender=None)
    os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {}), 0)
    assert len(keepers) == 1


def test_a_worker_that_is_told_to_stop_tells_its_keeper_and_its_children(keepers, monkeypatch):
    monkeypatch.setattr(pool, "_stopping", mmap.mmap(-1, 1))
    assert not pool.is_stopping()
    pool.hurry(sender=None)  # before there is one
    assert pool.is_stopping()
    pool.start_keeper(sender=None)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pool.hurry(sender=None)
    assert keepers[0][2].wait(timeout=5) == -signal.SIGUSR1


def test_numeric_libraries_use_one_thread_where_tasks_are_loaded():
    code = (
        "import tasks, tasks.analyses, threadpoolctl; "
        "print(sorted({each['num_threads'] for each in threadpoolctl.threadpool_info()}))"
    )
    unset = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}  # noqa: TID251
    done = subprocess.run([sys.executable, "-c", code], env=unset, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[1]"


@pytest.mark.parametrize(("index", "is_every_other"), [(0, False), (1, True), (2, False)])
def test_every_other_child_compiles_from_the_end(monkeypatch, index, is_every_other):
    monkeypatch.setattr(billiard.process.current_process(), "index", index, raising=False)
    assert pool._is_every_other() is is_every_other

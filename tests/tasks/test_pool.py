import os
import subprocess

from tasks import pool


def test_a_worker_has_another_name_after_each_start():
    host, pid, started = pool.WORKER.rsplit(":", 2)
    assert host
    assert int(pid) == os.getpid()
    assert int(started) > 1_700_000_000


def test_the_keeper_is_started_for_this_worker_in_a_session_of_its_own(monkeypatch):
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: started.append((command, options)))
    pool.start_keeper(sender=None)

    command, options = started[0]
    assert command[1:] == ["-m", "tasks.keeper", "--worker", pool.WORKER, "--parent", str(os.getpid())]
    assert options == {"start_new_session": True}

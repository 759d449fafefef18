"""The keeper, looking once at a time, over real processes; the whole of it is in tests/flows."""

import io
import json
import logging
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from sqlalchemy import text

from tasks.keeper import SWEEP_SECONDS, Keeper
from tests import factories
from webapp import jobs, schema
from webapp.logs import JsonFormatter
from webapp.services import acquisition_jobs, acquisitions, analyses, quotas, stage_claims, workers
from webapp.services import jobs as job_services
from webapp.services.stage_claims import Holder
from webapp.tables import Acquisition, Analysis, StageClaim

pytestmark = pytest.mark.databases("sqlite")
WORKER = "host:1:1"


@pytest.fixture
def sleeper():
    """A process that stands for a worker's child."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait(timeout=5)


@pytest.fixture
def claimed(parts, actor, sleeper):
    """An analysis that the sleeper runs."""
    with parts.database.write() as session:
        factories.create_analysis(session, actor)
        return job_services.claim_next(session, worker=WORKER, pid=sleeper.pid, lease_seconds=1, max_attempts=5)


def look(parts, now=0.0, **changes):
    parts = type(parts)(parts.settings.model_copy(update=changes), parts.database, parts.queue)
    Keeper(parts, WORKER, os.getpid()).step(now)


def row(parts, claimed):
    with parts.database.read() as session:
        return session.get(Analysis, claimed.analysis_id)


def test_what_works_keeps_its_lease(parts, claimed):
    before = row(parts, claimed).lease_expires_at
    look(parts)
    assert row(parts, claimed).lease_expires_at > before
    assert row(parts, claimed).status == "running"


def test_what_is_frozen_does_not(parts, claimed, sleeper):
    sleeper.send_signal(signal.SIGSTOP)
    os.waitpid(sleeper.pid, os.WUNTRACED)
    before = row(parts, claimed).lease_expires_at
    look(parts)
    assert row(parts, claimed).lease_expires_at == before


def test_what_stays_frozen_is_killed_when_its_lease_would_be_over(parts, claimed, sleeper):
    keeper = Keeper(parts, WORKER, os.getpid())
    sleeper.send_signal(signal.SIGSTOP)
    os.waitpid(sleeper.pid, os.WUNTRACED)
    keeper.step(0.0)
    keeper.step(parts.settings.lease_seconds)
    assert sleeper.poll() is None

    keeper.step(parts.settings.lease_seconds + 1)
    assert sleeper.wait(timeout=5) == -signal.SIGKILL


def test_a_freeze_that_ended_in_time_is_forgiven(parts, claimed, sleeper):
    keeper = Keeper(parts, WORKER, os.getpid())
    sleeper.send_signal(signal.SIGSTOP)
    os.waitpid(sleeper.pid, os.WUNTRACED)
    keeper.step(0.0)
    sleeper.send_signal(signal.SIGCONT)
    os.waitpid(sleeper.pid, os.WCONTINUED)
    keeper.step(parts.settings.lease_seconds / 2)
    sleeper.send_signal(signal.SIGSTOP)
    os.waitpid(sleeper.pid, os.WUNTRACED)
    keeper.step(parts.settings.lease_seconds + 1)
    assert sleeper.poll() is None


def test_a_worker_that_was_told_to_stop_hands_back_when_its_grace_is_over(parts, claimed, sleeper, jobs_sent):
    main = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    keeper = Keeper(parts, WORKER, main.pid)
    keeper._children = [psutil.Process(sleeper.pid)]
    keeper.must_end_at = 5.0
    keeper.step(4.0)
    assert row(parts, claimed).status == "running"

    keeper.step(5.0)
    handed_back = row(parts, claimed)
    assert (handed_back.status, handed_back.attempt - handed_back.n_transient) == ("queued", 0)
    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    main.wait(timeout=5)  # the keeper has ended it, by force where what runs the tests ignores a polite word
    assert jobs_sent[-1] == jobs.WORK


def test_a_worker_under_which_the_database_was_migrated_is_ended_and_nothing_is_written(parts, claimed, sleeper):
    main = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    keeper = Keeper(parts, WORKER, main.pid)
    keeper._children = [psutil.Process(sleeper.pid)]
    with parts.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.WrongVersion):
        keeper.step(SWEEP_SECONDS)
    before = row(parts, claimed)
    keeper.refuse()

    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    main.wait(timeout=5)  # the keeper has ended it, by force where what runs the tests ignores a polite word
    assert (row(parts, claimed).status, row(parts, claimed).attempt) == ("running", before.attempt)


def test_what_died_is_handed_back_at_once(parts, claimed, sleeper, jobs_sent):
    sleeper.kill()
    sleeper.wait(timeout=5)
    look(parts)

    assert row(parts, claimed).status == "queued"
    assert jobs.WORK in jobs_sent


def test_what_was_cancelled_is_killed_after_its_grace(parts, actor, claimed, sleeper):
    with parts.database.write() as session:
        analyses.cancel(session, actor, claimed.public_id)
    look(parts, cancel_grace_seconds=60)
    assert sleeper.poll() is None

    look(parts, cancel_grace_seconds=-1)
    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    assert row(parts, claimed).status == "cancelled"


@pytest.mark.parametrize(
    ("limit", "code"),
    [({"analysis_time_limit_seconds": -1}, "time_limit"), ({"analysis_memory_limit_bytes": 1}, "memory_limit")],
)
def test_what_goes_beyond_a_limit_is_failed_first_and_then_killed(parts, claimed, sleeper, limit, code):
    look(parts, **limit)

    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    ended = row(parts, claimed)
    assert (ended.status, ended.error_code) == ("failed", code)
    assert "Ask for fewer" in ended.error_message


@pytest.fixture
def spinner():
    """A process that computes, and says when it has taken half a second of processor time."""
    program = "import time\nwhile time.process_time() < 0.5: pass\nprint('ready', flush=True)\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait(timeout=5)
    process.stdout.close()


@pytest.mark.parametrize("how", ["it works", "it dies", "it is cancelled"])
def test_the_time_of_a_process_is_accounted_however_it_ends(parts, actor, spinner, how):
    with parts.database.write() as session:
        factories.create_analysis(session, actor)
        claimed = job_services.claim_next(
            session, worker=WORKER, pid=spinner.pid, lease_seconds=20, max_attempts=5, cpu_clock=0.1
        )
    keeper = Keeper(parts, WORKER, os.getpid())
    keeper.step(0.0)
    if how == "it dies":
        spinner.kill()
        spinner.wait(timeout=5)
    elif how == "it is cancelled":
        with parts.database.write() as session:
            analyses.cancel(session, actor, claimed.public_id)
        time.sleep(0.1)
        keeper.parts = type(parts)(
            parts.settings.model_copy(update={"cancel_grace_seconds": 0}), parts.database, parts.queue
        )
    keeper.step(0.1)

    found = row(parts, claimed)
    assert found.status == {"it works": "running", "it dies": "queued", "it is cancelled": "cancelled"}[how]
    assert 0.3 < found.cpu_seconds < 1.0, "half a second, without what it had taken before"
    with parts.database.read() as session:
        assert quotas.get_own(session, actor).cpu_seconds == pytest.approx(found.cpu_seconds)


def test_giving_up_hands_everything_back_and_ends_the_children(parts, claimed, sleeper, jobs_sent):
    keeper = Keeper(parts, WORKER, os.getpid())
    keeper._children = [psutil.Process(sleeper.pid)]
    keeper.give_up()

    assert row(parts, claimed).status == "queued"
    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    assert jobs_sent == [jobs.WORK]


def test_a_worker_is_said_to_live_until_it_ends(parts):
    def n_workers():
        with parts.database.read() as session:
            return workers.count_alive(session)

    keeper = Keeper(parts, WORKER, os.getpid())
    keeper.step(0.0)
    assert n_workers() == 1
    keeper._children = []
    keeper.give_up()
    assert n_workers() == 0


@pytest.fixture
def acquiring(parts, actor, sleeper):
    """An acquisition that the sleeper carries out."""
    with parts.database.write() as session:
        factories.create_acquisition(session, actor)
        return acquisition_jobs.claim_next(session, worker=WORKER, pid=sleeper.pid, lease_seconds=1, max_attempts=5)


def acquisition(parts, acquiring):
    with parts.database.read() as session:
        return session.get(Acquisition, acquiring.acquisition_id)


def test_an_acquisition_keeps_its_lease_and_is_handed_back_when_its_process_dies(parts, acquiring, sleeper, jobs_sent):
    before = acquisition(parts, acquiring).lease_expires_at
    look(parts)
    assert acquisition(parts, acquiring).lease_expires_at > before

    sleeper.kill()
    sleeper.wait(timeout=5)
    look(parts)
    assert acquisition(parts, acquiring).status == "queued"
    assert jobs_sent.count(jobs.ACQUIRE) >= 1
    assert jobs.WORK not in jobs_sent


def test_an_acquisition_that_was_cancelled_is_killed_after_its_grace(parts, actor, acquiring, sleeper):
    with parts.database.write() as session:
        acquisitions.cancel(session, actor, acquiring.public_id)
    look(parts, cancel_grace_seconds=-1)

    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    assert acquisition(parts, acquiring).status == "cancelled"


def test_an_acquisition_that_takes_too_long_is_failed_and_killed(parts, acquiring, sleeper):
    look(parts, acquisition_time_limit_seconds=-1)

    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    ended = acquisition(parts, acquiring)
    assert (ended.status, ended.error_code) == ("failed", "time_limit")
    assert "an acquisition" in ended.error_message


def test_what_the_keeper_does_to_a_job_is_in_its_log_by_the_jobs_name(parts, claimed, sleeper):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("tasks.keeper")
    log.addHandler(handler)
    try:
        look(parts, analysis_time_limit_seconds=-1)
    finally:
        log.removeHandler(handler)
    (line,) = [json.loads(text) for text in written.getvalue().splitlines()]

    sleeper.wait(timeout=5)
    assert (line["analysis"], line["code"], line["pid"]) == (claimed.public_id, "time_limit", sleeper.pid)


@pytest.fixture
def helping(parts, actor, claimed, sleeper):
    """A stage of an analysis that the sleeper computes: as a helper, for the analysis runs elsewhere."""
    with parts.database.write() as session:
        session.get(Analysis, claimed.analysis_id).worker = "elsewhere:1:1"
        return stage_claims.take(session, "k", claimed.analysis_id, Holder(WORKER, sleeper.pid, 1.0))


def claim_of(parts):
    with parts.database.read() as session:
        return session.query(StageClaim).one_or_none()


def test_a_stage_keeps_its_lease_and_is_free_when_its_process_dies(parts, helping, sleeper):
    before = claim_of(parts).lease_expires_at
    look(parts)
    assert claim_of(parts).lease_expires_at > before

    sleeper.kill()
    sleeper.wait(timeout=5)
    look(parts)
    assert claim_of(parts) is None


def test_who_helps_an_analysis_that_was_cancelled_is_killed_after_its_grace(parts, actor, claimed, helping, sleeper):
    with parts.database.write() as session:
        analyses.cancel(session, actor, claimed.public_id)
    look(parts, cancel_grace_seconds=60)
    assert sleeper.poll() is None

    look(parts, cancel_grace_seconds=-1)
    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    assert claim_of(parts) is None


@pytest.mark.parametrize("limit", [{"analysis_time_limit_seconds": -1}, {"analysis_memory_limit_bytes": 1}])
def test_a_helper_beyond_a_limit_is_killed_and_the_analysis_goes_on(parts, claimed, helping, sleeper, limit):
    look(parts, **limit)

    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    assert claim_of(parts) is None
    assert row(parts, claimed).status == "running"

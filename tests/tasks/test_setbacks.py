"""What befalls work through no fault of its own."""

import errno

import pytest
from sqlalchemy.exc import OperationalError

from tasks import setbacks
from tests import factories
from tests.tasks.test_keeper import acquisition
from webapp.services import acquisition_jobs

pytestmark = pytest.mark.databases("sqlite")


@pytest.mark.parametrize(
    ("number", "code", "is_patient"),
    [
        (errno.ENOSPC, "disk_full", True),
        (errno.EIO, "storage_unavailable", False),
        (None, "storage_unavailable", False),
    ],
)
def test_only_a_full_disk_is_waited_for_without_end(number, code, is_patient):
    found = setbacks.setback_of(OSError(number, "secret") if number else OSError("secret"))
    assert (found.code, found.is_patient) == (code, is_patient)
    assert "secret" not in found.message


def test_what_stands_under_this_process_is_handed_back_as_soon_as_the_database_answers(parts, actor, monkeypatch):
    with parts.database.write() as session:
        factories.create_acquisition(session, actor)
        mine = acquisition_jobs.claim_next(
            session, worker=setbacks.WORKER, pid=setbacks.os.getpid(), lease_seconds=20, max_attempts=5
        )
    monkeypatch.setattr(setbacks, "PERIOD_SECONDS", 0.0)
    away = iter([True, True, False])
    running_on = acquisition_jobs.running_on

    def ask(session, worker):
        if next(away):
            raise OperationalError("SELECT", {}, Exception("away"))
        return running_on(session, worker)

    monkeypatch.setattr(acquisition_jobs, "running_on", ask)
    setbacks.let_go(parts, acquisition_jobs, goes_on="it is begun again.")

    handed_back = acquisition(parts, mine)
    assert (handed_back.status, handed_back.attempt, handed_back.n_transient) == ("queued", 1, 1)
    assert handed_back.message == "The database did not answer; it is begun again."


def test_what_nobody_foresaw_is_told_by_a_reference_and_waits_for_nothing():
    error = ZeroDivisionError("secret")
    code, message = setbacks.failure_of(error, "a1b2/3")
    assert (code, "a1b2/3" in message, "secret" in message) == ("internal", True, False)
    assert setbacks.setback_of(error) is None

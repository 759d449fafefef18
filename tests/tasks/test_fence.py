"""The fence: what a stale owner computed never becomes visible, and nobody takes a job away while a file appears."""

import threading

import pandas as pd
import pytest

from quant.spec import AnalysisSpec
from quant.stages import StageOutput
from tasks.fence import FencedStore, fence
from tests.quant.conftest import QUICK
from webapp.errors import LeaseLost
from webapp.services import analyses
from webapp.services import jobs as job_services
from webapp.storage import ScopedStore
from webapp.tables import Analysis

KEY = "ab" + "0" * 62
OUTPUT = StageOutput({"scores": pd.DataFrame({"score": [0.5]})}, {"n": 1})
WORKER = "host:1:1"


@pytest.fixture
def claimed(parts, actor):
    with parts.database.write() as session:
        analyses.submit(session, actor, AnalysisSpec.model_validate(QUICK))
    with parts.database.write() as session:
        return job_services.claim_next(session, worker=WORKER, pid=1, lease_seconds=20, max_attempts=5)


@pytest.fixture
def own(parts, claimed):
    return fence(parts.database, lambda session: job_services.hold(session, claimed))


def take_away(parts, claimed):
    with parts.database.write() as session:
        return job_services.hand_back(session, claimed.analysis_id, claimed.attempt, reason="Its worker fell silent.")


def files(parts):
    return {file for file in parts.store.root.rglob("*") if file.is_file()}


@pytest.mark.parametrize("is_scoped", [False, True])
def test_the_owner_of_a_job_stores_and_a_stale_owner_stores_nothing(parts, claimed, own, is_scoped):
    kept = ScopedStore(parts.store, "scope") if is_scoped else parts.store
    store = FencedStore(kept, own)
    store.put(KEY, OUTPUT)
    assert store.get(KEY).facts == {"n": 1}
    before = files(parts)

    assert take_away(parts, claimed)
    with pytest.raises(LeaseLost, match="attempt 1"):
        store.put(KEY.replace("a", "c"), OUTPUT)
    assert files(parts) == before  # neither the output nor a draft of it


def test_a_job_that_was_begun_again_is_not_its_first_owners(parts, claimed, own):
    take_away(parts, claimed)
    with parts.database.write() as session:
        again = job_services.claim_next(session, worker="host:2:2", pid=2, lease_seconds=20, max_attempts=5)
    assert (again.analysis_id, again.attempt) == (claimed.analysis_id, 2)

    with pytest.raises(LeaseLost), own():
        pytest.fail("Let in who lost the job.")


def test_nobody_takes_a_job_away_while_its_owner_is_inside_the_fence(parts, claimed, own):
    taken = threading.Event()

    def take():
        take_away(parts, claimed)
        taken.set()

    thread = threading.Thread(target=take)
    with own():
        thread.start()
        assert not taken.wait(0.3)
        with parts.database.read() as session:
            assert session.get(Analysis, claimed.analysis_id).status == "running"
    thread.join(timeout=10)
    assert taken.is_set()


def test_who_asked_to_cancel_does_not_undo_what_was_computed(parts, actor, claimed, own):
    with parts.database.write() as session:
        analyses.cancel(session, actor, claimed.public_id)

    FencedStore(parts.store, own).put(KEY, OUTPUT)
    assert parts.store.has(KEY)

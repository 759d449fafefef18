"""Claims of a worker's analysis on what it computes; two workers as processes are in tests/flows."""

import pytest

from quant.stages import StageOutput
from tasks import peers
from tasks.peers import WORTH_SECONDS, WorkerPeers
from tests import factories
from webapp import jobs
from webapp.errors import LeaseLost
from webapp.services import stage_claims
from webapp.services.stage_claims import Holder
from webapp.storage import ScopedStore
from webapp.tables import StageClaim

pytestmark = pytest.mark.databases("sqlite")
OTHER = Holder("other:1:1", 1, 20.0)


@pytest.fixture(autouse=True)
def learned(monkeypatch):
    """What this process knows of how long stages take: nothing yet."""
    seconds = {}
    monkeypatch.setattr(peers, "_seconds", seconds)
    monkeypatch.setattr(peers, "FIRST_PAUSE_SECONDS", 0.0)
    return seconds


@pytest.fixture
def analysis_id(parts, actor):
    with parts.database.write() as session:
        return factories.create_analysis(session, actor, status="running").id


@pytest.fixture
def waits():
    return []


@pytest.fixture
def mine(parts, analysis_id, waits):
    return WorkerPeers(parts, parts.store, analysis_id=analysis_id, public_id="a", on_wait=waits.append)


def claimed(parts):
    with parts.database.read() as session:
        return [row.key for row in session.query(StageClaim).order_by(StageClaim.id)]


def take(parts, analysis_id, key):
    with parts.database.write() as session:
        return stage_claims.take(session, key, analysis_id, OTHER)


def test_a_stage_is_claimed_while_it_is_computed_and_no_longer_also_after_an_error(parts, mine):
    with mine.claim({"k": "slow"}) as key:
        assert (key, claimed(parts)) == ("k", ["k"])
    assert claimed(parts) == []

    with pytest.raises(ZeroDivisionError), mine.claim({"k2": "slow too"}):
        raise ZeroDivisionError
    assert claimed(parts) == []


def test_what_takes_no_time_is_not_claimed_again(parts, mine, learned):
    with mine.claim({"k": "features 9"}):
        pass
    assert learned["features 9"] < WORTH_SECONDS
    with mine.claim({"k2": "features 9"}) as key:
        assert (key, claimed(parts)) == ("k2", [])

    learned["features 9"] = 2 * WORTH_SECONDS  # it took long once
    with mine.claim({"k3": "features 9"}):
        assert claimed(parts) == ["k3"]
    with mine.claim({"k4": "features 9"}):
        assert claimed(parts) == ["k4"]
    with mine.claim({"k5": "features 9"}):
        assert claimed(parts) == []  # but two times it did not


def test_what_another_worker_computes_is_waited_for_in_words_said_once(parts, mine, analysis_id, waits):
    held = take(parts, analysis_id, "k")
    for _ in range(3):
        with mine.claim({"k": "trial logistic 9"}) as key:
            assert key is None
    assert waits == ["Waiting for the same trial, which worker other:1:1 computes.", "", ""]
    assert mine.is_begun("k")

    with parts.database.write() as session:
        stage_claims.release(session, held)
    assert not mine.is_begun("k")
    with mine.claim({"k": "trial logistic 9"}) as key:
        assert key == "k"


def test_who_waits_can_be_stopped(parts, analysis_id):
    def stop(_message):
        raise LeaseLost("No longer yours.")

    impatient = WorkerPeers(parts, parts.store, analysis_id=analysis_id, public_id="a", on_wait=stop)
    take(parts, analysis_id, "k")
    with pytest.raises(LeaseLost), impatient.claim({"k": "slow"}):
        pass


def test_what_was_stored_just_before_the_claim_is_not_computed_again(parts, mine):
    parts.store.put("ab" * 32, StageOutput())
    with mine.claim({"ab" * 32: "slow"}) as key:
        assert key is None
    assert claimed(parts) == []


def test_what_is_worth_it_is_offered_once_and_taken_while_another_computes_the_first(
    parts, actor, mine, analysis_id, learned, jobs_sent
):
    learned |= {"slow": 1.0, "quick": 0.01}
    stages = {"1": "slow", "2": "quick", "3": "slow", "4": "not known"}
    for _ in range(2):
        mine.offer(stages)
    assert claimed(parts) == ["1", "3"]
    assert jobs_sent == [jobs.WORK, jobs.WORK]

    take(parts, analysis_id, "0")
    with parts.database.write() as session:  # another analysis had offered the first: it may end, and this one goes on
        other = factories.create_analysis(session, actor, status="running").id
        session.query(StageClaim).filter_by(key="1").update({"analysis_id": other})
    with mine.claim({"0": "slow", **stages}) as key:
        assert key == "1"
        with parts.database.read() as session:
            assert session.query(StageClaim.analysis_id).filter_by(key="1").scalar() == analysis_id
    mine.withdraw()
    assert claimed(parts) == ["0"]


def test_a_scope_claims_under_its_own_addresses(parts, analysis_id, waits):
    scoped = ScopedStore(parts.store, "again")
    mine = WorkerPeers(parts, scoped, analysis_id=analysis_id, public_id="a", on_wait=waits.append)
    take(parts, analysis_id, "k")
    with mine.claim({"k": "slow"}) as key:
        assert key == "k"
        assert claimed(parts) == ["k", scoped.address("k")]

"""Claims on stages: one process at a time, under a lease; offers that whoever is free takes."""

import datetime
import threading

import pytest
from sqlalchemy import update

from quant.errors import AnalysisCancelled
from tests import factories
from webapp.db import database_now
from webapp.errors import LeaseLost
from webapp.services import stage_claims
from webapp.services.stage_claims import Holder
from webapp.services.workflow import Status
from webapp.tables import Analysis, Snapshot, StageClaim

A, B = Holder("a:1:1", 11, 20.0), Holder("b:1:1", 22, 20.0)


@pytest.fixture
def running(session):
    """A running analysis that has pinned its prices."""
    snapshot = Snapshot(content_hash="s", vintages="v", created_at=factories.NOW)
    session.add(snapshot)
    session.flush()
    return factories.create_analysis(
        session, factories.create_actor(session), status="running", attempt=1, worker=A.worker, snapshot_id=snapshot.id
    )


def expire(session):
    past = database_now(session) - datetime.timedelta(seconds=1)
    session.execute(update(StageClaim).values(lease_expires_at=past).execution_options(synchronize_session=False))


def test_a_stage_is_one_process_s_until_it_lets_go(session, running):
    held = stage_claims.take(session, "k", running.id, A)
    assert stage_claims.take(session, "k", running.id, B) is None
    assert stage_claims.holder_of(session, ["other", "k"]) == A.worker

    assert stage_claims.release(session, held)
    assert not stage_claims.release(session, held)
    assert stage_claims.holder_of(session, ["k"]) is None
    assert stage_claims.take(session, "k", running.id, B) is not None


def test_a_claim_whose_lease_has_run_out_is_taken_over_and_its_old_holder_is_refused(session, running):
    old = stage_claims.take(session, "k", running.id, A)
    stage_claims.hold(session, old)
    expire(session)
    new = stage_claims.take(session, "k", running.id, B)

    assert (new.claim_id, new.attempt) == (old.claim_id, 2)
    with pytest.raises(LeaseLost):
        stage_claims.hold(session, old)
    assert not stage_claims.release(session, old)
    stage_claims.hold(session, new)


def test_what_another_analysis_offered_is_taken_for_one_s_own(session, running):
    """Else the end of the other would be the end of who computes."""
    own = factories.create_analysis(session, factories.create_actor(session), status="running")
    stage_claims.offer(session, running.id, ["1", "2", "3"])

    assert stage_claims.take(session, "1", own.id, B).analysis_id == own.id
    assert stage_claims.take_offered(session, ["2"], B, analysis_id=own.id).analysis_id == own.id
    assert stage_claims.take_offered(session, ["3"], B).analysis_id == running.id  # by who helps
    running.status, running.finished_at = "cancelled", database_now(session)
    session.flush()
    seen = stage_claims.running_on(session, B.worker)
    assert [each.seconds_since_cancel is None for each in seen] == [True, True, False]


def test_a_lease_is_renewed_for_processes_that_are_alive(session, running):
    stage_claims.take(session, "k", running.id, A)
    expire(session)
    assert stage_claims.renew(session, A.worker, [B.pid], lease_seconds=20) == 0
    assert stage_claims.renew(session, A.worker, [A.pid], lease_seconds=20) == 1
    assert stage_claims.take(session, "k", running.id, B) is None


def test_who_looks_for_new_work_holds_nothing_of_old(session, running):
    stage_claims.take(session, "mine", running.id, A)
    stage_claims.take(session, "another's", running.id, B)
    stage_claims.release_all(session, A)

    assert [row.key for row in session.query(StageClaim)] == ["another's"]


def test_what_is_offered_is_taken_in_order_and_once(session, running):
    assert stage_claims.offer(session, running.id, ["1", "2", "3"]) == 3
    assert stage_claims.offer(session, running.id, ["2", "4"]) == 1

    assert stage_claims.take_offered(session, ["4", "2"], A).key == "2"
    assert stage_claims.take(session, "1", running.id, A).key == "1"
    help_ = stage_claims.take_help(session, B)
    assert (help_.held.key, help_.public_id, help_.is_rerun) == ("3", running.public_id, False)
    assert help_.spec == running.spec
    assert stage_claims.sweep(session) == 1
    stage_claims.withdraw(session, running.id)
    assert stage_claims.take_offered(session, ["1", "2", "3", "4"], B) is None
    assert session.query(StageClaim).count() == 3  # what was taken is still held


@pytest.mark.parametrize(
    "over", [{"status": "cancelled"}, {"status": "queued"}, {"cancel_requested_at": factories.NOW}]
)
def test_nobody_helps_what_does_not_run_or_was_cancelled(session, running, over):
    stage_claims.offer(session, running.id, ["1"])
    assert stage_claims.is_help_wanted(session)
    session.execute(update(Analysis).values(**over))

    assert not stage_claims.is_help_wanted(session)
    assert stage_claims.take_help(session, B) is None
    assert stage_claims.sweep(session) == 0
    assert session.query(StageClaim).count() == (0 if over.get("status") == "cancelled" else 1)  # may run again


def test_help_goes_to_what_matters_most_and_then_to_the_oldest(session, running):
    older = datetime.timedelta(days=1)
    values = {"status": "running", "snapshot_id": running.snapshot_id}
    owner = factories.create_actor(session)
    member = factories.create_analysis(session, owner, priority=10, submitted_at=factories.NOW - older, **values)
    first = factories.create_analysis(session, owner, submitted_at=factories.NOW - older, **values)
    for analysis in (member, running, first):
        stage_claims.offer(session, analysis.id, [analysis.public_id])

    helped = [stage_claims.take_help(session, B).public_id for _ in range(3)]
    assert helped == [first.public_id, running.public_id, member.public_id]


def test_a_helper_learns_when_to_stop(session, running):
    stage_claims.offer(session, running.id, ["1"])
    held = stage_claims.take_help(session, B).held
    stage_claims.check_help(session, held)

    waiting = factories.create_analysis(session, factories.create_actor(session))
    with pytest.raises(AnalysisCancelled, match="waits for a worker"):
        stage_claims.check_help(session, held)
    waiting.status = "cancelled"
    running.cancel_requested_at = factories.NOW
    session.flush()
    with pytest.raises(AnalysisCancelled, match="no longer wants"):
        stage_claims.check_help(session, held)
    stage_claims.release(session, held)
    with pytest.raises(LeaseLost):
        stage_claims.check_help(session, held)


def test_keepers_see_who_computes_stop_them_and_hand_back_what_died(session, running):
    helper = stage_claims.take(session, "1", running.id, B)
    stage_claims.offer(session, running.id, ["2"])
    assert stage_claims.running_on(session, A.worker) == []
    (seen,) = stage_claims.running_on(session, B.worker)
    assert (seen.job_id, seen.attempt, seen.pid, seen.seconds_since_cancel) == (helper.claim_id, 1, B.pid, None)
    assert seen.running_seconds >= 0

    running.status, running.finished_at = "failed", database_now(session) - datetime.timedelta(seconds=5)
    session.flush()
    (seen,) = stage_claims.running_on(session, B.worker)
    assert seen.seconds_since_cancel >= 5  # nobody wants it any more
    assert stage_claims.stop(session, seen, Status.CANCELLED)
    assert not stage_claims.stop(session, seen, Status.CANCELLED)
    again = stage_claims.take(session, "1", running.id, B)
    assert not stage_claims.hand_back(session, again.claim_id, again.attempt + 1, reason="")
    assert stage_claims.hand_back(session, again.claim_id, again.attempt, reason="It died.")


def test_the_sweeper_forgets_what_fell_silent(session, running):
    stage_claims.take(session, "silent", running.id, A)
    expire(session)
    stage_claims.take(session, "busy", running.id, A)
    stage_claims.sweep(session)

    assert [row.key for row in session.query(StageClaim)] == ["busy"]


def test_of_many_at_once_one_has_it(database):
    with database.write() as session:
        analysis_id = factories.create_analysis(session, factories.create_actor(session)).id
    n_workers, found = 6, []
    start = threading.Barrier(n_workers)

    def race(number):
        start.wait()
        with database.write() as session:
            found.append(stage_claims.take(session, "k", analysis_id, Holder(f"w{number}", number, 20.0)))

    threads = [threading.Thread(target=race, args=(number,)) for number in range(n_workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == n_workers
    assert sum(held is not None for held in found) == 1

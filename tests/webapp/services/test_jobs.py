import datetime
import itertools

import pytest

from quant.errors import AnalysisCancelled
from tests import factories
from webapp.db import database_now
from webapp.errors import LeaseLost
from webapp.services import analyses, jobs
from webapp.services.workflow import STAGES, Status
from webapp.tables import Analysis, LogLine

WORKER = "host:1:1"


def claim(session, worker=WORKER, pid=11, lease_seconds=20.0, max_attempts=5):
    return jobs.claim_next(session, worker=worker, pid=pid, lease_seconds=lease_seconds, max_attempts=max_attempts)


def row_of(session, claimed):
    session.expire_all()
    return session.get(Analysis, claimed.analysis_id)


def test_nothing_to_do_is_none(session):
    assert claim(session) is None


def test_a_claim_takes_the_row_and_gives_it_a_lease(session):
    row = factories.create_analysis(session, factories.create_actor(session))

    taken = claim(session)
    assert (taken.public_id, taken.attempt) == (row.public_id, 1)
    assert claim(session) is None
    row = row_of(session, taken)
    assert (row.status, row.worker, row.worker_pid) == ("running", WORKER, 11)
    left = (row.lease_expires_at - database_now(session)).total_seconds()
    assert 15 < left <= 20


def test_policy_is_priority_then_fewest_running_then_age(session):
    busy, idle = factories.create_actor(session), factories.create_actor(session)
    factories.create_analysis(session, busy, status="running")
    at = factories.NOW
    old_of_busy = factories.create_analysis(session, busy, submitted_at=at)
    young_of_idle = factories.create_analysis(session, idle, submitted_at=at + datetime.timedelta(hours=1))
    study_member = factories.create_analysis(session, idle, priority=10, submitted_at=at - datetime.timedelta(days=1))

    order = [claim(session).public_id for _ in range(3)]
    assert order == [young_of_idle.public_id, old_of_busy.public_id, study_member.public_id]


def test_what_must_wait_is_not_taken(session):
    actor = factories.create_actor(session)
    soon = database_now(session) + datetime.timedelta(seconds=60)
    factories.create_analysis(session, actor, not_before=soon)

    assert claim(session) is None


def test_after_too_many_lost_workers_it_fails_with_a_reason(session):
    row = factories.create_analysis(session, factories.create_actor(session), attempt=5)

    assert claim(session, max_attempts=5) is None
    session.refresh(row)
    assert (row.status, row.error_code) == ("failed", "worker_lost")
    assert "5 attempts" in row.error_message


def test_progress_never_falls_and_carries_the_log(session):
    factories.create_analysis(session, factories.create_actor(session))
    taken = claim(session)
    jobs.report(
        session,
        taken,
        stage="train",
        fraction=1.0,
        stage_seconds={"train": 2.0},
        lines=[jobs.Line("info", "train", "Done.")],
    )
    high = row_of(session, taken).progress
    jobs.report(session, taken, stage="acquire", fraction=0.0, stage_seconds={})

    row = row_of(session, taken)
    assert row.progress == high > 0
    assert (row.stage, row.stage_fraction) == ("train", 1.0), "what is passed over again is not shown as going back"
    assert [line.message for line in session.query(LogLine).order_by(LogLine.id)][-1] == "Done."


def test_progress_grows_through_the_stages():
    done = [jobs.progress_of(stage, fraction) for stage, fraction in itertools.product(STAGES, (0.0, 0.5, 1.0))]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] < 1


def every_write(session, claimed):
    return [
        lambda: jobs.report(session, claimed, stage="train", fraction=0.5, stage_seconds={}),
        lambda: jobs.pin(session, claimed, pins={"n_tuning_trials": 1}),
        lambda: jobs.finish(session, claimed, {"result_hash": "stale"}),
    ]


def every_quiet_write(session, claimed):
    return [
        lambda: jobs.fail(session, claimed, code="x", message="x"),
        lambda: jobs.confirm_cancelled(session, claimed),
        lambda: jobs.hand_back(session, claimed.analysis_id, claimed.attempt, reason="x"),
        lambda: jobs.retry_later(session, claimed, code="x", message="x"),
    ]


def test_a_stale_owner_can_write_nothing(session):
    factories.create_analysis(session, factories.create_actor(session))
    stale = claim(session, lease_seconds=-1)
    jobs.sweep(session)
    fresh = claim(session, worker="host:2:2")
    assert fresh.attempt == stale.attempt + 1
    before = vars(row_of(session, fresh)).copy()

    for write in every_write(session, stale):
        with pytest.raises(LeaseLost):
            write()
    for write in every_quiet_write(session, stale):
        assert write() is False
    assert jobs.renew(session, WORKER, [11], lease_seconds=99) == 0
    after = vars(row_of(session, fresh))
    assert {key: value for key, value in after.items() if key[0] != "_"} == {
        key: value for key, value in before.items() if key[0] != "_"
    }


def test_a_cancelled_analysis_stops_its_worker_and_cannot_finish(session):
    actor = factories.create_actor(session)
    row = factories.create_analysis(session, actor)
    taken = claim(session)
    assert analyses.cancel(session, actor, row.public_id) is Status.RUNNING

    for write in every_write(session, taken):
        with pytest.raises(AnalysisCancelled):
            write()
    assert jobs.confirm_cancelled(session, taken)
    assert row_of(session, taken).status == "cancelled"


def test_finishing_is_once(session):
    factories.create_analysis(session, factories.create_actor(session))
    taken = claim(session)
    jobs.finish(session, taken, {"result_hash": "a" * 64})

    with pytest.raises(LeaseLost):
        jobs.finish(session, taken, {"result_hash": "b" * 64})
    row = row_of(session, taken)
    assert (row.status, row.progress, row.result_hash) == ("succeeded", 1.0, "a" * 64)


def test_the_sweeper_brings_back_only_what_fell_silent(session):
    actor = factories.create_actor(session)
    for _ in range(2):
        factories.create_analysis(session, actor)
    silent = claim(session, lease_seconds=-1)
    alive = claim(session)

    assert jobs.sweep(session) == 1
    assert row_of(session, silent).status == "queued"
    assert row_of(session, alive).status == "running"


def test_what_was_cancelled_is_not_brought_back(session):
    actor = factories.create_actor(session)
    row = factories.create_analysis(session, actor)
    taken = claim(session, lease_seconds=-1)
    analyses.cancel(session, actor, row.public_id)

    assert jobs.sweep(session) == 0
    assert row_of(session, taken).status == "cancelled"


def test_a_renewed_lease_holds(session):
    factories.create_analysis(session, factories.create_actor(session))
    taken = claim(session, lease_seconds=-1)

    assert jobs.renew(session, WORKER, [11], lease_seconds=20) == 1
    jobs.sweep(session)
    assert row_of(session, taken).status == "running"


def test_a_transient_error_waits_longer_each_time_and_then_fails(session):
    factories.create_analysis(session, factories.create_actor(session))
    waits = []
    for _ in range(jobs.MAX_TRANSIENT):
        taken = claim(session)
        assert jobs.retry_later(session, taken, code="provider_unavailable", message="The source is away.")
        row = row_of(session, taken)
        assert (row.status, row.error_code) == ("queued", "provider_unavailable")
        waits.append((row.not_before - database_now(session)).total_seconds())
        row.not_before = None
        session.flush()
    assert waits == sorted(waits)

    taken = claim(session)
    assert jobs.retry_later(session, taken, code="provider_unavailable", message="The source is away.") is False
    row = row_of(session, taken)
    assert (row.status, row.error_message) == ("failed", "The source is away. Tried 7 times.")


def test_what_runs_on_a_worker_is_seen_with_its_process(session):
    actor = factories.create_actor(session)
    row = factories.create_analysis(session, actor)
    taken = claim(session)
    analyses.cancel(session, actor, row.public_id)

    (running,) = jobs.running_on(session, WORKER)
    assert (running.job_id, running.attempt, running.pid) == (taken.analysis_id, 1, 11)
    assert running.seconds_since_cancel >= 0
    assert jobs.running_on(session, "another") == []

"""Carrying acquisitions: claim by policy, one fetch a source, lease and fence, retries, the open circuit."""

import datetime
import threading

import pytest

from quant.errors import AnalysisCancelled
from tests import factories
from webapp.db import database_now
from webapp.errors import LeaseLost
from webapp.services import acquisition_jobs, acquisitions, price_sources
from webapp.services.acquisition_jobs import MAX_TRANSIENT, Outcome
from webapp.services.workflow import Status
from webapp.tables import Acquisition, PriceSource

WORKER = "host:1:1"


def claim(session, worker=WORKER, pid=11, lease_seconds=20.0, max_attempts=3):
    return acquisition_jobs.claim_next(
        session, worker=worker, pid=pid, lease_seconds=lease_seconds, max_attempts=max_attempts
    )


def row_of(session, claimed):
    session.expire_all()
    return session.get(Acquisition, claimed.acquisition_id)


def end(session, claimed):
    acquisition_jobs.fail(session, claimed, code="x", message="x")


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


@pytest.fixture
def claimed(session, actor):
    factories.create_acquisition(session, actor, symbol="AAPL", extent="all", request={"a": 1})
    return claim(session)


def test_nothing_to_do_is_none(session):
    assert claim(session) is None


def test_a_claim_takes_the_row_and_gives_it_a_lease(session, claimed):
    assert (claimed.kind, claimed.source, claimed.symbol, claimed.extent) == ("fetch", "yahoo", "AAPL", "all")
    assert claimed.request == {"a": 1}
    row = row_of(session, claimed)
    assert (row.status, row.worker, row.worker_pid, row.attempt) == ("running", WORKER, 11, 1)
    assert 15 < (row.lease_expires_at - database_now(session)).total_seconds() <= 20


def test_a_source_is_asked_one_thing_at_a_time_and_imports_do_not_wait(session, actor, claimed):
    second = factories.create_acquisition(session, actor)
    other = factories.create_acquisition(session, actor, source="elsewhere")
    file = factories.create_acquisition(session, actor, kind="import", source="yahoo")

    assert {claim(session).public_id, claim(session).public_id} == {other.public_id, file.public_id}
    assert claim(session) is None
    end(session, claimed)
    assert claim(session).public_id == second.public_id


def test_two_workers_at_once_never_ask_one_source_twice(database):
    with database.write() as session:
        actor = factories.create_actor(session)
        for _ in range(4):
            factories.create_acquisition(session, actor)
    barrier, found = threading.Barrier(4), []

    def work():
        barrier.wait()
        with database.write() as session:
            found.append(claim(session))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert len([each for each in found if each is not None]) == 1
    assert len(found) == 4


def test_who_began_fewer_lately_goes_first_then_the_oldest(session):
    busy, idle = factories.create_actor(session), factories.create_actor(session)
    at = factories.NOW
    hour = datetime.timedelta(hours=1)
    first = factories.create_acquisition(session, busy, submitted_at=at)
    second = factories.create_acquisition(session, busy, submitted_at=at + hour)
    late = factories.create_acquisition(session, idle, submitted_at=at + 2 * hour)

    order = []
    for _ in range(3):
        claimed = claim(session)
        order.append(claimed.public_id)
        end(session, claimed)
    assert order == [first.public_id, late.public_id, second.public_id]


def test_progress_is_reported_and_never_falls(session, claimed):
    acquisition_jobs.report(session, claimed, 0.5)
    acquisition_jobs.report(session, claimed, 0.2)

    assert row_of(session, claimed).progress == 0.5


def test_who_lost_it_can_write_nothing(session, claimed):
    assert acquisition_jobs.hand_back(session, claimed.acquisition_id, claimed.attempt, reason="It died.")
    with pytest.raises(LeaseLost):
        acquisition_jobs.report(session, claimed, 0.5)
    with pytest.raises(LeaseLost):
        acquisition_jobs.finish(session, claimed, Outcome(1, 1, 1, 1, 0, 0, "x"))
    assert not acquisition_jobs.fail(session, claimed, code="x", message="x")
    assert not acquisition_jobs.retry_later(session, claimed, code="x", message="x")
    assert not acquisition_jobs.hand_back(session, claimed.acquisition_id, claimed.attempt, reason="again")
    row = row_of(session, claimed)
    assert (row.status, row.message) == ("queued", "It died.")


def test_who_learns_that_it_was_cancelled_stops(session, actor, claimed):
    assert acquisitions.cancel(session, actor, claimed.public_id) is Status.RUNNING
    with pytest.raises(AnalysisCancelled):
        acquisition_jobs.report(session, claimed, 0.5)
    assert acquisition_jobs.confirm_cancelled(session, claimed)
    assert row_of(session, claimed).status == "cancelled"


def test_one_that_was_cancelled_is_not_handed_back(session, actor, claimed):
    acquisitions.cancel(session, actor, claimed.public_id)

    assert acquisition_jobs.hand_back(session, claimed.acquisition_id, claimed.attempt, reason="It died.")
    assert row_of(session, claimed).status == "cancelled"


def test_what_it_brought_is_written_with_the_end(session, claimed):
    series = factories.create_series(session)
    acquisition_jobs.finish(session, claimed, Outcome(series.id, 2, 10, 3, 1, 0, "3 new bars."))

    row = row_of(session, claimed)
    assert (row.status, row.progress, row.series_id, row.revision) == ("succeeded", 1.0, series.id, 2)
    assert (row.n_bars, row.n_added, row.n_restated, row.n_withdrawn) == (10, 3, 1, 0)
    assert row.message == "3 new bars."


def test_after_a_transient_error_it_waits_longer_each_time_and_then_fails(session, claimed):
    waits = []
    for _ in range(MAX_TRANSIENT):
        assert acquisition_jobs.retry_later(session, claimed, code="provider_unavailable", message="No answer.")
        row = row_of(session, claimed)
        assert (row.status, row.error_code, row.error_message) == ("queued", "provider_unavailable", "No answer.")
        waits.append((row.not_before - database_now(session)).total_seconds())
        assert claim(session) is None
        row.not_before = None
        session.flush()
        claimed = claim(session)
    for wait, least in zip(waits, (5.0, 15.0, 45.0), strict=True):
        assert least - 1 < wait <= least * 1.25

    assert not acquisition_jobs.retry_later(session, claimed, code="provider_unavailable", message="No answer.")
    row = row_of(session, claimed)
    assert (row.status, row.error_message) == ("failed", "No answer. Tried 4 times.")


def test_it_waits_at_least_as_long_as_the_source_wants(session, claimed):
    acquisition_jobs.retry_later(session, claimed, code="rate_limited", message="Wait.", wait_seconds=100.0)

    assert 99 < (row_of(session, claimed).not_before - database_now(session)).total_seconds() <= 125


def test_what_kills_its_worker_again_and_again_is_given_up(session, claimed):
    for attempt in (1, 2):
        acquisition_jobs.hand_back(session, claimed.acquisition_id, attempt, reason="It died.")
        assert claim(session).attempt == attempt + 1
    acquisition_jobs.hand_back(session, claimed.acquisition_id, 3, reason="It died.")

    assert claim(session) is None
    row = row_of(session, claimed)
    assert (row.status, row.error_code) == ("failed", "worker_lost")


def test_while_the_circuit_is_open_fetches_fail_at_once_and_say_why(session, actor):
    for _ in range(price_sources.FAILURES_TO_OPEN):
        price_sources.failed(session, "yahoo", code="provider_unavailable", message="Cannot be reached.")
    fetch = factories.create_acquisition(session, actor)
    file = factories.create_acquisition(session, actor, kind="import")

    assert claim(session).public_id == file.public_id
    session.refresh(fetch)
    assert (fetch.status, fetch.error_code) == ("failed", "provider_unavailable")
    for word in ("yahoo", "3 times", "Cannot be reached.", "stays as it is", "UTC"):
        assert word in fetch.error_message


def test_when_the_pause_is_over_one_may_try(session, actor):
    for _ in range(price_sources.FAILURES_TO_OPEN):
        price_sources.failed(session, "yahoo", code="provider_unavailable", message="Cannot be reached.")
    session.get_one(PriceSource, "yahoo").not_before = database_now(session)
    first, second = (factories.create_acquisition(session, actor) for _ in range(2))

    assert claim(session).public_id == first.public_id
    assert claim(session) is None
    session.refresh(second)
    assert second.status == "queued"


def test_what_waits_for_a_source_that_asked_for_a_pause_stays_in_the_queue(session, actor):
    price_sources.failed(session, "yahoo", code="rate_limited", message="Wait.", retry_after=60)
    row = factories.create_acquisition(session, actor)

    assert claim(session) is None
    assert acquisition_jobs.sweep(session) == 0
    session.refresh(row)
    assert row.status == "queued"


def test_sweeping_brings_back_what_fell_silent_and_counts_what_can_begin(session, actor, claimed):
    row_of(session, claimed).lease_expires_at = database_now(session) - datetime.timedelta(seconds=1)
    session.flush()

    assert acquisition_jobs.sweep(session) == 1
    row = row_of(session, claimed)
    assert (row.status, row.worker) == ("queued", None)


def test_a_keeper_sees_renews_and_stops_what_runs(session, claimed):
    (running,) = acquisition_jobs.running_on(session, WORKER)
    assert (running.job_id, running.pid) == (claimed.acquisition_id, 11)
    assert acquisition_jobs.renew(session, WORKER, [11], lease_seconds=60) == 1

    assert acquisition_jobs.stop(session, running, Status.FAILED, code="time_limit", message="Too long.")
    row = row_of(session, claimed)
    assert (row.status, row.error_code, row.error_message) == ("failed", "time_limit", "Too long.")

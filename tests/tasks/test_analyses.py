"""The task's own part: how each way in which a run can end is translated. Whole runs are in tests/flows."""

import errno

import pytest
from sqlalchemy import update
from sqlalchemy.exc import InternalError, OperationalError

import quant.spec
import tasks.analyses
import tasks.reports
from quant.errors import AnalysisCancelled, NotEnoughData, ProviderUnavailable, RateLimited
from quant.result import TriedModel
from quant.spec import AnalysisSpec
from tasks.analyses import Watcher
from tasks.reports import Reports
from tests.quant.conftest import QUICK
from webapp import jobs
from webapp.errors import LeaseLost, NotFound, ServiceUnavailable
from webapp.services import analyses, trials
from webapp.services import jobs as job_services
from webapp.tables import Analysis, LogLine, Trial

SPEC = AnalysisSpec.model_validate({**QUICK, "models": [{"name": "logistic"}], "audit": {"enabled": False}})

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def work(parts, monkeypatch):
    monkeypatch.setattr(tasks.analyses, "hands", lambda: parts)
    return tasks.analyses.work


@pytest.fixture
def submitted(parts, actor):
    with parts.database.write() as session:
        return analyses.submit(session, actor, SPEC)


def row(parts, analysis_id):
    with parts.database.read() as session:
        return session.query(Analysis).filter_by(public_id=analysis_id).one()


def fail_with(monkeypatch, error):
    def run(*_args, **_options):
        raise error

    monkeypatch.setattr(tasks.analyses, "run_analysis", run)


def test_nothing_to_do_sends_nothing(work, jobs_sent):
    work()
    assert jobs_sent == []


def test_a_run_ends_with_its_answer_and_the_next_begins_with_the_same_message(
    work, parts, actor, submitted, jobs_sent, monkeypatch
):
    monkeypatch.setattr(tasks.analyses, "CARRY_ON_SECONDS", 60.0)
    with parts.database.write() as session:
        other = analyses.submit(session, actor, SPEC.model_copy(update={"seed": 5}))
    work()

    done = row(parts, submitted)
    assert done.status == "succeeded", done.error_message
    assert done.result_hash is not None
    assert set(done.stage_seconds) >= {"acquire", "train", "predict"}
    assert row(parts, other).status == "succeeded"
    assert jobs_sent == []  # nothing is due


@pytest.mark.parametrize("reason", ["the time is over", "the worker stops"])
def test_no_other_is_begun_when(work, parts, actor, submitted, jobs_sent, monkeypatch, reason):
    monkeypatch.setattr(tasks.analyses, "CARRY_ON_SECONDS", 0.0 if reason == "the time is over" else 60.0)
    monkeypatch.setattr(tasks.analyses, "is_stopping", lambda: reason == "the worker stops")
    with parts.database.write() as session:
        other = analyses.submit(session, actor, SPEC.model_copy(update={"seed": 5}))
    fail_with(monkeypatch, NotEnoughData("Too short."))
    work()

    assert [row(parts, each).status for each in (submitted, other)] == ["failed", "queued"]
    assert jobs_sent == [jobs.WORK]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (AnalysisCancelled("Stop."), "cancelled", None),
        (NotEnoughData("Too short."), "failed", "not_enough_data"),
        (NotFound("Gone."), "failed", "not_found"),
        (ProviderUnavailable("Away."), "queued", "provider_unavailable"),
        (RateLimited("Slow down.", retry_after=77), "queued", "rate_limited"),
        (ServiceUnavailable("The store does not answer."), "queued", "service_unavailable"),
        (ZeroDivisionError("secret detail"), "failed", "internal"),
    ],
)
def test_each_way_to_end_is_translated(work, parts, submitted, monkeypatch, error, status, code):
    fail_with(monkeypatch, error)
    work()

    ended = row(parts, submitted)
    assert (ended.status, ended.error_code) == (status, code)
    assert "secret detail" not in (ended.error_message or "")


def test_a_source_that_asks_to_wait_is_obeyed(work, parts, submitted, monkeypatch):
    fail_with(monkeypatch, RateLimited("Slow down.", retry_after=77))
    work()

    ended = row(parts, submitted)
    assert 60 < (ended.not_before - ended.started_at).total_seconds() < 100
    with parts.database.read() as session:
        assert session.query(LogLine).order_by(LogLine.id.desc()).first().message.endswith("Trying again in 77 s.")


def test_what_is_no_longer_ours_is_left_alone(work, parts, submitted, monkeypatch):
    fail_with(monkeypatch, LeaseLost("Not yours."))
    work()

    assert row(parts, submitted).status == "running"  # of another, or until its lease runs out


@pytest.mark.parametrize("error", [OperationalError("x", {}, Exception("away")), InternalError("x", {}, Exception())])
def test_work_that_the_database_interrupted_is_handed_back_and_costs_no_attempt(
    work, parts, submitted, monkeypatch, jobs_sent, error
):
    fail_with(monkeypatch, error)
    work()

    left = row(parts, submitted)
    assert (left.status, left.attempt - left.n_transient, left.not_before) == ("queued", 0, None)
    assert jobs_sent == [jobs.WORK]


def test_a_claim_that_was_never_confirmed_is_handed_back(work, parts, submitted, monkeypatch):
    claim_next = job_services.claim_next

    def claim_and_lose_the_answer(session, **values):
        claim_next(session, **values)
        session.commit()
        raise OperationalError("COMMIT", {}, Exception("connection lost"))

    monkeypatch.setattr(job_services, "claim_next", claim_and_lose_the_answer)
    work()

    assert row(parts, submitted).status == "queued"


@pytest.mark.parametrize(
    ("number", "code", "n_times", "status"),
    [
        (errno.ENOSPC, "disk_full", 8, "queued"),
        (errno.EDQUOT, "disk_full", 1, "queued"),
        (errno.EROFS, "storage_unavailable", 1, "queued"),
        (errno.EROFS, "storage_unavailable", 8, "failed"),
    ],
)
def test_a_place_of_results_that_cannot_be_written_is_waited_for(
    work, parts, submitted, monkeypatch, number, code, n_times, status
):
    fail_with(monkeypatch, OSError(number, "secret detail"))
    for _ in range(n_times):
        work()
        with parts.database.write() as session:
            session.execute(update(Analysis).where(Analysis.status == "queued").values(not_before=None))

    ended = row(parts, submitted)
    assert (ended.status, ended.error_code) == (status, code)
    assert "where results are kept" in ended.error_message
    assert "secret" not in ended.error_message


def test_what_was_cancelled_meanwhile_is_not_tried_again(work, parts, actor, submitted, monkeypatch):
    def run(*_args, **_options):
        with parts.database.write() as session:
            analyses.cancel(session, actor, submitted)
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(tasks.analyses, "run_analysis", run)
    work()

    assert row(parts, submitted).status == "cancelled"


def test_a_rerun_finds_nothing_that_its_parent_computed(work, parts, actor, submitted):
    work()
    n_before = sum(1 for _ in parts.store.root.rglob("facts.json"))
    with parts.database.write() as session:
        again = analyses.rerun(session, actor, submitted)
    work()

    assert row(parts, again).result_hash == row(parts, submitted).result_hash
    assert sum(1 for _ in parts.store.root.rglob("facts.json")) == 2 * n_before - 3  # the three price files are shared


def test_a_worker_that_lost_its_analysis_enters_no_trial_pins_nothing_and_stores_nothing(parts, submitted, monkeypatch):
    monkeypatch.setattr(tasks.reports, "REPORT_SECONDS", 0.0)
    with parts.database.write() as session:
        claim = job_services.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=5)
    watcher = Watcher(parts, claim, SPEC, Reports(parts.database, claim))
    watcher.acquire(SPEC)
    with parts.database.write() as session:
        assert job_services.hand_back(session, claim.analysis_id, claim.attempt, reason="It fell silent.")
        session.execute(update(Analysis).values(snapshot_id=None))
    before = sorted(parts.store.root.rglob("*"))
    judged = TriedModel(0, "candidate", "logistic", {}, "accuracy", 0.5, (0.5,), 0.1)

    for write in (
        lambda: watcher.tried([judged]),
        lambda: watcher.tuned(3),
        lambda: watcher.at("train", 0.5, "Still here."),
        lambda: watcher.acquire(SPEC),
    ):
        with pytest.raises(LeaseLost):
            write()
    with parts.database.read() as session:
        assert session.query(Trial).count() == 0
        assert session.query(LogLine.message).filter_by(message="Still here.").count() == 0
        assert session.query(Analysis.pins, Analysis.snapshot_id).one() == ({}, None)
    assert sorted(parts.store.root.rglob("*")) == before


def test_a_trial_that_is_made_again_after_a_crash_is_entered_once(parts, submitted, monkeypatch):
    monkeypatch.setattr(tasks.reports, "REPORT_SECONDS", 0.0)
    judged = TriedModel(0, "candidate", "logistic", {}, "accuracy", 0.5, (0.5,), 0.1)
    for _ in range(2):
        with parts.database.write() as session:
            claim = job_services.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=5)
        watcher = Watcher(parts, claim, SPEC, Reports(parts.database, claim))
        watcher.acquire(SPEC)
        watcher.tried([judged])
        with parts.database.write() as session:
            job_services.hand_back(session, claim.analysis_id, claim.attempt, reason="It fell silent.")

    with parts.database.read() as session:
        assert trials.check(session) == trials.LedgerCheck(1, None)


def test_a_question_that_was_queued_before_an_upgrade_runs_after_it(work, parts, submitted, monkeypatch):
    with parts.database.write() as session:
        queued = session.query(Analysis).filter_by(public_id=submitted).one()
        old = {**queued.spec, "spec_version": 0, "bar": queued.spec["interval"]}
        del old["interval"]
        queued.spec, queued.spec_version = old, 0

    def from_0(question):
        return {**{name: part for name, part in question.items() if name != "bar"}, "spec_version": 1}

    monkeypatch.setattr(quant.spec, "UPGRADERS", {0: from_0})
    work()

    done = row(parts, submitted)
    assert (done.status, done.spec) == ("succeeded", old), done.error_message

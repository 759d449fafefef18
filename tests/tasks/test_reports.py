"""Reports are few, none is lost, and what one of them finds out is raised where it is expected."""

import threading
import time
from contextlib import suppress

import pytest

from quant.errors import AnalysisCancelled
from quant.spec import AnalysisSpec
from tasks.reports import REPORT_SECONDS, Reports
from tests.quant.conftest import QUICK
from webapp.db import database_now
from webapp.errors import LeaseLost
from webapp.services import analyses
from webapp.services import jobs as job_services
from webapp.tables import Analysis, LogLine

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def submitted(parts, actor):
    with parts.database.write() as session:
        return analyses.submit(session, actor, AnalysisSpec.model_validate(QUICK))


@pytest.fixture
def claim(parts, submitted):
    del submitted
    with parts.database.write() as session:
        return job_services.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=5)


def stage(parts):
    with parts.database.read() as session:
        return session.query(Analysis.stage).scalar()


def said(parts):
    with parts.database.read() as session:
        query = session.query(LogLine.stage, LogLine.message).filter(LogLine.stage.is_not(None)).order_by(LogLine.id)
        return [tuple(row) for row in query]


def wait_for_stage(parts, name):
    until = time.monotonic() + 10
    while stage(parts) != name and time.monotonic() < until:
        time.sleep(0.02)
    return stage(parts)


def test_the_first_are_written_soon_without_another_word_and_the_next_at_once_after_a_while(parts, claim):
    with Reports(parts.database, claim) as reports:
        reports.say("acquire", 0.0, {}, "Reading.")
        reports.say("clean", 0.0, {"acquire": 0.1}, "Cleaning.")
        assert stage(parts) is None, "the claim was told of just before"
        assert wait_for_stage(parts, "clean") == "clean"  # while whoever reports computes
        time.sleep(REPORT_SECONDS)
        reports.say("train", 0.0, {"acquire": 0.1}, "Fitting.")
        assert stage(parts) == "train"

    assert said(parts) == [("acquire", "Reading."), ("clean", "Cleaning."), ("train", "Fitting.")]


def test_what_waits_at_the_end_is_written_with_it_in_the_order_of_its_moments(parts, claim):
    with Reports(parts.database, claim) as reports:
        reports.say("acquire", 0.0, {}, "Reading.")
        reports.say("clean", 0.0, {"acquire": 0.1}, "Cleaning.")
        reports.stop()
        for _ in range(2):  # nothing is left for the second
            with reports.written():
                pass

    with parts.database.read() as session:
        moments = [row.at for row in session.query(LogLine).order_by(LogLine.id)]
        assert session.query(Analysis.stage_seconds).scalar() == {"acquire": 0.1}
    assert moments == sorted(moments)
    assert said(parts) == [("acquire", "Reading."), ("clean", "Cleaning.")]


def test_an_error_finds_its_last_words_written(parts, claim):
    with pytest.raises(ZeroDivisionError), Reports(parts.database, claim) as reports:  # noqa: PT012  # the block is what is tested
        reports.say("acquire", 0.0, {}, "Reading.")
        reports.say("clean", 0.0, {}, "Cleaning.")
        raise ZeroDivisionError

    assert stage(parts) == "clean"
    assert said(parts)[-1] == ("clean", "Cleaning.")


def test_nothing_is_written_after_the_end(parts, claim):
    with pytest.raises(LeaseLost), Reports(parts.database, claim) as reports:  # noqa: PT012  # as above
        reports.say("acquire", 0.0, {})
        reports.enter(lambda _session: pytest.fail("Expected nothing to be entered."))
        raise LeaseLost("Not yours.")
    time.sleep(2 * REPORT_SECONDS)

    assert stage(parts) is None


@pytest.mark.parametrize("error", [AnalysisCancelled, LeaseLost])
def test_what_a_late_report_finds_out_is_raised_by_the_next(parts, actor, submitted, claim, error):
    with pytest.raises(error), Reports(parts.database, claim) as reports:  # noqa: PT012  # as above
        with reports.written():
            pass
        with parts.database.write() as session:
            if error is AnalysisCancelled:
                analyses.cancel(session, actor, submitted)
            else:
                job_services.hand_back(session, claim.analysis_id, claim.attempt, reason="It fell silent.")
        reports.say("clean", 0.0, {})
        time.sleep(2 * REPORT_SECONDS)
        reports.say("train", 0.0, {})


def entry(claim):
    """Return what enters a line into the log."""
    values = {"analysis_id": claim.analysis_id, "attempt": 1, "level": "info", "message": "Tried."}
    return lambda session: session.add(LogLine(**values, at=database_now(session)))


def n_entries(parts):
    with parts.database.read() as session:
        return session.query(LogLine).filter(LogLine.message == "Tried.").count()


@pytest.mark.parametrize("end", ["cancelled", "an error", "a report", "well", "an answer that cannot be stored"])
def test_what_is_to_be_entered_is_entered_once_however_it_ends(parts, actor, submitted, claim, end):
    with suppress(AnalysisCancelled, ZeroDivisionError), Reports(parts.database, claim) as reports:
        reports.say("train", 0.0, {})
        reports.enter(entry(claim))
        if end == "cancelled":
            with parts.database.write() as session:
                analyses.cancel(session, actor, submitted)
        if end == "a report":
            time.sleep(2 * REPORT_SECONDS)
        reports.stop()
        if end == "an error":
            raise ZeroDivisionError
        with reports.written():
            assert n_entries(parts) == (end == "a report")
            if end == "an answer that cannot be stored":
                raise ZeroDivisionError

    assert n_entries(parts) == 1


def test_nothing_is_entered_for_what_is_no_longer_ours(parts, claim):
    with pytest.raises(LeaseLost), Reports(parts.database, claim) as reports:  # noqa: PT012  # as above
        reports.enter(entry(claim))
        with parts.database.write() as session:
            job_services.hand_back(session, claim.analysis_id, claim.attempt, reason="It fell silent.")
        with reports.written():
            pass

    assert n_entries(parts) == 0


def test_one_thread_serves_one_analysis_after_the_other_and_ends(parts, claim):
    def n_threads():
        return sum(thread.name == "reports" for thread in threading.enumerate())

    for _ in range(3):
        with Reports(parts.database, claim) as reports:
            reports.say("clean", 0.0, {})
            assert n_threads() == 1
            reports.stop()
    until = time.monotonic() + 10
    while n_threads() and time.monotonic() < until:
        time.sleep(0.02)

    assert n_threads() == 0
    assert stage(parts) is None

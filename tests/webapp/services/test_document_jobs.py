import datetime

import pytest

from quant.errors import AnalysisCancelled
from tests import factories
from webapp.errors import LeaseLost
from webapp.services import document_jobs, documents
from webapp.services.workflow import Status
from webapp.tables import Document

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def asked(session):
    owner = factories.create_actor(session)
    analysis = factories.create_analysis(session, owner, status="succeeded", result_key="k" * 64)
    documents.ask(session, owner, analysis.public_id, "html")
    return owner, analysis.public_id


def claim(session, max_attempts=3):
    return document_jobs.claim_next(session, worker="w", pid=7, lease_seconds=60.0, max_attempts=max_attempts)


def row(session):
    session.expire_all()
    return session.query(Document).one()


def test_one_worker_has_it(session, asked):
    first = claim(session)

    assert (first.attempt, first.kind) == (1, "html")
    assert claim(session) is None
    assert [each.pid for each in document_jobs.running_on(session, "w")] == [7]
    assert document_jobs.renew(session, "w", [7], lease_seconds=60.0) == 1


def test_what_lost_its_lease_is_begun_again_and_the_first_can_write_nothing(session, asked):
    first = claim(session)
    row(session).lease_expires_at = factories.NOW - datetime.timedelta(days=1)
    session.flush()
    assert document_jobs.sweep(session) == 1
    second = claim(session)

    with pytest.raises(LeaseLost):
        document_jobs.finish(session, first, content_hash="a" * 64, n_bytes=1)
    assert not document_jobs.fail(session, first, code="x", message="x")
    document_jobs.finish(session, second, content_hash="b" * 64, n_bytes=2)
    assert (row(session).status, row(session).content_hash) == ("succeeded", "b" * 64)


def test_it_is_given_up_after_so_many_lost_workers(session, asked):
    for _ in range(2):
        lost = claim(session, max_attempts=2)
        document_jobs.hand_back(session, lost.document_id, lost.attempt, reason="died")

    assert claim(session, max_attempts=2) is None
    assert (row(session).status, row(session).error_code) == ("failed", "worker_lost")
    owner, analysis_id = asked
    documents.ask(session, owner, analysis_id, "html")
    assert claim(session, max_attempts=2).attempt == 3


def test_what_was_cancelled_keeps_nothing(session, asked):
    running = claim(session)
    documents.cancel(session, asked[0], asked[1], "html")

    with pytest.raises(AnalysisCancelled):
        document_jobs.finish(session, running, content_hash="a" * 64, n_bytes=1)
    assert document_jobs.hand_back(session, running.document_id, running.attempt, reason="died")
    assert row(session).status == Status.CANCELLED


def test_what_may_pass_is_tried_later_and_not_for_ever(session, asked):
    for number in range(document_jobs.MAX_TRANSIENT):
        assert document_jobs.retry_later(session, claim(session), code="unavailable", message="Away."), number
        assert claim(session) is None, "it waits"
        row(session).not_before = None
        session.flush()
    assert not document_jobs.retry_later(session, claim(session), code="unavailable", message="Away.")
    assert row(session).error_message == "Away. Tried 7 times."


def test_a_keeper_ends_it_from_outside(session, asked):
    claim(session)
    [running] = document_jobs.running_on(session, "w")

    assert document_jobs.stop(session, running, Status.FAILED, code="time_limit", message="Too long.")
    assert (row(session).status, row(session).error_code) == ("failed", "time_limit")

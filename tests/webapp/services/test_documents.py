import pytest

from tests import factories
from webapp.errors import Conflict, NotFound, QuotaExceeded
from webapp.services import document_jobs, documents, quotas, shares
from webapp.services.quotas import Limits
from webapp.services.workflow import Status
from webapp.tables import AuditEvent, Document


@pytest.fixture
def owner(session):
    return factories.create_actor(session)


@pytest.fixture
def done(session, owner):
    return factories.create_analysis(session, owner, status="succeeded", result_key="k" * 64)


def make(session, n_bytes=1000, content_hash="c" * 64):
    claim = document_jobs.claim_next(session, worker="w", pid=1, lease_seconds=60.0, max_attempts=3)
    document_jobs.finish(session, claim, content_hash=content_hash, n_bytes=n_bytes)


def test_one_is_made_once_and_kept(session, owner, done):
    asked = documents.ask(session, owner, done.public_id, "html")
    assert asked.status is Status.QUEUED
    with pytest.raises(Conflict, match="queued"):
        documents.find_file(session, owner, done.public_id, "html")
    documents.ask(session, owner, done.public_id, "html")
    make(session)

    assert documents.ask(session, owner, done.public_id, "html").status is Status.SUCCEEDED
    assert session.query(Document).count() == 1
    assert documents.find_file(session, owner, done.public_id, "html").filename == f"assay-{done.public_id}.html"
    assert [each.n_bytes for each in documents.list_of(session, owner, done.public_id)] == [1000]
    assert documents.used_hashes(session) == {"c" * 64}
    assert quotas.stored_bytes(session, owner.user_id) == 1000
    assert [each.action for each in session.query(AuditEvent)] == ["analysis.document_asked"]


def test_an_older_recipe_is_made_anew(session, owner, done, monkeypatch):
    documents.ask(session, owner, done.public_id, "pdf")
    make(session)
    monkeypatch.setattr(documents, "RECIPE", documents.RECIPE + 1)

    assert documents.list_of(session, owner, done.public_id) == []
    assert documents.ask(session, owner, done.public_id, "pdf").status is Status.QUEUED


def test_whoever_may_read_may_ask_and_nobody_else(session, owner, done):
    user = factories.create_user(session)
    reader = factories.actor_of(user)
    for call in (documents.ask, documents.cancel, documents.find_file):
        with pytest.raises(NotFound):
            call(session, reader, done.public_id, "html")
    with pytest.raises(NotFound):
        documents.list_of(session, reader, done.public_id)
    shares.share_with_user(session, owner, done.public_id, email=user.email)

    assert documents.ask(session, reader, done.public_id, "html").status is Status.QUEUED
    assert documents.cancel(session, owner, done.public_id, "html").status is Status.CANCELLED
    documents.ask(session, owner, done.public_id, "html")
    with pytest.raises(Conflict, match="somebody else did"):
        documents.cancel(session, reader, done.public_id, "html")


def test_what_runs_is_asked_to_stop_and_what_has_ended_is_not(session, owner, done):
    documents.ask(session, owner, done.public_id, "html")
    claim = document_jobs.claim_next(session, worker="w", pid=1, lease_seconds=60.0, max_attempts=3)

    assert documents.cancel(session, owner, done.public_id, "html").status is Status.RUNNING
    assert document_jobs.confirm_cancelled(session, claim)
    with pytest.raises(Conflict, match="cancelled"):
        documents.cancel(session, owner, done.public_id, "html")
    again = documents.ask(session, owner, done.public_id, "html")
    assert (again.status, again.error_code) == (Status.QUEUED, None)


def test_without_an_answer_or_room_there_is_none(session, owner, done):
    waiting = factories.create_analysis(session, owner)
    with pytest.raises(Conflict, match="queued"):
        documents.ask(session, owner, waiting.public_id, "html")
    documents.ask(session, owner, done.public_id, "html")
    make(session)
    user = session.get_one(factories.User, owner.user_id)
    quotas.set_of(session, None, user.public_id, limits=Limits(storage_bytes=1000))
    with pytest.raises(QuotaExceeded):
        documents.ask(session, owner, done.public_id, "pdf")

"""The task that makes documents; each test calls it as a worker would."""

import pytest

import tasks.documents
from quant.spec import AnalysisSpec
from tests.webapp.api.answered import QUESTION, answer
from webapp import jobs as messages
from webapp.services import analyses, document_contents, documents, jobs, results
from webapp.services.workflow import Status
from webapp.tables import PriceSeries, Security

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def answered(parts, actor, monkeypatch):
    monkeypatch.setattr(tasks.documents, "hands", lambda: parts)
    with parts.database.write() as session:
        public_id = analyses.submit(session, actor, AnalysisSpec.model_validate(QUESTION), title="Mine")
        claim = jobs.claim_next(session, worker="test", pid=1, lease_seconds=60.0, max_attempts=1)
    stored = results.store_result(parts.store, claim, answer())
    with parts.database.write() as session:
        series = session.query(PriceSeries).join(Security).filter(Security.symbol == "GOOG").one()
        results.save(session, claim, answer(), stored, series_ids=(series.id,))
    return public_id


def ask(parts, actor, analysis_id, kind):
    with parts.database.write() as session:
        documents.ask(session, actor, analysis_id, kind)


def look(parts, actor, analysis_id):
    with parts.database.read() as session:
        return documents.list_of(session, actor, analysis_id)


@pytest.mark.parametrize(("kind", "begins"), [("html", b"<!doctype html>"), ("pdf", b"%PDF-"), ("bundle", b"PK")])
def test_a_document_is_made_and_kept(parts, actor, answered, jobs_sent, kind, begins):
    ask(parts, actor, answered, kind)
    tasks.documents.make()

    [made] = look(parts, actor, answered)
    assert made.status is Status.SUCCEEDED, made.error_message
    with parts.database.read() as session:
        found = documents.find_file(session, actor, answered, kind)
    with parts.files.local(found.content_hash) as path:
        assert path.read_bytes().startswith(begins)
        assert path.stat().st_size == made.n_bytes
    assert jobs_sent[-1] == messages.DOCUMENT


def test_without_work_nothing_is_sent(parts, answered, jobs_sent):
    before = list(jobs_sent)
    tasks.documents.make()

    assert jobs_sent == before


def test_what_cannot_be_made_says_why(parts, actor, answered):
    for key in {folder.name for folder in parts.store.root.glob("??/*")}:
        parts.store.remove(key)
    ask(parts, actor, answered, "html")
    tasks.documents.make()

    [failed] = look(parts, actor, answered)
    assert failed.status is Status.FAILED
    assert "gone from the store" in failed.error_message


def test_what_nobody_foresaw_is_logged_and_not_told(parts, actor, answered, monkeypatch, caplog):
    def broken(*_arguments):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(document_contents, "read", broken)
    ask(parts, actor, answered, "pdf")
    tasks.documents.make()

    [failed] = look(parts, actor, answered)
    assert failed.error_code == "internal"
    assert "secret" not in failed.error_message
    assert "ZeroDivisionError" in caplog.text

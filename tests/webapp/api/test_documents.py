import pytest

from tests import factories
from tests.webapp.api.calls import problem
from webapp.auth.session import parts_of
from webapp.services import document_jobs

pytestmark = pytest.mark.databases("sqlite")


def make(app, database, content=b"<!doctype html>"):
    content_hash, n_bytes = parts_of(app).files.receive([content])
    with database.write() as session:
        claim = document_jobs.claim_next(session, worker="w", pid=1, lease_seconds=60.0, max_attempts=1)
        document_jobs.finish(session, claim, content_hash=content_hash, n_bytes=n_bytes)


def test_a_report_is_asked_for_watched_and_taken_away(me, app, database, answered):
    asked = me.post(f"/analyses/{answered}/documents", json={"kind": "html"})
    assert (asked.status_code, asked.json["status"], asked.json["n_bytes"]) == (202, "queued", None)
    problem(me.get(f"/analyses/{answered}/document?kind=html"), 409, "conflict")
    make(app, database)

    assert [each["status"] for each in me.get(f"/analyses/{answered}/documents").json["items"]] == ["succeeded"]
    taken = me.get(f"/analyses/{answered}/document?kind=html")
    assert (taken.data, taken.mimetype) == (b"<!doctype html>", "text/html")
    assert taken.headers["Content-Disposition"] == f'attachment; filename="assay-{answered}.html"'
    again = me.get(f"/analyses/{answered}/document?kind=html", headers={"If-None-Match": taken.headers["ETag"]})
    assert again.status_code == 304


def test_what_waits_can_be_cancelled(me, answered):
    me.post(f"/analyses/{answered}/documents", json={"kind": "pdf"})

    assert me.post(f"/analyses/{answered}/documents/cancel", json={"kind": "pdf"}).json["status"] == "cancelled"
    problem(me.post(f"/analyses/{answered}/documents/cancel", json={"kind": "html"}), 409, "conflict")


def test_strangers_learn_nothing_and_what_is_gone_is_said(me, call_as, app, database, answered):
    me.post(f"/analyses/{answered}/documents", json={"kind": "html"})
    make(app, database, b"other")
    files = parts_of(app).files
    files.remove_unused(set(), before=factories.NOW.replace(year=2999))

    problem(me.get(f"/analyses/{answered}/document"), 404, "not_found")
    problem(call_as().get(f"/analyses/{answered}/document"), 404, "not_found")

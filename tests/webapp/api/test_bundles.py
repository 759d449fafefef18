"""The route that takes bundles: what it answers, whom it refuses, and that the answers are those of where it was made."""

import io

import pytest

from tests.webapp.api import answered
from tests.webapp.bundles import packed
from webapp.auth.session import parts_of
from webapp.services import bundle_contents
from webapp.tables import Analysis

pytestmark = pytest.mark.databases("sqlite")
ROUTE = "/api/v1/bundles"
ANSWERED = ("results", "equity", "trades", "predictions")


def send(client, data=None, **headers):
    return client.post(ROUTE, data=data or packed.content(), content_type="application/zip", headers=headers)


def test_what_was_computed_and_what_was_imported_are_answered_alike(app, client, database, log_in, tmp_path):
    answered.load_google(app, database)
    original = answered.finish(app, database, log_in())
    path = tmp_path / "bundle.zip"
    with database.read() as session:
        row = session.query(Analysis).filter_by(public_id=original).one()
        contents = bundle_contents.read(session, row.id, made_at=row.finished_at)
    bundle_contents.write(contents, parts_of(app).store, path)
    there = {name: client.get(f"/api/v1/analyses/{original}/{name}").json for name in ANSWERED}
    log_in()  # somebody else, who may not see the original
    assert client.get(f"/api/v1/analyses/{original}").status_code == 404

    sent = send(client, path.read_bytes())
    assert sent.status_code == 201, sent.json
    new_id = sent.json["id"]
    assert sent.headers["Location"] == f"/api/v1/analyses/{new_id}"
    assert (sent.json["imported"]["id"], sent.json["imported"]["has_prices"]) == (original, True)
    here = {name: client.get(f"/api/v1/analyses/{new_id}/{name}").json for name in ANSWERED}
    for each in (there["results"], here["results"]):
        del each["id"]
    assert here == there
    assert client.post(f"/api/v1/analyses/{new_id}/rerun").status_code == 202


def test_it_may_be_sent_as_a_form(client, log_in):
    log_in()
    form = {"file": (io.BytesIO(packed.content()), "bundle.zip")}

    assert client.post(ROUTE, data=form, content_type="multipart/form-data").status_code == 201


def test_what_was_changed_is_refused_by_name(client, log_in):
    log_in()
    data = bytearray(packed.content())
    data[data.index(b'"level"')] ^= 1
    refused = send(client, bytes(data))

    assert (refused.status_code, refused.json["code"]) == (422, "unreadable_file")
    assert "answer.json was changed" in refused.json["detail"]
    assert refused.json["errors"][0]["field"] == "file"


def test_whoever_may_not_run_and_strangers_are_refused(client, log_in):
    assert send(client).status_code == 401
    log_in("viewer")
    assert send(client).status_code == 403


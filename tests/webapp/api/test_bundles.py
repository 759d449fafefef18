"""The route that takes bundles: what it answers, whom it refuses, and that the answers are those of the original."""

import io

import pytest

from tests import factories
from tests.webapp.api import answered as answers
from tests.webapp.api.calls import problem
from tests.webapp.bundles import packed
from webapp.auth.session import parts_of
from webapp.services import bundle_contents
from webapp.tables import Analysis

pytestmark = pytest.mark.databases("sqlite")
ANSWERED = ("results", "equity", "trades", "predictions")


def send(caller, data=None):
    return caller.post("/bundles", data=data or packed.content(), content_type="application/zip")


def test_what_was_computed_and_what_was_imported_are_answered_alike(me, call_as, app, database, tmp_path):
    with database.write() as session:  # all bars there are: the answer was made from them
        factories.create_prices(session, parts_of(app).store, factories.delivery("GOOG", "2004-08-19", "2013-12-31"))
    original = answers.finish(app, database, me.actor)
    path = tmp_path / "bundle.zip"
    with database.read() as session:
        row = session.query(Analysis).filter_by(public_id=original).one()
        contents = bundle_contents.read(session, row.id, made_at=row.finished_at)
    bundle_contents.write(contents, parts_of(app).store, path)
    other = call_as()

    sent = send(other, path.read_bytes())
    assert sent.status_code == 201, sent.json
    new_id = sent.json["id"]
    assert sent.headers["Location"] == f"/api/v1/analyses/{new_id}"
    assert (sent.json["imported"]["id"], sent.json["imported"]["has_prices"]) == (original, True)
    there = {name: me.get(f"/analyses/{original}/{name}").json for name in ANSWERED}
    here = {name: other.get(f"/analyses/{new_id}/{name}").json for name in ANSWERED}
    del there["results"]["id"], here["results"]["id"]
    assert here == there
    assert other.post(f"/analyses/{new_id}/rerun").status_code == 202
    problem(me.get(f"/analyses/{new_id}"), 404, "not_found")


def test_it_may_be_sent_as_a_form(me):
    form = {"file": (io.BytesIO(packed.content()), "bundle.zip")}

    assert me.post("/bundles", data=form, content_type="multipart/form-data").status_code == 201


def test_what_was_changed_is_refused_by_name(me):
    data = bytearray(packed.content())
    data[data.index(b'"is_credible"')] ^= 1
    refused = send(me, bytes(data))

    problem(refused, 422, "unreadable_file")
    assert "answer.json was changed" in refused.json["detail"]


def test_whoever_may_not_run_and_strangers_are_refused(stranger, call_as):
    problem(send(stranger), 401, "not_signed_in")
    problem(send(call_as("viewer")), 403, "permission_denied")

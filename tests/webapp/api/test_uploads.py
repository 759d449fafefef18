"""Uploads over REST."""

import hashlib
import io

import pytest

from tests.webapp.api.calls import problem
from tests.webapp.services.upload_files import DAMAGED, SOUND
from webapp.api import uploads as door
from webapp.services import uploads

pytestmark = pytest.mark.databases("sqlite")


def send(caller, text=SOUND, name="prices.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return caller.post("/uploads", data={"file": (io.BytesIO(content), name)})


@pytest.mark.databases("sqlite", "postgresql")
def test_a_file_is_brought_corrected_stored_and_asked_about(me, database):
    answer = send(me, DAMAGED)
    assert answer.status_code == 201
    upload = answer.json
    assert answer.headers["Location"] == f"/api/v1/uploads/{upload['id']}"
    assert upload["filename"] == "prices.csv"
    assert upload["findings"][0]["code"] == "non_positive_price"
    assert upload["findings"][0]["lines"] == [5]
    assert upload["preview"][0]["line"] == 2

    path = f"/uploads/{upload['id']}"
    decision = {"code": "non_positive_price", "decision": "refuse", "reason": "ask the source"}
    changed = me.patch(path, json={"decisions": [decision]}).json
    assert (changed["is_storable"], changed["decisions"][0]["reason"]) == (False, "ask the source")
    problem(me.post(f"{path}/store", json={"symbol": "ABC"}), 422, "invalid_prices")
    me.patch(path, json={"decisions": [{**decision, "decision": None}]})

    stored = me.post(f"{path}/store", json={"symbol": "ABC", "name": "Abc", "currency": "EUR"}).json
    assert (stored["status"], stored["symbol"]) == ("stored", "ABC")
    [found] = me.get("/instruments?source=upload").json["items"]
    assert (found["id"], found["n_bars"], found["currency"]) == (stored["instrument_id"], 39, "EUR")
    bars = me.get(f"/instruments/{found['id']}/prices").json
    assert bars["n_rows"] == 39
    submitted = me.post("/analyses", json={"spec": {"instruments": [{"symbol": "ABC", "source": "upload"}]}})
    assert submitted.status_code == 202
    problem(me.post(f"{path}/store", json={"symbol": "ABC"}), 409, "conflict")


def test_a_file_may_be_the_body_itself(me):
    answer = me.post("/uploads?filename=mine.csv", data=SOUND.encode(), content_type="text/csv")

    assert answer.status_code == 201
    assert answer.json["filename"] == "mine.csv"
    assert answer.json["n_rows"] == 40


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty_file"), (b"<html><body>429</body></html>", "not_a_table"), (b"\x00\x01\x02" * 50, "not_a_table")],
)
def test_what_has_no_table_is_refused_with_its_reason(me, content, reason):
    body = problem(send(me, content), 422, "unreadable_file")

    assert body["errors"] == [{"field": "file", "message": reason}]
    assert me.get("/uploads").json["items"] == []


@pytest.mark.parametrize("data", [{}, {"other": (io.BytesIO(b"x"), "x")}, {"file": "no file"}])
def test_a_form_without_a_file_is_refused(me, data):
    answer = me.post("/uploads", data=data, content_type="multipart/form-data")

    assert "file" in {each["field"] for each in problem(answer, 422, "invalid_input")["errors"]}


def test_what_is_too_large_is_refused_before_it_is_read_and_the_command_named(me, app):
    sent = uploads.MOST_BYTES + 1024**2
    for kind in ("text/csv", "multipart/form-data; boundary=x"):
        stream = io.BytesIO(bytes(1024))  # said to be large: the rest is never asked for
        declared = {"CONTENT_LENGTH": str(sent), "CONTENT_TYPE": kind}
        answer = me.post("/uploads", input_stream=stream, environ_overrides=declared)
        assert "webapp.cli import" in problem(answer, 413, "too_large")["detail"]
    assert not list((app.extensions["assay"].files.root / "drafts").glob("*"))
    problem(me.post("/analyses", data=b"x" * 300_000, content_type="application/json"), 413, "too_large")


def test_rows_that_stay_out_are_downloaded_disarmed(me):
    upload = send(me, DAMAGED).json
    answer = me.get(f"/uploads/{upload['id']}/quarantine")

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[1].startswith('5,non_positive_price,"2000-')
    assert door._disarmed("=1+1") == "'=1+1"
    assert door._disarmed("2000,=1") == "2000,=1"
    assert door._disarmed("2000;=1+1;-1,5;\t@x") == "2000;'=1+1;-1,5;\t'@x"


def test_a_key_stands_for_the_bytes_that_were_sent(me):
    content = SOUND.encode()
    other = content.replace(b"5", b"6", 1)
    assert len(other) == len(content)
    assert other != content
    for kind in ("text/csv", "multipart/form-data"):

        def sent(text, kind=kind):
            data = text if kind == "text/csv" else {"file": (io.BytesIO(text), "prices.csv")}
            return me.post("/uploads", data=data, content_type=kind, headers={"Idempotency-Key": kind})

        first = sent(content)
        assert first.json["content_hash"] == hashlib.sha256(content).hexdigest()
        assert sent(content).json["id"] == first.json["id"]
        problem(sent(other), 422, "idempotency_key_reused")


def test_uploads_are_pages_and_anothers_are_not_there(me, call_as):
    ids = [send(me).json["id"] for _ in range(2)]
    page = me.get("/uploads?limit=1").json
    assert [each["id"] for each in page["items"]] == ids[1:]
    assert me.get(f"/uploads?limit=1&cursor={page['next']}").json["items"][0]["id"] == ids[0]

    other = call_as("admin")
    for answer in (
        other.get(f"/uploads/{ids[0]}"), other.get(f"/uploads/{ids[0]}/quarantine"),
        other.patch(f"/uploads/{ids[0]}", json={}), other.post(f"/uploads/{ids[0]}/store", json={"symbol": "ABC"}),
    ):  # fmt: skip
        problem(answer, 404, "not_found")
    problem(send(call_as("viewer")), 403, "permission_denied")


def test_mistakes_about_a_layout_are_named(me):
    path = f"/uploads/{send(me).json['id']}"

    assert problem(me.patch(path, json={"layout": {"timezone": "Mars"}}), 422, "invalid_input")["errors"]
    problem(me.patch(path, json={"layout": {"columns": {"date": "no such"}}}), 422, "invalid_spec")
    problem(me.patch(path, json={"colour": "red"}), 422, "invalid_input")


def test_a_file_is_deleted_unless_it_is_stored(me):
    path = f"/uploads/{send(me).json['id']}"
    assert me.delete(path).status_code == 204
    problem(me.get(path), 404, "not_found")
    problem(me.delete(path), 404, "not_found")

    stored = f"/uploads/{send(me).json['id']}"
    me.post(f"{stored}/store", json={"symbol": "ABC"})
    problem(me.delete(stored), 409, "conflict")

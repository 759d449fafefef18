import pytest

from tasks import reports
from tests import factories
from webapp.dashboard import marks, paths
from webapp.dashboard.components.watching import POLL_MILLISECONDS
from webapp.services import shares, watching
from webapp.tables import Analysis

pytestmark = pytest.mark.databases("sqlite")


def test_a_change_is_seen_within_two_seconds_by_whoever_watches():
    """What a worker waits before it reports, what the server shares for a moment, and the time between two looks."""
    assert max(reports.REPORT_SECONDS, watching.SHARED_SECONDS) + POLL_MILLISECONDS / 1e3 < 2.0


def test_an_open_page_learns_that_something_has_changed(client, log_in, database):
    actor = log_in()
    with database.write() as session:
        public_id = factories.create_analysis(session, actor, status="running", progress=0.1).public_id
    address = paths.analysis_mark(public_id, tab="overview")

    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    with database.write() as session:
        session.query(Analysis).update({"progress": 0.2})
    changed = client.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.headers["ETag"] == first.headers["ETag"] != changed.headers["ETag"]
    assert again.data == b""
    assert changed.json["analysis-mark"]["data"] == changed.headers["ETag"].strip('"')
    assert "20\u00a0% done" in changed.text
    assert "Set-Cookie" not in again.headers
    assert changed.headers["Cache-Control"] == "no-store"


@pytest.fixture
def become(client, log_in):
    """Sign in as somebody new, who was not here before."""

    def become(role="researcher"):
        client.delete_cookie("assay_session")
        return log_in(role)

    return become


def test_what_is_drawn_for_one_is_shown_to_all_who_look_and_to_owners_more(client, become, database, monkeypatch):
    monkeypatch.setattr(watching, "SHARED_SECONDS", 3600.0)
    drawn = []
    changes = marks.analysis.changes
    monkeypatch.setattr(marks.analysis, "changes", lambda *values: drawn.append(values) or changes(*values))
    actor = become()
    with database.write() as session:
        study_id = factories.create_study(session, actor, {"status": "running", "progress": 0.1}).public_id
        public_id = session.query(Analysis).one().public_id
        _, secret = shares.make_link(session, actor, public_id)
    address = paths.analysis_mark(public_id, tab="overview")

    own = client.get(address).text
    assert client.get(address).text == own
    become("viewer")
    assert client.get(address).status_code == 404
    client.get(f"/app/shared/{secret}")
    theirs = client.get(address).text
    become("viewer")
    client.get(f"/app/shared/{secret}")

    assert client.get(address).text == theirs
    assert len(drawn) == 2
    assert study_id in own
    assert study_id not in theirs
    assert "shared by" in theirs


def test_what_is_anothers_is_not_there(client, log_in, database):
    with database.write() as session:
        public_id = factories.create_analysis(session, factories.create_actor(session)).public_id
    log_in()

    for each in (public_id, "0" * 16):
        answer = client.get(paths.analysis_mark(each, tab="overview"))
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_an_end_that_comes_after_the_look_is_drawn_for_each_by_itself(client, log_in, database, monkeypatch):
    monkeypatch.setattr(watching, "SHARED_SECONDS", 3600.0)
    monkeypatch.setattr(watching, "look_at", lambda *_: watching.Look("0" * 16, is_own=True, is_final=False))
    drawn = []
    changes = marks.analysis.changes
    monkeypatch.setattr(marks.analysis, "changes", lambda *values: drawn.append(values[1]) or changes(*values))
    actor = log_in()
    with database.write() as session:
        public_id = factories.create_analysis(
            session, actor, status="failed", error_code="not_enough_data", error_message="Too few bars."
        ).public_id

    for tab in ("overview", "trades"):
        assert client.get(paths.analysis_mark(public_id, tab=tab)).json["analysis-poll"]["disabled"] is True

    assert drawn[-1] == "trades"

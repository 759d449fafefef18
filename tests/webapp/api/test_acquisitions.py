"""Fetching prices by REST: asked for, watched, cancelled; the work itself is in `tests/tasks`."""

import pytest

from tests import factories
from tests.webapp.api.calls import fields, problem
from webapp import jobs
from webapp.services import price_sources

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def asked(me):
    """The id of a fetch that waits."""
    return me.post("/acquisitions", json={"symbol": "aapl"}).json["id"]


def test_a_fetch_is_accepted_and_sent_for_and_says_where_to_watch_it(me, jobs_sent):
    answer = me.post("/acquisitions", json={"symbol": "aapl", "source": "yahoo", "extent": "all"})

    assert answer.status_code == 202
    assert answer.json["status"] == "queued"
    assert jobs_sent == [jobs.ACQUIRE]
    seen = me.client.get(answer.headers["Location"]).json
    assert (seen["id"], seen["symbol"], seen["extent"], seen["kind"]) == (answer.json["id"], "AAPL", "all", "fetch")
    assert seen["waits_for"]
    assert (seen["message"], seen["instrument_id"], seen["n_added"]) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "symbol"), ({"symbol": "A B"}, "symbol"), ({"symbol": "A", "source": "sample"}, "source"),
     ({"symbol": "A", "extent": "some"}, "extent"), ({"symbol": "A", "more": 1}, "more")],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_named(me, jobs_sent, body, field):
    answer = me.post("/acquisitions", json=body)

    assert field in fields(answer)
    assert jobs_sent == []


def test_the_list_is_mine_and_filtered_by_status(me, call_as, asked):
    assert [item["id"] for item in me.get("/acquisitions").json["items"]] == [asked]
    assert me.get("/acquisitions?status=failed&status=succeeded").json["total"] == 0
    assert call_as("admin").get("/acquisitions").json["items"] == []


def test_cancelling_is_deleting_and_twice_changes_nothing(me, asked):
    for _ in range(2):
        answer = me.delete(f"/acquisitions/{asked}")
        assert (answer.status_code, answer.json) == (200, {"id": asked, "status": "cancelled"})


def test_what_is_anothers_is_not_found(call_as, asked):
    other = call_as()

    problem(other.get(f"/acquisitions/{asked}"), 404, "not_found")
    problem(other.delete(f"/acquisitions/{asked}"), 404, "not_found")


def test_a_viewer_may_look_but_not_ask(call_as):
    viewer = call_as("viewer")

    assert viewer.get("/acquisitions").status_code == 200
    problem(viewer.post("/acquisitions", json={"symbol": "AAPL"}), 403, "permission_denied")


def test_how_a_source_answered_is_seen(me, database):
    assert me.get("/sources").json["items"][0]["state"] == "closed"
    with database.write() as session:
        for _ in range(price_sources.FAILURES_TO_OPEN):
            price_sources.failed(session, "yahoo", code="provider_unavailable", message="Cannot be reached.")

    (source,) = me.get("/sources").json["items"]
    assert (source["name"], source["state"], source["error_message"]) == ("yahoo", "open", "Cannot be reached.")
    assert source["not_before"].endswith("Z")


def test_one_that_failed_says_why(me, database):
    with database.write() as session:
        row = factories.create_acquisition(
            session, me.actor, status="failed", error_code="symbol_not_found", error_message="Unknown."
        )
        public_id = row.public_id
    seen = me.get(f"/acquisitions/{public_id}").json

    assert (seen["status"], seen["error_code"], seen["error_message"]) == ("failed", "symbol_not_found", "Unknown.")

import pytest

from tests import factories
from tests.webapp.api.calls import fields, problem

pytestmark = pytest.mark.databases("sqlite")


def test_jobs_are_mine_with_their_place(me, call_as, database):
    other = call_as()
    with database.write() as session:
        mine = factories.create_analysis(session, me.actor, title="Mine").public_id
        factories.create_analysis(session, other.actor)
        factories.create_analysis(session, me.actor, status="failed", error_code="internal")
    body = me.get("/jobs").json

    assert [(job["id"], job["kind"], job["title"], job["position"]) for job in body["active"]] == [
        (mine, "analysis", "Mine", 1)
    ]
    assert [(job["status"], job["error_code"]) for job in body["finished"]] == [("failed", "internal")]


def test_everybodys_are_for_administrators_and_without_contents(me, call_as, database):
    with database.write() as session:
        factories.create_analysis(session, me.actor, title="secret")
    problem(me.get("/jobs?whose=all"), 403, "permission_denied")

    (job,) = call_as("admin").get("/jobs?whose=all").json["active"]
    assert (job["id"], job["title"], job["owner"]) == ("", "", me.actor.name)


def test_what_is_over_comes_in_pages(me, database):
    with database.write() as session:
        factories.create_analysis(session, me.actor, title="waits")
        for title in "abc":
            factories.create_analysis(session, me.actor, title=title, status="failed")
    first = me.get("/jobs?limit=2").json
    last = me.get(f"/jobs?limit=2&cursor={first['next']}").json

    assert sorted(job["title"] for job in (*first["finished"], *last["finished"])) == ["a", "b", "c"]
    assert (len(first["finished"]), last["next"]) == (2, None)
    assert ([job["title"] for job in first["active"]], last["active"]) == (["waits"], [])


@pytest.mark.parametrize(
    ("query", "field"), [("whose=theirs", "whose"), ("limit=0", "limit"), ("x=1", "x"), ("cursor=x", "cursor")]
)
def test_what_cannot_be_asked_is_refused(me, query, field):
    assert field in fields(me.get(f"/jobs?{query}"))

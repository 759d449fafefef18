import pytest

from tests.webapp.api.calls import fields, problem

pytestmark = pytest.mark.databases("sqlite")


def test_what_was_done_is_read_newest_first_page_by_page(call_as):
    boss = call_as("admin")
    made = boss.post("/users", json={"email": "eve@example.org", "name": "Eve"}).json["user"]
    boss.post(f"/users/{made['id']}/disable")

    first = boss.get("/audit", query_string={"limit": 1, "user": made["id"]}).json
    rest = boss.get("/audit", query_string={"user": made["id"], "cursor": first["next"]}).json

    assert [each["action"] for each in first["items"] + rest["items"]] == ["account.disabled", "account.created"]
    assert first["items"][0]["sentence"].endswith(" disabled Eve.")
    assert first["items"][0]["address"] == "127.0.0.1"
    assert (
        boss.get("/audit", query_string={"action": "token", "start": "2020-01-01", "end": "2020-01-02"}).json["items"]
        == []
    )


def test_filters_that_cannot_be_are_said(call_as):
    boss = call_as("admin")
    assert "start" in fields(boss.get("/audit", query_string={"start": "yesterday"}))
    assert "cursor" in fields(boss.get("/audit", query_string={"cursor": "x"}))


def test_nobody_else_reads_it(me, call_as):
    problem(me.get("/audit"), 403, "permission_denied")
    problem(call_as("admin", scopes=["users:manage"]).get("/audit"), 403, "permission_denied")

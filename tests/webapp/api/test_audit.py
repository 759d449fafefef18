import csv
import json

import pytest

from tests.webapp.api.calls import fields, problem
from webapp.services import audit, paging

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


def test_all_that_matches_is_taken_away_as_csv(call_as, monkeypatch):
    monkeypatch.setattr(paging, "MOST", 1)  # a line a piece
    boss = call_as("admin")
    made = boss.post("/users", json={"email": "eve@example.org", "name": "=HYPERLINK(1), Eve"}).json["user"]
    boss.post(f"/users/{made['id']}/disable")

    answer = boss.get("/audit/export", query_string={"user": made["id"]})
    lines = list(csv.DictReader(answer.text.splitlines()))

    assert answer.mimetype == "text/csv"
    assert "assay-audit.csv" in answer.headers["Content-Disposition"]
    assert [line["action"] for line in lines] == ["account.disabled", "account.created"]
    assert json.loads(lines[1]["details"]) == {"role": "researcher"}
    assert lines[0]["at"].endswith("Z")
    none = boss.get("/audit/export", query_string={"user": made["id"], "action": "token"}).text
    assert none == "at,user,user_id,action,subject,sentence,address,details\n"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_cell_of_the_file_is_a_formula(call_as, database, name):
    with database.write() as session:
        audit.record(session, action="account.sign_in_refused", subject=name, address="10.0.0.9")

    (line,) = csv.DictReader(call_as("admin").get("/audit/export?action=account.sign_in_refused").text.splitlines())

    assert line["subject"] == f"'{name}"
    assert not any(value.startswith(("=", "+", "-", "@")) for value in line.values())


def test_nobody_else_reads_it(me, call_as):
    problem(me.get("/audit/export"), 403, "permission_denied")
    problem(me.get("/audit"), 403, "permission_denied")
    problem(call_as("admin", scopes=["users:manage"]).get("/audit"), 403, "permission_denied")

import pytest

from tests import factories
from tests.webapp.api.answered import QUESTION
from tests.webapp.api.calls import fields, problem
from webapp.services import quotas
from webapp.services.quotas import Limits

pytestmark = pytest.mark.databases("sqlite")
NONE = dict.fromkeys(("n_running", "n_queued", "cpu_minutes", "storage_bytes"))


@pytest.fixture
def boss(call_as):
    """An administrator's program."""
    return call_as("admin")


def test_a_users_limits_are_set_whole_and_the_houses_hold_beside_them(boss, database):
    with database.write() as session:
        ada = factories.create_user(session).public_id
    assert boss.put("/limits", json={"n_running": 4, "cpu_minutes": 90}).json == {
        **NONE, "n_running": 4, "cpu_minutes": 90
    }  # fmt: skip

    answer = boss.put(f"/users/{ada}/limits", json={"n_running": 2, "storage_bytes": 2**40}).json
    assert answer["own"] == {**NONE, "n_running": 2, "storage_bytes": 2**40}
    assert answer["limits"] == {"n_running": 2, "n_queued": None, "cpu_minutes": 90, "storage_bytes": 2**40}
    assert boss.get(f"/users/{ada}/limits").json == answer
    assert boss.get("/limits").json["n_running"] == 4
    problem(boss.get(f"/users/{'0' * 16}/limits"), 404, "not_found")
    assert set(fields(boss.put(f"/users/{ada}/limits", json={"n_running": -1}))) == {"n_running"}


def test_a_change_respects_what_was_read(boss):
    tag = boss.get("/limits").headers["ETag"]
    assert boss.put("/limits", json={"n_running": 4}, headers={"If-Match": tag}).status_code == 200
    problem(boss.put("/limits", json={"n_running": 5}, headers={"If-Match": tag}), 412, "precondition_failed")


def test_everybody_reads_their_own_and_is_told_when_they_are_used_up(me, google, database):
    with database.write() as session:
        quotas.set_house(session, None, limits=Limits(n_queued=1))
    assert me.post("/analyses", json={"spec": QUESTION}).status_code == 202

    seen = me.get("/allowance").json
    assert (seen["n_queued"], seen["limits"]["n_queued"], seen["storage_bytes"]) == (1, 1, 0)
    assert seen["left"] == {"n_running": None, "n_queued": 0, "cpu_minutes": None, "storage_bytes": None}
    refused = me.post("/analyses", json={"spec": QUESTION})
    assert "at most 1 of your analyses to wait" in problem(refused, 429, "quota_exceeded")["detail"]
    assert refused.headers["Retry-After"] == "60"

import pytest

from tests import factories
from tests.webapp.api.calls import API, fields, problem

pytestmark = pytest.mark.databases("sqlite")


def test_administrators_make_groups_and_members_see_them(call_as, me, database):
    admin = call_as("admin")
    with database.write() as session:
        ada = factories.create_user(session, email="ada@example.org", name="Ada")
        email, public_id = ada.email, ada.public_id

    made = admin.post("/groups", json={"name": "Desk"})
    assert (made.status_code, made.json["members"]) == (201, [])
    address = f"{API}/groups/{made.json['id']}"
    filled = admin.client.put(f"{address}/members", json={"emails": [email]}).json
    assert filled["members"] == [{"name": "Ada", "email": email, "id": public_id}]
    assert admin.client.patch(address, json={"name": "The desk"}).json["name"] == "The desk"
    assert [each["name"] for each in admin.get("/groups").json["items"]] == ["The desk"]
    assert me.get("/groups").json == {"items": []}
    assert admin.client.delete(address).status_code == 204
    problem(admin.client.delete(address), 404, "not_found")


def test_what_does_not_fit_is_refused(call_as):
    admin = call_as("admin")
    made = admin.post("/groups", json={"name": "Desk"}).json

    problem(admin.post("/groups", json={"name": "desk"}), 409, "conflict")
    assert set(fields(admin.post("/groups", json={"name": ""}))) == {"name"}
    body = {"emails": ["nobody@example.org"]}
    assert set(fields(admin.client.put(f"{API}/groups/{made['id']}/members", json=body))) == {"emails"}


def test_others_make_no_groups(me):
    problem(me.post("/groups", json={"name": "Mine"}), 403, "permission_denied")


def test_single_members_join_and_leave(call_as, database):
    admin = call_as("admin")
    with database.write() as session:
        ada, gone = (factories.create_user(session, is_active=is_active).public_id for is_active in (True, False))
    address = f"{API}/groups/{admin.post('/groups', json={'name': 'Desk'}).json['id']}/members"

    for _ in range(2):
        joined = admin.client.put(f"{address}/{ada}")
        assert (joined.status_code, [each["id"] for each in joined.json["members"]]) == (200, [ada])
    problem(admin.client.put(f"{address}/{gone}"), 404, "not_found")
    problem(admin.client.put(f"{address}/{'0' * 16}"), 404, "not_found")
    for _ in range(2):
        assert admin.client.delete(f"{address}/{ada}").json["members"] == []


def test_a_full_group_says_so(call_as, database, monkeypatch):
    monkeypatch.setattr("webapp.services.groups.MOST_MEMBERS", 0)
    admin = call_as("admin")
    with database.write() as session:
        ada = factories.create_user(session).public_id
    group_id = admin.post("/groups", json={"name": "Desk"}).json["id"]

    problem(admin.client.put(f"{API}/groups/{group_id}/members/{ada}"), 422, "invalid_input")

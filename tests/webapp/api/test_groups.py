import pytest

from tests import factories
from tests.webapp.api.calls import API, fields, problem

pytestmark = pytest.mark.databases("sqlite")


def test_administrators_make_groups_and_members_see_them(call_as, me, database):
    admin = call_as("admin")
    with database.write() as session:
        email = factories.create_user(session, email="ada@example.org", name="Ada").email

    made = admin.post("/groups", json={"name": "Desk"})
    assert (made.status_code, made.json["members"]) == (201, [])
    address = f"{API}/groups/{made.json['id']}"
    filled = admin.client.put(f"{address}/members", json={"emails": [email]}).json
    assert filled["members"] == [{"name": "Ada", "email": email}]
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

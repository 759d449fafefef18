import pytest

from tests import factories
from tests.webapp.api.calls import fields, problem
from webapp.permissions import Permission
from webapp.services import sessions, signing_in
from webapp.services.sessions import Visit
from webapp.tables import User

pytestmark = pytest.mark.databases("sqlite")

UNKNOWN = "0" * 16


@pytest.fixture
def boss(call_as):
    """An administrator's program."""
    return call_as("admin")


@pytest.fixture
def ada(database):
    """The public id of somebody."""
    with database.write() as session:
        return factories.create_user(session, email="ada@example.org", name="Ada").public_id


@pytest.mark.databases("sqlite", "postgresql")
def test_from_letting_in_to_deleting(boss, database):
    made = boss.post("/users", json={"email": "Eve@example.org", "name": "Eve"})
    assert made.status_code == 201
    user = made.json["user"]
    assert (user["email"], user["role"], user["is_active"]) == ("eve@example.org", "researcher", True)
    with database.write() as session:
        assert signing_in.authenticate(session, "eve@example.org", made.json["password"])
    address = f"/users/{user['id']}"

    assert boss.post(f"{address}/role", json={"role": "viewer"}).json["role"] == "viewer"
    assert boss.post(f"{address}/disable").json["is_active"] is False
    assert boss.post(f"{address}/enable").json["is_active"] is True
    password = boss.post(f"{address}/password").json["password"]
    with database.write() as session:
        assert signing_in.authenticate(session, "eve@example.org", password)
    assert boss.get(address).json["email"] == "eve@example.org"
    assert boss.delete(address).status_code == 204
    problem(boss.get(address), 404, "not_found")
    assert boss.get("/users", query_string={"text": "eve"}).json["total"] == 0


def test_the_list_is_searched_and_comes_in_pages(boss, ada):
    page = boss.get("/users", query_string={"text": "ADA", "limit": 1}).json
    assert [(each["id"], each["name"]) for each in page["items"]] == [(ada, "Ada")]
    assert (page["total"], page["next"]) == (1, None)
    first = boss.get("/users", query_string={"limit": 1}).json
    rest = boss.get("/users", query_string={"limit": 1, "cursor": first["next"]}).json
    assert [each["id"] for each in first["items"] + rest["items"]].count(ada) == 1


def test_sessions_are_seen_and_ended(boss, ada, database):
    with database.write() as session:
        user = session.query(User).filter_by(public_id=ada).one()
        secrets = [sessions.open_session(session, user, Visit("Firefox", 7), address="127.0.0.1") for _ in range(3)]

    seen = boss.get(f"/users/{ada}/sessions").json["items"]
    assert {(each["user_agent"], each["address"], each["is_current"]) for each in seen} == {
        ("Firefox", "127.0.0.1", False)
    }
    assert boss.delete(f"/users/{ada}/sessions/{seen[0]['id']}").status_code == 204
    assert boss.delete(f"/users/{ada}/sessions").json == {"n_ended": 2}
    with database.read() as session:
        assert [sessions.holder_of(session, secret) for secret in secrets] == [None] * 3
    problem(boss.delete(f"/users/{ada}/sessions/{UNKNOWN}"), 404, "not_found")


def test_what_does_not_fit_is_said(boss, ada):
    assert "email" in fields(boss.post("/users", json={"email": "no address", "name": "N"}))
    assert "role" in fields(boss.post(f"/users/{ada}/role", json={"role": "king"}))
    problem(boss.post("/users", json={"email": "ada@example.org", "name": "N"}), 409, "conflict")
    for path in ("disable", "enable", "password"):
        problem(boss.post(f"/users/{UNKNOWN}/{path}"), 404, "not_found")


def test_the_last_administrator_stays(boss, database):
    with database.read() as session:
        me = session.get_one(User, boss.actor.user_id).public_id
    problem(boss.post(f"/users/{me}/disable"), 409, "conflict")
    problem(boss.post(f"/users/{me}/role", json={"role": "viewer"}), 409, "conflict")
    problem(boss.delete(f"/users/{me}"), 409, "conflict")


@pytest.mark.parametrize("who", [("researcher", None), ("viewer", None), ("admin", [Permission.ANALYSES_READ])])
def test_nobody_else_may(call_as, ada, who):
    caller = call_as(who[0], scopes=who[1])

    problem(caller.get("/users"), 403, "permission_denied")
    problem(caller.delete(f"/users/{ada}"), 403, "permission_denied")
    problem(caller.post("/users", json={}), 403, "permission_denied")


def test_a_poll_by_token_ends_with_the_account(boss, call_as, database):
    poller = call_as("researcher")
    with database.read() as session:
        user_id = session.get_one(User, poller.actor.user_id).public_id
    assert poller.get("/analyses").status_code == 200

    boss.post(f"/users/{user_id}/disable")

    problem(poller.get("/analyses"), 401, "not_signed_in")

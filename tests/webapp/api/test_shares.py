import pytest

from tests import factories
from tests.webapp.api.calls import fields, problem, without_id
from webapp.permissions import Permission
from webapp.tables import User

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def reader(call_as):
    return call_as()


@pytest.fixture
def mine(database, me):
    with database.write() as session:
        return factories.create_analysis(session, me.actor, title="Mine").public_id


def email_of(database, caller):
    with database.read() as session:
        return session.get_one(User, caller.actor.user_id).email


def test_sharing_with_a_user_and_taking_it_back(me, reader, database, mine):
    email = email_of(database, reader)
    unknown = reader.get("/analyses/" + "0" * 16)
    assert without_id(reader.get(f"/analyses/{mine}")) == without_id(unknown)

    made = me.post(f"/analyses/{mine}/shares", json={"kind": "user", "email": email})

    assert made.status_code == 201
    assert (made.json["kind"], made.json["email"], made.json["link"]) == ("user", email, None)
    seen = reader.get(f"/analyses/{mine}").json
    assert (seen["title"], seen["is_own"]) == ("Mine", False)
    assert reader.get(f"/analyses/{mine}/log").status_code == 200
    for answer in (
        reader.get(f"/analyses/{mine}/shares"),
        reader.post(f"/analyses/{mine}/shares", json={"kind": "link"}),
        reader.post(f"/analyses/{mine}/cancel"),
        reader.post(f"/analyses/{mine}/rerun"),
        reader.delete(f"/analyses/{mine}/shares/{made.json['id']}"),
    ):
        problem(answer, 404, "not_found")
    [listed] = me.get(f"/analyses/{mine}/shares").json["items"]
    assert {**listed, "link": None, "secret": None} == made.json

    assert me.delete(f"/analyses/{mine}/shares/{made.json['id']}").status_code == 204
    assert without_id(reader.get(f"/analyses/{mine}")) == without_id(unknown)
    problem(me.delete(f"/analyses/{mine}/shares/{made.json['id']}"), 404, "not_found")


def test_results_are_read_by_whom_they_are_shared_with(me, reader, database, answered):
    tables = ("results", "equity", "trades", "predictions")
    for table in tables:
        problem(reader.get(f"/analyses/{answered}/{table}"), 404, "not_found")
    me.post(f"/analyses/{answered}/shares", json={"kind": "user", "email": email_of(database, reader)})
    for table in tables:
        assert reader.get(f"/analyses/{answered}/{table}").json == me.get(f"/analyses/{answered}/{table}").json


def test_a_link_is_shown_once_and_opens_in_the_browser_and_by_rest(me, reader, app, mine, log_in, client):
    made = me.post(f"/analyses/{mine}/shares", json={"kind": "link", "expires_in_days": 7}).json

    assert made["link"].endswith(f"/app/shared/{made['secret']}")
    [listed] = me.get(f"/analyses/{mine}/shares").json["items"]
    assert "secret" not in listed
    assert listed["expires_at"] == made["expires_at"] is not None
    assert reader.post("/links/open", json={"secret": made["secret"]}).json == {"id": mine, "status": "queued"}
    assert reader.get(f"/analyses/{mine}").status_code == 200

    path = f"/app/shared/{made['secret']}"
    asked = client.get(path, headers={"Accept": "text/html"})
    assert asked.status_code == 302
    assert asked.location.startswith("/login?next=")
    log_in("viewer", name="Vera")
    assert client.get(path).location == f"/app/analyses/{mine}"
    assert me.get(f"/analyses/{mine}/shares").json["items"][0]["opened_by"] == [reader.actor.name, "Vera"]

    me.delete(f"/analyses/{mine}/shares/{made['id']}")
    problem(reader.get(f"/analyses/{mine}"), 404, "not_found")
    problem(reader.post("/links/open", json={"secret": made["secret"]}), 404, "not_found")
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "user"}, "body"),
        ({"kind": "link", "email": "a@example.org"}, "body"),
        ({"kind": "user", "group_id": "x"}, "body"),
        ({"kind": "everybody"}, "kind"),
        ({"kind": "link", "expires_in_days": 0}, "expires_in_days"),
        ({"kind": "user", "email": "nobody@example.org"}, "email"),
        ({"kind": "group", "group_id": "0" * 16}, "group_id"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(me, mine, body, field):
    assert set(fields(me.post(f"/analyses/{mine}/shares", json=body))) == {field}


def test_a_narrow_token_does_not_share(call_as, database):
    narrow = call_as(scopes=[Permission.ANALYSES_READ])
    with database.write() as session:
        analysis = factories.create_analysis(session, narrow.actor).public_id

    assert narrow.get(f"/analyses/{analysis}/shares").json == {"items": []}
    problem(narrow.post(f"/analyses/{analysis}/shares", json={"kind": "link"}), 403, "permission_denied")

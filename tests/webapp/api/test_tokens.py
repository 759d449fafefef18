import datetime

import pytest

from tests import factories
from tests.webapp.api.calls import Caller, fields, problem
from webapp.app import create_app
from webapp.auth.session import parts_of
from webapp.permissions import GRANTS, Permission, Role
from webapp.services import accounts, tokens, users
from webapp.tables import ApiToken, AuditEvent, User

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def ada(database):
    """`ada("viewer")` lets somebody in, and returns what they type to get a token."""

    def make(role="researcher"):
        with database.write() as session:
            factories.create_user(session, email="ada@example.org", name="Ada", role=role)
        return {"email": "ada@example.org", "password": factories.PASSWORD}

    return make


@pytest.mark.databases("sqlite", "postgresql")
def test_email_and_password_buy_a_token_that_opens_the_api(stranger, ada, app):
    answer = stranger.post("/tokens", json=ada())

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    body = answer.json
    assert set(body) == {"id", "name", "scopes", "created_at", "expires_at", "token"}
    assert body["name"] == "REST"
    days = datetime.datetime.fromisoformat(body["expires_at"]) - datetime.datetime.fromisoformat(body["created_at"])
    assert days == datetime.timedelta(days=30)
    headers = {"Authorization": f"Bearer {body['token']}"}
    assert Caller(app.test_client()).get("/analyses", headers=headers).json["total"] == 0


def test_the_secret_is_stored_nowhere_and_the_audit_trail_knows(stranger, ada, database):
    secret = stranger.post("/tokens", json=ada()).json["token"]

    with database.read() as session:
        row = session.query(ApiToken).one()
        assert secret not in str(vars(row))
        assert {"account.signed_in", "token.created"} <= {event.action for event in session.query(AuditEvent)}


@pytest.mark.parametrize("role", list(Role))
def test_without_scopes_a_token_carries_what_the_role_grants_but_managing_users(stranger, ada, role):
    answer = stranger.post("/tokens", json=ada(role))

    assert set(answer.json["scopes"]) == GRANTS[role] - {Permission.USERS_MANAGE}


def test_name_scopes_and_days_can_be_chosen(stranger, ada):
    chosen = {"name": "notebook", "scopes": ["prices:read"], "expires_in_days": 1}
    body = stranger.post("/tokens", json={**ada(), **chosen}).json

    assert (body["name"], body["scopes"]) == ("notebook", ["prices:read"])


def test_a_role_cannot_give_what_it_has_not(stranger, ada):
    answer = stranger.post("/tokens", json={**ada("viewer"), "scopes": ["analyses:run"]})

    assert "analyses:run" in fields(answer)["scopes"]


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"email": "nobody@example.org"}, {"email": "no address"}, {"email": "a\u0000@b.c"}]
)
def test_wrong_credentials_get_one_answer(stranger, ada, wrong):
    answer = stranger.post("/tokens", json={**ada(), **wrong})

    body = problem(answer, 401, "invalid_credentials")
    assert body["detail"] == "E-mail or password is not right. Check both and try again."
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_somebody_shut_out_gets_no_token(stranger, ada, database):
    typed = ada()
    with database.write() as session:
        users.set_active(session, None, accounts.find_user(session, typed["email"]).id, is_active=False)

    problem(stranger.post("/tokens", json=typed), 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": None}, "email"),
        ({"email": 5}, "email"),
        ({"password": "x" * 1025}, "password"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"scopes": "prices:read"}, "scopes"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 366}, "expires_in_days"),
        ({"expires_in_days": "30"}, "expires_in_days"),
        ({"is_admin": True}, "is_admin"),
    ],
)
def test_what_does_not_fit_is_named_and_no_password_repeated(stranger, ada, change, field):
    answer = stranger.post("/tokens", json={**ada(), **change})

    assert set(fields(answer)) == {field}
    assert factories.PASSWORD not in answer.text
    assert "xxxx" not in answer.text


def test_a_cookie_is_neither_needed_nor_looked_at(log_in, client, ada):
    log_in("viewer")
    answer = client.post("/api/v1/tokens", json=ada("admin"))

    assert "analyses:run" in answer.json["scopes"]


def test_attempts_are_limited_as_on_the_sign_in_page(settings, database, ada):
    app = create_app(settings.model_copy(update={"sign_in_limit": "3 per minute"}))
    stranger, typed = Caller(app.test_client()), ada()
    for _ in range(3):
        problem(stranger.post("/tokens", json={**typed, "password": "wrong"}), 401, "invalid_credentials")
    refused = stranger.post("/tokens", json=typed)
    parts_of(app).database.dispose()

    problem(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61


def test_ones_tokens_are_listed_without_their_secrets(stranger, ada, app):
    typed = ada()
    made = stranger.post("/tokens", json={**typed, "name": "notebook"}).json
    me = Caller(app.test_client())
    me.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made['token']}"

    answer = me.get("/tokens")

    assert answer.status_code == 200
    [listed] = answer.json["items"]
    assert set(listed) == {"id", "name", "scopes", "created_at", "expires_at", "last_used_at"}
    assert {name: listed[name] for name in ("id", "name", "scopes")} == {
        name: made[name] for name in ("id", "name", "scopes")
    }
    assert listed["last_used_at"] is not None
    assert made["token"] not in answer.text


def test_a_token_is_given_back_by_itself(me):
    [token] = me.get("/tokens").json["items"]

    answer = me.delete(f"/tokens/{token['id']}")

    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    problem(me.get("/tokens"), 401, "not_signed_in")


def test_a_narrow_token_neither_sees_nor_ends_a_wider_one(app, database, call_as):
    narrow = call_as(scopes=["prices:read"])
    with database.write() as session:
        wide, _ = tokens.create_token(session, narrow.actor, name="w", scopes=["analyses:read"], expires_in_days=1)

    assert [each["scopes"] for each in narrow.get("/tokens").json["items"]] == [["prices:read"]]
    problem(narrow.delete(f"/tokens/{wide.id}"), 404, "not_found")
    with database.read() as session:
        assert len(tokens.list_tokens(session, narrow.actor)) == 2


def test_anothers_token_is_not_there(me, call_as):
    [theirs] = call_as().get("/tokens").json["items"]

    problem(me.delete(f"/tokens/{theirs['id']}"), 404, "not_found")


def test_a_session_lists_and_revokes_all_of_ones_tokens_with_its_csrf_token(log_in, client, database):
    actor = log_in()
    with database.write() as session:
        view, secret = tokens.create_token(session, actor, name="n", scopes=["analyses:run"], expires_in_days=1)
    client.get("/app/", headers={"Accept": "text/html"})
    headers = {"X-CSRFToken": client.get_cookie("_csrf_token").decoded_value}

    assert [each["id"] for each in client.get("/api/v1/tokens").json["items"]] == [view.id]
    problem(client.delete(f"/api/v1/tokens/{view.id}"), 400, "csrf_failed")
    assert client.delete(f"/api/v1/tokens/{view.id}", headers=headers).status_code == 204
    with database.read() as session:
        assert tokens.bearer_of(session, secret) is None


def test_a_body_that_is_all_mistakes_is_refused_at_little_cost(stranger, ada):
    many = {f"{n:x}": 0 for n in range(1_500)}

    refused = problem(stranger.post("/tokens", json={**ada(), **many}), 422, "invalid_input")
    assert len(refused["errors"]) == 50
    assert refused["detail"].endswith("1,450 more are not named.")
    assert set(fields(stranger.post("/tokens", json={**ada_again(), "scopes": [0] * 900}))) == {"scopes.0"}
    huge = {**ada_again(), "scopes": [0] * 2_000_000}
    problem(stranger.post("/tokens", json=huge), 413, "too_large")


def ada_again():
    return {"email": "ada@example.org", "password": factories.PASSWORD}


def test_a_password_that_was_shown_buys_no_token(stranger, ada, database):
    typed = ada()
    with database.write() as session:
        session.query(User).one().must_choose_password = True

    problem(stranger.post("/tokens", json=typed), 403, "own_password_needed")
    with database.read() as session:
        assert session.query(ApiToken).count() == 0

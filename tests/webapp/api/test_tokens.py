import datetime

import pytest

from tests import factories
from tests.webapp.api.calls import Caller, fields, problem
from webapp.app import create_app
from webapp.auth.session import parts_of
from webapp.permissions import GRANTS, Permission, Role
from webapp.services import accounts
from webapp.tables import ApiToken, AuditEvent

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
        accounts.set_active(session, None, email=typed["email"], is_active=False)

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

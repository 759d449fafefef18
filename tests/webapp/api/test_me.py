import pyotp
import pytest

from tests import factories
from tests.webapp.api.calls import API, fields, problem
from webapp.services import sessions, tokens
from webapp.services.sessions import Visit
from webapp.tables import User

pytestmark = pytest.mark.databases("sqlite")

RIGHT = factories.PASSWORD


@pytest.fixture
def browser(client, log_in):
    """`browser.post(...)`: a page of somebody who is signed in asks, with the session's CSRF token."""

    class Browser:
        actor = log_in("researcher", email="ada@example.org")

        def __getattr__(self, method):
            client.get("/app/")
            headers = {"X-CSRFToken": client.get_cookie("_csrf_token").decoded_value}
            return lambda path, **options: getattr(client, method)(API + path, headers=headers, **options)

    return Browser()


def test_who_one_is(browser, me):
    mine = browser.get("/me").json
    assert (mine["email"], mine["role"], mine["two_factor"]) == (
        "ada@example.org", "researcher", {"is_on": False, "since": None, "n_codes_left": 0},
    )  # fmt: skip
    assert me.get("/me").json["name"] == me.actor.name


def test_a_new_password_ends_other_sessions(browser, client, stranger, database):
    with database.write() as session:
        other = sessions.open_session(session, session.get_one(User, browser.actor.user_id), Visit("b", 7))

    problem(
        browser.post("/me/password", json={"current_password": "no", "password": "another password"}),
        401,
        "invalid_credentials",
    )
    assert "password" in fields(browser.post("/me/password", json={"current_password": RIGHT, "password": "short"}))
    changed = browser.post("/me/password", json={"current_password": RIGHT, "password": "another password"})

    assert changed.status_code == 204
    assert client.get(f"{API}/me").status_code == 200
    with database.read() as session:
        assert sessions.holder_of(session, other) is None
    typed = {"email": "ada@example.org", "password": "another password"}
    assert stranger.post("/tokens", json=typed).status_code == 201


def test_the_second_step_from_on_to_off(browser, stranger):
    typed = {"email": "ada@example.org", "password": RIGHT}
    made = browser.post("/me/two-factor", json={"password": RIGHT})
    assert made.status_code == 201
    device = pyotp.parse_uri(made.json["uri"])
    assert stranger.post("/tokens", json=typed).status_code == 201, "nothing is asked for yet"
    codes = browser.post("/me/two-factor/confirm", json={"code": device.now()}).json["recovery_codes"]
    assert browser.get("/me").json["two_factor"]["n_codes_left"] == len(codes) == 10

    problem(stranger.post("/tokens", json=typed), 401, "second_factor_needed")
    problem(stranger.post("/tokens", json={**typed, "code": "000000"}), 401, "invalid_credentials")
    assert stranger.post("/tokens", json={**typed, "code": codes[0]}).status_code == 201
    problem(stranger.post("/tokens", json={**typed, "code": codes[0]}), 401, "invalid_credentials")
    problem(browser.post("/me/two-factor", json={"password": RIGHT}), 409, "conflict")

    renewed = browser.post("/me/two-factor/recovery-codes", json={"password": RIGHT}).json["recovery_codes"]
    assert not set(codes) & set(renewed)
    assert browser.post("/me/two-factor/off", json={"password": RIGHT}).status_code == 204
    assert stranger.post("/tokens", json=typed).status_code == 201


def test_own_sessions_are_seen_and_ended(browser, database):
    with database.write() as session:
        user = session.get_one(User, browser.actor.user_id)
        for _ in range(2):
            sessions.open_session(session, user, Visit("curl/8", 7))
    seen = browser.get("/me/sessions").json["items"]
    assert [each["is_current"] for each in seen].count(True) == 1
    other = next(each["id"] for each in seen if not each["is_current"])

    assert browser.delete(f"/me/sessions/{other}").status_code == 204
    assert browser.delete("/me/sessions").json == {"n_ended": 1}
    assert [each["is_current"] for each in browser.get("/me/sessions").json["items"]] == [True]


def test_a_token_reaches_none_of_it(me, database):
    with database.write() as session:
        secret = tokens.create_token(session, me.actor, name="all", scopes=["analyses:read"], expires_in_days=1)[1]
    headers = {"Authorization": f"Bearer {secret}"}
    for method, path, body in (
        ("POST", "/me/password", {"current_password": RIGHT, "password": "another password"}),
        ("POST", "/me/two-factor", {"password": RIGHT}),
        ("POST", "/me/two-factor/confirm", {"code": "000000"}),
        ("POST", "/me/two-factor/off", {"password": RIGHT}),
        ("POST", "/me/two-factor/recovery-codes", {"password": RIGHT}),
        ("GET", "/me/sessions", None),
        ("DELETE", "/me/sessions", None),
        ("DELETE", f"/me/sessions/{'0' * 16}", None),
    ):
        problem(me.client.open(API + path, method=method, json=body, headers=headers), 403, "permission_denied")


def test_too_many_wrong_passwords_are_refused_to_this_person_alone(browser, monkeypatch, database):
    monkeypatch.setattr("webapp.auth.limits.WRONG_PROOFS", "2 per hour")
    for status in (401, 401, 429):
        answer = browser.post("/me/two-factor/off", json={"password": "wrong"})
        assert answer.status_code == status
    assert int(answer.headers["Retry-After"]) > 60
    assert browser.post("/me/two-factor/off", json={"password": RIGHT}).status_code == 429

import io
import re

import pytest
from flask import request

from tests import factories
from webapp.auth.guard import OWN_PASSWORD_ENDPOINTS, PUBLIC_ENDPOINTS
from webapp.auth.session import current_actor
from webapp.permissions import Permission
from webapp.services import accounts, sessions, tokens, users
from webapp.services.sessions import Visit
from webapp.tables import ApiToken, User

pytestmark = pytest.mark.databases("sqlite")

UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


# --- strangers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/page", "/app/new?from=1", "/nothing", "/App/", "/app/../api/v1/who", "//api/v1/who"]
)
def test_a_browser_is_led_to_the_sign_in_page(client, browser, path):
    answer = client.get(path, headers=browser)

    assert answer.status_code == 302
    assert answer.location.split("?")[0] == "/login"


def test_the_way_back_is_kept(client, browser):
    assert client.get("/page?a=1&b=2", headers=browser).location == "/login?next=/page?a%3D1%26b%3D2"
    assert client.get("/", headers=browser).location == "/login"
    assert client.get("/app/", headers=browser).location == "/login"
    assert client.post("/page", headers=browser).location == "/login"


@pytest.mark.parametrize(
    "path", ["/api/v1/who", "/api/", "/api/v1/nothing", "/app/_dash-who", "/app/_dash-layout", "/page"]
)
def test_a_program_gets_a_problem_and_nothing_else(client, path):
    for method in ("GET", "HEAD", *UNSAFE, "OPTIONS", "TRACE"):
        answer = client.open(path, method=method)

        assert answer.status_code == 401, method
        assert answer.content_type == "application/problem+json"
        if method != "HEAD":
            assert answer.json["code"] == "not_signed_in"
            assert set(answer.json) == {"code", "detail", "request_id", "status", "title", "type"}
        assert ("WWW-Authenticate" in answer.headers) == path.startswith("/api/")
        assert "Allow" not in answer.headers


def test_an_address_that_does_not_exist_looks_like_one_that_does(client):
    known, unknown = client.get("/api/v1/who"), client.get("/api/v1/unknown")

    assert {**known.json, "request_id": ""} == {**unknown.json, "request_id": ""}


@pytest.mark.parametrize(
    "path", ["/LOGIN", "/Login", "/login/", "/healthz/", "/static", "/static/../app.py", "/login;x"]
)
def test_look_alikes_of_public_addresses_are_not_public(client, path):
    assert client.get(path).status_code in {401, 404}
    assert client.post(path).status_code in {401, 404}


def test_static_files_cannot_be_left(client, database):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        answer = client.get(path)
        assert answer.status_code in {308, 401, 404}
        assert "create_app" not in answer.text


def test_another_method_cannot_be_smuggled_in(client, signed_in):
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        answer = signed_in.get("/api/v1/who?_method=DELETE", headers={name: "DELETE"})
        assert answer.json["method"] == "GET"
    assert client.get("/logout").status_code == 405


def test_every_public_endpoint_is_one_that_exists(app):
    exist = {f"{method} {rule.rule}" for rule in app.url_map.iter_rules() for method in rule.methods}

    assert exist >= PUBLIC_ENDPOINTS


def test_nul_is_refused_before_any_database_sees_it(client, signed_in):
    assert client.get("/api/v1/%00").status_code == 400
    assert signed_in.get("/api/v1/who?a=%00").status_code == 400


# --- cookies --------------------------------------------------------------------------------------------------------


def test_a_session_opens_pages_callbacks_and_api(signed_in, person, browser):
    assert person.actor.name in signed_in.get("/page", headers=browser).text
    assert signed_in.get("/app/_dash-who").json["user_id"] == person.actor.user_id
    assert signed_in.get("/api/v1/who").json["user_id"] == person.actor.user_id


def test_a_cookie_that_was_changed_opens_nothing(client, signed_in):
    value = client.get_cookie("assay_session").value
    payload, signature = value.rsplit(".", 1)
    for forged in (
        f"{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "x" + value,
        value.split(".")[1],
        "",
        "null",
    ):
        client.set_cookie("assay_session", forged)
        assert client.get("/api/v1/who").status_code == 401


def test_a_cookie_signed_with_another_key_opens_nothing(app, client, person, database):
    with database.write() as session:
        identity = sessions.open_session(session, session.get_one(User, person.actor.user_id), Visit("b", 7))
    serializer = app.session_interface.get_signing_serializer(app)
    good = serializer.dumps({"_user_id": identity})
    client.set_cookie("assay_session", good)
    assert client.get("/api/v1/who").status_code == 200

    app.config["SECRET_KEY"] = "another key that was not used for this cookie"
    client.set_cookie("assay_session", app.session_interface.get_signing_serializer(app).dumps({"_user_id": identity}))
    app.config["SECRET_KEY"] = "only-for-tests-" + "0" * 32
    assert client.get("/api/v1/who").status_code == 401


def test_a_request_costs_one_query_for_who_asks(signed_in, app, count_queries):
    database = app.extensions["assay"].database
    with count_queries(database.engine) as statements:
        signed_in.get("/api/v1/who")

    assert len(statements) == 1


# --- bearer tokens ----------------------------------------------------------------------------------------------------


def test_a_token_opens_the_api_without_cookie_or_csrf_token(client, person, token_of):
    secret = token_of(person.actor)
    for method in ("GET", *UNSAFE):
        answer = client.open("/api/v1/who", method=method, headers=bearer(secret))

        assert answer.json["user_id"] == person.actor.user_id
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/page", "/app/_dash-who", "/"])
def test_a_token_opens_nothing_but_the_api(client, person, token_of, path):
    assert client.get(path, headers=bearer(token_of(person.actor))).status_code == 401


def test_a_token_counts_in_the_header_only(client, person, token_of):
    secret = token_of(person.actor)

    for query in (f"token={secret}", f"access_token={secret}", f"Authorization=Bearer%20{secret}"):
        assert client.get(f"/api/v1/who?{query}").status_code == 401
    assert client.post("/api/v1/who", data={"token": secret, "access_token": secret}).status_code == 401
    for scheme in ("Basic", "Token", "", "Bearer:"):
        assert client.get("/api/v1/who", headers={"Authorization": f"{scheme} {secret}"}).status_code == 401
    client.set_cookie("Authorization", f"Bearer {secret}")
    assert client.get("/api/v1/who").status_code == 401


def test_a_bad_token_is_refused_even_beside_a_good_cookie(signed_in):
    for header in ["Bearer", "Bearer ", "bearer assay_", "Bearer assay_unknown", "Bearer \xff", "Bearer a b"]:
        assert signed_in.get("/api/v1/who", headers={"Authorization": header}).status_code == 401, header


def test_beside_a_cookie_the_token_alone_counts(signed_in, database, token_of):
    with database.write() as session:
        other = factories.create_actor(session)

    answer = signed_in.post("/api/v1/who", headers=bearer(token_of(other)))

    assert answer.json["user_id"] == other.user_id


def test_outside_the_api_the_token_beside_a_cookie_is_not_looked_at(signed_in, person, database, token_of):
    with database.write() as session:
        other = factories.create_actor(session)

    assert signed_in.get("/app/_dash-who", headers=bearer(token_of(other))).json["user_id"] == person.actor.user_id
    assert signed_in.post("/app/_dash-who", headers=bearer(token_of(person.actor))).status_code == 400


def test_the_actor_has_the_tokens_scopes(app, client, person, token_of):
    app.config["VIEW"] = lambda: {"scopes": sorted(current_actor().scopes)}
    secret = token_of(person.actor, scopes=[Permission.PRICES_READ])

    assert client.get("/api/v1/view", headers=bearer(secret)).json == {"scopes": ["prices:read"]}


def test_the_use_of_a_token_is_noted_once_a_minute(client, person, token_of, database, app, count_queries):
    secret = token_of(person.actor)
    client.get("/api/v1/who", headers=bearer(secret))
    with database.read() as session:
        assert session.query(ApiToken).one().last_used_at is not None

    with count_queries(app.extensions["assay"].database.engine) as statements:
        client.get("/api/v1/who", headers=bearer(secret))
    assert not any(statement.startswith("UPDATE") for statement in statements)


def test_a_revoked_token_and_one_of_somebody_shut_out_are_refused(client, person, token_of, database):
    first, second = token_of(person.actor), token_of(person.actor)
    with database.write() as session:
        tokens.revoke_token(session, person.actor, tokens.list_tokens(session, person.actor)[1].id)
    assert client.get("/api/v1/who", headers=bearer(first)).status_code == 401
    assert client.get("/api/v1/who", headers=bearer(second)).status_code == 200

    with database.write() as session:
        users.set_active(session, None, accounts.find_user(session, person.email).id, is_active=False)
    assert client.get("/api/v1/who", headers=bearer(second)).status_code == 401


# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/login", "application/x-www-form-urlencoded"),
        ("/login", "multipart/form-data; boundary=x"),
        ("/api/v1/tokens", "application/json"),
        ("/api/v1/tokens", "application/x-www-form-urlencoded"),
    ],
)
def test_a_stranger_may_send_as_much_as_an_e_mail_and_a_password_need(client, path, content_type):
    most = 16 * 1024
    fits = client.post(path, data=b"x" * most, content_type=content_type)
    too_large = client.post(path, data=b"x" * (most + 1), content_type=content_type)

    assert fits.status_code in {400, 415, 422}
    assert (too_large.status_code, too_large.json["code"]) == (413, "too_large")


def test_a_body_without_a_length_is_not_read_beyond_what_is_allowed(client):
    body = io.BytesIO(b"x" * 10**6)
    answer = client.post(
        "/api/v1/tokens",
        input_stream=body,
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )

    assert answer.status_code in {400, 413}
    assert body.tell() <= 16 * 1024


def test_what_the_dashboard_sends_may_be_larger_than_what_a_program_sends(
    app, client, person, token_of, signed_in, token_in_page
):
    app.config["VIEW"] = lambda: {"n_bytes": len(request.get_data())}
    body, headers = b"x" * (256 * 1024 + 1), {"X-CSRFToken": token_in_page(client)}

    assert signed_in.post("/view", data=body, headers=headers).json == {"n_bytes": len(body)}
    assert app.test_client().post("/api/v1/view", data=body, headers=bearer(token_of(person.actor))).status_code == 413
    assert (
        app.test_client().post("/api/v1/view", data=body[:-1], headers=bearer(token_of(person.actor))).status_code
        == 200
    )


def test_a_password_that_was_shown_opens_no_door_but_the_choice_of_another(app, signed_in, person, database, browser):
    with database.write() as session:
        session.get_one(User, person.actor.user_id).must_choose_password = True
    headers = {"X-CSRFToken": signed_in.get_cookie("_csrf_token").decoded_value}
    tried = 0
    for rule in app.url_map.iter_rules():
        address = re.sub("<[^>]*>", "0" * 16, rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            if f"{method} {rule.rule}" in PUBLIC_ENDPOINTS | OWN_PASSWORD_ENDPOINTS:
                continue
            tried += 1
            answer = signed_in.open(address, method=method, headers=headers)
            assert (answer.status_code, answer.json["code"]) == (403, "own_password_needed"), rule
            if method == "GET" and not rule.rule.startswith(("/api/", "/app/_")):
                answer = signed_in.get(address, headers=browser)
                assert (answer.status_code, answer.location) == (302, "/password"), rule
    assert tried > 80
    assert signed_in.get("/password", headers=browser).status_code == 200
    assert signed_in.post("/logout", headers=headers).status_code == 302

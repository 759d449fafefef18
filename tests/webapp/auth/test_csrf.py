import pytest

pytestmark = pytest.mark.databases("sqlite")

PATHS = ["/page", "/app/_dash-who", "/api/v1/who"]


@pytest.mark.parametrize("path", PATHS)
def test_what_the_cookie_authenticates_needs_the_sessions_token(signed_in, token_in_page, path):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = signed_in.open(path, method=method)
        assert refused.status_code == 400
        assert refused.json["code"] == "csrf_failed"

        headers = {"X-CSRFToken": token_in_page(signed_in)}
        assert signed_in.open(path, method=method, headers=headers).status_code == 200


REQUESTS_OF_ANOTHER_SITE = [
    {"data": '{"a": 1}', "content_type": "text/plain"},
    {"data": {"a": "1"}, "content_type": "multipart/form-data"},
    {"data": {"a": "1"}, "content_type": "application/x-www-form-urlencoded"},
    {"data": '{"a": 1}', "content_type": "application/json"},
    {"data": b"", "content_type": ""},
    {"data": {"csrf_token": "made up"}},
    {"data": {"csrf_token": ""}},
    {"headers": {"X-CSRFToken": "made up"}},
    {"headers": {"Origin": "https://evil.example", "Referer": "https://evil.example/"}},
    {"headers": {"X-Requested-With": "XMLHttpRequest"}},
]


@pytest.mark.parametrize("path", PATHS)
def test_no_form_or_script_of_another_site_passes(signed_in, path):
    for request_of_another_site in REQUESTS_OF_ANOTHER_SITE:
        assert signed_in.post(path, **request_of_another_site).status_code == 400, request_of_another_site


def test_the_token_of_another_session_does_not_count(app, signed_in, token_in_page, browser):
    intruder = app.test_client()
    intruder.get("/login", headers=browser)

    answer = signed_in.post("/app/_dash-who", headers={"X-CSRFToken": token_in_page(intruder)})

    assert answer.status_code == 400


def test_the_cookie_alone_does_not_count(signed_in, token_in_page):
    assert token_in_page(signed_in)

    assert signed_in.post("/app/_dash-who").status_code == 400


def test_the_token_in_the_address_does_not_count(signed_in, token_in_page):
    token = token_in_page(signed_in)

    assert signed_in.post(f"/app/_dash-who?csrf_token={token}&X-CSRFToken={token}").status_code == 400


def test_nobody_can_be_signed_in_as_somebody_else_by_another_site(client, person):
    # The session cookie is sent by no cross-site POST (SameSite=Lax), so the form arrives without any.
    answer = client.post("/login", data={"email": person.email, "password": "correct horse battery staple"})

    assert answer.status_code == 400
    assert client.get("/api/v1/who").status_code == 401


def test_the_tokens_cookie_is_for_our_scripts_only(client, browser):
    cookie = next(
        value for value in client.get("/login", headers=browser).headers.getlist("Set-Cookie") if "_csrf" in value
    )

    assert "SameSite=Strict" in cookie
    assert "Domain" not in cookie
    assert "HttpOnly" not in cookie


def test_programs_get_no_cookie(client, signed_in, token_of, person):
    for answer in (client.get("/healthz"), signed_in.get("/api/v1/who")):
        assert "Set-Cookie" not in answer.headers


def test_an_unknown_address_is_not_found_rather_than_refused(signed_in):
    assert signed_in.post("/api/v1/nothing").status_code == 404

import re
import time

import pyotp
import pytest

from tests import factories
from webapp.auth.session import parts_of
from webapp.permissions import Role
from webapp.services import accounts, invitations, two_factor, users
from webapp.tables import AuditEvent, User

pytestmark = pytest.mark.databases("sqlite")


def test_the_form_can_be_used_by_keyboard_and_password_managers(client, browser):
    page = client.get("/login", headers=browser).text

    assert re.search(r'<input [^>]*type="email"[^>]*autocomplete="username"[^>]* autofocus>', page, re.DOTALL)
    assert re.search(r'<input [^>]*type="password"[^>]*autocomplete="current-password"', page, re.DOTALL)
    assert '<label class="form-label" for="email">' in page
    assert '<label class="form-label" for="password">' in page
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert 'role="alert"' not in page


def test_the_page_asks_no_other_host_and_runs_no_inline_script(client, browser):
    page = client.get("/login", headers=browser).text

    assert re.findall(r'(?:src|href|action)="(?!/)', page) == []
    assert re.findall(r'"(?:https?:)?//', page) == []
    assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=", page)


@pytest.mark.databases("sqlite", "postgresql")
def test_name_and_password_lead_to_the_page_that_was_wanted(client, sign_in, person, database, browser):
    asked = client.get("/page?a=1", headers=browser)
    form = client.get(asked.location, headers=browser).text
    target = re.search(r'name="next" value="([^"]*)"', form)[1]

    answer = sign_in(f" {person.email.upper()}", next=target)

    assert (answer.status_code, answer.location) == (302, "/page?a=1")
    assert person.actor.name in client.get("/page?a=1", headers=browser).text
    with database.read() as session:
        assert session.get_one(User, person.actor.user_id).last_sign_in_at is not None
        assert [event.action for event in session.query(AuditEvent)] == ["account.signed_in"]


def test_without_a_wish_one_comes_home(sign_in, person):
    assert sign_in(person.email).location == "/app/"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "https://evil.example",
        "/%0d%0aSet-Cookie:a=b",
        "/x\r\nSet-Cookie: a=b",
    ],
)
def test_nobody_is_led_to_another_host(client, sign_in, person, target, browser):
    page = client.get("/login", query_string={"next": target}, headers=browser).text
    assert "evil.example" not in page

    answer = sign_in(person.email, next=target)

    assert answer.status_code == 302
    assert answer.location.startswith("/")
    assert not answer.location.startswith(("//", "/\\"))
    assert "evil.example" not in answer.location
    assert not any(value.startswith("a=b") for value in answer.headers.getlist("Set-Cookie"))
    assert "evil.example" not in client.get("/login", query_string={"next": target}).location


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.org", "wrong"),
        ("nobody@example.org", factories.PASSWORD),
        ("x\x00y@example.org", "wrong"),
        ("' OR 1=1 --", "or so"),
    ],
)
def test_a_refusal_says_so_once_and_keeps_the_email(sign_in, person, email, password, client):
    answer = sign_in(email, password, next="/page")

    assert answer.status_code == 401
    assert answer.text.count("E-mail or password is not right") == 1
    assert answer.text.count('role="alert"') == 1
    assert password not in answer.text
    assert 'name="next" value="/page"' in answer.text
    assert re.search(r'type="password"[^>]* autofocus>', answer.text, re.DOTALL)
    assert client.get("/api/v1/who").status_code == 401


def test_all_refusals_look_alike(sign_in, person, database):
    with database.write() as session:
        inactive = factories.create_user(session, is_active=False)
        emails = [person.email, inactive.email, "nobody@example.org"]
    passwords = ["wrong", factories.PASSWORD, factories.PASSWORD]

    pages = [
        sign_in(email, password).text.replace(email, "") for email, password in zip(emails, passwords, strict=True)
    ]

    assert len({re.sub(r'name="csrf_token" value="[^"]*"', "", page) for page in pages}) == 1


def test_what_was_typed_is_shown_as_text(sign_in):
    answer = sign_in('"><script>alert(1)</script>@x', "wrong")

    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


@pytest.mark.parametrize(
    "fields", [{"email": ""}, {"password": ""}, {"email": "", "password": ""}, {"email": "a" * 300}]
)
def test_a_missing_field_is_named_at_the_field(sign_in, person, fields):
    answer = sign_in(**{"email": person.email, **fields})

    assert answer.status_code == 422
    for name in fields:
        assert f'aria-describedby="{name}-problem"' in answer.text
        assert f'id="{name}-problem"' in answer.text


def test_a_form_that_was_open_for_too_long_says_so_and_keeps_the_email(client, person, browser):
    answer = client.post(
        "/login", data={"email": person.email, "password": factories.PASSWORD, "csrf_token": "old"}, headers=browser
    )

    assert answer.status_code == 400
    assert "open for too long" in answer.text
    assert f'value="{person.email}"' in answer.text
    assert factories.PASSWORD not in answer.text


@pytest.mark.parametrize("body", [b"[1]", b"{}", b"null", b"\xff", b""])
def test_a_body_that_is_no_form_is_refused(client, browser, token_in_page, body):
    client.get("/login", headers=browser)
    headers = {"X-CSRFToken": token_in_page(client), "Content-Type": "application/json"}

    assert client.post("/login", data=body, headers=headers).status_code == 422


def test_who_is_signed_in_needs_no_form(signed_in):
    assert signed_in.get("/login").location == "/app/"
    assert signed_in.get("/login?next=/page").location == "/page"


def test_signing_out_needs_a_form_of_ours(signed_in, token_in_page, browser):
    assert signed_in.get("/logout").status_code == 405
    refused = signed_in.post("/logout", headers=browser)
    assert refused.status_code == 400
    assert "Load the page again" in refused.text
    assert signed_in.get("/api/v1/who").status_code == 200

    answer = signed_in.post("/logout", data={"csrf_token": token_in_page(signed_in)}, headers=browser)

    assert (answer.status_code, answer.location) == (302, "/login")
    assert signed_in.get("/page", headers=browser).status_code == 302


def test_signing_out_is_in_the_audit_trail(signed_in, token_in_page, database, person):
    signed_in.post("/logout", data={"csrf_token": token_in_page(signed_in)})

    with database.read() as session:
        last = session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
        assert (last.action, last.user_id, last.address) == ("account.signed_out", person.actor.user_id, "127.0.0.1")


def test_signing_in_again_works_after_signing_out(signed_in, sign_in, token_in_page, person):
    signed_in.post("/logout", data={"csrf_token": token_in_page(signed_in)})

    assert sign_in(person.email).status_code == 302
    assert signed_in.get("/api/v1/who").json["user_id"] == person.actor.user_id


def test_a_second_person_on_the_same_browser_is_themselves(signed_in, sign_in, token_in_page, database):
    with database.write() as session:
        other = accounts.create_user(
            session, None, email="bob@example.org", name="Bob", role=accounts.Role.VIEWER, password=factories.PASSWORD
        )
    signed_in.post("/logout", data={"csrf_token": token_in_page(signed_in)})
    sign_in(other.email)

    assert signed_in.get("/api/v1/who").json["name"] == "Bob"


# --- invitations ----------------------------------------------------------------------------------------------------


class TestInvitation:
    @pytest.fixture
    def address(self, database):
        with database.write() as session:
            host = factories.create_actor(session, "admin")
            _, secret = invitations.create_invitation(session, host, email="eve@example.org", role=Role.VIEWER)
        return f"/invitation/{secret}"

    @pytest.fixture
    def accept(self, client, address, browser, token_in_page):
        def send(**fields):
            client.get(address, headers=browser)
            form = {"name": "Eve", "password": "a password of my own", "csrf_token": token_in_page(client), **fields}
            return client.post(address, data=form, headers=browser)

        return send

    def test_who_was_invited_chooses_name_and_password_and_is_in(self, client, accept, address, browser):
        assert "eve@example.org" in client.get(address, headers=browser).text

        answer = accept()

        assert (answer.status_code, answer.location) == (302, "/app/")
        assert client.get("/api/v1/who").json["name"] == "Eve"
        assert client.get(address, headers=browser).status_code == 404
        assert accept(name="Mallory").status_code == 404

    def test_what_does_not_fit_is_said_and_what_was_typed_stays(self, accept, client):
        for fields, words in (({"password": "short"}, "at least 10 characters"), ({"name": " "}, "expected 1 to 120")):
            answer = accept(**fields)
            assert answer.status_code == 422
            assert words in answer.text
            assert "short" not in answer.text
        assert 'value="Eve"' in accept(password="short").text
        assert client.get("/api/v1/who").status_code == 401

    def test_without_the_pages_token_nothing_happens(self, accept, client):
        answer = accept(csrf_token="made up")

        assert answer.status_code == 400
        assert "try again" in answer.text
        assert client.get("/api/v1/who").status_code == 401

    def test_a_link_that_does_not_work_says_so(self, client, browser):
        answer = client.get("/invitation/unknown", headers=browser)

        assert answer.status_code == 404
        assert "Ask for a new link" in answer.text


class TestManyInvitations:
    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"sign_in_limit": "2 per minute"})

    def test_attempts_are_counted_as_for_signing_in(self, client, browser, token_in_page):
        client.get("/login", headers=browser)
        form = {"name": "E", "password": "a password of my own", "csrf_token": token_in_page(client)}

        answers = [client.post("/invitation/unknown", data=form, headers=browser).status_code for _ in range(3)]

        assert answers == [404, 404, 429]


# --- the second step ------------------------------------------------------------------------------------------------


class TestSecondStep:
    @pytest.fixture
    def codes(self, person, database, app):
        """Recovery codes of `person`, who has added a device."""
        box = parts_of(app).two_factor_box
        with database.write() as session:
            secret = two_factor.begin(session, box, person.actor, password=factories.PASSWORD).secret
            return two_factor.confirm(session, box, person.actor, code=pyotp.TOTP(secret).now())

    @pytest.fixture
    def send_code(self, client, browser, token_in_page):
        def send(code, **fields):
            client.get("/login/code", headers=browser)
            form = {"code": code, "csrf_token": token_in_page(client), **fields}
            return client.post("/login/code", data=form, headers=browser)

        return send

    def test_the_password_leads_to_the_code_and_the_code_leads_in(self, codes, person, sign_in, send_code, client):
        answer = sign_in(person.email, next="/page?a=1")
        assert answer.location == "/login/code?next=/page?a%3D1"
        assert client.get("/api/v1/who").status_code == 401
        assert 'autocomplete="one-time-code"' in client.get(answer.location).text

        refused = send_code("000000", next="/page?a=1")
        assert (refused.status_code, "The code is not right" in refused.text) == (401, True)
        assert client.get("/api/v1/who").status_code == 401
        answer = send_code(codes[0], next="/page?a=1")

        assert (answer.status_code, answer.location) == (302, "/page?a=1")
        assert client.get("/api/v1/who").json["name"] == person.actor.name
        assert send_code(codes[1]).status_code == 400, "the first step is used up"

    def test_without_the_password_there_is_nothing_to_do(self, codes, client, send_code):
        assert client.get("/login/code").location.startswith("/login")
        assert send_code(codes[0]).status_code == 400

    def test_a_right_password_does_not_last(self, codes, person, sign_in, send_code, client, monkeypatch):
        sign_in(person.email)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 301)

        assert send_code(codes[0]).status_code == 400
        assert client.get("/api/v1/who").status_code == 401

    def test_a_password_changed_meanwhile_is_not_right_any_more(self, codes, person, sign_in, send_code, database):
        sign_in(person.email)
        with database.write() as session:
            user_id = accounts.find_user(session, person.email).id
            users.set_password(session, None, user_id, password="another password")

        assert send_code(codes[0]).status_code == 401

    @pytest.mark.usefixtures("codes")
    def test_a_code_that_is_missing_is_asked_for(self, person, sign_in, send_code):
        sign_in(person.email)
        assert send_code("").status_code == 422

    def test_few_codes_may_be_guessed(self, codes, person, sign_in, send_code):
        sign_in(person.email)
        assert [send_code("000000").status_code for _ in range(11)] == [401] * 10 + [429]
        assert send_code(codes[0]).status_code == 429


class TestOwnPassword:
    """Who has a password that an administrator was shown is led to the choice of another."""

    @pytest.fixture
    def choose(self, client, browser, token_in_page):
        def send(current, password):
            form = {"current_password": current, "password": password, "csrf_token": token_in_page(client)}
            return client.post("/password", data=form, headers=browser)

        return send

    @pytest.fixture
    def given(self, database, person):
        with database.write() as session:
            session.get_one(User, person.actor.user_id).must_choose_password = True
        return person

    def test_signing_in_leads_there_and_a_password_of_ones_own_leads_on(
        self, client, sign_in, given, choose, browser, database
    ):
        assert sign_in(given.email).status_code == 302
        assert client.get("/app/", headers=browser).location == "/password"
        assert "Choose a password of your own" in client.get("/password", headers=browser).text

        assert choose(factories.PASSWORD, "my own password").location == "/app/"

        assert client.get("/app/", headers=browser).status_code == 200
        assert client.get("/password", headers=browser).location == "/app/"
        assert choose("my own password", "something else").location == "/app/"
        with database.read() as session:
            assert "account.password_chosen" in {event.action for event in session.query(AuditEvent)}
        client.post("/logout", headers={"X-CSRFToken": client.get_cookie("_csrf_token").decoded_value})
        assert sign_in(given.email, "my own password").status_code == 302

    def test_what_does_not_fit_is_said_and_nothing_changes(self, client, sign_in, given, choose, browser, monkeypatch):
        monkeypatch.setattr("webapp.auth.limits.WRONG_PROOFS", "1 per hour")
        sign_in(given.email)
        client.get("/password", headers=browser)

        for current, password, status, words in (
            (factories.PASSWORD, "short", 422, "at least 10 characters"),
            ("", "my own password", 422, "Type the password that you were given"),
            (factories.PASSWORD, factories.PASSWORD, 422, "expected another"),
            ("wrong password", "my own password", 401, "The password is not right"),
            (factories.PASSWORD, "my own password", 429, "Too many wrong passwords"),
        ):
            answer = choose(current, password)
            assert (answer.status_code, words in answer.text) == (status, True), words
        assert client.get("/app/", headers=browser).location == "/password"

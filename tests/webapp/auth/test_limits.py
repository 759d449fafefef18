import socket
import time

import pytest
from flask import g

from tests import factories
from webapp.auth import limits
from webapp.errors import InvalidCredentials, TooManyRequests
from webapp.services import audit, tokens

pytestmark = pytest.mark.databases("sqlite")

WRONG = "a wrong password"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"sign_in_limit": "3 per minute"})


@pytest.fixture
def attempt(client, browser, token_in_page):
    """Send the sign-in form from a network address."""

    def send(email, password=WRONG, address="127.0.0.1", client=client, **headers):
        client.get("/login", headers=browser)
        return client.post(
            "/login",
            data={"email": email, "password": password, "csrf_token": token_in_page(client)},
            headers={**browser, **headers},
            environ_overrides={"REMOTE_ADDR": address},
        )

    return send


def test_one_address_may_try_so_often_whatever_the_name(attempt, person):
    assert [attempt(f"user{n}@example.org").status_code for n in range(3)] == [401] * 3

    answer = attempt(person.email, factories.PASSWORD)

    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Too many attempts to sign in. Try again in" in answer.text
    assert f'value="{person.email}"' in answer.text
    assert attempt(person.email, factories.PASSWORD, address="127.0.0.2").status_code == 302


def test_a_stranger_shuts_nobody_out(attempt, person):
    assert [attempt(person.email, address="127.0.0.6").status_code for _ in range(10)] == [401] * 3 + [429] * 7

    assert attempt(person.email, factories.PASSWORD).status_code == 302


class TestRefusals:
    """What is refused counts for longer: by e-mail and address, and by e-mail alone."""

    @pytest.fixture
    def settings(self, settings, monkeypatch):
        monkeypatch.setattr(limits, "REFUSED_FROM_ONE_PLACE", "2 per hour")
        monkeypatch.setattr(limits, "REFUSED_FROM_ANYWHERE", "4 per hour")
        return settings.model_copy(update={"sign_in_limit": "1000 per minute"})

    def test_one_address_may_be_wrong_about_one_name_so_often(self, attempt, person):
        names = [person.email, f" {person.email.upper()} ", person.email]
        assert [attempt(name, address="127.0.0.6").status_code for name in names] == [401, 401, 429]

        refused = attempt(person.email, factories.PASSWORD, address="127.0.0.6")
        assert refused.status_code == 429
        assert 60 < int(refused.headers["Retry-After"]) <= 3601
        assert attempt("bob@example.org", address="127.0.0.6").status_code == 401
        assert attempt(person.email, factories.PASSWORD).status_code == 302

    def test_one_address_cannot_use_up_what_all_have_together(self, attempt, person):
        for _ in range(10):
            attempt(person.email, address="127.0.0.6")

        assert attempt(person.email, factories.PASSWORD).status_code == 302

    def test_many_addresses_do_not_guess_on_for_ever(self, attempt, person, client):
        for n in range(4):
            assert attempt(person.email, address=f"127.0.0.{5 + n}").status_code == 401

        assert attempt(person.email, factories.PASSWORD, address="127.0.0.9").status_code == 429
        assert client.get("/api/v1/who").status_code == 401
        assert attempt("bob@example.org", address="127.0.0.9").status_code == 401

    def test_both_doors_count_together(self, attempt, client, person):
        for _ in range(2):
            assert client.post("/api/v1/tokens", json={"email": person.email, "password": WRONG}).status_code == 401

        assert attempt(person.email, factories.PASSWORD).status_code == 429

    def test_what_cannot_be_read_counts_against_nobody(self, attempt, client, person):
        whole = {"email": person.email, "password": WRONG}
        for _ in range(5):
            assert attempt(person.email, "").status_code == 422
            assert client.post("/login", data=whole).status_code == 400, "no CSRF token"
            assert client.post("/api/v1/tokens", json={"email": person.email}).status_code == 422
            assert client.post("/api/v1/tokens", json={**whole, "extra": 1}).status_code == 422
            assert client.post("/api/v1/tokens", data=whole).status_code == 415

        assert attempt(person.email, factories.PASSWORD).status_code == 302

    def test_signing_in_counts_against_nobody(self, app, attempt, person):
        for _ in range(5):
            assert attempt(person.email, factories.PASSWORD, client=app.test_client()).status_code == 302


class TestRequests:
    """Requests to REST are counted by person."""

    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"sign_in_limit": "1000 per minute", "request_limit": "3 per minute"})

    @pytest.fixture
    def ask(self, app, database):
        """`ask(person)` asks as somebody, each time with a new token."""

        def send(actor):
            with database.write() as session:
                scopes = ["analyses:read"]
                secret = tokens.create_token(session, actor, name="t", scopes=scopes, expires_in_days=1)[1]
            return app.test_client().get("/api/v1/who", headers={"Authorization": f"Bearer {secret}"})

        return send

    def test_one_person_may_ask_so_often_by_tokens_and_browser_together(self, ask, person, client, attempt):
        assert attempt(person.email, factories.PASSWORD).status_code == 302
        answers = [ask(person.actor), client.get("/api/v1/who"), ask(person.actor)]

        assert [answer.status_code for answer in answers] == [200] * 3
        assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0"]
        assert {answer.headers["RateLimit-Limit"] for answer in answers} == {"3"}
        for refused in (ask(person.actor), client.get("/api/v1/who")):
            assert refused.status_code == 429
            assert refused.json["code"] == "too_many_requests"
            assert refused.json["detail"].startswith("Too many requests. Try again in")
            assert 1 <= int(refused.headers["Retry-After"]) <= 61  # a begun second counts as a whole one
            assert refused.headers["RateLimit-Remaining"] == "0"
            assert refused.headers["RateLimit-Reset"] == refused.headers["Retry-After"]

    def test_nobody_uses_up_what_is_anothers(self, ask, person, database):
        with database.write() as session:
            other = factories.create_actor(session)
        assert [ask(person.actor).status_code for _ in range(4)] == [200, 200, 200, 429]
        assert ask(other).status_code == 200

    def test_pages_are_not_counted(self, client, person, attempt, browser):
        attempt(person.email, factories.PASSWORD)
        for _ in range(5):
            answer = client.get("/page", headers=browser)
            assert answer.status_code == 200
            assert "RateLimit-Limit" not in answer.headers

    def test_a_stranger_is_told_no_limit(self, client):
        for _ in range(5):
            answer = client.get("/api/v1/who")
            assert answer.status_code == 401
            assert "RateLimit-Limit" not in answer.headers


class TestKnownPlaces:
    """A browser or an address where somebody signed in before is not shut out by what strangers do elsewhere."""

    @pytest.fixture
    def settings(self, settings, monkeypatch):
        monkeypatch.setattr(limits, "REFUSED_FROM_ONE_PLACE", "2 per hour")
        monkeypatch.setattr(limits, "REFUSED_FROM_ANYWHERE", "4 per hour")
        return settings

    @pytest.fixture
    def besieged(self, app, attempt, person):
        """Somebody signed in with a browser; then strangers, some at the same address, guessed until nobody may."""
        browser = app.test_client()
        assert attempt(person.email, factories.PASSWORD, address="127.0.0.2", client=browser).status_code == 302
        browser.delete_cookie("assay_session")
        for n in range(8):
            attempt(person.email, address=f"127.0.0.{2 + n // 2}")
        return browser

    def test_a_browser_signs_in_from_anywhere(self, besieged, attempt, person):
        assert attempt(person.email, factories.PASSWORD, address="127.0.0.2").status_code == 429
        for address in ("127.0.0.2", "127.0.0.99"):
            assert attempt(person.email, factories.PASSWORD, address=address, client=besieged).status_code == 302
            besieged.delete_cookie("assay_session")

    @pytest.mark.usefixtures("besieged")
    def test_an_address_signs_in_if_nobody_there_was_wrong_too_often(self, attempt, person, database):
        assert attempt(person.email, factories.PASSWORD, address="127.0.0.50").status_code == 429
        with database.write() as session:
            audit.record(session, action="account.signed_in", subject="", actor=person.actor, address="127.0.0.50")
        assert attempt(person.email, factories.PASSWORD, address="127.0.0.50").status_code == 302

    def test_a_known_browser_guesses_no_more_than_others(self, besieged, attempt, person):
        answers = [attempt(person.email, client=besieged, address=f"127.0.0.{60 + n}").status_code for n in range(4)]
        assert answers[:2] == [401, 401]
        assert set(answers[2:]) == {429}

    def test_a_made_up_cookie_helps_nobody(self, attempt, person, client, besieged):
        client.set_cookie("assay_device", "made up", path="/login")
        assert attempt(person.email, factories.PASSWORD, address="127.0.0.70").status_code == 429
        theirs = besieged.get_cookie("assay_device", path="/login").value
        client.set_cookie("assay_device", theirs[:-2] + "xx", path="/login")
        assert attempt(person.email, factories.PASSWORD, address="127.0.0.70").status_code == 429


def test_nobody_chooses_their_own_address(attempt):
    for n in range(3):
        attempt(f"user{n}@example.org", **{"X-Forwarded-For": f"10.0.0.{n}", "X-Real-IP": f"10.0.0.{n}"})

    assert attempt("user9@example.org", **{"X-Forwarded-For": "10.0.0.9"}).status_code == 429


def test_behind_a_proxy_that_is_trusted_each_visitor_counts_alone(settings, make_app, attempt):
    proxied = make_app(settings.model_copy(update={"trusted_proxies": 1})).test_client()

    def visit(n, name):  # what stands left of the proxy's own entry was written by the visitor
        header = {"X-Forwarded-For": f"10.9.9.{n}, 10.0.0.{name}"}
        return attempt(f"user{n}@example.org", client=proxied, **header).status_code

    assert [visit(n, 1) for n in range(4)] == [401, 401, 401, 429]
    assert visit(4, 2) == 401


def test_only_attempts_count(attempt, client, person, browser):
    for _ in range(10):
        assert client.get("/login", headers=browser).status_code == 200
        assert client.get("/healthz").status_code == 200
        assert client.get("/api/v1/who").status_code == 401

    assert attempt(person.email, factories.PASSWORD).status_code == 302


def test_the_other_way_to_offer_a_password_counts_with_it(app, attempt):
    if not any(rule.rule == "/api/v1/tokens" for rule in app.url_map.iter_rules()):
        app.add_url_rule("/api/v1/tokens", "offer", lambda: ({}, 401), methods=["POST"])
    client = app.test_client()
    for _ in range(3):
        client.post("/api/v1/tokens", json={"email": "ada@example.org", "password": WRONG})

    answer = client.post("/api/v1/tokens", json={"email": "ada@example.org", "password": WRONG})

    assert answer.status_code == 429
    assert answer.json["code"] == "too_many_requests"
    assert int(answer.headers["Retry-After"]) >= 1
    assert attempt("ada@example.org").status_code == 429
    for body in ("[1]", '"x"', '{"email": ["a"]}', '{"email": null}', "null", "", "[" * 16_000, '{"email":' * 1_800):
        assert client.post("/api/v1/tokens", data=body, content_type="application/json").status_code == 429


def test_a_server_that_hangs_does_not_hang_the_sign_in(settings, person, browser, token_in_page, make_app):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        client = make_app(settings.model_copy(update={"redis_url": type(settings.redis_url)(url)})).test_client()
        client.get("/login", headers=browser)
        form = {"email": person.email, "password": factories.PASSWORD, "csrf_token": token_in_page(client)}

        began = time.monotonic()
        answer = client.post("/login", data=form)

    assert answer.status_code == 302
    assert time.monotonic() - began < 10  # 1 s is allowed; without a limit it would be minutes


def test_a_limit_that_cannot_be_read_stops_the_start(settings, make_app):
    with pytest.raises(ValueError, match="often"):
        make_app(settings.model_copy(update={"sign_in_limit": "not so often"}))


@pytest.mark.broker
class TestWithRedis:
    @pytest.fixture
    def settings(self, settings, valkey):
        redis_url = type(settings.redis_url)(valkey.url)
        return settings.model_copy(update={"redis_url": redis_url, "request_limit": "3 per minute"})

    def test_requests_are_counted_by_all_together_and_in_memory_when_redis_goes_away(
        self, app, settings, make_app, database, person, monkeypatch
    ):
        with database.write() as session:
            scopes = ["analyses:read"]
            secret = tokens.create_token(session, person.actor, name="t", scopes=scopes, expires_in_days=1)[1]
        headers = {"Authorization": f"Bearer {secret}"}

        def left(client):
            return client.get("/api/v1/catalog", headers=headers).headers["RateLimit-Remaining"]

        client = app.test_client()
        assert [left(client), left(make_app(settings).test_client())] == ["2", "1"]
        storage = app.extensions["assay_limits"].storage

        def gone(*_args, **_kwargs):
            raise ConnectionError

        for name in ("incr", "get", "get_expiry"):
            monkeypatch.setattr(storage, name, gone)
        monkeypatch.setattr(storage, "check", lambda: False)
        assert [left(client), left(client)] == ["2", "1"]

    def test_all_web_processes_count_together(self, settings, attempt, make_app):
        other = make_app(settings).test_client()
        for n in range(3):
            attempt(f"user{n}@example.org", client=other)

        assert attempt("user9@example.org").status_code == 429

    def test_wrong_proofs_are_counted_by_all_together_and_in_memory_when_redis_goes_away(
        self, app, settings, make_app, person, monkeypatch
    ):
        monkeypatch.setattr(limits, "WRONG_PROOFS", "2 per hour")

        def prove(app):
            with app.test_request_context():
                g.actor = person.actor
                with limits.proving():
                    raise InvalidCredentials("wrong")

        for each in (app, make_app(settings)):
            with pytest.raises(InvalidCredentials):
                prove(each)
        for each in (app, make_app(settings)):
            with pytest.raises(TooManyRequests):
                prove(each)

        def gone(*_args, **_kwargs):
            raise ConnectionError

        storage = app.extensions["assay_limits"].storage
        for name in ("incr", "get", "get_expiry"):
            monkeypatch.setattr(storage, name, gone)
        for refusal in (InvalidCredentials, InvalidCredentials, TooManyRequests):
            with pytest.raises(refusal):
                prove(app)

    def test_the_counters_leave_by_themselves_and_hold_no_address(self, attempt, valkey, person):
        attempt(person.email)

        with valkey.client() as redis:
            keys = redis.keys()
            assert len(keys) == 3
            assert sorted(redis.ttl(key) > 60 for key in keys) == [False, True, True]
            assert all(0 < redis.ttl(key) <= 3600 for key in keys)
        assert not any(b"ada" in key for key in keys)

    def test_nothing_that_a_stranger_sends_passes_for_a_redis_that_is_away(self, app, client):
        for data in (b"x" * 20_000, b"[" * 16_000, b"1" * 6_000, b"\xff", b'{"email": "\\ud800"}'):
            client.post("/api/v1/tokens", data=data, content_type="application/json")
            client.post("/login", data=data, content_type="multipart/form-data; boundary=x")

        assert not app.extensions["assay_limits"]._storage_dead

    def test_when_redis_goes_away_memory_counts_on(self, attempt, person, app, monkeypatch):
        assert attempt(person.email).status_code == 401
        storage = app.extensions["assay_limits"].storage

        def gone(*_args, **_kwargs):
            raise ConnectionError

        monkeypatch.setattr(storage, "incr", gone)
        monkeypatch.setattr(storage, "check", lambda: False)
        assert [attempt(person.email).status_code for _ in range(4)] == [401, 401, 401, 429]

import datetime

import pytest

from tests import factories
from webapp.auth.session import current_actor
from webapp.services import accounts, users
from webapp.tables import BrowserSession, User

pytestmark = pytest.mark.databases("sqlite")


def session_cookie(answer):
    return next(value for value in answer.headers.getlist("Set-Cookie") if "session=" in value)


def test_the_cookie_is_kept_from_scripts_and_other_sites(sign_in, person):
    cookie = session_cookie(sign_in(person.email))

    assert cookie.startswith("assay_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_behind_https_it_travels_over_https_only(settings, browser, make_app):
    secure = make_app(settings.model_copy(update={"behind_https": True}))

    answer = secure.test_client().get("/login", headers=browser)

    cookie = session_cookie(answer)
    assert cookie.startswith("__Host-assay_session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    csrf_cookie = next(value for value in answer.headers.getlist("Set-Cookie") if "_csrf" in value)
    assert "Secure" in csrf_cookie


def test_signing_in_begins_a_fresh_session(client, sign_in, person, browser, token_in_page):
    """Session fixation: what was planted before is worth nothing after."""
    client.get("/login", headers=browser)
    planted, planted_token = client.get_cookie("assay_session").value, token_in_page(client)
    with client.session_transaction() as cookie:
        cookie["planted"] = "by an intruder"

    sign_in(person.email)

    assert client.get_cookie("assay_session").value != planted
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
    assert client.post("/app/_dash-who", headers={"X-CSRFToken": planted_token}).status_code == 400
    client.set_cookie("assay_session", planted)
    assert client.get("/api/v1/who").status_code == 401


def test_a_copied_cookie_is_worthless_after_signing_out(app, signed_in, token_in_page):
    copied = signed_in.get_cookie("assay_session").value
    intruder = app.test_client()
    intruder.set_cookie("assay_session", copied)
    assert intruder.get("/api/v1/who").status_code == 200

    answer = signed_in.post("/logout", headers={"X-CSRFToken": token_in_page(signed_in)})

    assert answer.location == "/login"
    assert intruder.get("/api/v1/who").status_code == 401
    assert signed_in.get("/api/v1/who").status_code == 401


def test_a_copied_cookie_is_worthless_after_the_password_changed(signed_in, person, database):
    with database.write() as session:
        users.set_password(session, None, accounts.find_user(session, person.email).id, password="another password")

    assert signed_in.get("/api/v1/who").status_code == 401


def test_somebody_shut_out_is_out_at_once(signed_in, person, database):
    with database.write() as session:
        users.set_active(session, None, accounts.find_user(session, person.email).id, is_active=False)

    assert signed_in.get("/api/v1/who").status_code == 401


def test_a_session_ends_by_itself_however_busy_it_was(signed_in, database):
    with database.write() as session:
        row = session.query(BrowserSession).one()
        assert row.expires_at - row.created_at == datetime.timedelta(days=7)
        row.expires_at = row.created_at

    assert signed_in.get("/api/v1/who").status_code == 401


def test_a_session_is_touched_once_a_minute_at_most(signed_in, database, app, count_queries):
    with database.write() as session:
        session.query(BrowserSession).one().last_seen_at -= datetime.timedelta(minutes=2)
    engine = app.extensions["assay"].database.engine

    with count_queries(engine) as first:
        assert signed_in.get("/api/v1/who", environ_overrides={"REMOTE_ADDR": "127.0.0.7"}).status_code == 200
    with count_queries(engine) as second:
        assert signed_in.get("/api/v1/who").status_code == 200

    assert [statement.split()[0] for statement in first if "sessions" in statement] == ["SELECT", "UPDATE"]
    assert [statement.split()[0] for statement in second] == ["SELECT"]
    with database.read() as session:
        assert session.query(BrowserSession).one().address == "127.0.0.7"


def test_a_change_of_network_address_or_browser_ends_nothing(signed_in):
    answer = signed_in.get(
        "/api/v1/who", headers={"User-Agent": "another", "X-Forwarded-For": "10.1.1.1"},
        environ_overrides={"REMOTE_ADDR": "127.0.0.7"},
    )  # fmt: skip

    assert answer.status_code == 200


def test_a_new_role_counts_from_the_next_request(app, signed_in, person, database):
    app.config["VIEW"] = lambda: {"role": current_actor().role}
    with database.write() as session:
        session.get_one(User, person.actor.user_id).role = "viewer"

    assert signed_in.get("/api/v1/view").json == {"role": "viewer"}


def test_a_cookie_of_a_user_who_is_gone_opens_nothing(signed_in, person, database):
    with database.write() as session:
        session.delete(session.get_one(User, person.actor.user_id))
        factories.create_user(session)

    assert signed_in.get("/api/v1/who").status_code == 401

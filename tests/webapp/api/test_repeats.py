"""A request that comes twice makes nothing twice, on both databases."""

import threading

import pytest

from tests import factories
from tests.webapp.api.answered import QUESTION
from tests.webapp.api.calls import fields, problem
from webapp.api import repeats
from webapp.tables import Analysis, ApiToken, IdempotencyKey

KEY = {"Idempotency-Key": "one-of-mine"}


def count(database, table):
    with database.read() as session:
        return session.query(table).count()


def submit(caller, headers=KEY, **changes):
    return caller.post("/analyses", json={"spec": {**QUESTION, **changes}}, headers=headers)


def test_the_same_request_gets_the_same_answer(me, google, database, jobs_sent):
    first, second = submit(me), submit(me)

    assert first.status_code == second.status_code == 202
    assert first.data == second.data
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.content_type == "application/json"
    assert count(database, Analysis) == 1
    assert len(jobs_sent) == 1


@pytest.mark.databases("sqlite")
def test_the_order_of_fields_changes_nothing(me, google, database):
    body = {"title": "t", "spec": QUESTION}
    for each in (body, dict(reversed(body.items()))):
        assert me.post("/analyses", json=each, headers=KEY).status_code == 202
    assert count(database, Analysis) == 1


def test_a_key_stands_for_one_request(me, google, database):
    submit(me)
    problem(submit(me, seed=5), 422, "idempotency_key_reused")
    made = me.get("/analyses").json["items"][0]["id"]
    problem(me.post(f"/analyses/{made}/cancel", headers=KEY), 422, "idempotency_key_reused")
    assert count(database, Analysis) == 1


@pytest.mark.databases("sqlite")
def test_keys_of_two_people_never_meet(me, call_as, google, database):
    assert submit(me).json["id"] != submit(call_as()).json["id"]
    assert count(database, Analysis) == 2


@pytest.mark.databases("sqlite")
def test_without_a_key_every_request_is_a_new_one(me, google, database):
    for _ in range(2):
        submit(me, headers={})
    assert count(database, Analysis) == 2
    assert count(database, IdempotencyKey) == 0


@pytest.mark.databases("sqlite")
def test_what_was_refused_may_be_mended_with_the_same_key(me, google, database):
    refused = submit(me, instruments=[{"symbol": "NONE"}])
    assert refused.status_code in {404, 422}
    assert count(database, IdempotencyKey) == 0

    assert submit(me).status_code == 202


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "\t"])
def test_a_key_that_is_none_is_named(me, google, key):
    assert set(fields(submit(me, {"Idempotency-Key": key}))) == {"Idempotency-Key"}


@pytest.mark.databases("sqlite")
def test_who_lost_the_right_gets_no_answer_kept_for_them(me, google, database):
    submit(me)
    with database.write() as session:
        session.get_one(factories.User, me.actor.user_id).role = "viewer"
    problem(submit(me), 403, "permission_denied")


@pytest.mark.databases("sqlite")
def test_a_token_is_made_once_and_not_kept_readable(stranger, database):
    with database.write() as session:
        email = factories.create_user(session).email
    body = {"email": email, "password": factories.PASSWORD}
    first, second = (stranger.post("/tokens", json=body, headers=KEY) for _ in range(2))

    assert first.json == second.json
    assert count(database, ApiToken) == 1
    with database.read() as session:
        kept = session.query(IdempotencyKey).one()
        assert first.json["token"] not in str(vars(kept))
    # To somebody who does not know the password it is a request like any other.
    problem(stranger.post("/tokens", json={**body, "password": "wrong"}, headers=KEY), 401, "invalid_credentials")


def test_two_at_once_make_one(app, call_as, google, database, monkeypatch):
    caller = call_as()
    monkeypatch.setattr(
        repeats.idempotency, "find", _slowly(repeats.idempotency.find, threading.Barrier(2, timeout=20))
    )
    answers = []

    def send():
        client = app.test_client()
        client.environ_base.update(caller.client.environ_base)
        answers.append(client.post("/api/v1/analyses", json={"spec": QUESTION}, headers=KEY))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [answer.status_code for answer in answers] == [202, 202], [answer.text for answer in answers]
    assert answers[0].json == answers[1].json
    assert count(database, Analysis) == 1


def _slowly(find, barrier):
    """Let both requests look before either makes anything: the worst that can happen."""
    seen = threading.local()

    def look(session, asked):
        found = find(session, asked)
        if not getattr(seen, "waited", False):
            seen.waited = True
            barrier.wait()
        return found

    return look


@pytest.mark.databases("sqlite")
def test_an_answer_that_was_lost_is_not_made_again(me, google, database, monkeypatch):
    monkeypatch.setattr(repeats, "_keep", lambda _claim, _response: (_ for _ in ()).throw(SystemExit))
    monkeypatch.setattr(repeats.idempotency, "give_back", lambda _session, _asked: None)  # the process is gone
    with pytest.raises(SystemExit):
        submit(me)
    monkeypatch.undo()

    problem(submit(me), 409, "conflict")
    assert count(database, Analysis) == 1

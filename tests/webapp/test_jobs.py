"""Sending work: after the commit and only then, once, and never failing a door."""

import base64
import json
import logging
import time

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories, servers
from webapp.jobs import ACQUIRE, DATA, SWEEP, WORK, Queue
from webapp.tables import Security


@pytest.fixture
def queue() -> Queue:
    return Queue("memory://")


def _n_securities(session: Session) -> int | None:
    return session.scalar(select(func.count()).select_from(Security))


def test_work_is_sent_after_the_commit(database, queue, jobs_sent):
    with database.write() as session:
        factories.create_security(session)
        queue.send_after_commit(session, WORK)
        session.flush()
        assert jobs_sent == []
    assert jobs_sent == [WORK]


def test_when_it_is_sent_others_see_what_it_is_about(database, queue, monkeypatch):
    seen = []

    def look(_queue: Queue, _name: str) -> bool:
        with database.read() as other:
            seen.append(_n_securities(other))
        return True

    monkeypatch.setattr(Queue, "send", look)
    with database.write() as session:
        factories.create_security(session)
        queue.send_after_commit(session, WORK)
    assert seen == [1]


def test_a_rollback_sends_nothing(database, queue, jobs_sent):
    with pytest.raises(RuntimeError, match="stop"), database.write() as session:
        _send_and_fail(session, queue)
    assert jobs_sent == []


def _send_and_fail(session: Session, queue: Queue) -> None:
    queue.send_after_commit(session, WORK)
    raise RuntimeError("stop")


def test_a_session_used_again_does_not_send_what_was_rolled_back(database, queue, jobs_sent):
    with Session(database.engine) as session:
        session.scalar(select(1))
        queue.send_after_commit(session, WORK)
        session.rollback()
        session.scalar(select(1))
        queue.send_after_commit(session, SWEEP)
        session.commit()
        session.commit()
    assert jobs_sent == [SWEEP]


def test_a_savepoint_inside_the_transaction_sends_nothing_yet(database, queue, jobs_sent):
    with database.write() as session:
        queue.send_after_commit(session, WORK)
        with session.begin_nested():
            factories.create_security(session)
        assert jobs_sent == []
    assert jobs_sent == [WORK]


def test_each_is_sent_once_and_in_order(database, queue, jobs_sent):
    with database.write() as session:
        queue.send_after_commit(session, WORK)
        queue.send_after_commit(session, SWEEP)
    assert jobs_sent == [WORK, SWEEP]


def test_a_broker_that_is_away_is_logged_and_fails_nobody(database, caplog):
    queue = Queue(f"redis://127.0.0.1:{servers.free_port()}/0")
    started = time.monotonic()
    with caplog.at_level(logging.WARNING), database.write() as session:
        factories.create_security(session)
        queue.send_after_commit(session, WORK)
    assert time.monotonic() - started < 3
    record = next(record for record in caplog.records if record.name == "webapp.jobs")
    assert record.task == WORK
    with database.read() as session:
        assert _n_securities(session) == 1


def test_send_says_whether_the_broker_took_it():
    assert Queue(f"redis://127.0.0.1:{servers.free_port()}/0").send(WORK) is False


@pytest.mark.broker
def test_the_message_names_the_task_and_carries_nothing_else(valkey):
    assert Queue(valkey.url).send(WORK) is True
    with valkey.client() as client:
        message = json.loads(client.lindex("celery", 0))
    assert message["headers"]["task"] == WORK
    assert json.loads(base64.b64decode(message["body"]))[:2] == [[], {}]


@pytest.mark.broker
def test_acquisitions_go_to_a_queue_of_their_own(valkey):
    assert Queue(valkey.url).send(ACQUIRE) is True
    with valkey.client() as client:
        assert client.llen("celery") == 0
        assert json.loads(client.lindex(DATA, 0))["headers"]["task"] == ACQUIRE


@pytest.mark.broker
def test_a_wrong_password_is_logged_and_fails_nobody(valkey):
    assert Queue(f"redis://:wrong@127.0.0.1:{valkey.port}/0").send(WORK) is False

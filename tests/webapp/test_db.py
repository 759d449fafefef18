"""The database: two kinds of transaction, one clock, aware times, and tests that leave nothing behind."""

import datetime
import subprocess
import sys
import time

import pytest
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from tests import factories, schema
from webapp import db
from webapp.db import database_now
from webapp.tables import ApiToken, Security, User

INCREMENTS = 50
PROCESSES = 4


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_session_commits_does_not_reach_the_next_test(session, turn):
    assert session.scalar(select(func.count()).select_from(User)) == 0
    factories.create_user(session)
    session.commit()
    session.rollback()
    assert session.scalar(select(func.count()).select_from(User)) == 1


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_database_commits_does_not_reach_the_next_test(database, turn):
    with database.write() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 0
        factories.create_user(session)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1


def test_a_write_commits_and_an_exception_takes_it_back(database):
    with database.write() as session:
        factories.create_security(session, symbol="KEPT")
    with pytest.raises(IntegrityError), database.write() as session:
        session.add_all([factories.create_security(session, symbol="LOST"), User()])
    with database.read() as session:
        assert session.scalars(select(Security.symbol)).all() == ["KEPT"]


def test_a_read_is_rolled_back(database):
    with database.read() as session:
        factories.create_security(session)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Security)) == 0


def test_readers_do_not_wait_for_a_writer(database):
    with database.write() as writing:
        factories.create_security(writing)
        started = time.monotonic()
        with database.read() as reading:
            assert reading.scalar(select(func.count()).select_from(Security)) == 0
        assert time.monotonic() - started < 5


def test_bare_values_are_of_what_the_transaction_has_changed(session):
    user = factories.create_user(session, name="before")
    user.name = "after"

    assert db.ask(session, select(User.name).where(User.id == bindparam("key")), {"key": user.id}).one() == ("after",)


def test_references_are_enforced(session):
    session.add(
        ApiToken(public_id="t", user_id=4711, name="t", token_hash="0" * 64, scopes=[], created_at=factories.NOW)
    )
    with pytest.raises(IntegrityError):
        session.flush()


def test_deleting_a_user_deletes_their_tokens_on_either_database(session):
    user = factories.create_user(session)
    session.add(
        ApiToken(public_id="t", user_id=user.id, name="t", token_hash="0" * 64, scopes=[], created_at=factories.NOW)
    )
    session.flush()
    session.delete(user)
    session.flush()
    assert session.scalar(select(func.count()).select_from(ApiToken)) == 0


def test_times_come_back_aware_in_utc_to_the_microsecond(session):
    east = datetime.timezone(datetime.timedelta(hours=5, minutes=45))
    moment = datetime.datetime(2012, 11, 23, 23, 59, 59, 123456, tzinfo=east)
    user = factories.create_user(session, created_at=moment)
    session.expire_all()
    stored = session.scalars(select(User.created_at).where(User.id == user.id)).one()
    assert stored == moment
    assert stored.tzinfo is datetime.UTC


def test_a_naive_time_is_refused(session):
    with pytest.raises(StatementError, match="without a zone"):
        factories.create_user(session, created_at=datetime.datetime(2012, 11, 23))  # noqa: DTZ001  # the point


def test_times_compare_in_queries_whatever_their_zone(session):
    east = datetime.timezone(datetime.timedelta(hours=9))
    factories.create_user(session, created_at=factories.NOW)
    before, after = (factories.NOW + datetime.timedelta(seconds=seconds) for seconds in (-1, 1))
    count = select(func.count()).select_from(User)
    assert session.scalar(count.where(User.created_at > before.astimezone(east))) == 1
    assert session.scalar(count.where(User.created_at > after.astimezone(east))) == 0


def test_the_databases_clock_is_aware_and_near_ours(session):
    now = database_now(session)
    assert now.tzinfo is datetime.UTC
    assert abs((now - datetime.datetime.now(datetime.UTC)).total_seconds()) < 5


def test_the_databases_clock_moves_inside_a_transaction(session):
    first = database_now(session)
    time.sleep(0.01)
    assert database_now(session) > first


# Reads, and writes back what it read plus one: loses counts unless writers exclude one another. A process of its own,
# which imports no more than it needs, says "ready" and waits for the start.
INCREMENT = """
import sys
from sqlalchemy import select
from webapp.db import Database
from webapp.tables import Security

database = Database(sys.argv[1])
database.engine.connect().close()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    with database.write() as session:
        security = session.scalars(select(Security).with_for_update()).one()
        security.name = str(int(security.name) + 1)
"""


def test_increments_of_four_processes_are_all_counted(database, database_url):
    with database.write() as session:
        factories.create_security(session, name="0")
    argv = [sys.executable, "-c", INCREMENT, database_url, str(INCREMENTS)]
    processes = [
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=schema.ROOT, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * PROCESSES
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.wait(60) for process in processes] == [0] * PROCESSES
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    with database.read() as session:
        assert session.scalars(select(Security.name)).one() == str(PROCESSES * INCREMENTS)


def test_what_people_typed_is_in_no_error(database):
    def create() -> None:
        with database.write() as session:
            factories.create_user(session, email="typed@example.org")

    create()
    with pytest.raises(IntegrityError) as caught:
        create()

    ours = str(caught.value).replace(str(caught.value.orig), "")  # what the database itself says is another matter
    assert "typed@example.org" not in ours
    assert "hide_parameters" in ours


@pytest.mark.databases("postgresql")
def test_a_writer_that_stands_still_within_its_transaction_loses_it(database, monkeypatch):
    monkeypatch.setattr(db, "IDLE_IN_TRANSACTION_SECONDS", 1)

    def stand_still():
        with database.write() as session:
            session.execute(text("SELECT 1"))
            time.sleep(1.5)
            session.execute(text("SELECT 1"))

    with pytest.raises(db.AWAY):
        stand_still()
    with database.write() as session:
        assert session.scalar(text("SELECT 1")) == 1

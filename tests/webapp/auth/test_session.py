import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.auth import session as door
from webapp.errors import InvalidCredentials, NotSignedIn
from webapp.services import accounts
from webapp.tables import AuditEvent, User


@pytest.fixture
def in_request(app):
    with app.test_request_context("/api/v1/x", environ_overrides={"REMOTE_ADDR": "127.0.0.8"}):
        yield app


def test_without_a_guarded_request_there_is_no_actor(in_request):
    with pytest.raises(NotSignedIn):
        door.current_actor()


def test_the_parts_are_those_of_the_application(in_request, settings):
    assert door.parts() is door.parts_of(in_request)
    assert door.parts().settings is settings
    assert door.parts().store.root == settings.home / "frames"


def test_what_is_read_leaves_nothing_behind(in_request):
    with door.read() as session:
        factories.create_user(session)
    with door.read() as session:
        assert session.query(User).count() == 0


def test_what_is_written_is_kept_unless_it_failed(in_request, database):
    with door.write() as session:
        factories.create_user(session, email="kept@example.org")
    with pytest.raises(IntegrityError):
        _write_two_of_whom_one_is_there_already()

    with database.read() as session:
        assert [user.email for user in session.query(User)] == ["kept@example.org"]


def _write_two_of_whom_one_is_there_already():
    with door.write() as session:
        factories.create_user(session, email="lost@example.org")
        factories.create_user(session, email="kept@example.org")


def test_a_read_after_a_write_sees_it(in_request):
    with door.write() as session:
        user_id = factories.create_user(session, name="before").id
    with door.read() as session:
        assert session.get_one(User, user_id).name == "before"
    with door.write() as session:
        session.get_one(User, user_id).name = "after"
    with door.read() as session:
        assert session.get_one(User, user_id).name == "after"


def test_the_requests_session_is_on_the_one_engine_and_gives_its_connection_back(in_request):
    pool = door.parts().database.engine.pool
    with door.read() as session:
        assert session.get_bind() is door.parts().database.engine
        session.execute(text("SELECT 1"))
        assert pool.checkedout() == 1
    assert pool.checkedout() == 0


def test_who_is_refused_is_in_the_audit_trail_nonetheless(in_request, database):
    with pytest.raises(InvalidCredentials):
        door.check_credentials("nobody@example.org", factories.PASSWORD)

    with database.read() as session:
        event = session.query(AuditEvent).one()
        assert (event.action, event.address) == ("account.sign_in_refused", "127.0.0.8")


def test_nobody_waits_for_a_comparison_of_passwords(in_request, database, monkeypatch):
    """On SQLite only one transaction may write at a time, and a comparison takes long."""
    with database.write() as session:
        email = factories.create_user(session).email

    def compare(*_args):
        with database.write() as other:  # would wait for ever if the comparison held the lock
            other.execute(text("UPDATE users SET name = 'written meanwhile'"))
        return True

    monkeypatch.setattr(accounts.passwords, "is_right", compare)
    assert door.check_credentials(email, factories.PASSWORD).actor.name == "written meanwhile"


def test_the_address_is_that_of_the_connection(in_request):
    assert door.client_address() == "127.0.0.8"


def test_the_databases_password_is_not_printed_with_the_configuration(in_request):
    uri = in_request.config["SQLALCHEMY_DATABASE_URI"]

    assert not isinstance(uri, str)
    assert uri.drivername.startswith(("sqlite", "postgresql"))


def test_the_first_transaction_that_writes_begins_with_a_step(in_request, database):
    begun = []

    def step(session):
        begun.append(factories.create_user(session, email=f"step{len(begun)}@example.org").id)

    door.begin_writing_with(step)
    with pytest.raises(ZeroDivisionError), door.write():
        _ = 1 / 0
    for _ in range(2):
        with door.write():
            pass
    door.begin_writing_with(step)
    door.begin_writing_with(None)
    with door.write():
        pass

    assert len(begun) == 2, "once for the transaction that came to nothing, once for the one that did not"
    with database.read() as session:
        assert [user.email for user in session.query(User)] == ["step1@example.org"]

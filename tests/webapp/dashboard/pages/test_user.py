import pytest

from tests import factories
from tests.webapp.dashboard.reading import of_type, text
from webapp.dashboard import paths
from webapp.dashboard.pages import account, user, users
from webapp.errors import InvalidInput, NotFound, PermissionDenied
from webapp.services import sessions, signing_in
from webapp.services.sessions import Visit
from webapp.tables import User

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def ada(database):
    """The public id of somebody who is signed in with two browsers."""
    with database.write() as session:
        row = factories.create_user(session, email="ada@example.org", name="Ada")
        for agent in ("Firefox", "curl/8"):
            sessions.open_session(session, row, Visit(agent, 7), address="127.0.0.1")
        return row.public_id


def test_the_page_is_for_administrators(acting, ada):
    with acting("admin"):
        page = text(user.layout(ada))
    assert page.startswith("Ada ada@example.org Active")
    assert "curl/8 127.0.0.1" in page
    with acting("researcher"), pytest.raises(PermissionDenied):
        user.layout(ada)


def test_who_is_not_there_is_not_found(acting):
    with acting("admin"):
        for unknown in ("0" * 16, "../..", ""):
            assert "Not found" in text(user.layout(unknown))
        with pytest.raises(NotFound):
            user.disable(1, "no id!")


def test_role_access_and_password_are_changed(acting, ada, database, told):
    with acting("admin"):
        user.set_role(1, ada, "viewer")
        assert "Disabled" in text(user.disable(1, ada))
        assert "Active" in text(user.enable(1, ada))
        assert told == [
            "Ada is viewer now.",
            "Ada is shut out; all sessions and tokens have ended.",
            "Ada can sign in again.",
        ]
        shown = user.reset_password(1, ada)
    password = next(each for each in of_type(shown, "Code")).children
    with database.write() as session:
        assert signing_in.authenticate(session, "ada@example.org", password).role == "viewer"


def test_limits_are_set_for_everybody_and_for_one_and_each_sees_what_is_left(acting, ada, told):
    with acting("admin"):
        assert users.set_limits(1, 3, 50, None, 2) is None
        shown = text(user.set_limits(1, ada, 1, "", 30, None)).replace("\u00a0", " ")
        with pytest.raises(InvalidInput):
            user.set_limits(1, ada, -1, None, None, None)
    assert told == ["The limits count from now on."] * 2
    for part in ("0 of 1, 1 left", "0 of 50, 50 left", "0 of 30, 30 left", "of 2 GiB, 2 GiB left"):
        assert part in shown
    with acting("viewer"):
        assert "0 of 3, 3 left" in text(account.layout()).replace("\u00a0", " ")
    with acting(), pytest.raises(PermissionDenied):
        user.set_limits(1, ada, 1, None, None, None)


def test_sessions_are_ended_one_by_one_or_all(acting, ada, told):
    with acting("admin"):
        button = next(each for each in of_type(user.layout(ada), "Button") if isinstance(each.id, dict))
        user.end_session([1], [button.id], ada)
        user.end_sessions(1, ada)
        assert told == ["The session has ended.", "1 session ended."]
        assert "No browser is signed in" in text(user.layout(ada))


def test_deleting_needs_the_typed_address(acting, ada, database):
    with acting("admin"):
        for typed in (None, "", "ada"):
            with pytest.raises(InvalidInput, match=r"Type ada@example\.org"):
                user.delete(1, ada, typed)
        assert user.delete(1, ada, " ADA@example.org") == paths.users()
    with database.read() as session:
        assert session.query(User).filter_by(public_id=ada).one().name == "Deleted user"


def test_what_was_not_clicked_does_nothing(acting, ada):
    with acting("admin"):
        before = text(user.layout(ada))
        for function in (user.disable, user.enable, user.reset_password, user.end_sessions):
            function(None, ada)
        user.set_role(None, ada, "admin")
        user.end_session([None], [{"type": "user-end", "session": "x"}], ada)
        user.delete(None, ada, "ada@example.org")
        assert text(user.layout(ada)) == before

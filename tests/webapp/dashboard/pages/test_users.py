import pytest

from tests import factories
from tests.webapp.dashboard.reading import by_id, of_type, text
from webapp.dashboard.pages import users
from webapp.errors import InvalidInput, PermissionDenied
from webapp.services import invitations, signing_in

pytestmark = pytest.mark.databases("sqlite")


def test_administrators_see_everybody_and_others_nothing(acting, database):
    with database.write() as session:
        factories.create_user(session, name="Ada", email="ada@example.org", is_active=False)

    with acting("admin"):
        page = text(users.layout())
    assert "Ada ada@example.org Researcher Disabled" in page
    assert "2 users" in page
    with acting("researcher"), pytest.raises(PermissionDenied):
        users.layout()


def test_a_search_without_a_match_says_what_to_do(acting):
    with acting("admin"):
        children, is_one_page = users.show("zzz", 0, 0)
    assert "Nobody matches" in text(children)
    assert is_one_page
    assert users.first_page("zzz") == (0, 0)


def test_an_invitation_is_made_shown_once_listed_and_revoked(acting, database):
    with acting("admin"):
        message, listed, typed = users.invite(1, "ada@example.org", "viewer", "7")
        link = by_id(message, "users-secret").children
        assert "ada@example.org Viewer" in text(listed)
        assert typed == ""
        with database.read() as session:
            assert invitations.find_invitation(session, link.rpartition("/")[2]).email == "ada@example.org"
        button = of_type(listed, "Button")[0]

        told, rest = users.revoke([1], [button.id])
        assert "opens nothing any more" in text(told)
        assert rest is None
        assert users.invite(None, "a@b.org", "viewer", 7)[1] is not None
        with pytest.raises(InvalidInput):
            users.invite(1, "a@b.org", "king", 7)
        with pytest.raises(InvalidInput):
            users.invite(1, "a@b.org", "viewer", "soon")


def test_a_user_is_created_with_a_password_that_is_shown_once(acting, database):
    with acting("admin"):
        message, table, *_ = users.create(1, "ada@example.org", "Ada", "researcher")
    password = by_id(message, "users-secret").children
    with database.write() as session:
        assert signing_in.authenticate(session, "ada@example.org", password).name == "Ada"
    assert "Ada" in text(table)

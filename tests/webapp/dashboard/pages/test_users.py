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
        page = users.layout()
        rows = by_id(page, "users-grid").rowData
    ada = next(row for row in rows if row["name"] == "Ada")
    assert (ada["email"], ada["role"], ada["access"]["text"]) == ("ada@example.org", "Researcher", "Disabled")
    assert (ada["href"], ada["seen"]) == (f"/app/admin/users/{ada['id']}", None)
    assert by_id(page, "users-position").children == "2\u00a0users"
    with acting("researcher"), pytest.raises(PermissionDenied):
        users.layout()


def test_a_search_without_a_match_says_what_to_do(acting):
    with acting("admin"):
        rows, position, is_one_page = users.show("zzz", 0, 0)
        assert "Nobody matches" in text(users.layout())
    assert (rows, position) == ([], "0\u00a0users")
    assert is_one_page
    assert users.first_page("zzz") == (0, 0)


def test_an_invitation_is_made_shown_once_listed_and_revoked(acting, database, told):
    with acting("admin"):
        message, listed, typed = users.invite(1, "ada@example.org", "viewer", "7")
        link = by_id(message, "users-secret").children
        assert "ada@example.org Viewer" in text(listed)
        assert typed == ""
        with database.read() as session:
            assert invitations.find_invitation(session, link.rpartition("/")[2]).email == "ada@example.org"
        button = of_type(listed, "Button")[0]

        assert users.revoke([1], [button.id]) == (None, None)
        assert told == ["The link opens nothing any more."]
        assert users.invite(None, "a@b.org", "viewer", 7)[1] is not None
        with pytest.raises(InvalidInput):
            users.invite(1, "a@b.org", "king", 7)
        with pytest.raises(InvalidInput):
            users.invite(1, "a@b.org", "viewer", "soon")


def test_a_user_is_created_with_a_password_that_is_shown_once(acting, database):
    with acting("admin"):
        message, rows, position, *_ = users.create(1, "ada@example.org", "Ada", "researcher")
    password = by_id(message, "users-secret").children
    with database.write() as session:
        assert signing_in.authenticate(session, "ada@example.org", password).name == "Ada"
    assert "Ada" in {row["name"] for row in rows}
    assert position == "2\u00a0users"


def test_users_come_in_pages(acting, database, monkeypatch):
    monkeypatch.setattr(users, "PAGE_SIZE", 2)
    with database.write() as session:
        for name in ("Ada", "Blaise", "Carl"):
            factories.create_user(session, name=name, email=f"{name}@example.org".lower())
    with acting("admin"):
        first, second = users.show("", 0, 0), users.show("", 1, 0)
    assert first[1:] == ("1–2 of 4\u00a0users", False)
    assert second[1:] == ("3–4 of 4\u00a0users", False)
    assert len({row["id"] for row in first[0] + second[0]}) == 4

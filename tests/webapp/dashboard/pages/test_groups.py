import pytest
from dash import no_update

from tests import factories
from tests.webapp.dashboard.reading import text
from webapp.dashboard.pages import groups
from webapp.errors import PermissionDenied
from webapp.services import groups as service

pytestmark = pytest.mark.databases("sqlite")


def test_the_page_is_for_administrators_and_says_what_to_do_while_it_is_empty(acting):
    with acting("admin"):
        assert "There are no groups yet" in text(groups.layout())
    with acting("researcher"):
        with pytest.raises(PermissionDenied):
            groups.layout()
        with pytest.raises(PermissionDenied):
            groups.create(1, None, "Desk")


def test_a_group_is_made_and_a_name_that_does_not_fit_is_said_at_the_field(acting, told):
    with acting("admin"):
        listed, problem, typed = groups.create(1, None, " Desk ")
        assert told == ["Desk is made. Open it to add members."]
        assert "Desk 0 members Nobody yet" in text(listed).replace("\u00a0", " ")
        assert (problem, typed) == ("", "")

        assert groups.create(None, 1, "")[1] == "Expected 1 to 80 printable characters; found 0 characters."
        *rest, typed = groups.create(None, 1, "DESK")
        assert "already a group called DESK" in rest[1]
        assert typed is no_update
        assert groups.create(None, None, "Other") == (no_update,) * 3


def test_the_list_names_a_few_members_and_counts_the_rest(acting, database):
    with database.write() as session:
        admin = factories.create_actor(session, "admin")
        desk = service.create_group(session, admin, name="Desk")
        emails = [factories.create_user(session, name=f"Member {n}").email for n in range(7)]
        service.set_members(session, admin, desk.id, emails=emails)
    with acting("admin"):
        page = text(groups.layout()).replace("\u00a0", " ")
    assert "7 members Member 0, Member 1, Member 2, Member 3, Member 4 and 2 more" in page

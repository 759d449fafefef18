import pytest
from dash import no_update

from tests import factories
from tests.webapp.dashboard.reading import by_id, of_type, text
from webapp.dashboard import paths
from webapp.dashboard.components import share_dialog
from webapp.dashboard.pages import account, analysis, group, groups
from webapp.errors import NotFound, PermissionDenied
from webapp.services import analyses
from webapp.services import groups as service
from webapp.tables import User

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def desk(database):
    """The public id of a group, and an active user Ada."""
    with database.write() as session:
        factories.create_user(session, name="Ada", email="ada@example.org")
        factories.create_user(session, name="Gone", email="gone@example.org", is_active=False)
        return service.create_group(session, factories.create_actor(session, "admin"), name="Desk").id


def test_the_page_is_for_administrators_and_of_groups_that_are_there(acting, desk):
    with acting("admin"):
        page = text(group.layout(desk))
        assert page.startswith("Desk")
        assert "Nobody is in this group yet" in page
        for unknown in ("0" * 16, "../..", ""):
            assert "Not found" in text(group.layout(unknown))
        with pytest.raises(NotFound):
            group.rename(1, None, "no id!", "Name")
    with acting("researcher"), pytest.raises(PermissionDenied):
        group.layout(desk)


def test_active_users_are_offered_added_and_removed(acting, desk):
    with acting("admin"):
        offered = {each.value for each in of_type(by_id(group.layout(desk), "group-offered"), "Option")}
        assert "ada@example.org" in offered
        assert "gone@example.org" not in offered

        content, problem = group.add_member(1, None, desk, " ADA@example.org ")
        assert problem == ""
        assert "Ada ada@example.org Remove" in text(content)
        assert "ada@example.org" not in {each.value for each in of_type(content, "Option")}
        unchanged, problem = group.add_member(None, 1, desk, "gone@example.org")
        assert unchanged is no_update
        assert problem == "Expected the e-mail of an active user; found nobody with gone@example.org."

        button = next(each for each in of_type(content, "Button") if isinstance(each.id, dict))
        assert "Nobody is in this group yet" in text(group.remove_member([1], [button.id], desk))


def test_another_name_is_taken_or_refused_at_the_field(acting, desk, told):
    with acting("admin"):
        content, problem = group.rename(1, None, desk, "Course")
        assert told == ["The group is called Course now."]
        assert "Course" in text(content)
        assert problem == ""
        groups.create(1, None, "Desk")
        assert "already a group called desk" in group.rename(None, 1, desk, "desk")[1]


def test_deleting_needs_the_typed_name(acting, desk):
    with acting("admin"):
        for typed in (None, "", "desk"):
            assert group.delete(1, desk, typed) == (
                no_update, "Type Desk to confirm that this group is to be deleted."
            )  # fmt: skip
        assert group.delete(1, desk, " Desk ") == (paths.groups(), no_update)
        assert "Not found" in text(group.layout(desk))


def test_what_was_not_clicked_does_nothing(acting, desk):
    with acting("admin"):
        assert group.add_member(None, None, desk, "ada@example.org") == (no_update, no_update)
        assert group.rename(None, None, desk, "Other") == (no_update, no_update)
        assert group.delete(None, desk, "Desk") == (no_update, no_update)
        assert group.remove_member([None], [{"user": "x"}], desk) is no_update


def test_from_an_administrators_group_to_a_member_who_reads(acting, database):
    """Made and filled on the pages, offered by the dialog to whoever is in it, opened by a member to read."""
    with database.write() as session:
        owner, reader = factories.create_actor(session), factories.create_actor(session)
        emails = [session.get_one(User, each.user_id).email for each in (owner, reader)]
        public_id = factories.create_analysis(session, owner, title="Shared by a group", status="running").public_id
    with acting("admin") as admin:
        groups.create(1, None, "Desk")
        groups.create(1, None, "Others")
        with database.read() as session:
            ids = {each.name: each.id for each in service.list_groups(session, admin)}
        for email in emails:
            assert group.add_member(1, None, ids["Desk"], email)[1] == ""
    with acting(actor=reader):
        assert "Desk" in text(account.layout())
        assert "Not found" in text(analysis.layout(public_id))
    with acting(actor=owner):
        _, _, options, value, *_ = share_dialog.open_dialog(1, public_id)
        assert options == [{"label": "Desk", "value": ids["Desk"]}]
        assert share_dialog.add_group(1, ids["Others"], public_id)[0] is no_update
        assert share_dialog.add_group(1, value, public_id)[1] == ""
    with acting(actor=reader):
        assert "Shared by a group" in text(analysis.layout(public_id))
    with database.write() as session:
        assert not analyses.get(session, reader, public_id).summary.is_own
        with pytest.raises(NotFound):
            analyses.cancel(session, reader, public_id)

import pytest
from dash import no_update

from tests import factories
from tests.webapp.dashboard import reading
from webapp.dashboard.components import share_dialog as dialog
from webapp.errors import NotFound
from webapp.services import analyses, groups
from webapp.tables import User

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def owner(acting, database):
    with database.write() as session:
        actor = factories.create_actor(session)
        public_id = factories.create_analysis(session, actor).public_id
        ada = factories.create_user(session, email="ada@example.org", name="Ada")
        reader = factories.actor_of(ada)
        desk = groups.create_group(session, factories.create_actor(session, "admin"), name="Desk")
    return actor, public_id, reader, desk


def may_read(database, reader, public_id):
    with database.read() as session:
        try:
            return analyses.get(session, reader, public_id) is not None
        except NotFound:
            return False


def test_it_opens_with_who_has_access(acting, owner):
    actor, public_id, _, _ = owner
    with acting(actor=actor):
        is_open, listed, options, value, hides_groups, link = dialog.open_dialog(1, public_id)

    assert is_open
    assert "Only you" in reading.text(listed)
    assert (options, value, hides_groups, link) == ([], None, True, None)


def test_a_person_is_added_and_taken_back(acting, owner, database):
    actor, public_id, reader, _ = owner
    with acting(actor=actor):
        listed, problem, email = dialog.add_user(1, None, "ada@example.org", public_id)
        assert (problem, email) == ("", "")
        assert "Ada ada@example.org" in reading.text(listed)
        assert may_read(database, reader, public_id)
        [button] = reading.of_type(listed, "Button")
        assert dialog.take_back([0], [button.id], public_id) == (no_update,) * 3
        listed, _, _ = dialog.take_back([1], [button.id], public_id)
    assert "Only you" in reading.text(listed)
    assert not may_read(database, reader, public_id)


def test_what_does_not_fit_is_said_and_stays_there(acting, owner):
    actor, public_id, _, _ = owner
    with acting(actor=actor):
        listed, problem, email = dialog.add_user(None, 1, "nobody@example.org", public_id)
        assert dialog.add_group(1, "nothing", public_id)[1].startswith("Expected a group")

    assert (listed, email) == (no_update, no_update)
    assert problem == "There is no active user with this address."


def test_a_group_of_ones_own_can_be_chosen(acting, owner, database):
    actor, public_id, reader, desk = owner
    with database.write() as session:
        admin = factories.create_actor(session, "admin")
        own = session.get_one(User, actor.user_id).email
        groups.set_members(session, admin, desk.id, emails=[own, "ada@example.org"])
    with acting(actor=actor):
        _, _, options, value, hides_groups, _ = dialog.open_dialog(1, public_id)
        listed, problem = dialog.add_group(1, value, public_id)

    assert options == [{"label": "Desk", "value": desk.id}]
    assert not hides_groups
    assert problem == ""
    assert "Desk" in reading.text(listed)
    assert may_read(database, reader, public_id)


def test_a_link_is_shown_once(acting, owner):
    actor, public_id, _, _ = owner
    with acting(actor=actor):
        listed, _, made = dialog.make_link(1, "7", public_id)
        _, again, *_ = dialog.open_dialog(1, public_id)

    assert "/app/shared/" in reading.text(made)
    assert "/app/shared/" not in reading.text([listed, again])
    assert "Whoever has the link" in reading.text(again)
    assert "until 20" in reading.text(again)


def test_nothing_happens_unless_somebody_clicks(acting, owner):
    actor, public_id, _, _ = owner
    with acting(actor=actor):
        assert dialog.open_dialog(0, public_id) == (no_update,) * 6
        assert dialog.add_user(0, 0, "", public_id) == (no_update,) * 3
        assert dialog.add_group(0, "", public_id) == (no_update,) * 2
        assert dialog.make_link(0, "0", public_id) == (no_update,) * 3


@pytest.mark.parametrize("public_id", ["../x", None, "0" * 16])
def test_what_is_of_another_is_not_found(acting, public_id):
    with acting(), pytest.raises(NotFound):
        dialog.make_link(1, "0", public_id)


def test_the_button_is_for_the_owner():
    assert dialog.share_button(is_hidden=True).hidden
    assert reading.by_id(dialog.share_dialog(), dialog.LIST).role == "status"

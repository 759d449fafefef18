import pytest

from tests import factories
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from webapp.services import groups
from webapp.tables import AuditEvent, User


@pytest.fixture
def admin(session):
    return factories.create_actor(session, "admin")


def test_members_see_their_groups_and_administrators_all(session, admin):
    ada = factories.create_user(session, name="Ada")
    desk = groups.create_group(session, admin, name="  The   desk ", address="127.0.0.1")
    groups.create_group(session, admin, name="Another")
    groups.set_members(session, admin, desk.id, emails=[f" {ada.email.upper()} ", ada.email])

    [seen] = groups.list_groups(session, factories.actor_of(ada))
    assert (seen.name, [(each.name, each.email) for each in seen.members]) == ("The desk", [("Ada", None)])
    everything = groups.list_groups(session, admin)
    assert [each.name for each in everything] == ["Another", "The desk"]
    assert everything[1].members[0].email == ada.email
    assert groups.list_groups(session, factories.create_actor(session)) == []


def test_who_is_left_out_leaves(session, admin):
    ada, bob = factories.create_user(session), factories.create_user(session)
    desk = groups.create_group(session, admin, name="Desk")
    groups.set_members(session, admin, desk.id, emails=[ada.email])

    after = groups.set_members(session, admin, desk.id, emails=[bob.email])

    assert [each.email for each in after.members] == [bob.email]
    event = session.query(AuditEvent).filter_by(action="group.members_set").order_by(AuditEvent.id.desc()).first()
    assert event.details == {"added": [bob.public_id], "removed": [ada.public_id]}


def test_one_member_comes_or_goes_and_who_may_not_sign_in_stays(session, admin):
    ada, bob, away = (factories.create_user(session) for _ in range(3))
    desk = groups.create_group(session, admin, name="Desk")
    groups.set_members(session, admin, desk.id, emails=[away.email])
    session.get_one(User, away.id).is_active = False

    groups.add_member(session, admin, desk.id, email=f" {ada.email.upper()}")
    after = groups.add_member(session, admin, desk.id, email=bob.email)
    assert {each.id for each in after.members} == {ada.public_id, bob.public_id}
    n_events = session.query(AuditEvent).count()
    groups.add_member(session, admin, desk.id, email=bob.email)
    groups.remove_member(session, admin, desk.id, "nobody")
    assert session.query(AuditEvent).count() == n_events

    after = groups.remove_member(session, admin, desk.id, ada.public_id)
    assert [each.id for each in after.members] == [bob.public_id]
    session.get_one(User, away.id).is_active = True
    session.flush()
    assert {each.id for each in groups.get_group(session, admin, desk.id).members} == {bob.public_id, away.public_id}
    for email in ("nobody@example.org", ""):
        with pytest.raises(InvalidInput) as caught:
            groups.add_member(session, admin, desk.id, email=email)
        assert list(caught.value.fields) == ["email"]


def test_a_full_group_takes_nobody(session, admin, monkeypatch):
    monkeypatch.setattr(groups, "MOST_MEMBERS", 1)
    ada, bob = factories.create_user(session), factories.create_user(session)
    desk = groups.create_group(session, admin, name="Desk")
    groups.add_member(session, admin, desk.id, email=ada.email)

    groups.add_member(session, admin, desk.id, email=ada.email)
    with pytest.raises(InvalidInput, match="full"):
        groups.add_member(session, admin, desk.id, email=bob.email)


def test_a_member_is_named_by_their_id_as_well(session, admin):
    ada, gone = factories.create_user(session), factories.create_user(session, is_active=False)
    desk = groups.create_group(session, admin, name="Desk")

    assert [each.id for each in groups.add_member(session, admin, desk.id, user_id=ada.public_id).members] == [
        ada.public_id
    ]
    for unknown in (gone.public_id, "0" * 16):
        with pytest.raises(NotFound):
            groups.add_member(session, admin, desk.id, user_id=unknown)


def test_ones_own_groups_are_named_to_administrators_as_to_anybody(session, admin):
    ada = factories.create_user(session)
    desk = groups.create_group(session, admin, name="Desk")
    groups.add_member(session, admin, desk.id, email=ada.email)

    assert groups.list_own_names(session, factories.actor_of(ada)) == ["Desk"]
    assert groups.list_own_names(session, admin) == []
    assert [each.name for each in groups.list_all(session, admin)] == ["Desk"]
    with pytest.raises(PermissionDenied):
        groups.list_all(session, factories.actor_of(ada))
    with pytest.raises(NotFound):
        groups.get_group(session, admin, "nothing")


def test_only_active_users_are_members(session, admin):
    gone = factories.create_user(session)
    desk = groups.create_group(session, admin, name="Desk")
    groups.set_members(session, admin, desk.id, emails=[gone.email])
    session.get_one(User, gone.id).is_active = False
    session.flush()

    assert groups.list_groups(session, admin)[0].members == ()
    with pytest.raises(InvalidInput) as caught:
        groups.set_members(session, admin, desk.id, emails=[gone.email, "nobody@example.org"])
    assert "nobody@example.org" in caught.value.fields["emails"]
    assert gone.email in caught.value.fields["emails"]
    with pytest.raises(InvalidInput):
        groups.set_members(session, admin, desk.id, emails=[f"u{n}@example.org" for n in range(501)])


def test_names_are_taken_once_in_any_case(session, admin):
    desk = groups.create_group(session, admin, name="Desk")
    other = groups.create_group(session, admin, name="Other")

    with pytest.raises(Conflict):
        groups.create_group(session, admin, name="DESK")
    with pytest.raises(Conflict):
        groups.rename_group(session, admin, other.id, name="desk")
    assert groups.rename_group(session, admin, desk.id, name="DESK").name == "DESK"


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b"])
def test_a_name_has_to_fit(session, admin, name):
    with pytest.raises(InvalidInput) as caught:
        groups.create_group(session, admin, name=name)
    assert list(caught.value.fields) == ["name"]


def test_a_group_can_be_removed(session, admin):
    desk = groups.create_group(session, admin, name="Desk")
    groups.delete_group(session, admin, desk.id)

    assert groups.list_groups(session, admin) == []
    with pytest.raises(NotFound):
        groups.delete_group(session, admin, desk.id)
    actions = [event.action for event in session.query(AuditEvent).order_by(AuditEvent.id)]
    assert actions == ["group.created", "group.deleted"]


def test_only_who_manages_users_manages_groups(session, admin):
    actor = factories.create_actor(session)
    desk = groups.create_group(session, admin, name="Desk")

    with pytest.raises(PermissionDenied):
        groups.create_group(session, actor, name="Mine")
    with pytest.raises(PermissionDenied):
        groups.rename_group(session, actor, desk.id, name="Mine")
    with pytest.raises(PermissionDenied):
        groups.set_members(session, actor, desk.id, emails=[])
    with pytest.raises(PermissionDenied):
        groups.delete_group(session, actor, desk.id)

import datetime

import pytest

from tests import factories
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from webapp.permissions import Role
from webapp.services import invitations, sessions, signing_in, users
from webapp.services.sessions import Visit
from webapp.tables import AuditEvent, Invitation, User

VISIT = Visit("Firefox", 7)
PASSWORD = "a password of my own"


@pytest.fixture
def admin(session):
    return factories.create_actor(session, "admin")


@pytest.fixture
def invited(session, admin):
    """The invitation of Ada, and its secret."""
    return invitations.create_invitation(session, admin, email=" Ada@Example.org", role=Role.RESEARCHER)


def accept(session, secret, **changes):
    return invitations.accept_invitation(
        session, secret, **{"name": "Ada", "password": PASSWORD, "visit": VISIT, **changes}
    )


def test_who_was_invited_makes_an_account_and_is_signed_in(session, invited):
    view, secret = invited
    assert invitations.find_invitation(session, secret) == view
    assert view.email == "ada@example.org"

    signed_in = accept(session, secret, address="127.0.0.1")

    assert (signed_in.actor.name, signed_in.actor.role) == ("Ada", Role.RESEARCHER)
    assert sessions.holder_of(session, signed_in.secret).actor == signed_in.actor
    assert signing_in.authenticate(session, "ada@example.org", PASSWORD) == signed_in.actor
    told = [event.action for event in session.query(AuditEvent).order_by(AuditEvent.id)]
    assert told == [
        "invitation.created", "account.created", "invitation.accepted", "account.signed_in", "account.signed_in",
    ]  # fmt: skip


def test_a_link_works_once(session, invited):
    accept(session, invited[1])

    with pytest.raises(NotFound, match="used, revoked or has ended"):
        accept(session, invited[1], name="Eve")
    with pytest.raises(NotFound):
        invitations.find_invitation(session, invited[1])


def test_only_the_hash_of_the_secret_is_kept(session, invited):
    assert invited[1] not in str([vars(row) for table in (Invitation, AuditEvent) for row in session.query(table)])


@pytest.mark.parametrize("secret", ["", "other", "\ud800", "x" * 5000])
def test_what_is_no_secret_opens_nothing(session, invited, secret):
    with pytest.raises(NotFound):
        accept(session, secret)


def test_an_invitation_ends_by_itself(session, invited):
    session.query(Invitation).one().expires_at = datetime.datetime.now(datetime.UTC)
    session.flush()

    with pytest.raises(NotFound):
        accept(session, invited[1])


def test_a_revoked_one_opens_nothing_and_a_used_one_cannot_be_revoked(session, admin, invited):
    view, secret = invited
    invitations.revoke_invitation(session, admin, view.id)
    invitations.revoke_invitation(session, admin, view.id)
    with pytest.raises(NotFound):
        accept(session, secret)
    assert invitations.list_invitations(session, admin) == []

    second, secret = invitations.create_invitation(session, admin, email="b@b.org", role=Role.VIEWER)
    accept(session, secret)
    with pytest.raises(Conflict, match="has been used"):
        invitations.revoke_invitation(session, admin, second.id)
    with pytest.raises(NotFound):
        invitations.revoke_invitation(session, admin, "0" * 16)


def test_a_new_invitation_of_the_same_address_takes_the_place_of_the_old(session, admin, invited):
    _, secret = invitations.create_invitation(session, admin, email="ada@example.org", role=Role.ADMIN)

    assert [each.role for each in invitations.list_invitations(session, admin)] == [Role.ADMIN]
    with pytest.raises(NotFound):
        accept(session, invited[1])
    assert accept(session, secret).actor.role is Role.ADMIN


def test_what_does_not_fit_uses_nothing_up(session, invited):
    for changes in ({"name": " "}, {"password": "short"}):
        with pytest.raises(InvalidInput), session.begin_nested():
            accept(session, invited[1], **changes)
    assert session.query(User).count() == 1
    assert accept(session, invited[1]).actor.name == "Ada"


def test_who_has_an_account_is_not_invited(session, admin):
    factories.create_user(session, email="ada@example.org")

    with pytest.raises(Conflict, match="already a user"):
        invitations.create_invitation(session, admin, email="ADA@example.org", role=Role.VIEWER)


@pytest.mark.parametrize("changes", [{"email": "no address"}, {"days": 0}, {"days": 31}])
def test_what_cannot_be_invited_is_said_with_its_field(session, admin, changes):
    with pytest.raises(InvalidInput) as caught:
        invitations.create_invitation(session, admin, **{"email": "a@b.org", "role": Role.VIEWER, **changes})

    assert list(caught.value.fields) == list(changes)


def test_only_administrators_invite(session, invited):
    actor = factories.create_actor(session)

    with pytest.raises(PermissionDenied):
        invitations.create_invitation(session, actor, email="a@b.org", role=Role.ADMIN)
    with pytest.raises(PermissionDenied):
        invitations.list_invitations(session, actor)
    with pytest.raises(PermissionDenied):
        invitations.revoke_invitation(session, actor, invited[0].id)


def test_deleting_who_invited_takes_their_open_invitations_along(session, admin, invited):
    factories.create_user(session, role="admin")

    users.delete_user(session, None, session.get_one(User, admin.user_id).public_id)

    with pytest.raises(NotFound):
        invitations.find_invitation(session, invited[1])


@pytest.mark.parametrize("change", ["disabled", "another role"])
def test_who_may_invite_no_more_leaves_no_way_back_in(session, admin, invited, change):
    factories.create_user(session, role="admin")
    user_id = session.get_one(User, admin.user_id).public_id

    if change == "disabled":
        users.set_active(session, None, user_id, is_active=False)
    else:
        users.set_role(session, None, user_id, role=Role.VIEWER)

    with pytest.raises(NotFound):
        invitations.find_invitation(session, invited[1])
    told = session.query(AuditEvent).filter_by(action="invitation.revoked", subject=invited[0].id)
    assert told.count() == 1

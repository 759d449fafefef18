import pytest

from tests import factories
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from webapp.permissions import Role
from webapp.services import accounts, signing_in
from webapp.services.accounts import UserView
from webapp.tables import AuditEvent, User

RIGHT = factories.PASSWORD


def actions(session):
    return [event.action for event in session.query(AuditEvent).order_by(AuditEvent.id)]


# --- create_user, ensure_admin ---------------------------------------------------------------------------------------


def test_a_new_user_can_sign_in_and_is_kept_in_lower_case(session):
    view = accounts.create_user(
        session, None, email=" Ada@Example.org", name=" Ada   Lovelace ", role=Role.RESEARCHER, password=RIGHT
    )

    assert isinstance(view, UserView)
    assert (view.email, view.name, view.role, view.is_active) == ("ada@example.org", "Ada Lovelace", "researcher", True)
    assert signing_in.authenticate(session, "ada@example.org", RIGHT).role is Role.RESEARCHER
    assert actions(session) == ["account.created", "account.signed_in"]
    assert session.query(User).one().password_hash.startswith("$argon2id$")


@pytest.mark.parametrize("role", ["researcher", "viewer"])
def test_only_administrators_manage_users(session, role):
    actor = factories.create_actor(session, role)
    values = {"email": "new@example.org", "name": "New", "role": Role.ADMIN, "password": RIGHT}

    with pytest.raises(PermissionDenied):
        accounts.create_user(session, actor, **values)
    with pytest.raises(PermissionDenied):
        accounts.list_users(session, actor)
    assert accounts.create_user(session, factories.create_actor(session, "admin"), **values).role is Role.ADMIN


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "a@" + "b" * 300}, "email"),
        ({"email": "a\x00@example.org"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"password": "short"}, "password"),
    ],
)
def test_what_does_not_fit_is_said_with_its_field(session, changes, field):
    values = {"email": "new@example.org", "name": "New", "role": Role.VIEWER, "password": RIGHT, **changes}

    with pytest.raises(InvalidInput) as caught:
        accounts.create_user(session, None, **values)

    assert list(caught.value.fields) == [field]
    assert "expected" in caught.value.fields[field]


def test_an_email_belongs_to_one_user_in_any_case(session):
    factories.create_user(session, email="ada@example.org")

    with pytest.raises(Conflict, match=r"ada@example\.org"):
        accounts.create_user(session, None, email="ADA@example.org", name="Other", role=Role.VIEWER, password=RIGHT)
    assert session.query(User).count() == 1


def test_the_first_admin_is_made_once_with_a_generated_password(session):
    password = accounts.ensure_admin(session, email="admin@assay.local")

    assert password is not None
    assert signing_in.authenticate(session, "admin@assay.local", password).role is Role.ADMIN
    assert accounts.ensure_admin(session, email="other@assay.local") is None
    assert session.query(User).count() == 1


def test_a_given_admin_password_is_used_and_not_returned(session):
    assert accounts.ensure_admin(session, email="admin@assay.local", password=RIGHT) is None
    assert signing_in.authenticate(session, "admin@assay.local", RIGHT).role is Role.ADMIN


def test_the_first_admin_is_the_oldest_who_is_active(session):
    assert accounts.first_admin(session) is None
    factories.create_user(session, role="admin", is_active=False)
    factories.create_user(session)
    oldest = factories.create_user(session, role="admin")
    factories.create_user(session, role="admin")

    assert accounts.first_admin(session) == factories.actor_of(oldest)


# --- list_users, find_user --------------------------------------------------------------------------------------------


def test_somebody_is_found_by_their_address_in_any_case(session):
    user = factories.create_user(session, email="ada@example.org")

    assert accounts.find_user(session, " Ada@Example.org ").id == user.public_id
    for unknown in ("nobody@example.org", "no address", "ada@\ud800"):
        with pytest.raises(NotFound):
            accounts.find_user(session, unknown)


def test_the_list_has_everybody_by_email_in_one_query(session, count_queries):
    for name in ("c", "a", "b"):
        factories.create_user(session, email=f"{name}@example.org", is_active=name != "b")
    session.expire_all()

    with count_queries(session) as statements:
        users = accounts.list_users(session, None)

    assert [user.email for user in users] == ["a@example.org", "b@example.org", "c@example.org"]
    assert [user.is_active for user in users] == [True, False, True]
    assert len(statements) == 1


def test_views_cannot_be_changed_and_hold_no_secrets(session):
    factories.create_user(session)
    view = accounts.list_users(session, None)[0]

    with pytest.raises(AttributeError):
        view.role = Role.ADMIN
    assert not {"password_hash", "session_token"} & set(vars(view))

import argon2
import pytest

from tests import factories
from webapp.errors import Conflict, InvalidCredentials, InvalidInput, NotFound, PermissionDenied
from webapp.permissions import Role
from webapp.services import accounts, passwords, tokens
from webapp.services.accounts import UserView
from webapp.tables import AuditEvent, User

RIGHT = factories.PASSWORD
WRONG = "a wrong password"


def actions(session):
    return [event.action for event in session.query(AuditEvent).order_by(AuditEvent.id)]


# --- authenticate --------------------------------------------------------------------------------------------------


def test_name_and_password_give_the_actor(session):
    user = factories.create_user(session, email="ada@example.org", role="viewer")

    actor = accounts.authenticate(session, "  Ada@Example.ORG ", RIGHT, address="127.0.0.1")

    assert actor == factories.actor_of(user)
    assert user.last_sign_in_at is not None
    event = session.query(AuditEvent).one()
    assert (event.action, event.user_id, event.subject) == ("account.signed_in", user.id, "ada@example.org")
    assert event.address == "127.0.0.1"


@pytest.mark.parametrize(
    ("email", "password", "is_active"),
    [
        ("ada@example.org", WRONG, True),
        ("ada@example.org", "", True),
        ("ada@example.org", RIGHT, False),
        ("nobody@example.org", RIGHT, True),
        ("", RIGHT, True),
        ("no address", RIGHT, True),
        ("ada@example.org\x00", RIGHT, True),
        ("ada@\ud800", RIGHT, True),
        ("a" * 300 + "@example.org", RIGHT, True),
        ("%@example.org", RIGHT, True),
    ],
)
def test_every_refusal_says_the_same_and_leaves_a_line(session, email, password, is_active):
    factories.create_user(session, email="ada@example.org", is_active=is_active)

    with pytest.raises(InvalidCredentials, match=r"^E-mail or password is not right\. Check both and try again\.$"):
        accounts.authenticate(session, email, password, address="127.0.0.1")

    event = session.query(AuditEvent).one()
    assert (event.action, event.user_id, event.address) == ("account.sign_in_refused", None, "127.0.0.1")
    assert RIGHT not in event.subject


@pytest.mark.parametrize("email", ["nobody@example.org", "not an address", "ada@example.org"])
def test_a_password_is_compared_whoever_asks(session, email, monkeypatch):
    factories.create_user(session, email="ada@example.org", is_active=False)
    compared = []
    monkeypatch.setattr(
        passwords, "is_right", lambda password_hash, password: compared.append((password_hash, password)) or False
    )

    with pytest.raises(InvalidCredentials):
        accounts.authenticate(session, email, WRONG)

    assert [password for _, password in compared] == [WRONG]


def test_a_hash_with_outdated_parameters_is_renewed(session):
    old = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(RIGHT)
    user = factories.create_user(session, password_hash=old)

    accounts.authenticate(session, user.email, RIGHT)

    assert not passwords.is_outdated(user.password_hash)
    assert passwords.is_right(user.password_hash, RIGHT)


def test_comparing_a_password_writes_nothing(session, count_queries):
    user = factories.create_user(session)

    with count_queries(session) as statements:
        accounts.verify_password(session, user.email, RIGHT)

    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


def test_a_password_changed_during_the_comparison_lets_nobody_in(session):
    user = factories.create_user(session)
    check = accounts.verify_password(session, user.email, RIGHT)
    accounts.change_password(session, None, email=user.email, password="another password")

    with pytest.raises(InvalidCredentials):
        accounts.sign_in(session, check)


def test_somebody_disabled_during_the_comparison_is_not_let_in(session):
    user = factories.create_user(session)
    check = accounts.verify_password(session, user.email, RIGHT)
    accounts.set_active(session, None, email=user.email, is_active=False)

    with pytest.raises(InvalidCredentials):
        accounts.sign_in(session, check)


# --- sessions ------------------------------------------------------------------------------------------------------


def test_a_session_stands_for_its_user(session):
    user = factories.create_user(session)
    signed_in = accounts.sign_in(session, accounts.verify_password(session, user.email, RIGHT))

    actor = accounts.actor_for_session(session, signed_in.public_id, signed_in.session_token)

    assert actor == factories.actor_of(user)


def test_a_session_of_another_token_inactive_or_unknown_user_stands_for_nobody(session):
    user = factories.create_user(session)
    inactive = factories.create_user(session, is_active=False)

    assert accounts.actor_for_session(session, user.public_id, "other") is None
    assert accounts.actor_for_session(session, user.public_id, "") is None
    assert accounts.actor_for_session(session, user.public_id, "ö") is None
    assert accounts.actor_for_session(session, inactive.public_id, inactive.session_token) is None
    assert accounts.actor_for_session(session, "unknown", user.session_token) is None


def test_signing_out_ends_all_sessions(session):
    user = factories.create_user(session)
    before = user.session_token

    accounts.sign_out(session, factories.actor_of(user), address="127.0.0.1")

    assert accounts.actor_for_session(session, user.public_id, before) is None
    assert actions(session) == ["account.signed_out"]


# --- create_user, ensure_admin ---------------------------------------------------------------------------------------


def test_a_new_user_can_sign_in_and_is_kept_in_lower_case(session):
    view = accounts.create_user(
        session, None, email=" Ada@Example.org", name=" Ada   Lovelace ", role=Role.RESEARCHER, password=RIGHT
    )

    assert isinstance(view, UserView)
    assert (view.email, view.name, view.role, view.is_active) == ("ada@example.org", "Ada Lovelace", "researcher", True)
    assert accounts.authenticate(session, "ada@example.org", RIGHT).role is Role.RESEARCHER
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
    with pytest.raises(PermissionDenied):
        accounts.set_active(session, actor, email="new@example.org", is_active=False)
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
    assert accounts.authenticate(session, "admin@assay.local", password).role is Role.ADMIN
    assert accounts.ensure_admin(session, email="other@assay.local") is None
    assert session.query(User).count() == 1


def test_a_given_admin_password_is_used_and_not_returned(session):
    assert accounts.ensure_admin(session, email="admin@assay.local", password=RIGHT) is None
    assert accounts.authenticate(session, "admin@assay.local", RIGHT).role is Role.ADMIN


def test_the_first_admin_is_the_oldest_who_is_active(session):
    assert accounts.first_admin(session) is None
    factories.create_user(session, role="admin", is_active=False)
    factories.create_user(session)
    oldest = factories.create_user(session, role="admin")
    factories.create_user(session, role="admin")

    assert accounts.first_admin(session) == factories.actor_of(oldest)


# --- change_password, set_active, list_users -------------------------------------------------------------------------


def test_ones_own_password_needs_the_current_one_and_ends_all_sessions(session):
    user = factories.create_user(session)
    actor, before = factories.actor_of(user), user.session_token

    with pytest.raises(InvalidCredentials):
        accounts.change_password(session, actor, email=user.email, password="another password", current_password=WRONG)
    with pytest.raises(InvalidCredentials):
        accounts.change_password(session, actor, email=user.email, password="another password")
    accounts.change_password(session, actor, email=user.email, password="another password", current_password=RIGHT)

    assert accounts.actor_for_session(session, user.public_id, before) is None
    assert accounts.authenticate(session, user.email, "another password") == actor
    with pytest.raises(InvalidCredentials):
        accounts.authenticate(session, user.email, RIGHT)


def test_a_new_password_revokes_all_tokens(session):
    user = factories.create_user(session)
    actor = factories.actor_of(user)
    _, secret = tokens.create_token(session, actor, name="n", scopes=["analyses:read"], expires_in_days=1)

    accounts.change_password(session, actor, email=user.email, password="another password", current_password=RIGHT)

    assert tokens.bearer_of(session, secret) is None
    assert actions(session) == ["token.created", "account.password_changed", "token.revoked"]


def test_an_administrator_changes_anothers_password_and_others_do_not(session):
    user = factories.create_user(session)
    researcher, admin = factories.create_actor(session), factories.create_actor(session, "admin")

    for email in (user.email, "nobody@example.org"):
        with pytest.raises(PermissionDenied):
            accounts.change_password(session, researcher, email=email, password="another password")
    accounts.change_password(session, admin, email=user.email, password="another password")
    assert accounts.authenticate(session, user.email, "another password").user_id == user.id


def test_a_short_new_password_or_an_unknown_user_is_refused(session):
    with pytest.raises(InvalidInput):
        accounts.change_password(session, None, email="a@b", password="short")
    with pytest.raises(NotFound):
        accounts.change_password(session, None, email="a@b", password=RIGHT)


def test_somebody_shut_out_loses_their_sessions_and_may_come_back(session):
    user = factories.create_user(session)
    before = user.session_token

    assert accounts.set_active(session, None, email=user.email, is_active=False).is_active is False
    assert accounts.actor_for_session(session, user.public_id, before) is None
    with pytest.raises(InvalidCredentials):
        accounts.authenticate(session, user.email, RIGHT)

    assert accounts.set_active(session, None, email=user.email, is_active=True).is_active is True
    assert accounts.actor_for_session(session, user.public_id, before) is None
    assert accounts.authenticate(session, user.email, RIGHT).user_id == user.id
    assert actions(session) == [
        "account.disabled", "account.sign_in_refused", "account.enabled", "account.signed_in",
    ]  # fmt: skip


def test_the_last_active_administrator_cannot_be_shut_out(session):
    first = factories.create_user(session, role="admin")
    factories.create_user(session, role="admin", is_active=False)
    second = factories.create_user(session, role="admin")

    accounts.set_active(session, None, email=second.email, is_active=False)
    with pytest.raises(Conflict, match="last active administrator"):
        accounts.set_active(session, None, email=first.email, is_active=False)


def test_set_active_knows_only_who_exists(session):
    with pytest.raises(NotFound):
        accounts.set_active(session, None, email="nobody@example.org", is_active=False)


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

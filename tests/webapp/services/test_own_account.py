import pytest

from tests import factories
from webapp.errors import InvalidCredentials, InvalidInput, PermissionDenied
from webapp.permissions import Actor, Permission
from webapp.services import own_account, sessions, signing_in, tokens
from webapp.services.sessions import Visit
from webapp.tables import AuditEvent

RIGHT = factories.PASSWORD
NEW = "another password"


@pytest.fixture
def user(session):
    return factories.create_user(session)


def test_a_new_password_needs_the_current_one_and_ends_whatever_that_opened(session, user):
    actor = factories.actor_of(user)
    mine, other = (sessions.open_session(session, user, Visit("b", 7)) for _ in range(2))
    current = sessions.holder_of(session, mine).session_id
    _, token = tokens.create_token(session, actor, name="n", scopes=["analyses:read"], expires_in_days=1)

    for wrong in ("a wrong password", ""):
        with pytest.raises(InvalidCredentials):
            own_account.change_password(session, actor, current_password=wrong, password=NEW, current=current)
    own_account.change_password(session, actor, current_password=RIGHT, password=NEW, current=current)

    assert sessions.holder_of(session, mine).actor == actor
    assert sessions.holder_of(session, other) is None
    assert tokens.bearer_of(session, token) is None
    assert signing_in.authenticate(session, user.email, NEW) == actor
    assert [event.action for event in session.query(AuditEvent).order_by(AuditEvent.id)][1:4] == [
        "account.password_changed", "sessions.ended", "token.revoked",
    ]  # fmt: skip


def test_a_short_password_is_refused(session, user):
    with pytest.raises(InvalidInput):
        own_account.change_password(session, factories.actor_of(user), current_password=RIGHT, password="short")


def test_a_token_proves_nothing(session, user):
    actor = Actor(user.id, user.name, "researcher", frozenset(Permission))

    with pytest.raises(PermissionDenied):
        own_account.prove(session, actor, RIGHT)
    with pytest.raises(PermissionDenied):
        own_account.change_password(session, actor, current_password=RIGHT, password=NEW)
    assert own_account.get_me(session, actor).email == user.email


def test_a_password_that_was_shown_is_replaced_by_another_one(session, user):
    actor = factories.actor_of(user)
    user.must_choose_password = True
    with pytest.raises(InvalidInput, match="expected another"):
        own_account.change_password(session, actor, current_password=RIGHT, password=RIGHT)
    assert user.must_choose_password

    own_account.change_password(session, actor, current_password=RIGHT, password=NEW)

    assert not user.must_choose_password
    assert [event.action for event in session.query(AuditEvent)] == ["account.password_chosen"]
    own_account.change_password(session, actor, current_password=NEW, password=NEW)

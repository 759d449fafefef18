import argon2
import pytest

from tests import factories
from webapp.errors import InvalidCredentials
from webapp.services import passwords, sessions, signing_in, users
from webapp.services.sessions import Visit
from webapp.tables import AuditEvent, BrowserSession

RIGHT = factories.PASSWORD
WRONG = "a wrong password"


def test_name_and_password_give_the_actor(session):
    user = factories.create_user(session, email="ada@example.org", role="viewer")

    actor = signing_in.authenticate(session, "  Ada@Example.ORG ", RIGHT, address="127.0.0.1")

    assert actor == factories.actor_of(user)
    assert user.last_sign_in_at is not None
    event = session.query(AuditEvent).one()
    assert (event.action, event.user_id, event.subject) == ("account.signed_in", user.id, user.public_id)
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
        signing_in.authenticate(session, email, password, address="127.0.0.1")

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
        signing_in.authenticate(session, email, WRONG)

    assert [password for _, password in compared] == [WRONG]


def test_a_hash_with_outdated_parameters_is_renewed(session):
    old = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(RIGHT)
    user = factories.create_user(session, password_hash=old)

    signing_in.authenticate(session, user.email, RIGHT)

    assert not passwords.is_outdated(user.password_hash)
    assert passwords.is_right(user.password_hash, RIGHT)


def test_comparing_a_password_writes_nothing(session, count_queries):
    user = factories.create_user(session)

    with count_queries(session) as statements:
        signing_in.verify_password(session, user.email, RIGHT)

    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


def test_a_password_changed_during_the_comparison_lets_nobody_in(session):
    user = factories.create_user(session)
    check = signing_in.verify_password(session, user.email, RIGHT)
    users.set_password(session, None, user.public_id, password="another password")

    with pytest.raises(InvalidCredentials):
        signing_in.sign_in(session, check)


def test_somebody_disabled_during_the_comparison_is_not_let_in(session):
    user = factories.create_user(session)
    check = signing_in.verify_password(session, user.email, RIGHT)
    users.set_active(session, None, user.public_id, is_active=False)

    with pytest.raises(InvalidCredentials):
        signing_in.sign_in(session, check)


def test_a_session_is_opened_for_a_browser_only(session):
    user = factories.create_user(session)
    check = signing_in.verify_password(session, user.email, RIGHT)

    assert signing_in.sign_in(session, check).secret == ""
    secret = signing_in.sign_in(session, check, visit=Visit("Firefox", 7), address="127.0.0.1").secret

    holder = sessions.holder_of(session, secret)
    assert holder.actor == factories.actor_of(user)
    row = session.query(BrowserSession).one()
    assert (row.address, row.user_agent, row.public_id) == ("127.0.0.1", "Firefox", holder.session_id)
    assert secret not in str(vars(row))


def test_signing_out_ends_this_session_and_no_other(session):
    user = factories.create_user(session)
    mine, other = (sessions.open_session(session, user, Visit("b", 7)) for _ in range(2))
    current = sessions.holder_of(session, mine).session_id

    signing_in.sign_out(session, factories.actor_of(user), current=current, address="127.0.0.1")

    assert sessions.holder_of(session, mine) is None
    assert sessions.holder_of(session, other) is not None
    assert [event.action for event in session.query(AuditEvent)] == ["account.signed_out"]


def test_a_mark_stands_for_the_password_it_was_made_of(session):
    user = factories.create_user(session)
    check = signing_in.verify_password(session, user.email, RIGHT)
    mark = signing_in.mark_of(check)

    assert signing_in.recall_check(session, user.email, mark) == check
    assert not signing_in.recall_check(session, user.email, "x").is_right
    assert not signing_in.recall_check(session, "nobody@example.org", mark).is_right
    users.set_password(session, None, user.public_id, password="another password")
    assert not signing_in.recall_check(session, user.email, mark).is_right


def test_an_address_is_known_where_somebody_signed_in(session):
    user, other = factories.create_user(session), factories.create_user(session)
    signing_in.authenticate(session, user.email, RIGHT, address="10.0.0.1")

    assert signing_in.is_known_address(session, user.email, "10.0.0.1")
    assert not signing_in.is_known_address(session, user.email, "10.0.0.2")
    assert not signing_in.is_known_address(session, other.email, "10.0.0.1")

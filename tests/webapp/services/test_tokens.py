import datetime
import hashlib

import pytest

from tests import factories
from webapp.db import database_now
from webapp.errors import InvalidInput, NotFound, PermissionDenied, QuotaExceeded
from webapp.permissions import Permission, Role
from webapp.services import tokens, users
from webapp.tables import ApiToken, AuditEvent

READ = [Permission.ANALYSES_READ]


def make(session, actor, **changes):
    return tokens.create_token(session, actor, **{"name": "script", "scopes": READ, "expires_in_days": 30, **changes})


def test_a_token_acts_for_its_owner_with_its_scopes_only(session):
    actor = factories.create_actor(session)
    view, secret = make(session, actor)

    bearer = tokens.bearer_of(session, secret)

    assert bearer.actor.user_id == actor.user_id
    assert bearer.actor.role is Role.RESEARCHER
    assert bearer.actor.scopes == frozenset(READ)
    assert bearer.actor.may(Permission.ANALYSES_READ)
    assert not bearer.actor.may(Permission.ANALYSES_RUN)
    assert (view.name, view.scopes, view.last_used_at) == ("script", tuple(READ), None)
    assert view.expires_at - view.created_at == datetime.timedelta(days=30)


def test_only_the_hash_is_stored(session):
    _, secret = make(session, factories.create_actor(session))

    row = session.query(ApiToken).one()
    assert secret.startswith("assay_")
    assert len(secret) > 40
    assert row.token_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(vars(row))
    assert secret not in str([vars(event) for event in session.query(AuditEvent)])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["analyses:read", "users:manage"]}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 366}, "expires_in_days"),
    ],
)
def test_what_does_not_fit_or_goes_beyond_the_role_is_refused(session, changes, field):
    actor = factories.create_actor(session)

    with pytest.raises(InvalidInput) as caught:
        make(session, actor, **changes)

    assert list(caught.value.fields) == [field]
    assert session.query(ApiToken).count() == 0


def test_a_token_cannot_make_tokens(session):
    _, secret = make(session, factories.create_actor(session))
    actor = tokens.bearer_of(session, secret).actor

    with pytest.raises(PermissionDenied):
        make(session, actor)


@pytest.mark.parametrize(
    "secret", ["", "assay_", "assay_unknown", "Bearer x", "x" * 1000, "assay_" + "x" * 1000, "assay_\ud800"]
)
def test_an_unknown_token_acts_for_nobody(session, secret):
    make(session, factories.create_actor(session))

    assert tokens.bearer_of(session, secret) is None


def test_the_hash_is_no_token(session):
    make(session, factories.create_actor(session))
    stored = session.query(ApiToken).one().token_hash

    assert tokens.bearer_of(session, stored) is None
    assert tokens.bearer_of(session, "assay_" + stored) is None


def test_an_expired_token_acts_for_nobody(session):
    actor = factories.create_actor(session)
    _, secret = make(session, actor)
    session.query(ApiToken).one().expires_at = database_now(session) - datetime.timedelta(seconds=1)
    session.flush()

    assert tokens.bearer_of(session, secret) is None
    assert tokens.list_tokens(session, actor) == []


def test_tokens_of_somebody_shut_out_act_for_nobody(session):
    user = factories.create_user(session)
    _, secret = make(session, factories.actor_of(user))

    users.set_active(session, None, user.public_id, is_active=False)

    assert tokens.bearer_of(session, secret) is None


def test_a_token_loses_what_its_owners_role_no_longer_grants(session):
    user = factories.create_user(session, role="researcher")
    _, secret = make(session, factories.actor_of(user), scopes=[Permission.ANALYSES_RUN])

    user.role = "viewer"
    session.flush()

    assert not tokens.bearer_of(session, secret).actor.may(Permission.ANALYSES_RUN)


def test_the_last_use_is_noted_at_most_once_a_minute(session):
    _, secret = make(session, factories.create_actor(session))
    row = session.query(ApiToken).one()
    assert tokens.bearer_of(session, secret).is_use_due

    tokens.note_use(session, secret)
    session.refresh(row)
    first = row.last_used_at
    assert first is not None
    assert not tokens.bearer_of(session, secret).is_use_due
    tokens.note_use(session, secret)
    session.refresh(row)
    assert row.last_used_at == first

    row.last_used_at = first - datetime.timedelta(seconds=61)
    session.flush()
    assert tokens.bearer_of(session, secret).is_use_due
    tokens.note_use(session, secret)
    session.refresh(row)
    assert row.last_used_at >= first


def test_a_revoked_token_acts_for_nobody_and_its_second_revocation_changes_nothing(session):
    actor = factories.create_actor(session)
    view, secret = make(session, actor)

    tokens.revoke_token(session, actor, view.id, address="127.0.0.1")
    tokens.revoke_token(session, actor, view.id)

    assert tokens.bearer_of(session, secret) is None
    assert tokens.list_tokens(session, actor) == []
    assert [event.action for event in session.query(AuditEvent)] == ["token.created", "token.revoked"]


def test_anothers_token_does_not_exist(session):
    owner, other, admin = (factories.create_actor(session, role) for role in ("researcher", "researcher", "admin"))
    view, secret = make(session, owner)

    for actor in (other, admin):
        with pytest.raises(NotFound, match=r"^There is no such token\.$"):
            tokens.revoke_token(session, actor, view.id)
        assert tokens.list_tokens(session, actor) == []
    with pytest.raises(NotFound, match=r"^There is no such token\.$"):
        tokens.revoke_token(session, owner, "unknown")
    assert tokens.bearer_of(session, secret) is not None


def test_the_list_is_newest_first_and_holds_no_secret(session):
    actor = factories.create_actor(session)
    secrets = [make(session, actor, name=name)[1] for name in ("first", "second")]

    listed = tokens.list_tokens(session, actor)

    assert [view.name for view in listed] == ["second", "first"]
    assert not any(secret in str(listed) for secret in secrets)


def test_a_person_has_at_most_fifty_tokens_that_work(session):
    actor = factories.create_actor(session)
    views = [make(session, actor)[0] for _ in range(50)]

    with pytest.raises(QuotaExceeded):
        make(session, actor)
    tokens.revoke_token(session, actor, views[0].id)
    make(session, actor)


def test_who_acts_by_a_token_reaches_it_and_those_that_may_do_no_more(session):
    person = factories.create_actor(session)
    wide, _ = make(session, person, name="wide", scopes=[Permission.ANALYSES_READ, Permission.PRICES_READ])
    other, _ = make(session, person, name="other", scopes=[Permission.PRICES_READ])
    narrow, secret = make(session, person, name="narrow")
    actor = tokens.bearer_of(session, secret).actor

    assert [view.name for view in tokens.list_tokens(session, actor)] == ["narrow"]
    for beyond in (wide, other):
        with pytest.raises(NotFound, match=r"^There is no such token\.$"):
            tokens.revoke_token(session, actor, beyond.id)
    tokens.revoke_token(session, actor, narrow.id)

    assert [view.name for view in tokens.list_tokens(session, person)] == ["other", "wide"]


def test_a_token_with_all_scopes_ends_the_others(session):
    person = factories.create_actor(session)
    leaked, _ = make(session, person)
    _, secret = make(session, person, scopes=[Permission.ANALYSES_READ, Permission.PRICES_READ])

    tokens.revoke_token(session, tokens.bearer_of(session, secret).actor, leaked.id)

    assert leaked.id not in {view.id for view in tokens.list_tokens(session, person)}


def test_the_command_line_lists_and_revokes_anybodys(session):
    user = factories.create_user(session, email="ada@example.org")
    view, secret = make(session, factories.actor_of(user))

    assert tokens.list_tokens_of(session, "ada@example.org") == [view]
    with pytest.raises(NotFound, match="no user with the e-mail"):
        tokens.list_tokens_of(session, "nobody@example.org")
    tokens.revoke_token(session, None, view.id)
    assert tokens.bearer_of(session, secret) is None


def test_all_tokens_of_one_person_are_revoked_each_with_its_line_in_the_trail(session):
    owner, other = factories.create_user(session), factories.create_user(session)
    for user in (owner, owner, other):
        make(session, factories.actor_of(user))

    tokens.revoke_all(session, None, owner, address="127.0.0.1")
    tokens.revoke_all(session, None, owner)

    assert tokens.list_tokens(session, factories.actor_of(owner)) == []
    assert len(tokens.list_tokens(session, factories.actor_of(other))) == 1
    assert session.query(AuditEvent).filter_by(action="token.revoked", address="127.0.0.1").count() == 2
    assert session.query(AuditEvent).filter_by(action="token.revoked").count() == 2

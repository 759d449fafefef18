"""Users, tokens and the audit trail: what the database itself guarantees."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import ApiToken, AuditEvent, User


def token(user, **values):
    defaults = {"public_id": "t1", "name": "t", "token_hash": "0" * 64, "scopes": ["prices:read"]}
    return ApiToken(user_id=user.id, created_at=factories.NOW, **{**defaults, **values})


def refused(session, row):
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(row)


@pytest.mark.parametrize("column", ["email", "public_id"])
def test_two_users_never_share_an_address_or_an_id(session, column):
    user = factories.create_user(session)
    with pytest.raises(IntegrityError):
        factories.create_user(session, **{column: getattr(user, column)})


def test_a_role_that_does_not_exist_is_refused(session):
    with pytest.raises(IntegrityError, match="ck_users_role"):
        factories.create_user(session, role="god")


@pytest.mark.parametrize("column", ["token_hash", "public_id"])
def test_two_tokens_never_share_a_secret_or_an_id(session, column):
    user = factories.create_user(session)
    session.add(token(user))
    session.flush()
    other = {"public_id": "t2", "token_hash": "1" * 64}
    del other[column]
    refused(session, token(user, **other))


def test_scopes_come_back_as_a_list(session):
    session.add(token(factories.create_user(session)))
    session.flush()
    session.expire_all()
    assert session.scalars(select(ApiToken.scopes)).one() == ["prices:read"]


def test_tokens_go_with_their_user_and_the_audit_trail_stays(session):
    user = factories.create_user(session)
    session.add(token(user))
    session.add(
        AuditEvent(
            at=factories.NOW, user_id=user.id, action="user.created", subject=user.email, address="", details={"a": 1}
        )
    )
    session.flush()
    session.delete(user)
    session.flush()
    assert session.scalar(select(func.count()).select_from(ApiToken)) == 0
    assert session.scalars(select(AuditEvent.details)).one() == {"a": 1}


@pytest.mark.databases("sqlite")
def test_the_number_of_a_deleted_user_is_never_given_again(session):
    """The audit trail and the ledger know people by it. PostgreSQL's sequences never go back anyway."""
    last = factories.create_user(session)
    number = last.id
    session.delete(last)
    session.flush()
    assert factories.create_user(session).id > number
    assert session.scalar(select(func.count()).select_from(User)) == 1

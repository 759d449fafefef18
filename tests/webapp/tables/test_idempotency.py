import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import IdempotencyKey, User


def row(**values):
    return IdempotencyKey(**{"key_hash": "0" * 64, "fingerprint": "1" * 64, "created_at": factories.NOW, **values})


def test_a_key_is_there_once(session):
    session.add(row())
    session.flush()
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(row())


def test_keys_go_with_their_person(session):
    user = factories.create_user(session)
    session.add(row(user_id=user.id))
    session.flush()
    session.execute(delete(User).where(User.id == user.id))

    assert session.query(IdempotencyKey).count() == 0

import datetime

import pytest
from sqlalchemy import update

from tests import factories
from webapp.db import database_now
from webapp.errors import Conflict, IdempotencyKeyReused
from webapp.services import idempotency
from webapp.services.idempotency import KeptAnswer, request_of
from webapp.tables import IdempotencyKey

SECRET = "s" * 32
ANSWER = KeptAnswer(201, {"Location": "/x"}, '{"token": "shown once"}')


@pytest.fixture
def user_id(session):
    return factories.create_user(session).id


@pytest.fixture
def ask(user_id):
    """`ask()` is the same request each time; what is given makes it another one."""

    def make(**changes):
        return request_of(SECRET, **{"user_id": user_id, "key": "k", "content": b"c", **changes})

    return make


def test_an_answer_is_found_again_by_the_same_request(session, ask):
    assert idempotency.find(session, ask()) is None
    assert idempotency.claim(session, ask())
    with pytest.raises(Conflict):
        idempotency.find(session, ask())
    idempotency.keep_answer(session, ask(), ANSWER)

    assert idempotency.find(session, ask()) == ANSWER
    assert not idempotency.claim(session, ask())


def test_a_key_is_of_one_person_and_one_request(session, ask):
    idempotency.claim(session, ask())
    idempotency.keep_answer(session, ask(), ANSWER)

    assert idempotency.find(session, ask(key="other")) is None
    assert idempotency.find(session, ask(user_id=factories.create_user(session).id)) is None
    with pytest.raises(IdempotencyKeyReused):
        idempotency.find(session, ask(content=b"other"))


def test_strangers_have_a_key_for_each_content(session, ask):
    idempotency.claim(session, ask(user_id=None))
    idempotency.keep_answer(session, ask(user_id=None), ANSWER)

    assert idempotency.find(session, ask(user_id=None)) == ANSWER
    assert idempotency.find(session, ask(user_id=None, content=b"other")) is None


def test_what_is_kept_cannot_be_read_without_the_secret_and_the_request(session, ask):
    idempotency.claim(session, ask())
    idempotency.keep_answer(session, ask(), ANSWER)

    row = session.query(IdempotencyKey).one()
    assert "shown once" not in row.answer
    assert len({ask().cipher._encryption_key, ask(content=b"d").cipher._encryption_key}) == 2
    assert request_of("t" * 32, user_id=None, key="k", content=b"c").key_hash != ask(user_id=None).key_hash


def test_a_key_whose_request_came_to_nothing_is_free_again(session, ask):
    idempotency.claim(session, ask())
    idempotency.give_back(session, ask())
    assert idempotency.claim(session, ask(content=b"mended"))
    idempotency.keep_answer(session, ask(content=b"mended"), ANSWER)
    idempotency.give_back(session, ask(content=b"mended"))

    assert idempotency.find(session, ask(content=b"mended")) == ANSWER


def test_a_key_is_kept_for_a_day(session, ask):
    idempotency.claim(session, ask())
    idempotency.keep_answer(session, ask(), ANSWER)
    idempotency.forget_old(session)
    assert session.query(IdempotencyKey).count() == 1

    yesterday = database_now(session) - datetime.timedelta(hours=24, seconds=1)
    session.execute(update(IdempotencyKey).values(created_at=yesterday))
    assert idempotency.find(session, ask(content=b"other")) is None
    assert idempotency.claim(session, ask(content=b"other"))
    session.execute(update(IdempotencyKey).values(created_at=yesterday))
    idempotency.forget_old(session)
    assert session.query(IdempotencyKey).count() == 0

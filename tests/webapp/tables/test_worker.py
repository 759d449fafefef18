import pytest
from sqlalchemy.exc import IntegrityError

from tests.factories import NOW
from webapp.tables import Worker


def test_a_worker_has_one_row(session):
    session.add(Worker(name="a", seen_at=NOW))
    session.flush()
    session.expunge_all()

    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(Worker(name="a", seen_at=NOW))

import pytest
from sqlalchemy.exc import IntegrityError

from tests.factories import NOW
from webapp.tables import Meter, Singleton


@pytest.mark.parametrize(
    "make",
    [
        lambda: Meter(name="failed", label="analysis internal", n=2**40, total=0.5),
        lambda: Singleton(name="clock", holder="here:1:1", expires_at=NOW),
    ],
)
def test_there_is_one_row_of_each(session, make):
    session.add(make())
    session.flush()
    session.expunge_all()

    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(make())

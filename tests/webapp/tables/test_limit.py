import datetime

import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import CpuUse, HouseLimits, StorageUse, UserLimits

TODAY = datetime.date(2026, 1, 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda _user: HouseLimits(id=1),
        lambda user: UserLimits(user_id=user.id, storage_bytes=2**40),
        lambda user: CpuUse(user_id=user.id, used_on=TODAY, seconds=1.5),
        lambda user: StorageUse(user_id=user.id, n_bytes=2**40),
    ],
)
def test_there_is_one_row_of_each(session, make):
    user = factories.create_user(session)
    session.add(make(user))
    session.flush()
    session.expunge_all()

    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(make(user))


def test_a_day_is_read_as_it_was_written(session):
    user = factories.create_user(session)
    session.add(CpuUse(user_id=user.id, used_on=TODAY, seconds=1.5))
    session.flush()
    session.expire_all()

    assert session.query(CpuUse).one().used_on == TODAY

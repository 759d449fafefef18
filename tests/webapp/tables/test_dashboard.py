from sqlalchemy import delete, func, select

from tests import factories
from webapp.tables import DashboardChoice, User


def test_what_a_person_chose_goes_with_the_person(session):
    user = factories.create_user(session)
    session.add(DashboardChoice(user_id=user.id, choices={"range": "1y"}, updated_at=factories.NOW))
    session.flush()

    session.execute(delete(User).where(User.id == user.id))

    assert session.scalar(select(func.count()).select_from(DashboardChoice)) == 0

import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import Template


def template(owner_id, public_id, key="mine"):
    return Template(
        public_id=public_id,
        owner_id=owner_id,
        name=key.title(),
        name_key=key,
        description="",
        spec={},
        is_shared=False,
        created_at=factories.NOW,
        updated_at=factories.NOW,
    )


def test_a_person_has_a_name_once(session):
    one, other = factories.create_user(session), factories.create_user(session)
    session.add_all([template(one.id, "a"), template(other.id, "b"), template(one.id, "c", "yours")])
    session.flush()
    session.add(template(one.id, "d"))
    with pytest.raises(IntegrityError):
        session.flush()

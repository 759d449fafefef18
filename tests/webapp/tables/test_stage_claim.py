import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import StageClaim


def test_a_stage_is_claimed_once_and_goes_with_the_analysis(session):
    analysis = factories.create_analysis(session, factories.create_actor(session))
    session.add(StageClaim(key="k", analysis_id=analysis.id))
    session.flush()
    session.expunge_all()

    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(StageClaim(key="k", analysis_id=analysis.id))
    session.delete(session.get_one(type(analysis), analysis.id))
    session.flush()
    assert session.query(StageClaim).count() == 0

import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories


def test_a_combination_has_one_analysis_and_any_number_that_lost_its_place(session):
    owner = factories.create_user(session)
    study = factories.create_study(session, owner, {}, {})
    for _ in range(2):
        factories.create_analysis(session, owner, study_id=study.id, study_number=None)

    with pytest.raises(IntegrityError):
        factories.create_analysis(session, owner, study_id=study.id, study_number=1)

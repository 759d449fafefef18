"""Uploads: what the database itself guarantees."""

import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import QuarantinedRow, Upload, UploadDecision, UploadFinding


def test_a_state_that_does_not_exist_is_refused(session):
    with pytest.raises(IntegrityError, match="ck_uploads_status"):
        factories.create_upload(session, factories.create_user(session), status="lost")


def test_findings_decisions_and_rows_go_with_their_upload(session):
    user = factories.create_user(session)
    upload = factories.create_upload(session, user)
    session.add_all(
        [
            UploadFinding(
                upload_id=upload.id, position=0, code="gap", severity="warning", treatment="said", choices=[], count=1,
                lines=[2], columns=[], message="Found.", option=None, facts={},
            ),
            UploadDecision(
                upload_id=upload.id, code="gap", decision=None, reason="none", user_id=user.id, at=factories.NOW
            ),
            QuarantinedRow(upload_id=upload.id, line=2, code="gap", text="a,b"),
        ]
    )  # fmt: skip
    session.flush()
    session.delete(upload)
    session.flush()

    assert [session.query(each).count() for each in (Upload, UploadFinding, UploadDecision, QuarantinedRow)] == [0] * 4


def test_two_owners_name_one_symbol_apart(session):
    mine, yours = factories.create_user(session), factories.create_user(session)
    for user in (mine, yours):
        factories.create_security(session, symbol="ABC", owner_id=user.id)
    factories.create_security(session, symbol="ABC")

    with pytest.raises(IntegrityError):
        factories.create_security(session, symbol="ABC", owner_id=mine.id)

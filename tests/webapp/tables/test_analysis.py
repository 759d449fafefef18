"""Analyses, their log and their artefacts: what the database itself guarantees."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import Analysis, Artifact, LogLine, User


@pytest.fixture
def analysis(session):
    return factories.create_analysis(session, factories.create_user(session))


def artifact(analysis, **values):
    defaults = {"name": "result", "key": "0" * 64, "n_bytes": 1, "created_at": factories.NOW}
    return Artifact(analysis_id=analysis.id, **{**defaults, **values})


def line(analysis):
    return LogLine(analysis_id=analysis.id, attempt=1, at=factories.NOW, level="info", stage=None, message="ü" * 10_000)


def test_a_new_analysis_has_done_nothing_yet(analysis):
    assert (analysis.priority, analysis.attempt, analysis.n_transient) == (0, 0, 0)
    assert (analysis.progress, analysis.stage_fraction) == (0.0, 0.0)


def test_a_status_that_does_not_exist_is_refused(session, analysis):
    analysis.status = "finished"
    with pytest.raises(IntegrityError, match="ck_analyses_status"):
        session.flush()


def test_the_question_comes_back_as_it_was_asked(session, analysis):
    asked = dict(analysis.spec)
    session.expire_all()
    assert session.scalars(select(Analysis.spec)).one() == asked


def test_an_owner_with_analyses_cannot_be_deleted(session, analysis):
    session.delete(session.get(User, analysis.owner_id))
    with pytest.raises(IntegrityError):
        session.flush()


def test_log_and_artefacts_go_with_their_analysis(session, analysis):
    session.add_all([line(analysis), artifact(analysis)])
    session.flush()
    session.delete(analysis)
    session.flush()
    for table in (LogLine, Artifact):
        assert session.scalar(select(func.count()).select_from(table)) == 0


def test_an_artefact_may_be_larger_than_two_gigabytes(session, analysis):
    session.add(artifact(analysis, n_bytes=2**40))
    session.flush()
    session.expire_all()
    assert session.scalars(select(Artifact.n_bytes)).one() == 2**40


def test_an_analysis_has_each_artefact_once(session, analysis):
    session.add_all([artifact(analysis), artifact(analysis)])
    with pytest.raises(IntegrityError):
        session.flush()


def test_lines_of_the_log_are_numbered_in_order(session, analysis):
    for _ in range(3):
        session.add(line(analysis))
        session.flush()
    ids = session.scalars(select(LogLine.id)).all()
    assert ids == sorted(set(ids))


@pytest.mark.databases("sqlite")
def test_the_number_of_a_deleted_analysis_is_never_given_again(session, analysis):
    """The ledger knows trials by it, and would take the new one's for the old one's. PostgreSQL never goes back."""
    number, owner = analysis.id, session.get(User, analysis.owner_id)
    session.delete(analysis)
    session.flush()
    assert factories.create_analysis(session, owner).id > number

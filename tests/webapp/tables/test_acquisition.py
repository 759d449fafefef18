"""Acquisitions: what the database itself guarantees."""

import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories


@pytest.fixture
def owner(session):
    return factories.create_user(session)


def test_a_new_acquisition_has_brought_nothing_yet(session, owner):
    row = factories.create_acquisition(session, owner)

    assert (row.attempt, row.n_transient, row.progress) == (0, 0, 0.0)
    assert (row.series_id, row.revision, row.n_bars, row.message) == (None, None, None, None)


@pytest.mark.parametrize(("column", "value"), [("status", "done"), ("kind", "guess"), ("extent", "some")])
def test_what_does_not_exist_is_refused(session, owner, column, value):
    with pytest.raises(IntegrityError, match=f"ck_acquisitions_{column}"):
        factories.create_acquisition(session, owner, **{column: value})


def test_a_source_is_asked_one_thing_at_a_time(session, owner):
    factories.create_acquisition(session, owner, status="running")
    for values in ({"source": "other"}, {"kind": "import"}, {"status": "queued"}, {"status": "failed"}):
        factories.create_acquisition(session, owner, **{"status": "running", **values})

    with pytest.raises(IntegrityError):
        factories.create_acquisition(session, owner, status="running")

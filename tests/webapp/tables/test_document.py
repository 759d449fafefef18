"""Documents: what the database itself guarantees."""

import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import Document


@pytest.fixture
def add(session):
    owner = factories.create_actor(session)
    analysis = factories.create_analysis(session, owner)

    def add_one(number, **values):
        defaults = {"kind": "html", "recipe": 1, "status": "queued", "submitted_at": factories.NOW}
        row = Document(
            public_id=f"{number:016x}", analysis_id=analysis.id, owner_id=owner.user_id, **{**defaults, **values}
        )
        session.add(row)
        session.flush()
        return row

    return add_one


def test_a_new_document_has_no_file_yet(add):
    row = add(1)

    assert (row.attempt, row.n_transient, row.content_hash, row.n_bytes) == (0, 0, None, None)


@pytest.mark.parametrize(("column", "value"), [("status", "done"), ("kind", "docx")])
def test_what_does_not_exist_is_refused(add, column, value):
    with pytest.raises(IntegrityError, match=f"ck_documents_{column}"):
        add(1, **{column: value})


def test_an_analysis_has_one_of_a_kind(add):
    add(1)
    add(2, kind="pdf")

    with pytest.raises(IntegrityError):
        add(3, kind="pdf")

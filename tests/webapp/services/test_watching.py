import datetime

import pytest

from tests import factories
from webapp.db import database_now
from webapp.errors import NotFound
from webapp.services import analyses, shares, watching
from webapp.tables import Analysis, User


def mark(session, actor, row):
    return watching.look_at(session, actor, row.public_id).mark


@pytest.mark.parametrize(
    "change",
    [
        {"status": "failed"},
        {"progress": 0.31},
        {"stage": "tune"},
        {"stage_fraction": 0.5},
        {"attempt": 2},
        {"worker": "another"},
        {"cancel_requested_at": factories.NOW},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_mark_changes_with_whatever_the_page_shows(session, count_queries, change):
    actor = factories.create_actor(session)
    row = factories.create_analysis(
        session, actor, status="running", stage="train", progress=0.3, started_at=factories.NOW
    )
    before = mark(session, actor, row)

    with count_queries(session) as statements:
        assert mark(session, actor, row) == before
    assert len(statements) == 1
    session.query(Analysis).filter_by(id=row.id).update(change)
    assert mark(session, actor, row) != before


def test_the_place_in_the_queue_is_shared_for_a_moment_by_all_who_look(session, count_queries, monkeypatch):
    actor, reader = factories.create_actor(session), factories.create_actor(session)
    ahead = factories.create_analysis(session, actor)
    row = factories.create_analysis(session, actor, submitted_at=ahead.submitted_at + datetime.timedelta(seconds=1))
    shares.share_with_user(session, actor, row.public_id, email=session.get_one(User, reader.user_id).email)
    session.flush()
    before = mark(session, actor, row)
    theirs = mark(session, reader, row)

    with count_queries(session) as statements:
        assert mark(session, actor, row) == before
    assert len(statements) == 1
    ahead.status = "cancelled"
    session.flush()
    monkeypatch.setattr(watching, "SHARED_SECONDS", -1.0)
    assert analyses.queue_place(session, actor, row, database_now(session))[0] == 1
    assert mark(session, actor, row) != before
    assert mark(session, reader, row) != theirs


def test_what_is_shared_is_found_once_and_does_not_grow(monkeypatch):
    monkeypatch.setattr(watching, "_MOST_SHARED", 2)
    monkeypatch.setattr(watching, "SHARED_SECONDS", 3600.0)
    shared, found = watching.Shared(), []
    for key in (1, 1, 2, 2, 3, 1):
        assert shared.get(key, lambda key=key: found.append(key) or str(key)) == str(key)

    assert found == [1, 2, 3, 1]


def test_a_mark_tells_a_stranger_nothing(session):
    owner, stranger = factories.create_actor(session), factories.create_actor(session)
    row = factories.create_analysis(session, owner)
    watching.look_at(session, owner, row.public_id)  # found a moment ago, for somebody else

    with pytest.raises(NotFound) as theirs:
        watching.look_at(session, stranger, row.public_id)
    with pytest.raises(NotFound) as nothing:
        watching.look_at(session, stranger, "0" * 16)
    assert str(theirs.value) == str(nothing.value)

import datetime

import pytest

from tests import factories
from webapp.errors import NotFound
from webapp.services import study_views, workers
from webapp.services.study_views import State
from webapp.services.workflow import Status

QUEUED = {"status": "queued"}
RUNNING = {"status": "running", "progress": 0.5, "started_at": factories.NOW}
MINUTE = datetime.timedelta(minutes=1)
DONE = {"status": "succeeded", "started_at": factories.NOW, "finished_at": factories.NOW + MINUTE}
FAILED = {**DONE, "status": "failed", "error_code": "model_error", "error_message": "Did not fit."}


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


@pytest.mark.parametrize(
    ("members", "values", "state", "progress"),
    [
        ([QUEUED, QUEUED], {}, State.QUEUED, 0.0),
        ([RUNNING, QUEUED], {}, State.RUNNING, 0.25),
        ([{**RUNNING, "status": "queued"}, QUEUED], {}, State.QUEUED, 0.25),  # a worker was lost; its work is not
        ([DONE, QUEUED], {}, State.RUNNING, 0.5),
        ([RUNNING, QUEUED], {"paused_at": factories.NOW}, State.PAUSED, 0.25),
        ([DONE, FAILED], {"paused_at": factories.NOW}, State.FINISHED, 1.0),
    ],
)
def test_where_a_study_is_follows_from_its_members(session, actor, members, values, state, progress):
    study = factories.create_study(session, actor, *members, **values)

    view = study_views.get(session, actor, study.public_id)
    assert (view.state, view.summary.progress) == (state, progress)
    assert sum(view.summary.counts.values()) == 2
    assert study_views.list_studies(session, actor).items == (view.summary,)


def test_what_is_left_takes_as_long_as_what_has_ended_did(session, actor):
    study = factories.create_study(session, actor, DONE, FAILED, RUNNING, QUEUED, QUEUED)
    assert study_views.get(session, actor, study.public_id).eta_seconds == pytest.approx(2.5 * 60)

    resting = factories.create_study(session, actor, DONE, RUNNING, paused_at=factories.NOW)
    assert study_views.get(session, actor, resting.public_id).eta_seconds is None


def test_what_waits_says_where_and_why_and_what_runs_who_computes_it(session, actor):
    begun = {**RUNNING, "worker": "host:7", "first_started_at": factories.NOW}
    study = factories.create_study(session, actor, begun, QUEUED, QUEUED)
    factories.create_analysis(session, factories.create_actor(session))
    workers.beat(session, "host:7")

    view = study_views.get(session, actor, study.public_id)
    assert (view.queue_position, view.waits_for, view.workers) == (2, "1 ahead of it", ("host:7",))
    assert view.elapsed_seconds > 0
    first, second, _ = study_views.list_members(session, actor, study.public_id).items
    assert (first.worker, second.worker, second.elapsed_seconds) == ("host:7", None, None)
    assert first.elapsed_seconds > 0
    assert first.eta_seconds > 0

    study.paused_at = factories.NOW
    session.flush()
    assert study_views.get(session, actor, study.public_id).waits_for == "its study is paused"
    over = factories.create_study(session, actor, DONE)
    assert study_views.get(session, actor, over.public_id).waits_for is None


def test_members_come_in_the_order_of_the_grid_with_what_failed(session, actor):
    study = factories.create_study(session, actor, DONE, FAILED, QUEUED)

    first = study_views.list_members(session, actor, study.public_id, limit=2)
    assert [(member.number, member.words, member.status) for member in first.items] == [
        (0, ("1",), Status.SUCCEEDED),
        (1, ("2",), Status.FAILED),
    ]
    assert first.items[1].error_message == "Did not fit."
    rest = study_views.list_members(session, actor, study.public_id, cursor=first.next)
    assert ([member.number for member in rest.items], rest.next) == ([2], None)
    failed = study_views.list_members(session, actor, study.public_id, status=[Status.FAILED])
    assert [member.number for member in failed.items] == [1]


def test_watching_and_listing_take_few_statements_however_large_studies_are(session, actor, count_queries):
    study = factories.create_study(session, actor, *[QUEUED] * 30)
    for _ in range(3):
        factories.create_study(session, actor, DONE)
    with count_queries(session) as statements:
        study_views.get(session, actor, study.public_id)
    assert len(statements) <= 12
    with count_queries(session) as statements:
        assert len(study_views.list_studies(session, actor).items) == 4
    assert len(statements) == 3


def test_what_is_anothers_is_not_found(session, actor):
    study = factories.create_study(session, actor, QUEUED)
    for role in ("researcher", "admin"):
        other = factories.create_actor(session, role)
        assert study_views.list_studies(session, other).items == ()
        for read in (study_views.get, study_views.list_members):
            with pytest.raises(NotFound):
                read(session, other, study.public_id)

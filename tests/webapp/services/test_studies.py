"""Studies: submitted whole or not at all, commanded by their owner, never twice."""

import pytest

from quant.grid import Axis
from tests import factories
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied, QuotaExceeded
from webapp.services import analyses, jobs, listing, studies, study_views, turns
from webapp.services.listing import Filters, Members
from webapp.services.study_views import State
from webapp.services.workflow import Status
from webapp.tables import Analysis, AuditEvent, Study, UserLimits

AXES = (Axis(path="instruments", values=("GOOG", "MSFT")), Axis(path="model", values=("logistic", "svm")))


@pytest.fixture
def actor(session):
    for symbol in ("GOOG", "MSFT"):
        factories.create_series(session, factories.create_security(session, symbol=symbol), revision=1)
    return factories.create_actor(session)


def submit(session, actor, **changes):
    given = {"spec": {"seed": 3, "models": [{"name": "ridge"}]}, "axes": AXES, "most": 1000, **changes}
    return studies.create(session, actor, **given)


def members(session, view):
    study = session.query(Study).filter_by(public_id=view.id).one()
    rows = session.query(Analysis).filter_by(study_id=study.id).order_by(Analysis.id)
    return [row for row in rows if row.study_number is not None]


def claim(session):
    return jobs.claim_next(session, worker="here:1", pid=1, lease_seconds=20, max_attempts=5)


def actions(session):
    return [event.action for event in session.query(AuditEvent).order_by(AuditEvent.id)]


def test_a_study_is_one_queued_analysis_for_each_combination(session, actor):
    view = submit(session, actor, title="  My   study ", address="127.0.0.1")

    assert (view.summary.title, view.state, view.summary.n_members, view.n_folded) == ("My study", State.QUEUED, 4, 0)
    assert view.spec == {"seed": 3}  # the models are the axis's
    assert [axis.words for axis in view.axes] == [("GOOG", "MSFT"), ("Logistic regression", "Support vector machine")]
    rows = members(session, view)
    assert [row.title for row in rows] == [
        "GOOG · Logistic regression",
        "GOOG · Support vector machine",
        "MSFT · Logistic regression",
        "MSFT · Support vector machine",
    ]
    assert {(row.status, row.priority, row.owner_id, row.spec["seed"]) for row in rows} == {
        ("queued", 10, actor.user_id, 3)
    }
    event = session.query(AuditEvent).one()
    assert (event.action, event.subject, event.details) == ("study.submitted", view.id, {"n_analyses": 4})
    assert study_views.get(session, actor, view.id) == view
    assert study_views.list_studies(session, actor).items == (view.summary,)


def test_without_a_title_the_axes_name_it(session, actor):
    assert submit(session, actor).summary.title == "Instruments × Model"


def test_its_size_is_known_before_and_nothing_is_asked(session, actor):
    axes = (*AXES, Axis(path="model.c", values=(0.1, 1.0)), Axis(path="model.depth", values=(1,)))
    assert studies.measure(session, actor, {}, axes[:3], most=8) == studies.StudySize(8, 0, 8, 8)
    with pytest.raises(InvalidInput) as caught:
        studies.measure(session, actor, {}, axes, most=8)
    assert list(caught.value.fields) == ["axes.3.path"]
    assert session.query(Analysis).count() == session.query(Study).count() == 0


@pytest.mark.parametrize(
    ("spec", "axes", "fields"),
    [
        (
            {},
            (Axis(path="instruments", values=("GOOG", "NONE", "MSFT", "NOT")),),
            ["axes.0.values.1", "axes.0.values.3"],
        ),
        ({"instruments": [{"symbol": "NONE"}]}, AXES[1:], ["spec.instruments.0.symbol"]),
        ({}, AXES[1:], ["spec.instruments"]),
        ({"features": [{}] * 2000}, AXES, ["spec.features"]),
        (
            {},
            (Axis(path="seed", values=tuple(range(100))), *AXES, Axis(path="label.horizon", values=(1, 2, 3))),
            ["axes"],
        ),
    ],
)
def test_mistakes_refuse_the_whole_study_and_name_their_fields(session, actor, spec, axes, fields):
    with pytest.raises(InvalidInput) as caught:
        submit(session, actor, spec=spec, axes=axes)
    assert list(caught.value.fields) == fields
    assert session.query(Analysis).count() == session.query(Study).count() == 0


def test_a_thousand_members_are_submitted_with_few_statements(session, actor, count_queries):
    axes = (*AXES, Axis(path="label.horizon", values=tuple(range(1, 51))), Axis(path="seed", values=(1, 2, 3, 4, 5)))
    with count_queries(session) as statements:
        view = submit(session, actor, axes=axes)
    assert view.summary.n_members == 1000
    assert len(statements) <= 20


def test_members_wait_behind_what_somebody_asks_alone(session, actor):
    submit(session, actor)
    alone = factories.create_analysis(session, factories.create_actor(session))

    assert claim(session).public_id == alone.public_id


def test_paused_members_are_not_started_until_it_is_resumed(session, actor):
    view = submit(session, actor)
    first = claim(session)
    assert studies.pause(session, actor, view.id).state is State.PAUSED
    assert claim(session) is None
    assert jobs.sweep(session) == 0
    jobs.fail(session, first, code="internal", message="x")
    assert studies.pause(session, actor, view.id).state is State.PAUSED

    assert studies.resume(session, actor, view.id).state is State.RUNNING
    assert studies.resume(session, actor, view.id).paused_at is None
    assert claim(session) is not None
    assert actions(session) == ["study.submitted", "study.paused", "study.resumed"]


def test_a_paused_study_keeps_nobody_else_waiting(session, actor):
    studies.pause(session, actor, submit(session, actor).id)
    other = factories.create_analysis(session, actor, priority=10)

    assert claim(session).public_id == other.public_id


def test_cancelling_stops_all_that_has_not_ended_once(session, actor):
    view = submit(session, actor)
    done, running = claim(session), claim(session)
    jobs.finish(session, done, {})
    studies.pause(session, actor, view.id)

    after = studies.cancel(session, actor, view.id)
    assert (after.summary.counts[Status.CANCELLED], after.summary.counts[Status.RUNNING]) == (2, 1)
    assert (after.state, after.paused_at) == (State.RUNNING, None)
    assert jobs.confirm_cancelled(session, running)
    assert studies.cancel(session, actor, view.id).state is State.FINISHED
    assert actions(session).count("study.cancelled") == 1
    assert session.get(Analysis, done.analysis_id).status == "succeeded"


def test_one_that_fails_fails_alone_and_is_asked_anew_in_its_place(session, actor):
    view = submit(session, actor)
    for _ in range(4):
        each = claim(session)
        if each.public_id == members(session, view)[1].public_id:
            jobs.fail(session, each, code="internal", message="No.")
        else:
            jobs.finish(session, each, {})
    before = members(session, view)
    after = study_views.get(session, actor, view.id)
    assert (after.state, after.summary.counts[Status.FAILED], after.summary.progress) == (State.FINISHED, 1, 1.0)

    again = studies.retry_failed(session, actor, view.id)
    assert (again.state, again.summary.counts[Status.QUEUED], again.summary.n_members) == (State.RUNNING, 1, 4)
    retried = next(row for row in members(session, view) if row.status == "queued")
    assert (retried.study_number, retried.spec, retried.priority) == (1, before[1].spec, 10)
    session.refresh(before[1])
    assert (before[1].status, before[1].study_number, before[1].study_id) == ("failed", None, retried.study_id)
    assert studies.retry_failed(session, actor, view.id).summary.counts[Status.QUEUED] == 1
    assert actions(session).count("study.retried") == 1


def test_deleting_hides_a_finished_study_and_its_analyses(session, actor):
    view = submit(session, actor)
    with pytest.raises(Conflict, match="cancel it first"):
        studies.hide(session, actor, view.id)
    studies.cancel(session, actor, view.id)
    studies.hide(session, actor, view.id)

    assert study_views.list_studies(session, actor).items == ()
    with pytest.raises(NotFound):
        study_views.get(session, actor, view.id)
    session.expire_all()
    assert all(row.archived_at is not None for row in members(session, view))
    member = analyses.get(session, actor, members(session, view)[0].public_id)
    assert member.study_id is None


def test_lists_leave_members_out_unless_they_are_asked_for(session, actor):
    view = submit(session, actor)
    alone = factories.create_analysis(session, actor)

    def listed(**filters):
        return [item.id for item in listing.search(session, actor, Filters(**filters)).items]

    assert listed() == [alone.public_id]
    assert len(listed(members=Members.ONLY)) == 4
    assert len(listed(members=Members.ALSO)) == 5
    assert analyses.get(session, actor, members(session, view)[0].public_id).study_id == view.id


def test_a_limit_of_what_may_wait_holds_for_the_whole_grid(session, actor):
    session.add(UserLimits(user_id=actor.user_id, n_queued=3))
    session.flush()
    with pytest.raises(QuotaExceeded, match="these are 4 more"):
        submit(session, actor)
    assert session.query(Study).count() == session.query(Analysis).count() == 0


def test_a_member_of_a_paused_study_says_why_it_waits(session, actor):
    view = submit(session, actor)
    studies.pause(session, actor, view.id)

    assert analyses.get(session, actor, members(session, view)[0].public_id).waits_for == "its study is paused"


@pytest.mark.parametrize("command", ["cancel", "pause", "resume", "retry_failed", "hide"])
def test_only_its_owner_commands_a_study(session, actor, command):
    view = submit(session, actor)
    for role in ("researcher", "admin"):
        with pytest.raises(NotFound):
            getattr(studies, command)(session, factories.create_actor(session, role), view.id)
    with pytest.raises(PermissionDenied):
        getattr(studies, command)(session, factories.create_actor(session, "viewer"), view.id)
    assert actions(session) == ["study.submitted"]


def test_places_in_the_queue_leave_a_paused_study_behind_the_rest(session, actor):
    view = submit(session, actor)
    studies.pause(session, actor, view.id)
    other = factories.create_analysis(session, actor, priority=20)
    now = other.submitted_at

    assert turns.place_of(session, other.id, now) == 1

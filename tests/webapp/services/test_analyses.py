import datetime

import pytest

from quant.spec import AnalysisSpec
from tests import factories
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from webapp.services import analyses, workers
from webapp.services.workflow import Status
from webapp.tables import Analysis, AuditEvent


@pytest.fixture(autouse=True)
def _goog(session):
    factories.create_series(session, factories.create_security(session, symbol="GOOG"), revision=1)


def question(**changes):
    return AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], **changes})


def test_a_submission_is_a_queued_row_with_the_resolved_question(session):
    actor = factories.create_actor(session)
    workers.beat(session, "host:1:1")
    analysis_id = analyses.submit(session, actor, question(), title="  My   idea ", address="127.0.0.1")

    view = analyses.get(session, actor, analysis_id)
    assert view.status is Status.QUEUED
    assert view.summary.title == "My idea"
    assert view.summary.symbols == ("GOOG",)
    assert view.spec == question().resolved()
    assert view.spec_hash == question().hash()
    assert view.queue_position == 1
    assert view.waits_for == "the next free worker takes it"
    event = session.query(AuditEvent).filter_by(action="analysis.submitted").one()
    assert (event.user_id, event.subject, event.address) == (actor.user_id, analysis_id, "127.0.0.1")


def test_without_a_title_symbols_and_models_name_it(session):
    actor = factories.create_actor(session)
    spec = question(models=[{"name": "random_forest"}, {"name": "xgboost"}])

    title = analyses.get(session, actor, analyses.submit(session, actor, spec)).summary.title
    assert title == "GOOG: random forest, XGBoost"


def test_a_title_that_is_too_long_is_refused_with_its_field(session):
    actor = factories.create_actor(session)

    with pytest.raises(InvalidInput) as caught:
        analyses.submit(session, actor, question(), title="x" * 121)
    assert "found 121" in caught.value.fields["title"]


def test_a_title_that_cannot_be_printed_is_refused(session):
    actor = factories.create_actor(session)

    with pytest.raises(InvalidInput, match="control characters"):
        analyses.submit(session, actor, question(), title="a\x00b")


@pytest.mark.parametrize("start", ["0", "2004", 1_100_000_000, "2004-8-19", "19.08.2004"])
def test_a_date_is_written_as_one(start):
    with pytest.raises(InvalidInput) as caught:
        analyses.parse_spec({"instruments": [{"symbol": "GOOG"}], "start": start})
    assert "2024-03-15" in caught.value.fields["start"]


def test_an_instrument_without_prices_is_refused_with_its_field(session):
    actor = factories.create_actor(session)

    with pytest.raises(InvalidInput) as caught:
        analyses.submit(session, actor, question(instruments=[{"symbol": "GOOG"}, {"symbol": "NONE"}]))
    assert "GOOG" in caught.value.fields["instruments.1.symbol"]


def test_a_viewer_may_look_but_not_run(session):
    viewer = factories.create_actor(session, "viewer")

    assert analyses.list_recent(session, viewer).total == 0
    with pytest.raises(PermissionDenied):
        analyses.submit(session, viewer, question())


@pytest.mark.parametrize(
    "use",
    [
        analyses.get,
        analyses.cancel,
        analyses.rerun,
        analyses.read_log,
    ],
)
def test_another_users_analysis_and_one_that_does_not_exist_answer_in_the_same_words(session, use):
    owner, stranger = factories.create_actor(session), factories.create_actor(session, "admin")
    row = factories.create_analysis(session, owner)

    words = []
    for analysis_id in (row.public_id, "0" * 16):
        with pytest.raises(NotFound) as caught:
            use(session, stranger, analysis_id)
        words.append(str(caught.value))
    assert words[0] == words[1]


def test_a_list_shows_the_actors_own_newest_first_by_status_and_text(session):
    actor, other = factories.create_actor(session), factories.create_actor(session)
    first = factories.create_analysis(session, actor, title="Alpha %", status="failed")
    second = factories.create_analysis(
        session, actor, title="beta", submitted_at=factories.NOW + datetime.timedelta(seconds=1)
    )
    factories.create_analysis(session, other, title="Alpha")

    everything = analyses.list_recent(session, actor)
    assert [item.id for item in everything.items] == [second.public_id, first.public_id]
    assert everything.total == 2
    assert [item.id for item in analyses.list_recent(session, actor, text="ALPHA").items] == [first.public_id]
    assert [item.id for item in analyses.list_recent(session, actor, text="%").items] == [first.public_id]
    assert [item.id for item in analyses.list_recent(session, actor, status=[Status.QUEUED]).items] == [
        second.public_id
    ]
    page = analyses.list_recent(session, actor, limit=1, offset=1)
    assert [item.id for item in page.items] == [first.public_id]
    assert page.total == 2
    page = analyses.list_recent(session, actor, limit=1)
    assert analyses.list_recent(session, actor, limit=1, cursor=page.next).items == (everything.items[1],)


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(session, count_queries):
    actor = factories.create_actor(session)
    for _ in range(30):
        factories.create_analysis(session, actor)

    with count_queries(session) as statements:
        assert len(analyses.list_recent(session, actor).items) == 30
    assert len(statements) == 2


def test_a_queued_analysis_is_cancelled_at_once_and_twice_is_once(session):
    actor = factories.create_actor(session)
    row = factories.create_analysis(session, actor)

    assert analyses.cancel(session, actor, row.public_id) is Status.CANCELLED
    assert analyses.cancel(session, actor, row.public_id) is Status.CANCELLED
    assert session.query(AuditEvent).filter_by(action="analysis.cancelled").count() == 1


def test_a_running_analysis_is_asked_to_stop(session):
    actor = factories.create_actor(session)
    row = factories.create_analysis(session, actor, status="running", started_at=factories.NOW)

    assert analyses.cancel(session, actor, row.public_id) is Status.RUNNING
    assert analyses.get(session, actor, row.public_id).cancel_requested


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
def test_what_is_over_cannot_be_cancelled(session, status):
    actor = factories.create_actor(session)
    row = factories.create_analysis(session, actor, status=status)

    with pytest.raises(Conflict, match=status):
        analyses.cancel(session, actor, row.public_id)


def test_a_rerun_repeats_question_prices_and_pins_and_names_its_parent(session):
    actor = factories.create_actor(session)
    parent = factories.create_analysis(
        session, actor, status="succeeded", result_hash="a" * 64, pins={"n_tuning_trials": 3}
    )

    again = analyses.get(session, actor, analyses.rerun(session, actor, parent.public_id))
    assert again.parent_id == parent.public_id
    assert again.parent_result_hash == "a" * 64
    assert again.spec == parent.spec
    row = session.query(Analysis).filter_by(public_id=again.id).one()
    assert row.pins == {"n_tuning_trials": 3}
    assert row.snapshot_id == parent.snapshot_id


def test_what_still_runs_cannot_be_run_again(session):
    actor = factories.create_actor(session)
    row = factories.create_analysis(session, actor)

    with pytest.raises(Conflict, match="queued"):
        analyses.rerun(session, actor, row.public_id)


def test_the_queue_position_counts_those_before(session):
    actor = factories.create_actor(session)
    rows = [
        factories.create_analysis(session, actor, submitted_at=factories.NOW + datetime.timedelta(seconds=second))
        for second in range(3)
    ]
    urgent = factories.create_analysis(session, actor, priority=-1, submitted_at=factories.NOW)

    assert [analyses.get(session, actor, row.public_id).queue_position for row in [urgent, *rows]] == [1, 2, 3, 4]
    workers.beat(session, "host:1:1")
    assert analyses.get(session, actor, rows[2].public_id).waits_for == "3 ahead of it"


def test_mistakes_in_a_question_are_named_by_field():
    with pytest.raises(InvalidInput) as caught:
        analyses.parse_spec({"instruments": [{"symbol": "GOOG"}], "validation": {"n_folds": 1}, "colour": "red"})
    assert set(caught.value.fields) == {"validation.n_folds", "colour"}


def test_a_question_with_lists_that_are_far_too_long_is_not_looked_at():
    with pytest.raises(InvalidInput) as caught:
        analyses.parse_spec({"instruments": [0] * 1_001, "models": [0] * 1_001, "colour": "red"})
    assert caught.value.fields == dict.fromkeys(["instruments", "models"], "expected at most 1,000 entries")

import pytest
from dash import html, no_update

from tests import factories
from tests.webapp.dashboard.reading import text
from tests.webapp.services.test_study_portfolios import give_answer
from webapp import jobs
from webapp.auth.session import parts_of
from webapp.dashboard.pages import study
from webapp.errors import NotFound
from webapp.tables import Study

pytestmark = pytest.mark.databases("sqlite")

AXES = [{"path": "instruments", "values": ["GOOG", "MSFT"]}, {"path": "label.horizon", "values": [1, 5]}]
FAILED = {"status": "failed", "error_code": "model_error", "error_message": "Did not fit."}


@pytest.fixture
def mine(acting, database):
    """Somebody signed in, and the id of a study of theirs: one member failed, one runs, two wait."""
    with acting("researcher") as actor:
        with database.write() as session:
            running = {"status": "running", "progress": 0.5}
            public_id = factories.create_study(session, actor, FAILED, running, {}, {}, axes=AXES).public_id
        yield public_id


def shown(public_id, mark=None, **changes):
    form = {
        "sort": "sharpe_ratio", "rows": "instruments", "columns": "label.horizon", "measure": "n_trades",
        "over": "median", **changes,
    }  # fmt: skip
    return study.show(1, *form.values(), public_id, mark)


def test_a_study_shows_progress_board_heat_map_and_what_failed(mine):
    page = text(study.layout(mine))
    assert "Running: 0 of 4 succeeded, 1 failed, 1 running, 2 queued" in page
    assert "Nothing has finished yet." in page
    assert "Instruments ↓ Label: horizon →" in page
    assert "Did not fit." in str(study.layout(mine))


def test_what_has_not_changed_is_not_sent_again(mine):
    *_, is_idle, mark = shown(mine)
    header, progress, rows, _, heat, is_idle, _ = shown(mine, mark)
    assert (header, rows, heat, is_idle) == (no_update, no_update, no_update, False)
    assert "Left, about" in text(progress)
    assert "Choose two different axes." in text(shown(mine, mark, columns="instruments")[4])


def test_it_is_paused_resumed_cancelled_retried_and_deleted(mine, jobs_sent, told):
    assert study.pause(1, mine) is False
    assert "Paused" in text(shown(mine)[0])
    study.resume(1, mine)
    study.cancel(1, mine)
    study.retry(1, mine)
    assert told[0] == "Nothing more is started; what runs, finishes."
    assert jobs.WORK in jobs_sent
    study.cancel(1, mine)
    assert study.delete(None, mine) is no_update
    assert study.pause(None, mine) is no_update


def test_anothers_study_is_not_there(acting, database):
    with database.write() as session:
        theirs = factories.create_study(session, factories.create_actor(session), {}).public_id
    with acting("admin"):
        assert "There is no such page" in text(study.layout(theirs))
        for command in (study.cancel, study.pause, study.resume, study.retry, study.delete):
            with pytest.raises(NotFound):
                command(1, theirs)
        with pytest.raises(NotFound):
            study.pause(1, {"id": theirs})


def test_members_are_held_together_or_it_is_said_why_not(mine, database, app):
    assert "there is none yet" in text(study.combine(None, None, None, None, None, [], mine))
    with database.write() as session:
        row = session.query(Study).filter_by(public_id=mine).one()
        for number in (1, 2):
            give_answer(session, parts_of(app).store, row, number, score=0.5)
    found = study.combine("equal", "63", 5, "2", [], [], mine)
    assert "2 members on the 237 bars" in text(html.Div(found))
    assert "Use a shorter window" in text(study.combine("nonsense", 504, None, None, None, [], mine))
    assert "Portfolio" in text(study.layout(mine))


def test_members_are_offered_anew_when_no_other_will_come(mine, database, app):
    with database.write() as session:
        row = session.query(Study).filter_by(public_id=mine).one()
        done = [give_answer(session, parts_of(app).store, row, n, score=0.5).public_id for n in (1, 2)]
    assert study.offer([], mine, []) is no_update  # others are still to come
    study.cancel(1, mine)
    offered = study.offer([], mine, [])
    assert [each["value"] for each in offered] == done
    assert study.offer([], mine, offered) is no_update

import pytest
from dash import no_update

from tests import factories
from tests.webapp.dashboard.reading import text
from webapp.dashboard.pages import studies

pytestmark = pytest.mark.databases("sqlite")


def test_an_empty_list_says_what_to_do(acting):
    with acting("researcher"):
        page = text(studies.layout())
    assert "No study yet." in page
    assert "New study" in page


def test_the_list_follows_what_runs_and_rests_when_all_has_ended(acting, database):
    with acting("researcher") as actor:
        with database.write() as session:
            running = factories.create_study(session, actor, {"status": "running", "progress": 0.5}, {})
            key = running.id
        rows, is_idle, mark = studies.show(1, None)
        assert not is_idle
        assert studies.show(2, mark) == (no_update, False, mark)
        assert "0 of 2 succeeded, 1 running, 1 queued" in str(rows)

        with database.write() as session:
            for row in session.query(factories.Analysis).filter_by(study_id=key):
                row.status = "succeeded"
        assert studies.show(3, mark)[1] is True

import pytest
from dash import no_update

from tests import factories
from tests.webapp.dashboard.reading import text
from webapp import jobs
from webapp.dashboard.pages import new_study
from webapp.errors import InvalidInput
from webapp.tables import Analysis, Study

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def mine(acting, database):
    with database.write() as session:
        for symbol in ("GOOG", "MSFT"):
            factories.create_series(session, factories.create_security(session, symbol=symbol), revision=1)
    with acting("researcher") as actor:
        yield actor


def form(instruments=("GOOG@sample", "MSFT@sample"), models=("logistic", "svm"), free=(), values=(), question="{}"):
    pad = lambda given: [*given, *[""] * (3 - len(given))]  # noqa: E731  # two lists of three
    return (question, list(instruments), list(models), *pad(free), *pad(values))


def test_the_size_is_said_while_the_form_is_filled_in(mine):
    words, is_wrong = new_study.validate(*form())
    assert ("4 analyses of at most 1,000." in text(words).replace("\u00a0", " "), is_wrong) == (True, False)
    words, _ = new_study.validate(
        *form(models=("logistic", "random_forest"), free=["model.max_depth"], values=["3, 5"])
    )
    assert "6 analyses" in text(words).replace("\u00a0", " ")
    assert "2 of 8 combinations" in text(words).replace("\u00a0", " ")


def test_mistakes_are_listed_and_nothing_can_be_run(mine):
    words, is_wrong = new_study.validate(*form(free=["label.horizon"], values=["5, 0"], question='{"seed": -1}'))
    assert is_wrong
    assert "2 things to mend" in text(words).replace("\u00a0", " ")
    assert "Label: horizon, 0: expected greater than or equal to 1" in text(words)
    for wrong in (form(question="{"), form(question="[]"), form((), ()), form(free=["No!"], values=["1"])):
        assert new_study.validate(*wrong)[1]


def test_a_study_is_run_and_its_page_opened(mine, database, jobs_sent):
    values = ['[[{"name": "return", "window": 1}], [{"name": "rsi"}]]']
    address = new_study.submit(1, "Mine", *form(free=["features"], values=values))

    with database.read() as session:
        study = session.query(Study).one()
        assert (study.title, study.n_members, session.query(Analysis).count()) == ("Mine", 8, 8)
        assert address == f"/app/studies/{study.public_id}"
    assert jobs_sent == [jobs.WORK] * 8
    assert new_study.submit(None, "", *form()) is no_update
    with pytest.raises(InvalidInput):
        new_study.submit(1, "", *form(instruments=["NONE@sample"]))


def test_it_starts_from_a_template_or_from_an_analysis(mine, database):
    with database.write() as session:
        public_id = factories.create_analysis(session, mine).public_id
    assert "GOOG" not in new_study.begin("default")
    assert new_study.begin("nothing") is no_update
    assert "New study" in text(new_study.layout(**{"from": public_id}))
    assert "New study" in text(new_study.layout(**{"from": "nothing"}))


def test_a_viewer_is_told_that_they_may_not(acting):
    with acting("viewer"):
        assert "Ask an administrator" in text(new_study.layout())

import pytest
from dash import no_update

from tests import factories
from tests.webapp.dashboard import reading
from webapp import jobs as messages
from webapp.dashboard.pages import jobs as page
from webapp.errors import InvalidInput, NotFound, PermissionDenied
from webapp.services import acquisitions, documents, job_lists, quotas
from webapp.tables import Acquisition, Analysis

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def add(database):
    """`add(actor, status=...)` adds an analysis and returns its public id."""

    def add(actor, **values):
        with database.write() as session:
            return factories.create_analysis(session, actor, **values).public_id

    return add


def rows(tree, part):
    return reading.by_id(tree, f"jobs-{part}").rowData


def test_with_nothing_to_do_it_says_what_one_may(acting):
    with acting():
        tree = page.layout()

    assert "Nothing waits and nothing runs." in reading.text(tree)
    assert [each.href for each in reading.of_type(tree, "Link")] == ["/app/new"]
    assert reading.by_id(tree, "jobs-poll").disabled is True


def test_what_waits_runs_and_failed_is_listed_with_what_one_may_do(acting, add):
    with acting() as actor:
        running = add(actor, title="R", status="running", progress=0.4, stage="train")
        add(actor, title="Q")
        failed = add(actor, title="F", status="failed", error_code="not_enough_data")
        add(actor, title="S", status="succeeded", is_credible=False)
        tree = page.layout()

    first, second = rows(tree, "active")
    assert (first["id"], first["href"]) == (f"analysis:{running}", f"/app/analyses/{running}")
    assert (first["status"]["share"], first["now"], first["stop"]["text"]) == (40, "Train", "Cancel")
    assert (second["title"], second["position"]) == ("Q", 1)
    assert second["now"] == "no worker is alive; it begins when one has started"
    over = {each["title"]: each for each in rows(tree, "finished")}
    assert (over["F"]["id"], over["F"]["why"], over["F"]["again"]["text"]) == (
        f"analysis:{failed}", "not enough data", "Retry",
    )  # fmt: skip
    assert (over["S"]["status"]["text"], over["S"]["again"]) == ("Not credible", None)
    assert reading.by_id(tree, "jobs-poll").disabled is False


def test_what_has_not_changed_is_not_sent_again(acting, add):
    with acting() as actor:
        public_id = add(actor)
        active, finished, more, limits, rests, mark = page.show(1, "mine", None)
        assert (len(active), finished, more, limits, rests) == (1, [], "", None, False)
        assert page.show(2, "mine", mark) == (*[no_update] * 4, False, mark)
        page.stop({"rowId": f"analysis:{public_id}", "colId": "stop"})
        active, finished, _more, _limits, rests, _ = page.show(3, "mine", mark)
        assert (active, len(finished), rests) == ([], 1, True)


def test_what_is_limited_is_said_and_what_is_not_listed_is_counted(acting, add, database, monkeypatch):
    monkeypatch.setattr(job_lists, "MOST_ACTIVE", 2)
    with acting() as actor:
        with database.write() as session:
            quotas.set_house(session, None, limits=quotas.Limits(n_running=1))
        add(actor, status="running", progress=0.5, stage="train", started_at=factories.NOW)
        for _ in range(5):
            add(actor)
        words = reading.text(page.layout())
        active = page.show(1, "mine", None)[0]

    assert "Your limits: 1 of 1 running." in words
    assert "and 3 more that wait" in words
    assert [each["now"] for each in active] == ["Train", *["you run 1 of 1, your limit"] * 2]


def test_a_job_is_cancelled_and_tried_again(acting, add, database, jobs_sent):
    with acting("admin") as actor:
        public_id = add(actor, status="failed")
        with database.write() as session:
            fetch = acquisitions.submit_fetch(session, actor, source="yahoo", symbol="MSFT")
        assert page.stop({"rowId": f"fetch:{fetch}", "colId": "stop"}) is False
        assert page.again({"rowId": f"fetch:{fetch}", "colId": "again"}) is False
        assert page.again({"rowId": f"analysis:{public_id}", "colId": "again"}) is False
        assert page.again({"rowId": f"analysis:{public_id}", "colId": "title"}) is no_update
        assert page.stop(None) is no_update
    with database.read() as session:
        assert [row.status for row in session.query(Acquisition).order_by(Acquisition.id)] == ["cancelled", "queued"]
        assert [row.status for row in session.query(Analysis).order_by(Analysis.id)] == ["failed", "queued"]
    assert jobs_sent


def test_an_administrator_sees_whose_and_which_kind_and_no_more(acting, add):
    with acting() as other:
        add(other, title="secret")
    with acting("admin"):
        assert rows(page.layout(), "active") == []
        (row,) = page.show(1, "all", None)[0]
    with acting(), pytest.raises(PermissionDenied):
        page.show(1, "all", None)

    assert (row["title"], row["owner"], row["href"], row["stop"]) == ("Somebody else's", other.name, None, None)


def test_anothers_job_cannot_be_touched(acting, add):
    with acting() as other:
        theirs = add(other)
    with acting():
        for act, column in ((page.stop, "stop"), (page.again, "again")):
            with pytest.raises(NotFound):
                act({"rowId": f"analysis:{theirs}", "colId": column})
            with pytest.raises(InvalidInput):
                act({"rowId": "x", "colId": column})


def test_a_document_is_cancelled_and_asked_for_again_by_its_row(acting, add, database, jobs_sent):
    with acting() as actor:
        done = add(actor, title="D", status="succeeded", result_key="k" * 64)
        with database.write() as session:
            documents.ask(session, actor, done, "bundle")
        [row] = rows(page.layout(), "active")
        assert (row["id"], row["title"], row["kind"]) == (f"bundle:{done}", "Bundle of D", "Bundle")
        page.stop({"rowId": row["id"], "colId": "stop"})
        over = next(each for each in rows(page.layout(), "finished") if each["kind"] == "Bundle")
        assert over["again"]["text"] == "Retry"
        page.again({"rowId": over["id"], "colId": "again"})
        assert jobs_sent[-1] == messages.DOCUMENT
        assert [each["kind"] for each in rows(page.layout(), "active")] == ["Bundle"]

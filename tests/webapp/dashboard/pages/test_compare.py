import pytest

from tests import factories
from tests.webapp.dashboard import reading
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.pages import compare as page
from webapp.tables import Analysis

pytestmark = pytest.mark.databases("sqlite")


def test_analyses_side_by_side(acting, finished, database):
    with acting() as actor:
        first, second = finished(actor), finished(actor)
        with database.write() as session:
            row = session.query(Analysis).filter_by(public_id=second).one()
            row.spec = {**row.spec, "strategy": {**row.spec["strategy"], "enter_above": 0.9}}
            row.result_hash = "0" * 64
            row.imported_at = factories.NOW
        tree = page.layout(f"{first},{second}")

    words = reading.text(tree)
    for heading in (
        "Compare 2 analyses",
        "Equity from the same start",
        "Is the difference real?",
        "Differing parameters",
        "Metrics",
        "Why did my number change?",
    ):
        assert heading in words
    assert "Strategy: enter above 0.5 0.9" in words
    assert words.count("imported, computed elsewhere") == 1
    assert "B against A" in words
    assert "Parameters: not the same (Strategy: enter above)" in words
    assert "Program: cannot be told" in words
    assert reading.by_id(tree, "compare-chart").figure["layout"]["height"] == 380


def test_the_same_answer_is_called_that(acting, finished):
    with acting() as actor:
        words = reading.text(page.layout(f"{finished(actor)},{finished(actor)}"))

    assert "The same answer, to the last bit." in words
    assert "None: all were asked the same question." in words


@pytest.mark.parametrize("ids", ["", "a", "a,a", ",".join(f"x{n}" for n in range(101))])
def test_too_few_and_too_many_are_told_what_to_do(acting, ids):
    with acting():
        tree = page.layout(ids)

    assert "Pick 2 to 100 different analyses" in reading.text(tree)
    assert [each.href for each in reading.of_type(tree, "Link")] == ["/app/analyses"]


def test_one_without_an_answer_is_named(acting, finished, database):
    with acting() as actor:
        done = finished(actor)
        with database.write() as session:
            waiting = factories.create_analysis(session, actor, title="Waiting").public_id
        assert "“Waiting” is queued" in reading.text(page.layout(f"{done},{waiting}"))


def test_what_is_not_there_and_what_is_anothers_look_the_same(acting, finished):
    with acting() as other:
        theirs = finished(other)
    with acting():
        shown = [str(page.layout(ids)) for ids in (f"{theirs},x", f"{'0' * 16},x", "../x,y")]

    assert shown == [str(not_found())] * 3


def test_of_many_each_has_a_row(acting, finished, monkeypatch):
    monkeypatch.setattr(page, "_FEW", 1)
    with acting() as actor:
        tree = page.layout(",".join(finished(actor) for _ in range(3)))

    table = reading.by_id(tree, "compare-each")
    assert [row["title"][0] for row in table.rowData] == ["A", "B", "C"]
    assert len({row["total_return"] for row in table.rowData}) == 1
    first, second, _third = table.rowData
    assert (first["words"], first["difference"], first["seed"]) == (None, None, None)
    assert (second["words"], second["seed"]) == ("The same answer, to the last bit.", "the same")
    assert "after costs; all were asked the same question. A click" in reading.text(tree)
    (name,) = [each for each in table.columnDefs if each["field"] == "title"]
    assert name["pinned"] == "left"


def test_letters_go_on_after_z():
    assert [page._letter(place) for place in (0, 25, 26, 27, 99)] == ["A", "Z", "AA", "AB", "CV"]

import datetime

import pytest
from dash import no_update
from sqlalchemy import insert

from quant.errors import LeakageError
from tests import factories
from tests.webapp.dashboard import reading
from webapp.auth.session import parts_of
from webapp.dashboard.pages import analyses as page
from webapp.tables import Analysis

pytestmark = pytest.mark.databases("sqlite")

ALL = ("", "all", 0, 0, 0, None)


@pytest.fixture
def add(database):
    """`add(actor, title=..., status=...)` adds an analysis, each a minute younger than the one before."""
    minutes = iter(range(100_000))

    def add(actor, **values):
        at = factories.NOW + datetime.timedelta(minutes=next(minutes))
        with database.write() as session:
            return factories.create_analysis(session, actor, **{"submitted_at": at, **values}).public_id

    return add


def titles(tree):
    return [reading.text(link) for link in reading.of_class(tree, "list-title")]


def test_nobody_asked_anything_yet(acting):
    with acting():
        tree = page.layout()

    words = reading.text(tree)
    assert "Nothing has been analysed yet" in words
    assert [each.href for each in reading.of_type(tree, "Link")] == ["/app/new", "/app/new"]
    assert reading.by_id(tree, "analyses-poll").disabled is True


def test_a_viewer_is_not_asked_to_run(acting):
    with acting("viewer"):
        assert reading.of_type(page.layout(), "Link") == []


def test_analyses_are_listed_newest_first_with_links(acting, add):
    with acting() as actor:
        first, second = add(actor, title="First"), add(actor, title="Second", status="running", progress=0.4)
        tree = page.layout()

    assert titles(tree) == ["Second", "First"]
    assert [each.href for each in reading.of_class(tree, "list-title")] == [
        f"/app/analyses/{second}",
        f"/app/analyses/{first}",
    ]
    assert "Running 40 %" in reading.text(tree)
    assert "1–2 of 2" in reading.text(tree)
    assert reading.by_id(tree, "analyses-poll").disabled is False


def test_another_persons_analyses_are_not_there(acting, add):
    with acting() as other:
        add(other, title="secret")
    with acting():
        assert "secret" not in reading.text(page.layout())


def test_polling_rests_when_all_is_over(acting, add):
    with acting() as actor:
        add(actor, status="succeeded")
        add(actor, status="cancelled")
        assert page.show(*ALL)[1] is True
        add(actor, status="queued")
        assert page.show(*ALL)[1] is False


def test_what_has_not_changed_is_not_sent_again(acting, add):
    with acting() as actor:
        add(actor, status="running", progress=0.1)
        *_, mark = page.show(*ALL)
        assert page.show(*ALL[:-1], mark)[0] is no_update
        add(actor, title="new")
        assert page.show(*ALL[:-1], mark)[0] is not no_update


def test_filters_by_status_and_text(acting, add):
    with acting() as actor:
        add(actor, title="Google up", status="failed", error_code="not_enough_data")
        add(actor, title="Google down")
        add(actor, title="IBM", status="failed", error_code="internal")

        assert titles(page.show("google", "all", 0, 0, 0, None)[0]) == ["Google down", "Google up"]
        assert titles(page.show("", "failed", 0, 0, 0, None)[0]) == ["IBM", "Google up"]
        assert titles(page.show(" GOOGLE ", "failed", 0, 0, 0, None)[0]) == ["Google up"]
        assert "No analysis matches" in reading.text(page.show("%", "all", 0, 0, 0, None)[0])
        words = reading.text(page.show("", "failed", 0, 0, 0, None)[0])
        assert "Not enough data" in words
        assert "Fault of the program" in words


def test_a_thousand_analyses_come_in_pages(acting, database):
    with acting() as actor:
        with database.write() as session:
            first = factories.create_analysis(session, actor, title="number 0")
            shared = {
                name: getattr(first, name) for name in ("owner_id", "spec", "spec_version", "spec_hash", "status")
            }
            rows = [
                {
                    **shared,
                    "public_id": f"many{number}",
                    "title": f"number {number}",
                    "submitted_at": factories.NOW + datetime.timedelta(seconds=number),
                    "pins": {},
                    "stage_seconds": {},
                    "versions": {},
                }
                for number in range(1, 1000)
            ]
            session.execute(insert(Analysis), rows)

        tree, _, is_one_page, _ = page.show("", "all", 2, 0, 0, None)
        assert (titles(tree)[0], len(titles(tree)), is_one_page) == ("number 899", page.PAGE_SIZE, False)
        assert "101–150 of 1,000" in reading.text(tree)
        assert titles(page.show("", "all", 2, 5, 0, None)[0])[0] == "number 999"
        assert "go back to newer ones" in reading.text(page.show("", "all", 99, 0, 0, None)[0])


def test_few_analyses_need_no_pages(acting, add):
    with acting() as actor:
        add(actor)
        assert reading.by_id(page.layout(), "analyses-pager").hidden is True


def test_another_filter_starts_at_the_first_page():
    assert page.first_page("x", "all") == (0, 0)


def test_the_list_asks_the_database_a_fixed_number_of_times(acting, add, app, count_queries):
    with acting() as actor:
        for _ in range(3):
            add(actor)
        with count_queries(parts_of(app).database.engine) as few:
            page.show(*ALL)
        for _ in range(30):
            add(actor)
        with count_queries(parts_of(app).database.engine) as many:
            page.show(*ALL)

    assert len(many) == len(few) <= 3


def test_every_failure_that_has_words_is_one_that_there_is(codes):
    assert set(page._FAILURES) - codes == set()


def test_a_leak_is_told_in_words_in_the_list(acting, add):
    with acting() as actor:
        add(actor, status="failed", error_code=LeakageError.code)
        assert "A training label met a test window" in reading.text(page.layout())


def test_durations_stand_with_what_has_begun(acting, add):
    finished = factories.NOW + datetime.timedelta(seconds=200)
    with acting() as actor:
        add(actor, status="succeeded", started_at=factories.NOW, finished_at=finished)
        words = reading.text(page.show(*ALL)[0])

    assert "3 min 20 s" in words

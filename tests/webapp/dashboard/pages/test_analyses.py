import datetime
from typing import Any, NamedTuple

import pytest
from dash import no_update
from sqlalchemy import insert

from quant.errors import LeakageError
from tests import factories
from tests.webapp.dashboard import reading
from webapp.auth.session import parts_of
from webapp.dashboard.components.analysis_list import FAILURES, FIELDS
from webapp.dashboard.pages import analyses as page
from webapp.errors import NotFound, PermissionDenied
from webapp.services import listing, shares
from webapp.tables import Analysis, User

pytestmark = pytest.mark.databases("sqlite")


class Shown(NamedTuple):
    """What `show` answers."""

    rows: Any
    selected: Any
    empty: Any
    position: Any
    is_one_page: Any
    is_idle: bool
    mark: str
    search: Any


def shown(text="", n_next=0, n_previous=0, known=None, picked=(), **chosen):
    """What the page shows after a choice, by what it is."""
    values = {
        "scope": "mine",
        "status": "any",
        "credible": "any",
        "tag": "",
        "archived": "no",
        "members": "no",
        "sort": "newest",
    }
    values = {"text": text, **values, **chosen}
    answer = page.show(*(values[name] for name in FIELDS), n_next, n_previous, 0, 0, known, list(picked))
    return Shown(*answer)


@pytest.fixture
def add(database):
    """`add(actor, title=..., status=...)` adds an analysis, each a minute younger than the one before."""
    minutes = iter(range(100_000))

    def add(actor, **values):
        at = factories.NOW + datetime.timedelta(minutes=next(minutes))
        with database.write() as session:
            return factories.create_analysis(session, actor, **{"submitted_at": at, **values}).public_id

    return add


def rows_of(tree):
    return tree.rows if isinstance(tree, Shown) else reading.by_id(tree, "analyses-grid").rowData


def titles(tree):
    return [row["title"] for row in rows_of(tree)]


def test_nobody_asked_anything_yet(acting):
    with acting():
        tree = page.layout()

    words = reading.text(tree)
    assert "Nothing has been analysed yet" in words
    assert [each.href for each in reading.of_type(tree, "Link") if each.href] == ["/app/import", "/app/new", "/app/new"]
    assert reading.by_id(tree, "analyses-poll").disabled is True


def test_a_viewer_is_not_asked_to_run(acting):
    with acting("viewer"):
        assert [each.href for each in reading.of_type(page.layout(), "Link") if each.href] == []


def test_analyses_are_listed_newest_first_with_links(acting, add):
    with acting() as actor:
        first, second = add(actor, title="First"), add(actor, title="Second", status="running", progress=0.4)
        tree = page.layout()

    assert titles(tree) == ["Second", "First"]
    assert [row["href"] for row in rows_of(tree)] == [f"/app/analyses/{second}", f"/app/analyses/{first}"]
    assert rows_of(tree)[0]["status"]["text"] == "Running 40\u00a0%"
    assert "1–2 of 2" in reading.text(tree)
    assert reading.by_id(tree, "analyses-poll").disabled is False


def test_another_persons_analyses_are_not_there(acting, add):
    with acting() as other:
        add(other, title="secret")
    with acting():
        assert titles(page.layout()) == []


def test_polling_rests_when_all_is_over(acting, add):
    with acting() as actor:
        add(actor, status="succeeded")
        add(actor, status="cancelled")
        assert shown().is_idle
        add(actor, status="queued")
        assert not shown().is_idle


def test_what_has_not_changed_is_not_sent_again(acting, add):
    with acting() as actor:
        add(actor, status="running", progress=0.1)
        mark = shown().mark
        assert shown(known=mark)[:5] == (no_update,) * 5
        add(actor, title="new")
        again = shown(known=mark)
        assert titles(again)[0] == "new"
        assert again.selected is no_update, "the table keeps what is picked"


def test_filters_by_status_and_text(acting, add):
    with acting() as actor:
        add(actor, title="Google up", status="failed", error_code="not_enough_data")
        add(actor, title="Google down")
        add(actor, title="IBM", status="failed", error_code="internal")

        assert titles(shown("google")) == ["Google down", "Google up"]
        assert titles(shown("", status="failed")) == ["IBM", "Google up"]
        assert titles(shown(" GOOGLE ", status="failed")) == ["Google up"]
        assert "No analysis matches" in reading.text(shown("%").empty)
        words = [row["verdict"] for row in shown("", status="failed").rows]
        assert words == ["Fault of the program", "Not enough data"]


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

        tree = shown(n_next=2)
        assert (titles(tree)[0], len(titles(tree)), tree.is_one_page) == ("number 899", page.PAGE_SIZE, False)
        assert tree.position == "101–150 of 1,000"
        assert tree.search == "?page=2"
        assert titles(page.layout(page="2"))[0] == "number 899"
        assert titles(shown(n_next=2, n_previous=5))[0] == "number 999"
        assert "go back to newer ones" in reading.text(shown(n_next=99).empty)


def test_few_analyses_need_no_pages(acting, add):
    with acting() as actor:
        add(actor)
        assert reading.by_id(page.layout(), "analyses-pager").hidden is True


def test_another_filter_starts_at_the_first_page():
    assert page.first_page("x", "any") == (0, 0)


def test_the_list_asks_the_database_a_fixed_number_of_times(acting, add, app, count_queries):
    with acting() as actor:
        for _ in range(3):
            add(actor)
        with count_queries(parts_of(app).database.engine) as few:
            shown()
        for _ in range(30):
            add(actor)
        with count_queries(parts_of(app).database.engine) as many:
            shown()

    assert len(many) == len(few) <= 4


def test_every_failure_that_has_words_is_one_that_there_is(codes):
    assert set(FAILURES) - codes == set()


def test_a_leak_is_told_in_words_in_the_list(acting, add):
    with acting() as actor:
        add(actor, status="failed", error_code=LeakageError.code)
        assert rows_of(page.layout())[0]["verdict"] == "A training label met a test window"


def test_durations_stand_with_what_has_begun(acting, add):
    finished = factories.NOW + datetime.timedelta(seconds=200)
    with acting() as actor:
        add(actor, status="succeeded", started_at=factories.NOW, finished_at=finished)
        add(actor, status="queued")
        took = [row["took"] for row in shown().rows]

    assert took == [None, 200.0]


def test_the_address_says_what_is_looked_at(acting, add):
    with acting() as actor:
        add(actor, title="Google up", status="failed")
        add(actor, title="Google down")
        search = shown("google", status="failed", sort="title").search
        tree = page.layout(text="google", status="failed", sort="title", page="x", scope="all", tag="gone")

    assert search == "?text=google&status=failed&sort=title"
    assert reading.by_id(tree, "analyses-text").value == "google"
    assert reading.by_id(tree, "analyses-status").value == "failed"
    assert reading.by_id(tree, "analyses-scope").value == "mine", "what one may not see is not asked for"
    assert reading.by_id(tree, "analyses-tag").value == "gone"
    assert "No analysis matches" in reading.text(tree)


def test_what_is_shared_is_under_its_own_heading(acting, add, database):
    with acting() as owner:
        public_id = add(owner, title="Theirs")
    with acting() as reader:
        assert "Nothing is shared with you yet" in reading.text(shown(scope="shared").empty)
        with database.write() as session:
            shares.share_with_user(session, owner, public_id, email=session.get_one(User, reader.user_id).email)
            listing.note(session, owner, public_id, tags=["secret"])
        row = shown(scope="shared").rows[0]
        assert shown(scope="shared", tag="secret").rows == []
        assert "secret" not in str(page.layout(scope="shared"))

    assert row["title"] == "Theirs"
    assert {"text": f"shared by {owner.name}", "icon": "person"} in row["tags"]


def test_administrators_see_everybodys_without_what_is_in_them(acting, add):
    with acting() as owner:
        public_id = add(owner, title="secret", verdict="secret", status="failed", error_code="internal")
    with acting("admin"):
        (row,) = shown(scope="all", tag="x", credible="yes", sort="title").rows

    assert "secret" not in str(row)
    assert (row["title"], row["verdict"]) == (f"{owner.name}, {public_id}", "Fault of the program")
    assert row["href"] is None, "what cannot be opened cannot be picked either"
    with acting(), pytest.raises(PermissionDenied):
        shown(scope="all")


def test_what_is_picked_is_tagged_and_archived_together(acting, add, database):
    with acting() as actor:
        first, second = add(actor, title="first"), add(actor, title="second")
        here = shown().rows
        assert [row["id"] for row in here] == [second, first]
        picked, is_hidden, words, href, hides_compare = page.pick([here[0]], here, ["elsewhere"])
        assert (href, hides_compare) == (f"/app/compare?ids=elsewhere,{second}", False)
        assert (picked, is_hidden, words.replace("\u00a0", " ")) == (["elsewhere", second], False, "2 analyses picked")
        assert page.pick([], here, [first, second])[:3] == ([], True, "0\u00a0analyses picked")
        assert page.pick({"ids": [second, "elsewhere"]}, here, ["elsewhere"])[0] == ["elsewhere", second]
        assert page.pick([here[0]], here, [])[4]
        assert page.pick("x", [{"id": 3}, None], "y")[0] == []

        assert page.add_tag(1, "Idea", [first, second], 0) == 1
        assert page.remove_tag(1, "idea", [first], 1) == 2
        again = shown(known="?page=1 mark", picked=[second])
        assert [row["tags"] for row in again.rows] == [["idea"], None]
        assert again.selected == {"ids": [second]}, "on another page, what was picked there is marked"
        assert page.archive(1, [first], 2) == 3
        assert titles(shown()) == ["second"]
        assert titles(shown(archived="only")) == ["first"]
        assert page.bring_back(1, [first], 3) == 4
        assert page.archive(0, [first], 4) is page.add_tag(1, "", [first], 4) is page.archive(1, [], 4) is no_update
        with database.read() as session:
            assert listing.list_tags(session, actor) == ["idea"]


def test_of_what_is_picked_all_is_changed_or_nothing(acting, add, database):
    with acting() as other:
        theirs = add(other, title="theirs")
    with acting() as actor:
        mine = add(actor, title="mine")
        with pytest.raises(NotFound):
            page.archive(1, [mine, theirs], 0)
        assert titles(shown()) == ["mine"]


def test_going_back_draws_what_the_address_says(acting, add):
    with acting() as actor:
        add(actor, title="Google", status="failed")
        answer = shown(status="succeeded")
        assert page.go(answer.search, answer.mark) is no_update
        tree = page.go("", answer.mark)

    assert titles(tree) == ["Google"]
    assert reading.by_id(tree, "analyses-status").value == "any"

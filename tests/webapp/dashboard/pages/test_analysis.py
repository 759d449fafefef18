import datetime

import pytest
from dash import no_update

from tests import factories
from tests.webapp.dashboard import reading
from webapp.dashboard import paths
from webapp.dashboard.components import tabs, trade_filters
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.components.tabs import trades
from webapp.dashboard.pages import analysis as page
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from webapp.services import analyses, shares
from webapp.tables import LogLine, User

pytestmark = pytest.mark.databases("sqlite")

NO_FILTER = tuple(trade_filters.CONTROLS.values())


@pytest.fixture
def add(database):
    def add(actor, **values):
        with database.write() as session:
            return factories.create_analysis(session, actor, **values).public_id

    return add


def open_panels(tree):
    return [name for name in paths.TABS if not reading.by_id(tree, tabs.panel_id(name)).hidden]


def test_what_is_anothers_and_what_does_not_exist_look_the_same(acting, add):
    with acting() as owner:
        theirs = add(owner, title="secret")
    with acting():
        pages = [reading.text(page.layout(public_id)) for public_id in (theirs, "0123456789abcdef", "../x", "")]

    assert set(pages) == {reading.text(not_found())}


@pytest.mark.parametrize("call", [
    lambda public_id: page.changes(public_id, "overview"),
    lambda public_id: page.cancel(1, public_id),
    lambda public_id: page.rerun(1, public_id),
    lambda public_id: page.predict_newest(1, public_id),
    lambda public_id: page.read_log(1, 1, public_id, 0, "queued"),
    lambda public_id: page.open_tab("risk", True, public_id),
    lambda public_id: page.draw_price("0", *NO_FILTER, public_id),
    lambda public_id: page.filter_trades(*NO_FILTER, None, public_id),
    lambda public_id: page.sort_trades("entry:ascending", *NO_FILTER, public_id),
    lambda public_id: page.turn_trades("0", *NO_FILTER, None, public_id),
])  # fmt: skip
def test_every_callback_refuses_what_is_anothers(acting, add, call):
    with acting() as owner:
        theirs = add(owner)
    with acting():
        for public_id in (theirs, "0123456789abcdef", {"not": "an id"}, None):
            with pytest.raises(NotFound):
                call(public_id)


def test_the_browsers_tab_says_which_analysis_it_is_and_no_more_than_one_may_know(acting, add):
    with acting() as owner:
        theirs = add(owner, title="secret")
        assert page.browser_title(theirs) == "secret · Assay"
    with acting():
        assert page.browser_title(theirs) == page.browser_title("nothing") == page.TITLE


def test_a_queued_analysis_can_be_cancelled_and_not_run_again_yet(acting, add):
    with acting() as actor:
        tree = page.layout(add(actor))

    assert "Waiting for a worker" in reading.text(tree)
    assert reading.by_id(tree, "analysis-cancel").hidden is False
    assert reading.by_id(tree, "analysis-rerun").hidden is True
    assert reading.by_id(tree, "analysis-poll").disabled is False


def test_a_viewer_sees_no_buttons(acting, add):
    with acting("viewer") as actor:
        tree = page.layout(add(actor))

    assert reading.of_class(tree, "page-header-actions")[0].hidden is True


def test_the_page_follows_an_analysis_to_its_answer(acting, finished):
    with acting() as actor:
        changes = page.changes(finished(actor), "risk")

    assert "Succeeded" in reading.text(changes["analysis-head"]["children"])
    assert open_panels(changes["analysis-body"]["children"]) == ["risk"]
    assert changes["analysis-cancel"] == {"hidden": True, "disabled": False}
    assert changes["analysis-rerun"] == {"hidden": False}
    assert changes["analysis-poll"] == {"disabled": True}
    assert changes["analysis-status"] == {"data": "succeeded"}


def test_what_changes_is_on_the_page(acting, add):
    with acting() as actor:
        public_id = add(actor, status="running", stage="train", progress=0.3, started_at=factories.NOW)
        tree, changes = page.layout(public_id), page.changes(public_id, "overview")

    for component, properties in changes.items():
        shown = reading.by_id(tree, component)
        assert all(hasattr(shown, name) for name in properties), component
    assert "Running" in reading.text(changes["analysis-head"]["children"])


def test_a_finished_page_shows_one_tab_and_asks_no_more(acting, finished):
    with acting() as actor:
        public_id = finished(actor)
        tree = page.layout(public_id, tab="metrics")

    assert open_panels(tree) == ["metrics"]
    assert "All" not in reading.text(reading.by_id(tree, tabs.panel_id("overview")))
    assert reading.by_id(tree, tabs.store_id("metrics")).data is True
    assert reading.by_id(tree, tabs.store_id("risk")).data is False
    assert reading.by_id(tree, "analysis-poll").disabled is True


def test_an_unknown_tab_is_the_first(acting, finished):
    with acting() as actor:
        assert open_panels(page.layout(finished(actor), tab="<script>")) == ["overview"]


@pytest.mark.parametrize("name", paths.TABS)
def test_each_tab_loads_when_it_is_first_opened(acting, finished, name):
    with acting() as actor:
        public_id = finished(actor)
        assert page.open_tab(name, None, public_id) is no_update
        assert reading.text(page.open_tab(name, True, public_id))


def test_the_theme_of_the_browser_decides_the_charts(acting, finished):
    with acting() as actor:
        public_id = finished(actor)
    with acting(actor=actor, Cookie="assay_theme=dark"):
        figure = reading.by_id(page.layout(public_id), "analysis-equity").figure

    assert figure["layout"]["meta"]["theme"] == "dark"


def test_another_instrument_can_be_looked_at(acting, finished):
    with acting() as actor:
        chart = page.draw_price("1", *NO_FILTER, finished(actor))

    assert reading.by_id(chart, "analysis-trades-chart").figure["data"][0]["name"] == "IBM"
    assert trades.PRICE


def test_trades_are_filtered_sorted_and_turned(acting, finished):
    sent = list(NO_FILTER)
    sent[list(trade_filters.CONTROLS).index(trade_filters.SIDE)] = "short"
    with acting() as actor:
        public_id = finished(actor)
        body, listed, address = page.filter_trades(*sent, "return:descending", public_id)
        again, same = page.sort_trades("return:descending", *sent, public_id)
        first = page.turn_trades("0", *sent, "return:descending", public_id)

    rows = reading.by_id(listed, "analysis-trades-grid").rowData
    assert {row["direction"] for row in rows} == {"short"}
    assert [row["earned"] for row in rows] == sorted((row["earned"] for row in rows), reverse=True)
    assert reading.by_id(body, "analysis-trades-chart").figure["data"]
    assert reading.by_id(again, "analysis-trades-grid").rowData == rows
    assert reading.by_id(first, "analysis-trades-grid").rowData == rows
    assert address == same
    assert address.endswith("?format=csv&side=short&order=return&sense=descending")


def test_what_no_filter_offers_is_refused(acting, finished):
    sent = list(NO_FILTER)
    sent[0] = "7"
    with acting() as actor:
        public_id = finished(actor)
        with pytest.raises(InvalidInput, match="no trade of this analysis"):
            page.filter_trades(*sent, None, public_id)
        with pytest.raises(InvalidInput, match="whole number"):
            page.turn_trades("-1", *NO_FILTER, None, public_id)


def test_clearing_takes_away_every_filter():
    assert page.clear_trades(1) == list(NO_FILTER)
    assert page.clear_trades(None) == [no_update] * len(NO_FILTER)


def test_cancelling(acting, add, database):
    with acting() as actor:
        public_id = add(actor)
        assert page.cancel(None, public_id) == (no_update, no_update)
        assert page.cancel(1, public_id) == (True, False)
        changes = page.changes(public_id, "overview")

    assert changes["analysis-status"]["data"] == "cancelled"
    assert "was cancelled" in reading.text(changes["analysis-body"]["children"])


def test_a_failed_one_shows_why_and_can_be_edited(acting, add):
    with acting() as actor:
        public_id = add(
            actor, status="failed", stage="split", error_code="not_enough_data", error_message="Too few bars."
        )
        tree = page.layout(public_id)

    assert "Too few bars." in reading.text(tree)
    assert f"/app/new?from={public_id}" in [each.href for each in reading.of_type(tree, "Link")]


def test_running_again_goes_to_the_new_one_and_wakes_a_worker(acting, finished, database, jobs_sent):
    with acting() as actor:
        public_id = finished(actor)
        assert page.rerun(None, public_id) is no_update
        address = page.rerun(1, public_id)
        with database.read() as session:
            again = analyses.get(session, actor, address.rpartition("/")[2])

    assert again.parent_id == public_id
    assert jobs_sent == ["tasks.analyses.work"]


def test_why_a_newer_bar_is_not_predicted_is_said_in_place(acting, add):
    with acting() as owner:
        assert page.predict_newest(None, "0123456789abcdef") is no_update
        (words,) = page.predict_newest(1, add(owner))

    assert "this one is queued" in reading.text(words)


def test_what_is_not_over_cannot_be_run_again(acting, add):
    with acting() as actor:
        public_id = add(actor)
        with pytest.raises(Conflict):
            page.rerun(1, public_id)


def test_a_viewer_can_neither_cancel_nor_run(acting, add):
    with acting("viewer") as actor:
        public_id = add(actor)
        for action in (page.cancel, page.rerun):
            with pytest.raises(PermissionDenied):
                action(1, public_id)


def test_the_log_is_read_while_it_is_open_and_only_what_is_new(acting, database):
    with acting() as actor:
        with database.write() as session:
            row = factories.create_analysis(session, actor, status="running", started_at=factories.NOW)
            public_id, row_id = row.public_id, row.id
            session.add(
                LogLine(analysis_id=row.id, attempt=1, at=factories.NOW, level="info", stage=None, message="one")
            )

        assert page.read_log(0, 5, public_id, 0, "running") == (no_update, no_update, True)
        patch, after, rests = page.read_log(1, 5, public_id, 0, "running")
        assert rests is False
        assert "one" in str(patch.to_plotly_json())
        assert page.read_log(1, 6, public_id, after, "running") == (no_update, no_update, False)
        assert page.read_log(1, 6, public_id, after, "failed") == (no_update, no_update, True)
        with database.write() as session:
            at = factories.NOW + datetime.timedelta(seconds=1)
            session.add(LogLine(analysis_id=row_id, attempt=1, at=at, level="info", stage="train", message="two"))
        patch, _, _ = page.read_log(1, 7, public_id, after, "running")
        assert "two" in str(patch.to_plotly_json())
        assert "one" not in str(patch.to_plotly_json())


@pytest.mark.parametrize("after", ["x", "9" * 30, 2**63, -1, 1.5, 1e308, None, [1], {"a": 1}])
def test_a_last_line_that_can_be_none_is_the_beginning(acting, database, after):
    with acting() as actor:
        with database.write() as session:
            row = factories.create_analysis(session, actor)
            session.add(
                LogLine(analysis_id=row.id, attempt=1, at=factories.NOW, level="info", stage=None, message="one")
            )
            public_id = row.public_id
        patch, _, _ = page.read_log(1, 5, public_id, after, "queued")

    assert "one" in str(patch.to_plotly_json())


@pytest.mark.parametrize("instrument", ["x", "-1", "2", "9" * 5000, None, 0, [0]])
def test_an_instrument_that_is_not_in_the_analysis_has_no_chart(acting, finished, instrument):
    with acting() as actor, pytest.raises(NotFound, match="no such instrument"):
        page.draw_price(instrument, *NO_FILTER, finished(actor))


def test_a_long_title_of_the_wrong_kind_is_only_text(acting, add):
    title = "<img src=x onerror=alert(1)> " + "x" * 80
    with acting() as actor:
        tree = page.layout(add(actor, title=title))

    assert reading.of_type(tree, "H1")[0].children == title


def test_a_reader_sees_whose_it_is_and_no_buttons_that_change_it(acting, finished, database):
    with acting() as owner:
        public_id = finished(owner)
    with acting() as reader:
        with database.write() as session:
            email = session.get_one(User, reader.user_id).email
            shares.share_with_user(session, owner, public_id, email=email)
        tree = page.layout(public_id)

    assert f"shared by {owner.name}, read only" in reading.text(tree)
    assert [reading.by_id(tree, f"analysis-{name}").hidden for name in ("cancel", "rerun", "share")] == [True] * 3
    assert "analysis-share-dialog" not in reading.ids(tree)


def test_a_member_leads_to_its_study_and_any_question_to_a_new_one(acting, database):
    with acting() as owner, database.write() as session:
        study = factories.create_study(session, owner, {"public_id": "0123456789abcdef"})
        study_id = study.public_id
    with acting(actor=owner):
        links = [link.href for link in reading.of_type(page.layout("0123456789abcdef"), "Link")]

    assert paths.study(study_id) in links
    assert paths.new_study(from_id="0123456789abcdef") in links

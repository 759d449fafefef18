"""The page of prices: what is shown, asked for, refused and cancelled. Callbacks are called as Dash would."""

import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

from tests import factories
from tests.webapp.dashboard import reading
from webapp import jobs
from webapp.auth.session import parts_of
from webapp.dashboard.components import instruments as tables
from webapp.dashboard.pages import data as page
from webapp.errors import NotFound, PermissionDenied
from webapp.services import price_sources
from webapp.tables import Acquisition

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def microsoft(app, database):
    """The public id of nine bars of Microsoft, as if fetched."""
    with database.write() as session:
        series = factories.create_prices(session, parts_of(app).store)
        series.source = "yahoo"
        return series.public_id


def rows(tree, grid_id):
    return reading.by_id(tree, grid_id).rowData


def asked(database):
    with database.read() as session:
        return [(row.symbol, row.extent, row.status) for row in session.query(Acquisition).order_by(Acquisition.id)]


def test_without_prices_it_says_what_to_do(acting):
    with acting():
        tree = page.layout()

    words = reading.text(tree)
    assert "Add an instrument by its symbol" in words
    assert "You have not asked for prices yet" in words
    assert reading.by_id(tree, "data-poll").disabled is True


def test_instruments_are_listed_with_coverage_and_a_button(acting, microsoft):
    with acting():
        (row,) = rows(page.layout(), "data-grid")

    assert (row["symbol"], row["first"], row["last"], row["n_bars"]) == ("MSFT", "2003-02-10", "2003-02-21", 9)
    assert row["fresh"]["text"].endswith("behind")
    assert row[tables.REFRESH]["text"] == "Refresh"
    assert row["href"] == f"/app/data?instrument={microsoft}"


def test_a_viewer_sees_prices_but_no_way_to_ask(acting, microsoft):
    with acting("viewer"):
        tree = page.layout()
        with pytest.raises(PermissionDenied):
            page.add(1, None, "AAPL", "yahoo")
        with pytest.raises(PermissionDenied):
            page.refresh({"rowId": microsoft, "colId": tables.REFRESH})

    assert rows(tree, "data-grid")[0][tables.REFRESH] is None
    assert "data-add" not in {getattr(each, "id", None) for each in reading.of_type(tree, "Button")}


def test_an_instrument_is_added_by_its_symbol_and_polling_begins(acting, database, jobs_sent):
    with acting():
        value, feedback, added = page.add(1, None, " aapl ", "yahoo")
        shown = page.show(None, added, None, None, None, None)

    assert (value, feedback) == ("", "")
    assert asked(database) == [("AAPL", "newest", "queued")]
    assert jobs_sent == [jobs.ACQUIRE]
    assert shown[3] is False
    assert [row["symbol"] for row in shown[1]] == ["AAPL"]


def test_what_cannot_be_asked_for_stays_in_the_field_and_is_said(acting, database):
    with acting():
        value, feedback, added = page.add(1, None, "A B", "yahoo")

    assert (value, added) == (no_update, no_update)
    assert feedback.startswith("Expected 1 to 32 letters")
    assert "BRK-B" in feedback
    assert asked(database) == []


def test_an_unchanged_page_is_not_sent_again(acting, microsoft):
    with acting():
        *_, mark = page.show(None, None, None, None, None, None)
        again = page.show(1, None, None, None, None, mark)

    assert again[:3] == (no_update, no_update, no_update)


def test_a_row_is_refreshed_and_its_request_cancelled(acting, database, microsoft):
    with acting():
        acquisition_id = page.refresh({"rowId": microsoft, "colId": tables.REFRESH})
        (row,) = page.show(None, None, acquisition_id, None, None, None)[0]
        page.cancel({"rowId": acquisition_id, "colId": tables.CANCEL})

    assert row["fresh"]["text"] == "Queued"
    assert row[tables.REFRESH] is None
    assert asked(database) == [("MSFT", "newest", "cancelled")]


@pytest.mark.parametrize(
    "cell", [None, "x", {}, {"rowId": "<b>", "colId": "refresh"}, {"rowId": "a", "colId": "symbol"}]
)
def test_what_is_no_button_does_nothing(acting, cell):
    with acting():
        for act in (page.refresh, page.cancel):
            with pytest.raises(PreventUpdate):
                act(cell)
        with pytest.raises(PreventUpdate):
            page.repeat(1, cell if isinstance(cell, str | None) and cell != "x" else None)


def test_an_instrument_opens_its_report_and_can_be_fetched_anew(acting, database, microsoft):
    with acting():
        tree = page.layout(instrument=microsoft)
        page.repeat(1, microsoft)

    words = reading.text(tree)
    for word in ("MSFT · Yahoo", "Vintages", "2003-02-10 to 2003-02-21"):
        assert word in words
    assert asked(database) == [("MSFT", "all", "queued")]


def test_the_report_of_what_is_anothers_is_not_found(acting, app, database):
    with database.write() as session:
        owner = factories.create_user(session)
        private = factories.create_prices(session, parts_of(app).store, owner_id=owner.id).public_id
    with acting():
        words = reading.text(page.layout(instrument=private))
        with pytest.raises(NotFound):
            page.refresh({"rowId": private, "colId": tables.REFRESH})

    assert "There is no such instrument." in words
    assert "MSFT" not in words


@pytest.mark.parametrize(
    ("n_times", "retry_after", "word"), [(3, None, "did not answer"), (1, 60, "asked for a pause")]
)
def test_a_source_that_is_away_is_said_before_one_asks(acting, database, n_times, retry_after, word):
    with database.write() as session:
        for _ in range(n_times):
            price_sources.failed(
                session, "yahoo", code="provider_unavailable", message="No connection.", retry_after=retry_after
            )
    with acting():
        tree = page.layout()

    words = reading.text(tree)
    assert word in words
    assert ("No connection." in words) == (n_times == 3)
    assert reading.by_id(tree, "data-poll").disabled is False

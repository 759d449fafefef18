"""The tables of `components.grid` in a browser: rows open, buttons say where they are, nothing is ever an empty box."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.grid import GridColumn, action, badge, column_definitions, row_data

pytestmark = pytest.mark.browser

GRID = "analysis-trades-grid"
COLUMNS = (
    GridColumn("title", "Analysis", "name"),
    GridColumn("status", "Status", "badge"),
    GridColumn("earned", "Return, %", "percent", is_signed=True),
    GridColumn("at", "Submitted", "ago", is_optional=True),
    GridColumn("stop", "", "action"),
)
LONG_AGO = datetime.datetime(2024, 3, 15, 14, 2, 31, tzinfo=datetime.UTC)
ROWS = [
    {
        "id": number,
        "href": paths.new_analysis(),
        "title": f"Analysis {number}",
        "status": badge("Running", "play", "running", share=40),
        "earned": number / 100 - 0.02,
        "at": LONG_AGO,
        "stop": action("Cancel", "x-lg"),
    }
    for number in range(1, 4)
]
SET = "([id, props]) => window.dash_clientside.set_props(id, props)"


@pytest.fixture
def show(open_page, answered):
    """`show(rows, width=...)`: a page whose table has these rows."""

    def show(rows, **screen):
        page = open_page(f"/app/analyses/{answered}?tab=trades", **screen)
        page.locator(".grid .ag-row").first.wait_for(state="attached")
        props = {"columnDefs": column_definitions(COLUMNS, rows), "rowData": row_data(COLUMNS, rows)}
        page.evaluate(SET, [GRID, props])
        return page

    return show


def test_a_row_opens_by_a_click_anywhere_on_it_without_a_reload(show):
    page = show(ROWS)
    page.evaluate("window.isTheSamePage = true")

    page.locator(".grid .ag-row[row-id='2'] [col-id=earned]").click()

    page.wait_for_url(f"**{paths.new_analysis()}")
    assert page.evaluate("window.isTheSamePage")


def test_by_keyboard_arrows_move_enter_opens_and_tab_leaves(show):
    page = show(ROWS)
    page.locator(".grid .ag-header-cell").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".grid .ag-row[row-id='2'] [col-id=title]")).to_be_focused()

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.grid')") is None
    page.keyboard.press("Shift+Tab")
    page.locator(".grid .ag-row[row-id='2'] [col-id=earned]").focus()
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{paths.new_analysis()}")


def test_a_button_says_its_row_and_opens_nothing(show):
    page = show(ROWS)

    page.get_by_role("button", name="Cancel: Analysis 3").click()

    said = "id => window.dash_component_api.getLayout(id).props.cellRendererData"
    page.wait_for_function(said, arg=GRID)
    pressed = page.evaluate(said, GRID)
    assert (pressed["rowId"], pressed["colId"], pressed["value"]) == ("3", "stop", "Cancel")
    assert "/app/analyses/" in page.url


def test_cells_say_what_their_kind_says(show):
    page = show(ROWS)
    row = page.locator(".grid .ag-row[row-id='1']")

    expect(row.locator("[col-id=earned]")).to_have_text("−1.0")
    expect(row.locator("[col-id=earned]")).to_have_class(re.compile("is-loss"))
    expect(row.locator("time")).to_have_attribute("title", formats.moment(LONG_AGO))
    expect(row.locator("time")).to_have_text("2024-03-15")
    expect(row.locator(".status-running")).to_have_text("Running")


def test_the_height_follows_the_rows_and_none_are_an_empty_state(show):
    page = show(ROWS)
    body = page.locator(".grid-body")
    expect(body).to_have_css("height", "148px")

    page.evaluate(SET, [GRID, {"rowData": []}])
    expect(page.locator(".grid-empty")).to_be_visible()
    expect(body).to_be_hidden()

    page.evaluate(SET, [GRID, {"rowData": row_data(COLUMNS, ROWS[:1])}])
    expect(page.locator(".grid-empty")).to_be_hidden()
    expect(body).to_have_css("height", "84px")


def test_where_there_is_little_room_what_is_optional_is_left_out(show):
    page = show(ROWS, width=390)

    expect(page.locator(".grid .ag-header-cell[col-id=earned]")).to_have_count(1)
    expect(page.locator(".grid .ag-header-cell[col-id=at]")).to_have_count(0)


def test_so_it_is_in_tables_that_were_drawn_before_anybody_listened(open_page, live_app):
    live_app.add(title="It failed", status="failed", error_code="not_enough_data", error_message="x")
    page = open_page("/app/jobs", width=390)
    jobs = page.locator("[data-grid=jobs-finished]")

    expect(jobs.locator(".ag-header-cell[col-id=owner]")).to_have_count(0)
    jobs.locator(".ag-header").scroll_into_view_if_needed()  # other tests' jobs may stand above and below
    expect(jobs.locator(".ag-header-cell[col-id=status]")).to_be_in_viewport()


def test_paper_shows_every_row_and_every_column_and_the_screen_is_as_before(open_page, answered):
    page = open_page(f"/app/analyses/{answered}?tab=trades")
    page.locator(".grid .ag-row").first.wait_for()
    n_rows = page.evaluate("id => window.dash_component_api.getLayout(id).props.rowData.length", GRID)
    body = page.locator(".grid-body")
    height = body.evaluate("each => each.style.height")
    assert n_rows > 16  # more than the screen shows

    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".grid .ag-center-cols-container .ag-row")).to_have_count(n_rows)
    assert page.locator(".grid .ag-header-row").evaluate("each => each.getBoundingClientRect().width") < 700

    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(body).to_have_css("height", height)
    assert body.evaluate("each => each.style.zoom") == ""


def test_the_browser_writes_numbers_as_the_server_does(page):
    values = [None, 0.0, 0.004, -0.0004, 0.25, 9.97, 74.5, 1234.5, -1234.5, 0.9999, 75.0, 3725.0, 90061.0]

    written = page.evaluate(
        "values => values.map(v => { const f = window.assayFormats; return [f.number(v, 2), f.number(v, 0, true), "
        "f.percent(v, 1), f.pValue(v), f.duration(v)]; })",
        values,
    )

    assert written == [
        [
            formats.number(value, 2),
            formats.number(value, 0, signed=True),
            formats.percent(value),
            formats.p_value(value),
            formats.duration(value),
        ]
        for value in values
    ]

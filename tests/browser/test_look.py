"""Theme, charts and the shell: what happens in the browser alone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import assert_fits, charts_are_drawn
from webapp.dashboard.figures.palette import PALETTES

pytestmark = pytest.mark.browser

BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def line_colours(page):
    return page.evaluate(
        "() => document.querySelector('#analysis-equity .js-plotly-plot')._fullData.map(trace => trace.line.color)"
    )


def test_the_theme_changes_page_and_charts_without_a_question_and_is_remembered(open_page, answered):
    page = open_page(f"/app/analyses/{answered}", fresh=True)
    charts_are_drawn(page, 1)
    assert line_colours(page)[0] == PALETTES["light"].accent
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "_dash-update" in request.url else None)

    page.get_by_role("button", name="Dark", exact=True).first.click()

    is_drawn = "c => document.querySelector('#analysis-equity .js-plotly-plot')._fullData[0].line.color === c"
    page.wait_for_function(is_drawn, arg=PALETTES["dark"].accent)
    assert asked == []
    assert page.evaluate(BACKGROUND) == "rgb(14, 17, 22)"
    assert line_colours(page)[1] == PALETTES["dark"].benchmark
    assert page.locator("#analysis-equity .js-plotly-plot").evaluate("gd => gd.layout.meta.theme") == "dark"

    page.reload()
    charts_are_drawn(page, 1)
    assert page.evaluate(BACKGROUND) == "rgb(14, 17, 22)"
    assert line_colours(page)[0] == PALETTES["dark"].accent
    assert page.get_by_role("button", name="Dark", exact=True).first.get_attribute("aria-pressed") == "true"


def test_the_theme_stands_before_the_first_paint(open_page):
    page = open_page("/app/", fresh=True)
    page.get_by_role("button", name="Dark", exact=True).first.click()
    page.add_init_script(
        "new PerformanceObserver(list => { window.paintedIn = window.paintedIn ||"
        " document.documentElement.dataset.bsTheme; }).observe({type: 'paint', buffered: true});"
    )

    page.reload()
    page.wait_for_function("() => window.paintedIn !== undefined")

    assert page.evaluate("window.paintedIn") == "dark"


def test_the_systems_theme_is_followed_until_one_is_chosen(open_page):
    page = open_page("/app/", fresh=True)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"

    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    page.get_by_role("button", name="Light", exact=True).first.click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"


def test_a_readout_shows_dates_and_values_under_the_pointer(open_page, answered):
    page = open_page(f"/app/analyses/{answered}")
    charts_are_drawn(page, 1)
    readout = page.locator("#analysis-panel-overview .chart-readout")
    last = readout.inner_text()
    assert re.match(r"\d{4}-\d{2}-\d{2}", last)
    assert "Strategy" in last

    page.locator("#analysis-equity .nsewdrag").first.hover(position={"x": 120, "y": 60})

    expect(readout).not_to_have_text(last)
    assert re.match(r"\d{4}-\d{2}-\d{2}", readout.inner_text())


def test_of_many_curves_the_first_and_those_at_the_ends_are_read_out(open_page, answered):
    page = open_page(f"/app/analyses/{answered}")
    charts_are_drawn(page, 1)
    page.locator("#analysis-equity .js-plotly-plot").evaluate(
        """gd => {
          const first = gd._fullData.find(each => each.meta && each.meta.digits !== undefined);
          const flat = level => Array.from(first.y, () => level);
          const others = Array.from({ length: 12 }, (_, place) => (
            { type: "scatter", mode: "lines", name: `curve ${place}`, y: flat(1 + place), meta: { digits: 2 } }
          ));
          return window.Plotly.addTraces(gd, others);
        }"""
    )
    readout = page.locator("#analysis-panel-overview .chart-readout")
    expect(readout).to_contain_text("highest: ")
    expect(readout).to_contain_text("lowest: ")
    assert readout.locator(".item").count() == 3  # the first, the highest, the lowest


def test_range_buttons_zoom_and_ticks_follow(open_page, answered):
    page = open_page(f"/app/analyses/{answered}")
    charts_are_drawn(page, 1)
    plot = page.locator("#analysis-equity .js-plotly-plot")
    whole = plot.evaluate("gd => gd._fullLayout.xaxis.range")

    page.locator("#analysis-panel-overview").get_by_role("button", name="6M").click()

    page.wait_for_function(
        "() => document.querySelector('#analysis-equity .js-plotly-plot')._fullLayout.xaxis.range[0] > 50"
    )
    low, high = plot.evaluate("gd => gd._fullLayout.xaxis.range")
    assert 100 < high - low < 140  # trading days of half a year
    assert high == pytest.approx(whole[1], abs=1)
    ticks = plot.evaluate("gd => gd._fullLayout.xaxis.ticktext")
    assert all(re.match(r"[A-Z][a-z]{2} \d{4}", tick) for tick in ticks)
    assert page.get_by_role("button", name="6M").first.get_attribute("aria-pressed") == "true"


def test_trades_are_sorted_by_a_click_on_the_heading(open_page, answered):
    page = open_page(f"/app/analyses/{answered}?tab=trades")
    page.locator("#analysis-trades-grid").scroll_into_view_if_needed()
    page.locator(".ag-header-cell", has_text="Result").wait_for()

    page.locator(".ag-header-cell-label", has_text="Result").click()

    expect(page.locator(".ag-header-cell[aria-sort=ascending]")).to_have_count(1)
    rows = page.evaluate(
        "() => [...document.querySelectorAll('.ag-center-cols-container .ag-row')]"
        ".map(row => [+row.getAttribute('row-index'), row.querySelector('[col-id=result]').textContent])"
    )
    numbers = [float(text.replace("−", "-").replace(",", "")) for _, text in sorted(rows)]
    assert len(numbers) > 5
    assert numbers == sorted(numbers)


def test_a_metric_opens_its_definition_by_keyboard(open_page, answered):
    page = open_page(f"/app/analyses/{answered}?tab=metrics")
    name = page.locator("summary", has_text="Sharpe ratio")
    name.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Mean return above the risk-free rate for each unit of volatility")).to_be_visible()


def test_a_hash_is_copied(open_page, answered):
    page = open_page(f"/app/analyses/{answered}?tab=reproduce")
    page.get_by_role("button", name="Copy the JSON").click()

    page.get_by_role("button", name="Copied").wait_for()
    assert '"instruments"' in page.evaluate("navigator.clipboard.readText()")


def test_the_drawer_opens_navigates_and_closes(open_page):
    page = open_page("/app/", width=390)

    page.get_by_role("button", name="Open the menu").click()
    drawer = page.locator(".shell-drawer")
    expect(drawer).to_be_visible()
    drawer.get_by_role("link", name="New analysis").click()

    page.wait_for_url("**/app/new")
    expect(drawer).to_be_hidden()
    assert_fits(page)


def test_the_drawer_closes_by_keyboard_and_gives_the_focus_back(open_page):
    page = open_page("/app/", width=390)
    opener = page.get_by_role("button", name="Open the menu")
    opener.focus()
    page.keyboard.press("Enter")
    page.locator(".shell-drawer.show:not(.offcanvas-toggling)").wait_for()

    page.keyboard.press("Escape")

    expect(page.locator(".shell-drawer")).to_be_hidden()
    expect(opener).to_be_focused()


def test_those_who_ask_for_no_motion_get_none(open_page, live_app):
    public_id = live_app.add(title="Moving", status="running", stage="train", progress=0.4)
    page = open_page(f"/app/analyses/{public_id}", fresh=True)
    page.emulate_media(reduced_motion="reduce")
    page.locator(".big-progress > span").wait_for()

    seconds = page.locator(".big-progress > span").evaluate(
        "each => parseFloat(getComputedStyle(each).transitionDuration)"
    )
    assert seconds <= 0.001


def test_on_paper_only_the_content_is_left(open_page, answered):
    page = open_page(f"/app/analyses/{answered}?tab=honesty")
    page.get_by_role("heading", name="Look-ahead audit").wait_for()

    page.emulate_media(media="print")

    expect(page.locator(".shell-header")).to_be_hidden()
    expect(page.locator(".page-header-actions")).to_be_hidden()
    expect(page.get_by_role("heading", name="Look-ahead audit")).to_be_visible()


def test_paper_is_white_also_for_those_who_work_in_the_dark(open_page, answered):
    page = open_page(f"/app/analyses/{answered}", theme="dark", width=390)
    charts_are_drawn(page, 1)
    assert line_colours(page)[0] == PALETTES["dark"].accent

    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert line_colours(page)[0] == PALETTES["light"].accent
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"

    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert line_colours(page)[0] == PALETTES["dark"].accent


def test_the_first_tab_skips_to_the_content(open_page):
    page = open_page("/app/")
    page.locator("h1").wait_for()
    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()

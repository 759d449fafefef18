"""What every page owes to every reader: axe finds nothing serious, nothing jumps, nothing lies beside the screen.

The pages are those of `PAGES`: a new one is tried by being listed there.
"""

import contextlib
import re
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import TimeoutError  # noqa: A004  # Playwright's own

from tests import factories
from tests.browser.conftest import assert_fits, sign_in
from webapp.dashboard import paths
from webapp.dashboard.pages import PAGES

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
PLAIN = [f"/app{page.PATH}" for page in PAGES if page.PATH not in {"/404", paths.ANALYSIS}]
NOBODY = "0123456789abcdef"

# Chromium measures by the distance and the area that moved; 0.1 is called good, and this is a fifth of it.
MOST_SHIFT = 0.02
WATCH_SHIFTS = """
window.assayShifts = [];
const named = source => source.node && (source.node.id || source.node.className);
new PerformanceObserver(list => list.getEntries().filter(each => !each.hadRecentInput).forEach(each =>
  window.assayShifts.push([each.value, each.sources.map(named)])
)).observe({type: "layout-shift", buffered: true});
"""
IS_SETTLED = """
theme => document.documentElement.dataset.bsTheme === theme
  && [...document.querySelectorAll(".chart")].filter(each => each.offsetParent).every(each => {
    const skeleton = each.querySelector(".skeleton");
    return !skeleton || skeleton.hidden;
  })
  && [...document.querySelectorAll(".js-plotly-plot")].filter(each => each.offsetParent)
    .every(each => !each.layout || !each.layout.meta || each.layout.meta.theme === theme)
"""
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
RUN_AXE = (
    "() => axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
)


def settle(page, theme):
    page.locator("h1").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    page.wait_for_function(IS_SETTLED, arg=theme)
    page.evaluate(TWO_FRAMES)


def serious(page):
    """Return what axe calls serious or critical: rule, number of places, the first of them."""
    return [
        (each["id"], len(each["nodes"]), each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"])
        for each in page.evaluate(RUN_AXE)["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def shifts_of(page):
    """Return what has moved on a page until it came to rest."""
    settle(page, "light")
    return page.evaluate("window.assayShifts || []")


def assert_accessible(page):
    page.emulate_media(reduced_motion="reduce")  # else colours would be measured on their way
    shifts = shifts_of(page)
    if sum(value for value, _ in shifts) >= MOST_SHIFT:  # a busy machine lets a frame pass before a list has its width
        page.reload()
        shifts = shifts_of(page)
    assert sum(value for value, _ in shifts) < MOST_SHIFT, shifts
    page.evaluate(AXE)
    assert serious(page) == []
    assert_fits(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    settle(page, "dark")
    assert serious(page) == []
    for width in (720, 390):  # 720 px are what is left of 1440 at 200 %
        page.set_viewport_size({"width": width, "height": 844})
        with contextlib.suppress(TimeoutError):  # charts and tables follow the window; what does not, is said below
            page.wait_for_function(FITS, timeout=5000)
        assert_fits(page)
    assert serious(page) == []


@pytest.fixture(scope="session")
def as_admin(browser, live_app):
    """A browser in which an administrator is signed in."""
    with live_app.database.write() as session:
        email = factories.create_user(session, name="Grace Hopper", role="admin").email
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(30_000)
    page = context.new_page()
    sign_in(page, live_app, email)
    page.close()
    yield context
    context.close()


@pytest.fixture
def open_watched(as_admin, live_app, complaints, open_page):
    """`open_watched(path)`: a page whose layout shifts are written down; those for administrators as one."""
    pages = []

    def open_watched(path):
        if path.startswith("/app/admin/"):
            page = as_admin.new_page()
            complaints.watch(page, live_app.url)
            pages.append(page)
        else:
            page = open_page("/healthz")
        page.add_init_script(WATCH_SHIFTS)
        page.goto(live_app.url + path)
        return page

    yield open_watched
    for page in pages:
        page.close()


@pytest.mark.parametrize("path", PLAIN)
def test_a_page(open_watched, live_app, path):
    live_app.add(title="A title of sixty characters, as long as titles may well be!!!", status="succeeded")
    live_app.add(title="It failed", status="failed", error_code="not_enough_data", error_message="x")

    assert_accessible(open_watched(re.sub("<[^>]*>", NOBODY, path)))


@pytest.mark.parametrize("path", ["/app/analyses", "/app/jobs"])
def test_a_list_with_long_titles_in_every_state(open_watched, live_app, path):
    for status in ("succeeded", "failed", "queued", "running", "cancelled") * 3:
        title = "A title of sixty characters, as long as titles may well be!!!"
        live_app.add(title=title, status=status, stage="train", progress=0.3, error_code="not_enough_data")

    assert_accessible(open_watched(path))


@pytest.mark.parametrize("tab", paths.TABS)
def test_an_answer(open_watched, answered, tab):
    assert_accessible(open_watched(paths.analysis(answered, tab=tab)))


@pytest.mark.parametrize("status", ["running", "failed"])
def test_an_analysis_on_its_way(open_watched, live_app, status):
    public_id = live_app.add(
        title="Watched", status=status, stage="train", progress=0.3, error_code="not_enough_data", error_message="x"
    )

    assert_accessible(open_watched(paths.analysis(public_id)))


@pytest.mark.parametrize("path", ["/login", "/nowhere"])
def test_a_page_for_strangers(open_page, path):
    page = open_page("/healthz", signed=False)
    page.add_init_script(WATCH_SHIFTS)
    page.goto(page.url.replace("/healthz", path))

    assert_accessible(page)

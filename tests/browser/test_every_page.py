"""Every page, wide and narrow, light and dark: drawn, nothing sideways, nothing in the console, nobody else asked."""

import datetime
import re

import pytest

from tests.browser.conftest import SCREENS, assert_fits, charts_are_drawn
from webapp.dashboard import paths

pytestmark = pytest.mark.browser

N_CHARTS = {"overview": 1, "metrics": 0, "risk": 4, "trades": 4, "model": 5, "honesty": 0, "reproduce": 0}
LONG_TITLE = "Sixty characters of a title that somebody thought was short!"


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}px-{screen[1]}")
def screen(request):
    return dict(zip(("width", "theme"), request.param, strict=True))


def assert_fits_in(page, screen):
    assert page.evaluate("[innerWidth, document.documentElement.dataset.bsTheme]") == [screen["width"], screen["theme"]]
    assert_fits(page)


def test_sign_in(open_page, screen):
    page = open_page("/login", **screen, signed=False)

    page.get_by_role("button", name="Sign in").wait_for()
    assert_fits_in(page, screen)


def test_analyses(open_page, live_app, screen):
    live_app.add(title=LONG_TITLE, status="succeeded", verdict="Not distinguishable from luck. " * 8)
    live_app.add(title="running", status="running", progress=0.4, stage="train")

    page = open_page("/app/analyses", **screen)

    page.get_by_role("link", name=LONG_TITLE).first.wait_for()
    page.get_by_text("Running 40").first.wait_for()
    assert_fits_in(page, screen)


def test_dashboard(open_page, live_app, screen):
    live_app.add(title=LONG_TITLE, status="succeeded", verdict="Not distinguishable from luck. " * 8)

    page = open_page("/app/", **screen)

    page.get_by_role("link", name=LONG_TITLE).first.wait_for()
    charts_are_drawn(page, 1)
    assert_fits_in(page, screen)


def test_new_analysis(open_page, screen):
    page = open_page("/app/new", **screen)

    page.get_by_text("fits in any case").wait_for()
    page.evaluate("document.querySelectorAll('details.form-section').forEach(each => { each.open = true; })")
    assert page.locator("details.form-section").count() >= 10
    assert page.get_by_role("button", name="Run").is_visible()
    assert_fits_in(page, screen)


@pytest.mark.parametrize("tab", paths.TABS)
def test_analysis(open_page, answered, screen, tab):
    page = open_page(f"/app/analyses/{answered}?tab={tab}", **screen)

    panel = page.locator(f"#analysis-panel-{tab}")
    panel.locator("h2, .verdict").first.wait_for()
    charts_are_drawn(page, N_CHARTS[tab])
    assert page.get_by_role("tab", name=tab.capitalize()).get_attribute("aria-selected") == "true"
    assert_fits_in(page, screen)


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_an_analysis_without_an_answer(open_page, live_app, screen, status):
    public_id = live_app.add(
        title=LONG_TITLE,
        status=status,
        stage="train",
        progress=0.3,
        error_code="not_enough_data",
        error_message="Expected more bars; found fewer. Use a longer history.",
        not_before=datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1),  # else a worker would take it
    )

    page = open_page(f"/app/analyses/{public_id}", **screen)

    page.get_by_role("heading", name=LONG_TITLE).wait_for()
    assert_fits_in(page, screen)


@pytest.mark.parametrize("path", ["/app/nowhere", "/app/analyses/0123456789abcdef", "/app/analyses/a/b"])
def test_what_is_not_there(open_page, screen, path):
    page = open_page(path, **screen)

    page.get_by_role("heading", name="Not found").wait_for()
    assert_fits_in(page, screen)


def test_a_page_without_a_sign_in_leads_to_the_sign_in_and_back(open_page, live_app):
    page = open_page("/app/new", signed=False)

    page.wait_for_url(re.compile(r"/login\?next="))
    page.fill("#email", live_app.email)
    page.fill("#password", "correct horse battery staple")
    page.press("#password", "Enter")
    page.wait_for_url(f"{live_app.url}/app/new")
    page.get_by_text("fits in any case").wait_for()


@pytest.mark.parametrize("path", ["/app/", "/app/analyses", "/app/new"])
def test_at_twice_the_size_nothing_is_lost(open_page, path):
    page = open_page(path)
    page.set_viewport_size({"width": 720, "height": 450})  # what is left of 1440 px at 200 %

    page.locator("h1").first.wait_for()
    assert_fits(page)

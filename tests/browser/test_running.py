"""From the sign-in to an answer with the keyboard alone, and what an analysis's page does meanwhile and afterwards."""

import re
import time

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from tests import factories
from tests.browser.conftest import charts_are_drawn
from webapp.tables import Analysis, LogLine

pytestmark = pytest.mark.browser


def tab_to(page, locator, most=80):
    """Press Tab until an element has the focus."""
    for _ in range(most):
        if locator.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{locator} cannot be reached with Tab.")


def test_by_keyboard_alone_from_the_sign_in_to_the_answer(open_page, worker):
    page = open_page("/login", signed=False)

    page.keyboard.type(worker.email)  # the first field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(factories.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{worker.url}/app/")
    tab_to(page, page.get_by_role("link", name="New analysis").last)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{worker.url}/app/new")
    page.get_by_text("fits in any case").wait_for()
    tab_to(page, page.get_by_label("Title"))
    page.keyboard.type("By keyboard")
    tab_to(page, page.get_by_role("button", name="Quick look"))
    page.keyboard.press("Enter")
    page.get_by_text("2 models").wait_for(state="attached")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/app/analyses/[0-9a-f]+$"))
    expect(page.get_by_role("heading", name="By keyboard")).to_be_visible()

    public_id = page.url.rpartition("/")[2]
    # The page follows by itself: nobody reloads it.
    page.get_by_role("tab", name="Overview").wait_for(timeout=240_000)
    charts_are_drawn(page, 1)
    assert worker.wait_final(public_id, 5).status == "succeeded"
    assert page.title() == "By keyboard · Assay"

    tab_to(page, page.get_by_role("tab", name="Overview"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Metrics")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#analysis-panel-metrics .heat")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?tab=metrics$"))


def test_a_tab_is_asked_for_once_and_a_link_opens_it(open_page, answered):
    page = open_page(f"/app/analyses/{answered}?tab=metrics")
    page.locator(".heat").wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.post_data or "") if "_dash-update" in request.url else None)

    for name in ("Risk", "Metrics", "Risk"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(300)
    page.get_by_role("heading", name="Deepest drawdowns").wait_for()

    assert sum("analysis-panel-risk" in each for each in asked) == 1
    assert not any("analysis-panel-metrics" in each for each in asked)


def test_a_finished_analysis_is_not_asked_after_any_more(open_page, answered):
    page = open_page(f"/app/analyses/{answered}?tab=honesty")
    page.get_by_role("heading", name="Look-ahead audit").wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.wait_for_timeout(3500)

    assert asked == []


def test_a_change_is_seen_within_two_seconds_and_nothing_is_asked_of_dash(open_page, live_app):
    public_id = live_app.add(title="Looked at", status="running", stage="train", progress=0.1)
    page = open_page(f"/app/analyses/{public_id}")
    page.get_by_text("10\u00a0% done").wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.post_data or "") if "_dash-update" in request.url else None)
    took = []
    for percent in (20, 40, 60):
        with live_app.database.write() as session:
            session.execute(update(Analysis).where(Analysis.public_id == public_id).values(progress=percent / 100))
        began = time.monotonic()
        page.get_by_text(f"{percent}\u00a0% done").wait_for()
        took.append(time.monotonic() - began)

    assert sorted(took)[1] < 2.0, took
    assert not [each for each in asked if "analysis-" in each]
    with live_app.database.write() as session:
        session.execute(update(Analysis).where(Analysis.public_id == public_id).values(status="cancelled"))
    page.get_by_text("was cancelled; there is no result").wait_for()
    requests = []
    page.on("request", lambda request: requests.append(request.url) if "/marks/" in request.url else None)
    page.wait_for_timeout(2000)
    assert requests == [], "what is over is not asked after any more"


def test_what_is_taken_away_while_one_looks_is_gone(open_page, live_app, complaints):
    complaints.expect("404")
    public_id = live_app.add(title="Soon another's", status="running", stage="train")
    page = open_page(f"/app/analyses/{public_id}")
    page.get_by_text("done, now at").wait_for()

    with live_app.database.write() as session:
        stranger = factories.create_actor(session).user_id
        session.execute(update(Analysis).where(Analysis.public_id == public_id).values(owner_id=stranger))

    page.get_by_role("heading", name="Not found").wait_for()


def test_cancelling_a_queued_analysis(open_page, live_app):
    public_id = live_app.add(title="To be cancelled", not_before=factories.NOW.replace(year=2099))
    page = open_page(f"/app/analyses/{public_id}")

    page.get_by_role("button", name="Cancel").click()

    page.get_by_text("was cancelled; there is no result").wait_for()
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    assert live_app.wait_final(public_id, 1).status == "cancelled"


def test_the_log_grows_while_it_is_open(open_page, live_app):
    with live_app.database.write() as session:
        row = factories.create_analysis(
            session, live_app.owner, status="running", stage="train", started_at=factories.NOW
        )
        public_id, row_id = row.public_id, row.id

    def say(message):
        with live_app.database.write() as session:
            line = LogLine(
                analysis_id=row_id, attempt=1, at=factories.NOW, level="info", stage="train", message=message
            )
            session.add(line)

    say("The first line.")
    page = open_page(f"/app/analyses/{public_id}")
    page.locator("#analysis-log-open").click()
    page.get_by_text("The first line.").wait_for()
    say("The second line.")

    page.get_by_text("The second line.").wait_for()
    assert page.get_by_text("The first line.").count() == 1


def test_running_again_leads_to_a_new_analysis_that_compares_itself(open_page, worker, answered):
    page = open_page(f"/app/analyses/{answered}")

    page.get_by_role("button", name="Re-run").click()
    page.wait_for_url(lambda url: "/app/analyses/" in url and answered not in url)
    again = worker.wait_final(page.url.rpartition("/")[2])

    assert again.status == "succeeded"
    page.get_by_role("tab", name="Reproduce").click()
    page.get_by_text("Same result hash: yes").wait_for()


def test_another_persons_analysis_does_not_exist(open_page, live_app):
    with live_app.database.write() as session:
        stranger = factories.create_actor(session)
        theirs = factories.create_analysis(session, stranger, title="secret").public_id

    page = open_page(f"/app/analyses/{theirs}")

    page.get_by_role("heading", name="Not found").wait_for()
    assert "secret" not in page.content()


def test_the_list_follows_what_runs(open_page, live_app):
    public_id = live_app.add(title="Followed by the list", status="running", progress=0.2, stage="train")
    page = open_page("/app/analyses")
    row = page.locator(".ag-row", has=page.get_by_role("link", name="Followed by the list"))
    expect(row).to_contain_text("Running 20")

    with live_app.database.write() as session:
        session.execute(update(Analysis).where(Analysis.public_id == public_id).values(status="cancelled"))

    expect(row).to_contain_text("Cancelled", timeout=10_000)


def test_what_is_picked_stays_so_while_one_looks_elsewhere(open_page, live_app):
    first, second = (live_app.add(title=f"Picked {word}", status="succeeded") for word in ("apple", "pear"))
    page = open_page("/app/analyses?text=apple")
    page.locator(f".ag-row[row-id='{first}'] input").check()
    expect(page.locator("#analyses-n-picked")).to_have_text("1\u00a0analysis picked")

    page.get_by_label("Search title, symbol or model").fill("pear")
    page.locator(f".ag-row[row-id='{second}'] input").check()
    expect(page.locator("#analyses-compare")).to_have_attribute("href", f"/app/compare?ids={first},{second}")

    page.get_by_label("Search title, symbol or model").fill("apple")
    expect(page.locator(f".ag-row[row-id='{first}'] input")).to_be_checked()
    page.fill("#analyses-tag-text", "fruit")
    page.get_by_role("button", name="Add tag").click()
    expect(page.locator(f".ag-row[row-id='{first}'] .tag")).to_have_text("fruit")
    expect(page.locator(".toast-done")).to_have_text("2\u00a0analyses tagged.")
    expect(page.locator(f".ag-row[row-id='{first}'] input")).to_be_checked()
    page.get_by_role("button", name="Archive").click()
    expect(page.locator(".grid-empty")).to_contain_text("No analysis matches")


def test_the_list_can_be_filtered(open_page, live_app):
    live_app.add(title="A needle in the list", status="failed", error_code="not_enough_data", error_message="x")
    page = open_page("/app/analyses")

    page.get_by_label("Search title, symbol or model").fill("needle")
    expect(page.locator(".grid-name")).to_have_count(1)
    page.get_by_text("Succeeded", exact=True).first.click()
    page.get_by_text("No analysis matches").wait_for()
    page.get_by_text("Failed", exact=True).first.click()
    page.get_by_role("link", name="A needle in the list").click()
    page.wait_for_url(re.compile("/app/analyses/"))
    page.get_by_text("This analysis failed").wait_for()


def test_an_ended_session_leads_to_the_sign_in(open_page, complaints):
    complaints.expect("401")
    page = open_page("/app/new", fresh=True)
    page.get_by_text("fits in any case").wait_for()

    page.context.clear_cookies(name="assay_session")
    page.get_by_label("Title").fill("x")
    page.get_by_role("button", name="Quick look").click()

    page.wait_for_url(re.compile(r"/login\?next=%2Fapp%2Fnew"))


def test_a_lost_connection_is_said_and_forgotten_when_it_is_back(open_page, live_app, complaints):
    complaints.expect("Failed to fetch|ERR_INTERNET_DISCONNECTED|NetworkError|Callback failed")
    public_id = live_app.add(title="Watched", status="running", stage="train", progress=0.1)
    page = open_page(f"/app/analyses/{public_id}", fresh=True)
    page.get_by_text("now at: train").wait_for()

    page.context.set_offline(True)
    page.get_by_text("The connection to the server is lost").wait_for()
    page.context.set_offline(False)

    expect(page.get_by_text("The connection to the server is lost")).to_be_hidden(timeout=15_000)


def test_signing_out(open_page, live_app):
    with live_app.database.write() as session:  # somebody else: it ends all sessions of a person
        email = factories.create_user(session, name="Grace Hopper").email
    page = open_page("/login", signed=False)
    page.fill("#email", email)
    page.fill("#password", factories.PASSWORD)
    page.press("#password", "Enter")
    page.get_by_role("button", name="Grace Hopper").click()

    started = time.monotonic()
    page.get_by_role("button", name="Sign out").click()

    page.wait_for_url(re.compile("/login"))
    assert time.monotonic() - started < 20

"""The form of a new analysis: live checks, lists, templates, JSON both ways."""

import json

import pytest
from playwright.sync_api import expect

from quant.spec import AnalysisSpec
from tests.browser.conftest import QUICK
from webapp.services import analyses

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page):
    page = open_page("/app/new")
    page.get_by_text("fits in any case").wait_for()
    return page


def section(page, title):
    part = page.locator("details.form-section", has=page.locator(".form-section-title", has_text=title))
    part.evaluate("each => { each.open = true; }")
    return part


def json_of(page):
    page.get_by_role("tab", name="JSON").click()
    return json.loads(page.locator("#new-analysis-json").input_value())


def test_a_mistake_shows_at_its_field_when_it_is_left_and_goes_when_mended(page):
    field = section(page, "Validation").get_by_label("Training window", exact=True)

    field.fill("fifty")
    field.press("Tab")
    expect(section(page, "Validation")).to_contain_text("Expected a whole number; found “fifty”.")
    expect(page.locator("#new-analysis-problems")).to_contain_text("1 thing to mend")
    assert field.input_value() == "fifty"

    field.fill("500")
    field.press("Tab")
    expect(page.locator("#new-analysis-problems")).to_be_hidden()
    expect(page.get_by_text("1,534 bars traded out of sample")).to_be_visible()


def test_a_named_mistake_leads_to_its_field(page):
    field = section(page, "Risk").get_by_label("Confidence")
    field.fill("2")
    field.press("Tab")
    section(page, "Risk").evaluate("each => { each.open = false; }")

    page.locator("#new-analysis-problems").get_by_role("link", name="Confidence").click()

    expect(field).to_be_focused()


def test_running_with_mistakes_stays_and_shows_them(page):
    section(page, "Risk").get_by_label("Confidence").fill("2")

    page.get_by_role("button", name="Run").click()

    expect(page.locator("#new-analysis-problems")).to_be_in_viewport()
    assert page.url.endswith("/app/new")


def test_entries_are_added_and_removed(page):
    models = section(page, "Models")
    models.get_by_role("button", name="Remove Random forest").click()
    expect(models.locator(".entry")).to_have_count(2)

    models.get_by_role("combobox").last.select_option("random_forest")
    models.get_by_role("button", name="Add").click()
    expect(models.locator(".entry")).to_have_count(3)
    expect(page.get_by_text("1 changed")).to_be_visible()
    assert [each["name"] for each in json_of(page)["models"]] == ["logistic", "xgboost", "random_forest"]


def test_another_way_of_sizing_shows_its_fields_and_keeps_the_rest(page):
    backtest = section(page, "Backtest")
    backtest.get_by_label("Initial cash").fill("5000")

    backtest.get_by_label("Sizing").focus()  # as whoever chooses does
    backtest.get_by_label("Sizing").select_option("volatility_target")

    backtest.get_by_label("Target volatility").wait_for()
    assert backtest.get_by_label("Initial cash").input_value() == "5000"


def test_a_template_fills_the_form_and_keeps_the_title(page):
    page.get_by_label("Title").fill("Mine")

    page.get_by_role("button", name="Long/short with volatility target").click()

    expect(page.get_by_text("Long or short").first).to_be_attached()
    expect(section(page, "Strategy").get_by_label("Direction")).to_have_value("long_short")
    assert page.get_by_label("Title").input_value() == "Mine"


def test_the_json_fills_the_form_and_the_form_the_json(page):
    question = json_of(page)
    question["risk"]["confidence"] = 0.9
    page.locator("#new-analysis-json").fill(json.dumps(question))
    page.get_by_role("tab", name="Form").click()
    expect(section(page, "Risk").get_by_label("Confidence")).to_have_value("0.9")

    section(page, "Risk").get_by_label("Confidence").fill("0.8")
    section(page, "Risk").get_by_label("Confidence").press("Tab")
    expect(page.get_by_text("Confidence 0.8")).to_be_attached()
    assert json_of(page)["risk"]["confidence"] == 0.8


def test_json_with_a_mistake_is_explained_and_nothing_is_lost(page):
    json_of(page)
    text = '{"instruments": [{"symbol": "GOOG"}], "colour": "red"}'
    page.locator("#new-analysis-json").fill(text)
    page.locator("#new-analysis-json").blur()

    expect(page.locator("#new-analysis-json-problems")).to_contain_text("There is no such field.")
    assert page.locator("#new-analysis-json").input_value() == text

    page.get_by_role("button", name="Run").click()
    page.get_by_text("Please check the input").or_(page.locator("#new-analysis-json-problems")).first.wait_for()
    assert page.url.endswith("/app/new")


def test_instruments_are_searched_and_chosen_by_keyboard(page):
    page.locator("#new-analysis-instruments").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".dash-dropdown-search")).to_be_focused()
    page.keyboard.type("micro")
    expect(page.locator(".dash-dropdown-option")).to_have_count(1)
    expect(page.locator(".dash-dropdown-option")).to_contain_text("MSFT")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.activeElement.closest('.dash-dropdown-option') !== null")
    page.keyboard.press("Space")
    expect(page.locator(".dash-dropdown-option input")).to_be_checked()
    page.keyboard.press("Escape")

    expect(page.locator(".form-summary").first).to_have_text("GOOG, MSFT")


def test_what_was_just_typed_is_what_runs(page, live_app):
    page.get_by_label("Title").fill("Typed and run at once")
    field = section(page, "Risk").get_by_label("Confidence")
    field.fill("0.91")
    page.keyboard.press("Control+Enter")

    page.wait_for_url("**/app/analyses/*")
    with live_app.database.read() as session:
        view = analyses.get(session, live_app.owner, page.url.rpartition("/")[2])
    assert view.spec["risk"]["confidence"] == 0.91
    with live_app.database.write() as session:
        analyses.cancel(session, live_app.owner, view.id)


def test_a_question_can_be_edited_and_asked_again(open_page, live_app):
    spec = AnalysisSpec.model_validate({**QUICK, "seed": 7})
    public_id = live_app.add(title="The first", spec=spec.resolved(), spec_hash=spec.hash(), status="cancelled")

    page = open_page(f"/app/analyses/{public_id}")
    page.get_by_role("link", name="Edit and run again").first.click()
    page.wait_for_url(f"**/app/new?from={public_id}")
    page.get_by_text("fits in any case").wait_for()

    assert page.get_by_label("Title").input_value() == "The first"
    assert AnalysisSpec.model_validate(json_of(page)) == spec

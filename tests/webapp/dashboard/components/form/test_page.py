import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard import paths
from webapp.dashboard.components.form.kept import TEMPLATE
from webapp.dashboard.components.form.page import draw_page
from webapp.dashboard.components.form.templates import TEMPLATES
from webapp.dashboard.components.form.values import default_question, to_values


@pytest.fixture
def page():
    return draw_page("My title", to_values(default_question()), [])


def test_title_templates_and_run_are_on_the_page(page):
    assert reading.by_id(page, "new-analysis-title").value == "My title"
    for template in TEMPLATES:
        button = reading.by_id(page, {"type": TEMPLATE, "name": template.name})
        assert template.summary in reading.text(button)
    assert reading.text(reading.by_id(page, "new-analysis-run")) == "Run"


def test_the_form_is_shown_first_and_the_json_is_one_tab_away(page):
    form, json_panel = (reading.by_id(page, f"new-analysis-panel-{name}") for name in ("form", "json"))
    tabs = [each for each in reading.of_type(page, "Button") if getattr(each, "role", None) == "tab"]

    assert json_panel.hidden is True
    assert not getattr(form, "hidden", False)
    assert [reading.attribute(tab, "aria-controls") for tab in tabs] == [
        "new-analysis-panel-form",
        "new-analysis-panel-json",
    ]
    assert [reading.attribute(tab, "aria-selected") for tab in tabs] == ["true", "false"]


def test_every_control_has_a_label(page):
    labelled = {label.htmlFor for label in reading.of_type(page, "Label")}

    assert {"new-analysis-title", "new-analysis-json", "new-analysis-instruments"} <= labelled


def test_many_questions_at_once_are_one_link_away(page):
    assert paths.new_study() in [link.href for link in reading.of_type(page, "Link")]

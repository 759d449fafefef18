import datetime

import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.components.form import kept
from webapp.dashboard.components.form.templates import TEMPLATES
from webapp.services.templates import TemplateView

NOW = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
OWN = TemplateView("a1", "Mine", "For returns", "Ada", True, True, {}, NOW, NOW)
THEIRS = TemplateView("b2", "Desk", "", "Bob", False, True, {}, NOW, NOW)


def test_those_that_are_built_in_come_first_and_every_one_has_a_button():
    buttons = kept.template_buttons([OWN, THEIRS])
    assert [each.id["name"] for each in buttons] == [*(each.name for each in TEMPLATES), "kept-a1", "kept-b2"]
    assert "Yours, shared with everybody. For returns" in reading.text(buttons[-2])
    assert "By Bob." in reading.text(buttons[-1])


@pytest.mark.parametrize(("name", "expected"), [("kept-a1", "a1"), ("quick", None)])
def test_a_button_leads_to_its_template(name, expected):
    assert kept.kept_id(name) == expected


def test_only_ones_own_can_be_replaced():
    assert [each["value"] for each in kept.targets([OWN, THEIRS])] == ["", "a1"]


def test_every_field_has_its_label():
    panel = kept.keep_panel([OWN])
    labels = {each.htmlFor for each in reading.of_type(panel, "Label")}
    assert labels == {kept.TARGET, kept.NAME, kept.DESCRIPTION}
    assert reading.by_id(panel, kept.DELETE).hidden is True


def test_what_is_shown_of_a_template_is_its_own():
    assert kept.said_of(OWN) == ("Mine", "For returns", True, False)
    assert kept.said_of(None) == ("", "", False, True)

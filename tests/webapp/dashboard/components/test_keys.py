from dash import html

from tests.webapp.dashboard import reading
from webapp.dashboard.components import keys
from webapp.dashboard.components.cards import icon

PAGES = (("Dashboard", "graph-up", "/app/"), ("Jobs", "stack", "/app/jobs"), ("Without a key", "x", "/app/x"))


def test_the_dialog_leads_to_the_pages_of_the_navigation_that_have_a_key():
    links = reading.of_type(keys.keys_dialog(PAGES), "A")

    assert [(each.href, reading.attribute(each, "data-key")) for each in links] == [("/app/", "d"), ("/app/jobs", "j")]


def test_the_dialog_has_a_name_and_a_button_that_closes_it():
    dialog = keys.keys_dialog(PAGES)

    assert type(dialog) is html.Dialog
    assert reading.text(reading.by_id(dialog, reading.attribute(dialog, "aria-labelledby"))) == "Keyboard shortcuts"
    (button,) = reading.of_type(dialog, "Button")
    assert reading.attribute(button, "data-closes") == dialog.id


def test_the_button_opens_it():
    button = keys.keys_button()

    assert reading.attribute(button, "data-opens") == keys.keys_dialog(PAGES).id
    assert type(button.children) is type(icon("x"))


def test_no_two_pages_share_a_letter():
    assert len(set(keys.LETTERS.values())) == len(keys.LETTERS)

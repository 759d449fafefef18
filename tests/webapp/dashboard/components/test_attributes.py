from dash import html

from tests.webapp.dashboard import reading
from webapp.dashboard.components.attributes import aria, aria_bool, data


def test_they_reach_the_component():
    button = html.Button("x", **aria(label="Close", pressed=aria_bool(False)), **data(assay_theme_choice="dark"))

    assert reading.attribute(button, "aria-label") == "Close"
    assert reading.attribute(button, "aria-pressed") == "false"
    assert reading.attribute(button, "data-assay-theme-choice") == "dark"


def test_truth_is_spelt_as_browsers_expect():
    assert (aria_bool(True), aria_bool(False)) == ("true", "false")

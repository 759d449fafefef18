import logging

import dash
import pytest
from dash import Dash, Input, Output, html

from quant.errors import InvalidSpec, NotEnoughData
from tests.webapp.dashboard import reading
from webapp.dashboard import alerts
from webapp.dashboard.components import toasts
from webapp.errors import AppError, Conflict, InvalidInput, NotFound

pytestmark = pytest.mark.databases("sqlite")


@pytest.mark.parametrize("error", [NotFound("No such analysis."), Conflict("Already over."), NotEnoughData("Too few.")])
def test_our_errors_are_told_in_their_own_words(error):
    title, text = alerts.describe(error)

    assert text == str(error)
    assert title


def test_wrong_fields_are_named():
    _, text = alerts.describe(InvalidInput("Two mistakes.", fields={"title": "too long", "seed": "no number"}))

    assert text == "Two mistakes. title: too long; seed: no number"


def test_an_invalid_question_has_its_own_title():
    assert alerts.describe(InvalidSpec("No."))[0] == "Please check the question"


def test_a_fault_of_ours_shows_the_number_of_the_request_and_nothing_else(app):
    with app.test_request_context("/app/", headers={"X-Request-ID": "abcdef0123456789"}):
        _, text = alerts.describe(ZeroDivisionError("secret of the program"))

    assert "abcdef0123456789" in text
    assert "secret" not in text


@pytest.mark.parametrize("code", list(alerts._TITLES))
def test_every_title_belongs_to_an_error(code):
    def tree(error):
        return {error.code}.union(*(tree(each) for each in error.__subclasses__()))

    assert code in tree(AppError) | tree(InvalidSpec)


def failing(app, output, error):
    """A dashboard with one callback that raises, on the test's server; return the answer of calling it."""
    broken = Dash("broken", server=app, url_base_pathname="/app/broken/", on_error=alerts.on_error)
    broken.layout = html.Div([html.Div(id="in"), html.Div(id=output)])

    @broken.callback(Output(output, "children"), Input("in", "children"))
    def fail(_value):
        raise error

    broken._setup_server()
    return broken


@pytest.mark.parametrize(("error", "is_logged"), [(NotFound("It is not there."), False), (ValueError("bug"), True)])
def test_an_error_in_a_callback_becomes_a_toast_and_only_bugs_are_logged(app, log_in, client, caplog, error, is_logged):
    failing(app, "out", error)
    log_in()
    client.get("/app/")
    body = {
        "output": "out.children",
        "outputs": {"id": "out", "property": "children"},
        "inputs": [{"id": "in", "property": "children", "value": 1}],
        "changedPropIds": ["in.children"],
    }
    headers = {"X-CSRFToken": client.get_cookie("_csrf_token").decoded_value}
    with caplog.at_level(logging.ERROR, logger="webapp.dashboard.alerts"):
        answer = client.post("/app/broken/_dash-update-component", json=body, headers=headers)

    toast = str(answer.get_json()["sideUpdate"][toasts.TOASTS])
    assert answer.status_code == 200
    assert ("It is not there." in toast) is not is_logged
    assert ("bug" in toast) is False
    assert bool(caplog.records) is is_logged


def test_a_page_that_cannot_be_drawn_says_so_in_its_place():
    page = alerts.failed_page("Not found", "There is no such analysis.")

    assert reading.text(page) == "Not found There is no such analysis. Load the page again"
    assert page.role == "alert"


def test_outside_of_a_callback_nothing_claims_to_draw_a_page():
    with pytest.raises(dash.exceptions.MissingCallbackContextException):
        alerts._draws_page()

import pytest
from flask import g

from tests.webapp.dashboard import reading
from webapp.dashboard import layout
from webapp.dashboard.components import toasts
from webapp.dashboard.pages import PAGES
from webapp.permissions import Actor, Role
from webapp.services import workers

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def shell(app):
    with app.test_request_context("/app/"):
        g.actor = Actor(1, "Ada Lovelace", Role.RESEARCHER)
        return layout.shell()


def test_the_shell_has_navigation_content_and_a_place_for_messages(shell):
    links = {each.href for each in reading.of_type(shell, "NavLink")}

    assert links == {"/app/", "/app/analyses", "/app/studies", "/app/new", "/app/data", "/app/jobs"}
    assert reading.of_type(shell, "Main")[0].id == "content"
    assert reading.attribute(reading.by_id(shell, toasts.TOASTS), "aria-live") == "polite"


def test_the_first_thing_a_keyboard_finds_leads_to_the_content(shell):
    first = shell.children[0]

    assert (first.href, "focusable" in first.className) == ("#content", True)


def test_who_is_signed_in_can_sign_out_by_a_form_that_carries_the_token(shell):
    (form,) = reading.of_type(shell, "Form")
    token = next(each for each in reading.of_type(form, "Input") if each.name == "csrf_token")

    assert "Ada Lovelace" in reading.text(shell)
    assert (form.action, form.method) == ("/logout", "POST")
    assert len(token.value) > 20


def test_the_form_signs_out(log_in, client):
    log_in()
    client.get("/app/")

    answer = client.post(layout.SIGN_OUT, data={"csrf_token": client.get_cookie("_csrf_token").decoded_value})

    assert answer.status_code == 302
    assert client.get("/app/", headers={"Accept": "text/html"}).status_code == 302


def test_themes_can_be_chosen_in_the_header_and_in_the_drawer(shell):
    choices = [reading.attribute(each, "data-assay-theme-choice") for each in reading.of_type(shell, "Button")]

    assert [each for each in choices if each] == ["system", "light", "dark"] * 2


def test_outside_of_a_request_the_shell_belongs_to_nobody():
    assert reading.of_type(layout.shell(), "Form") == []


def test_every_page_without_parameters_is_in_the_menu_of_administrators(app, shell):
    with app.test_request_context("/app/"):
        g.actor = Actor(1, "Ada Lovelace", Role.ADMIN)
        links = {each.href for each in reading.of_type(layout.shell(), "NavLink")}
    plain = {f"/app{page.PATH}" for page in PAGES if "<" not in page.PATH and page.PATH != "/404"}

    # Reached from where prices are looked at, from the lists of analyses and studies, and from the user's own menu.
    assert plain - {"/app/data/upload", "/app/compare", "/app/new-study", "/app/import", "/app/account"} == links
    assert links > {each.href for each in reading.of_type(shell, "NavLink")}


def test_the_foot_says_how_the_installation_does(acting, database):
    with acting(), database.write() as session:
        workers.beat(session, "host:1:1")
    with acting("viewer"):
        words = " ".join(reading.text(part) for part in layout.show_status(None))

    assert "1 worker alive" in words
    assert "Queue server does not answer" in words  # tests have none

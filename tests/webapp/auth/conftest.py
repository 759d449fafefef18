"""What tests of the door frame share: a few throw-away routes behind the guard, and ways in."""

import dataclasses

import pytest
from flask import jsonify, request

from tests import factories
from webapp.app import create_app
from webapp.auth.session import current_actor, parts_of
from webapp.permissions import Permission
from webapp.services import tokens

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclasses.dataclass
class Person:
    actor: object
    email: str


@pytest.fixture
def app(app):
    """The application with routes that say who they were asked by, at a page, a callback and an API address.

    `/view` and `/api/v1/view` do what the test puts into `app.config["VIEW"]`.
    """

    def who():
        return jsonify(user_id=current_actor().user_id, name=current_actor().name, method=request.method)

    def page():
        return f"<p>{current_actor().name}</p>"

    def view():
        return app.config["VIEW"]()

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule("/api/v1/who", "who", who, methods=methods)
    app.add_url_rule("/app/_dash-who", "dash_who", who, methods=methods)
    app.add_url_rule("/page", "page", page, methods=methods)
    app.add_url_rule("/view", "view", view, methods=methods)
    app.add_url_rule("/api/v1/view", "api_view", view, methods=methods)
    app.add_url_rule("/folder/", "folder", page)
    return app


@pytest.fixture
def make_app(database):
    """`make_app(settings)` returns another application, on the test's database or on the one that the settings name."""
    made = []

    def make(settings):
        made.append(create_app(settings))
        return made[-1]

    yield make
    for app in made:
        parts_of(app).database.dispose()


@pytest.fixture
def person(database):
    """Somebody who has an account, and `factories.PASSWORD`."""
    with database.write() as session:
        user = factories.create_user(session, email="ada@example.org", name="Ada")
        return Person(factories.actor_of(user), user.email)


@pytest.fixture
def token_of(database):
    """`token_of(actor)` returns the secret of a new API token."""

    def make(actor, *, scopes=(Permission.ANALYSES_READ,)):
        with database.write() as session:
            return tokens.create_token(session, actor, name="test", scopes=scopes, expires_in_days=1)[1]

    return make


@pytest.fixture
def sign_in(client):
    """`sign_in(email)` fills in and sends the form, as a browser does; returns the answer."""

    def send(email, password=factories.PASSWORD, **fields):
        client.get("/login", headers=BROWSER)
        form = {"email": email, "password": password, "csrf_token": csrf_token(client), **fields}
        return client.post("/login", data=form, headers=BROWSER)

    return send


@pytest.fixture
def signed_in(client, person, sign_in):
    """The client, signed in as `person`, with a page open."""
    assert sign_in(person.email).status_code == 302
    client.get("/page", headers=BROWSER)
    return client


def csrf_token(client):
    """Return what the dashboard would send as X-CSRFToken."""
    cookie = client.get_cookie("_csrf_token")
    return cookie.decoded_value if cookie else ""


@pytest.fixture
def browser():
    """Headers of a browser that wants a page."""
    return BROWSER


@pytest.fixture
def token_in_page():
    """`token_in_page(client)` returns the CSRF token that the dashboard would send."""
    return csrf_token

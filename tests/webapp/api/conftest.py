"""What tests of the REST door share: callers with tokens, prices, and an analysis that was really answered."""

import pytest

from tests import factories
from tests.webapp.api.answered import finish, load_google
from tests.webapp.api.calls import Caller
from webapp.auth.session import parts_of
from webapp.permissions import GRANTS
from webapp.services import tokens


@pytest.fixture
def app(app):
    yield app
    parts_of(app).database.dispose()


@pytest.fixture
def call_as(app, database):
    """`call_as("viewer")` returns a new person's program; `scopes` narrows what its token carries."""

    def make(role="researcher", *, scopes=None):
        with database.write() as session:
            actor = factories.create_actor(session, role)
            carried = GRANTS[actor.role] if scopes is None else scopes
            secret = tokens.create_token(session, actor, name="test", scopes=carried, expires_in_days=1)[1]
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        return Caller(client, actor)

    return make


@pytest.fixture
def me(call_as):
    """A researcher's program."""
    return call_as()


@pytest.fixture
def stranger(app):
    """A program without a token."""
    return Caller(app.test_client())


@pytest.fixture
def google(app, database):
    """The public id of Google's bars, in the raw store."""
    return load_google(app, database)


@pytest.fixture
def answered(app, database, google, me):
    """The public id of an analysis of mine that has succeeded."""
    return finish(app, database, me.actor)

"""What tasks work with, on the test's database and without a broker."""

import pytest

from tasks.hands import Hands
from tests import factories
from webapp.jobs import Queue
from webapp.services import price_store


@pytest.fixture(autouse=True)
def _environment(settings, monkeypatch):
    """The first task that is called makes Celery read its settings, as it would in a worker, from the environment."""
    monkeypatch.setenv("ASSAY_HOME", str(settings.home))
    monkeypatch.setenv("ASSAY_SECRET_KEY", settings.secret_key.get_secret_value())
    monkeypatch.setenv("ASSAY_REDIS_URL", settings.redis_url.get_secret_value())


@pytest.fixture
def parts(settings, database, jobs_sent, tmp_path):
    own = settings.model_copy(update={"home": tmp_path})
    parts = Hands(own, database, Queue(own.redis_url.get_secret_value()))
    with database.write() as session:
        price_store.load_sample(session, parts.store)
    return parts


@pytest.fixture
def actor(parts):
    with parts.database.write() as session:
        return factories.create_actor(session)

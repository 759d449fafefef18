import subprocess
import sys

import pytest

from tests import factories
from webapp.app import create_app
from webapp.auth.session import parts_of
from webapp.jobs import Queue
from webapp.storage import FrameStore

pytestmark = pytest.mark.databases("sqlite")

HEAVY = ("sklearn", "xgboost", "numba", "tasks")


def test_the_parts_are_made_of_the_settings(app, settings):
    parts = parts_of(app)

    assert parts.settings is settings
    assert str(parts.database.engine.url) == settings.resolved_database_url
    assert isinstance(parts.queue, Queue)
    assert isinstance(parts.store, FrameStore)
    assert parts.store.root == settings.home / "frames"


def test_many_applications_live_in_one_process(settings, database, tmp_path):
    first, second = create_app(settings), create_app(settings)

    for app in (first, second):
        assert app.test_client().get("/healthz").status_code == 200
        parts_of(app).database.dispose()


def test_nothing_is_connected_before_the_first_request(settings, database):
    app = create_app(settings)

    assert parts_of(app).database.engine.pool.checkedin() == 0
    assert parts_of(app).database.engine.pool.checkedout() == 0


def test_web_processes_load_no_learning_and_no_workers():
    loaded = f"import sys, webapp.app; print([name for name in {HEAVY} if name in sys.modules])"

    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_root_leads_to_the_dashboard(client, log_in):
    log_in()

    assert client.get("/").location == "/app/"
    assert client.get("/app").location.endswith("/app/")
    page = client.get("/app/", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "_dash-config" in page.text


def test_programs_answers_and_scripts_are_compressed_and_pages_are_not(client, log_in):
    log_in()
    for path, is_smaller in (
        ("/static/assay.css", True),
        ("/api/v1/catalog", True),
        ("/app/", False),
        ("/login", False),
    ):
        with client.get(path, headers={"Accept-Encoding": "gzip, br, zstd"}) as answer:
            assert ("Content-Encoding" in answer.headers) == is_smaller, path
            assert "Accept-Encoding" in answer.headers["Vary"]


def test_the_openapi_framework_adds_no_pages_of_its_own(app):
    rules = {rule.rule for rule in app.url_map.iter_rules()}

    assert not rules & {"/docs", "/openapi.json", "/redoc", "/docs/oauth2-redirect"}
    assert not any("_mcp" in rule or "_alive" in rule for rule in rules)


def test_the_guard_comes_first(app):
    names = [function.__name__ for function in app.before_request_funcs[None]]

    assert names[:2] == ["_begin", "_guard"]


def test_a_request_leaves_no_transaction_open(app, client, database, log_in):
    log_in()
    with database.write() as session:
        factories.create_user(session)
    client.get("/api/v1/analyses")

    assert parts_of(app).database.engine.pool.checkedout() == 0


def test_a_browser_that_has_a_file_is_told_that_it_did_not_change(client):
    encoding = {"Accept-Encoding": "gzip"}
    with client.get("/static/assay.css", headers=encoding) as first:
        assert first.headers["Content-Encoding"] == "gzip"
    with client.get("/static/assay.css", headers={**encoding, "If-None-Match": first.headers["ETag"]}) as second:
        assert (second.status_code, second.data) == (304, b"")

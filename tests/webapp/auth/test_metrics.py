"""The page of a monitoring system: not there without a token, closed to whoever has another, true to Prometheus."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from tests import factories
from webapp.auth import metrics
from webapp.auth.session import parts_of

TOKEN = "a-token-of-the-monitoring-system"
MINE = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def watched(settings, make_app):
    return make_app(settings.model_copy(update={"metrics_token": SecretStr(TOKEN)}))


def families(answer):
    assert answer.status_code == 200
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def test_without_a_token_in_the_settings_there_is_nothing(client):
    for headers in ({}, MINE, {"Authorization": "Bearer "}):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ä"])
def test_another_token_opens_nothing(watched, given):
    answer = watched.test_client().get("/metrics", headers={"Authorization": given} if given else {})

    assert answer.status_code == 401
    assert "assay_" not in answer.text


def test_what_is_told_is_read_by_prometheus_and_explained(watched, database):
    with database.write() as session:
        factories.create_analysis(session, factories.create_actor(session))
    answer = watched.test_client().get("/metrics", headers=MINE)

    found = families(answer)
    assert answer.content_type.startswith("text/plain; version=")
    assert all(family.documentation for family in found.values())
    jobs = {(sample.labels["kind"], sample.labels["status"]): sample.value for sample in found["assay_jobs"].samples}
    assert jobs["analysis", "queued"] == 1
    names = {name for _, name, _, _ in (*metrics._COUNTERS, *metrics._SUMMARIES)}
    assert names <= found.keys(), "named before anything has happened, so that an alert can be written"


def test_requests_are_counted_by_door_and_status_over_all_processes(watched, settings, make_app):
    other = make_app(watched.extensions["assay"].settings)
    for app in (watched, other):
        client = app.test_client()
        assert client.get("/api/v1/catalog").status_code == 401
        assert client.get("/login").status_code == 200
        assert client.get("/healthz").status_code == 200
    other.extensions["assay_requests"].flush()  # as its thread does

    counted = families(watched.test_client().get("/metrics", headers=MINE))["assay_http_request_seconds"]
    n = {tuple(s.labels.values()): s.value for s in counted.samples if s.name.endswith("_count")}
    assert n == {("rest", "4xx"): 2, ("page", "2xx"): 2}


@pytest.mark.databases("sqlite")
def test_counts_that_the_database_does_not_take_are_kept(watched, monkeypatch):
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    requests = watched.extensions["assay_requests"]
    watched.test_client().get("/login")
    with monkeypatch.context() as patched:

        def away():
            raise OperationalError("x", {}, Exception("away"))

        patched.setattr(requests.database, "write", away)
        requests.flush()
    assert sum(n for n, _ in requests.waiting.values()) == 1
    requests.flush()
    assert requests.waiting == {}
    assert parts_of(watched).database is requests.database

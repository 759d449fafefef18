import dataclasses

import pytest
from pydantic import SecretStr

from webapp.auth.session import parts_of


def parts_words(**otherwise):
    return {"database": "ok", "results": "ok", "broker": "ok"} | otherwise


def test_alive_says_so_to_anybody_and_asks_nobody(client, app, count_queries):
    with count_queries(parts_of(app).database.engine) as statements:
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert statements == []


@pytest.mark.broker
def test_ready_means_that_database_and_broker_answer(settings, valkey, make_app):
    ready = make_app(settings.model_copy(update={"redis_url": type(settings.redis_url)(valkey.url)})).test_client()

    answer = ready.get("/readyz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok", "parts": parts_words()})


def test_without_a_broker_it_is_degraded_and_ready_all_the_same(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {"status": "degraded", "parts": parts_words(broker="no answer")}


@pytest.mark.databases("sqlite")
def test_a_store_of_results_that_is_away_is_named_without_detail(settings, make_app):
    url = "s3://bucket?region=us-east-1&endpoint_override=http://127.0.0.1:1"
    places = {
        "results_url": SecretStr(url),
        "results_access_key": SecretStr("key"),
        "results_secret_key": SecretStr("s"),
    }

    answer = make_app(settings.model_copy(update=places)).test_client().get("/readyz")

    assert (answer.status_code, answer.json["status"]) == (503, "not ready")
    assert answer.json["parts"] == parts_words(results="no answer", broker="no answer")
    assert "127.0.0.1" not in answer.text


@pytest.mark.databases("sqlite")
def test_a_database_that_is_away_is_named_without_detail(settings, tmp_path, make_app):
    lost = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/no/such/folder/x.sqlite"})

    answer = make_app(lost).test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json["parts"]["database"] == "no answer"
    assert str(tmp_path) not in answer.text


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("url", ["", "nonsense", "redis://[", "http://127.0.0.1"])
def test_a_broker_that_is_not_set_or_misspelt_is_not_ready(settings, url, monkeypatch, make_app):
    app = make_app(settings)
    parts = parts_of(app)
    broken = settings.model_copy(update={"redis_url": type(settings.redis_url)(url)})
    app.extensions["assay"] = dataclasses.replace(parts, settings=broken)

    assert app.test_client().get("/readyz").json["parts"]["broker"] == "no answer"

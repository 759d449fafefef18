import http.server
import os
import threading
import time

import pytest
from pydantic import SecretStr

from webapp import pulse
from webapp.config import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, secret_key="k" * 32, port=1, host="0.0.0.0")  # noqa: S104  # as in a container


def test_a_web_server_has_to_answer(settings):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    assert not pulse.beats("web", settings)
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert pulse.beats("web", settings.model_copy(update={"port": server.server_port}))
        server.shutdown()


def test_the_clock_has_to_have_written_lately(settings):
    assert not pulse.beats("beat", settings)
    file = settings.home / "beat.db"
    file.touch()
    assert pulse.beats("beat", settings)
    long_ago = time.time() - 2 * pulse.CLOCK_SECONDS
    os.utime(file, (long_ago, long_ago))
    assert not pulse.beats("beat", settings)


@pytest.mark.broker
def test_a_worker_that_is_not_there_does_not_answer(settings, valkey):
    there = settings.model_copy(update={"redis_url": SecretStr(valkey.url)})

    assert not pulse.beats("worker", there)
    assert not pulse.beats("data", there)


def test_a_queue_that_is_away_is_no_answer(settings):
    away = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})

    assert not pulse.beats("worker", away)


@pytest.mark.parametrize(
    ("worker", "kind"), [("assay-12@host", "worker"), ("assay-data-12@host", "data"), ("celery@host", "")]
)
def test_workers_are_told_apart_by_their_names(worker, kind):
    assert pulse._kind(worker) == kind

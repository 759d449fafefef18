"""What a watchdog may ask: is the process alive, and can it serve. Nobody signs in for that, so it says no more."""

import logging
from http import HTTPStatus

import redis
from flask import Blueprint, Response, jsonify
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text

from webapp.auth.session import parts, read
from webapp.errors import ServiceUnavailable

blueprint = Blueprint("health", __name__)
_WAIT_SECONDS = 1
_log = logging.getLogger(__name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, HTTPStatus]:
    """Say whether database, store of results and broker answer, and which of them does not.

    Without the broker everything can be read, and what is submitted waits: that is degraded, and still ready.
    """
    answers = {"database": _database_answers(), "results": _results_answer(), "broker": broker_answers()}
    words = {part: "ok" if is_there else "no answer" for part, is_there in answers.items()}
    if not (answers["database"] and answers["results"]):
        return jsonify(status="not ready", parts=words), HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify(status="ok" if answers["broker"] else "degraded", parts=words), HTTPStatus.OK


def _results_answer() -> bool:
    problem = parts().store.place.problem()
    if problem:
        _log.warning("The store of results does not answer.", extra={"error": problem})
    return not problem


def _database_answers() -> bool:
    try:
        with read() as session:
            session.execute(text("SELECT 1"))
    except ServiceUnavailable as error:
        _log.warning("The database does not answer.", extra={"error": str(error.__cause__)})
        return False
    return True


def broker_answers() -> bool:
    """Whether the queue server answers."""
    url = parts().settings.redis_url.get_secret_value()
    if not url:
        _log.warning("There is no broker: ASSAY_REDIS_URL is not set.")
        return False
    waits = {"socket_connect_timeout": _WAIT_SECONDS, "socket_timeout": _WAIT_SECONDS}
    try:
        with redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **waits) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        _log.warning("The broker does not answer.", extra={"error": str(error)})
        return False
    return True

"""What a watchdog may ask: is the process alive, and can it serve. Nobody signs in for that, so it says no more."""

import logging
from http import HTTPStatus

import redis
from flask import Blueprint, Response, jsonify
from redis.backoff import NoBackoff
from redis.retry import Retry

from webapp import schema
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
    answers = {"results": _results_answer(), "broker": broker_answers()}
    words = {part: "ok" if is_there else "no answer" for part, is_there in answers.items()}
    words = {"database": _database(), **words}
    if words["database"] != "ok" or not answers["results"]:
        return jsonify(status="not ready", parts=words), HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify(status="ok" if answers["broker"] else "degraded", parts=words), HTTPStatus.OK


def _results_answer() -> bool:
    problem = parts().store.place.problem()
    if problem:
        _log.warning("The store of results does not answer.", extra={"error": problem})
    return not problem


def _database() -> str:
    """Say how the database is: one of another version is of no use, however well it answers."""
    try:
        with read() as session:
            schema.check(session)
    except schema.WrongVersion as error:
        _log.error("The database is of another version.", extra={"error": str(error)})
        return "another version"
    except ServiceUnavailable as error:
        _log.warning("The database does not answer.", extra={"error": str(error.__cause__)})
        return "no answer"
    return "ok"


def broker_answers() -> bool:
    """Whether the queue server answers."""
    url = parts().settings.resolved_redis_url
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

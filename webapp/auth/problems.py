"""Errors on their way out: problem+json (RFC 9457) for programs, a calm page for people.

The one place that knows which error has which HTTP status; exceptions know nothing of HTTP.
"""

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from quant.errors import QuantError
from webapp.auth.request_ids import request_id
from webapp.errors import AppError
from webapp.services import bundle_imports, uploads

STATUS: dict[str, HTTPStatus] = {
    # webapp.errors
    "app_error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "invalid_credentials": HTTPStatus.UNAUTHORIZED,
    "second_factor_needed": HTTPStatus.UNAUTHORIZED,
    "not_signed_in": HTTPStatus.UNAUTHORIZED,
    "own_password_needed": HTTPStatus.FORBIDDEN,
    "permission_denied": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "conflict": HTTPStatus.CONFLICT,
    "precondition_failed": HTTPStatus.PRECONDITION_FAILED,
    "idempotency_key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "invalid_input": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_many_requests": HTTPStatus.TOO_MANY_REQUESTS,
    "quota_exceeded": HTTPStatus.TOO_MANY_REQUESTS,
    "lease_lost": HTTPStatus.CONFLICT,
    "service_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    # quant.errors
    "quant_error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "invalid_spec": HTTPStatus.UNPROCESSABLE_ENTITY,
    "data_error": HTTPStatus.UNPROCESSABLE_ENTITY,
    "provider_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "rate_limited": HTTPStatus.SERVICE_UNAVAILABLE,
    "symbol_not_found": HTTPStatus.NOT_FOUND,
    "invalid_prices": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unreadable_file": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not_enough_data": HTTPStatus.UNPROCESSABLE_ENTITY,
    "leakage_error": HTTPStatus.UNPROCESSABLE_ENTITY,
    "model_error": HTTPStatus.UNPROCESSABLE_ENTITY,
    "analysis_cancelled": HTTPStatus.CONFLICT,
}

# What an HTTP status says when no error of ours stands behind it: code, and words.
_BARE: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request could not be read. Check what was sent."),
    401: ("not_signed_in", "Sign in first."),
    403: ("permission_denied", "You may not do this. Ask an administrator if you should."),
    404: ("not_found", "There is nothing at this address, or it is not yours to see."),
    405: ("method_not_allowed", "This address cannot be used like that."),
    413: ("too_large", "What was sent is too large."),
    415: ("unsupported_media_type", "What was sent is of a kind that is not read here. Send application/json."),
    422: ("invalid_input", "Some fields are wrong."),
    429: ("too_many_requests", "Too many requests. Wait a little and try again."),
    500: ("internal", "Something went wrong on our side. It is in the log under the number below."),
    503: ("service_unavailable", "A part of the system does not answer. Try again in a moment."),
}

_DRAIN_BYTES, _DRAIN_PIECES, _DRAIN_SECONDS = 1024**2, 512, 20.0
_WAIT_SECONDS = 5  # before asking again what does not answer


def install_problems(app: Flask) -> None:
    """Translate every error that reaches the edge."""
    app.register_error_handler(AppError, answer)
    app.register_error_handler(QuantError, answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(CSRFError, answer_csrf)


def answer(error: AppError | QuantError) -> Response:
    """Return the answer to a request that one of our errors has ended."""
    status = STATUS[error.code]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logging.getLogger(__name__).error("A request failed: %s", error, exc_info=error)
    details = getattr(error, "fields", {})
    field = getattr(error, "field", None)
    wait = getattr(error, "retry_after", _WAIT_SECONDS if status == HTTPStatus.SERVICE_UNAVAILABLE else None)
    headers = {} if wait is None else {"Retry-After": str(max(1, round(wait)))}
    return refuse(status, error.code, str(error), fields={field: str(error)} if field else details, headers=headers)


def refuse(
    status: int,
    code: str,
    detail: str,
    *,
    fields: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error as what the caller reads: a page, or problem+json."""
    title = HTTPStatus(status).phrase
    if wants_page():
        number = request_id() if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""  # else it helps nobody
        page = render_template("error.html", title=title.capitalize(), detail=detail, number=number)
        response = make_response(page)
    else:
        body = {
            "type": "about:blank",
            "title": title,
            "status": int(status),
            "code": code,
            "detail": detail,
            "request_id": request_id(),
        }
        response = jsonify({**body, "fields": dict(fields)} if fields else body)
        response.content_type = "application/problem+json"
    response.status_code = status
    response.headers.update(headers or {})
    if status == HTTPStatus.UNAUTHORIZED and request.path.startswith("/api/"):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def wants_page() -> bool:
    """Whether a person looks at the answer; programs, REST clients and the dashboard's own requests do not."""
    if request.path.startswith(("/api/", "/app/_")):
        return False
    return "text/html" in request.headers.get("Accept", "")


def _answer_http(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if error.response is not None or status < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())  # a redirect, or an answer already made
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _answer_too_large()
    code, detail = _BARE.get(status, _BARE[400 if status < HTTPStatus.INTERNAL_SERVER_ERROR else 500])
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return refuse(status, code, detail, headers=headers)


def _answer_too_large() -> Response:
    """Return the answer to what is too large, after reading on for a while: who still sends hears no answer."""
    code, detail = _BARE[HTTPStatus.REQUEST_ENTITY_TOO_LARGE]
    if request.max_content_length is not None and request.max_content_length >= uploads.MOST_BYTES:
        is_bundle = request.path.endswith("/bundles")
        detail = bundle_imports.TOO_LARGE if is_bundle else uploads.TOO_LARGE
        stream, until = request.environ["wsgi.input"], time.monotonic() + _DRAIN_SECONDS
        with suppress(OSError, ValueError):  # whoever sends may give up
            for _ in range(_DRAIN_PIECES):
                if not stream.read(_DRAIN_BYTES) or time.monotonic() > until:
                    break
    return refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, code, detail)


def answer_csrf(_error: CSRFError) -> Response:
    """Return the answer to a request that may have been made by another site."""
    detail = "The request did not carry this session's token. Load the page again and repeat what you did."
    return refuse(HTTPStatus.BAD_REQUEST, "csrf_failed", detail)

"""A name for every request, the same in its log lines, its error page and its `X-Request-ID` header."""

import logging
import re
import uuid
from typing import Any

from flask import Flask, Response, g, has_request_context, request

from webapp.logs import bind

HEADER = "X-Request-ID"
_TRUSTED = re.compile(r"[0-9A-Za-z-]{8,64}")
_make_record = logging.getLogRecordFactory()


def install_request_ids(app: Flask) -> None:
    """Name the requests of an application, and put the name into every log line written during one."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(lambda _error: bind())
    logging.setLogRecordFactory(_record_with_id)


def request_id() -> str:
    """Return the name of this request."""
    if "request_id" not in g:
        given = request.headers.get(HEADER, "")  # a proxy may have named it already
        g.request_id = given if _TRUSTED.fullmatch(given) else uuid.uuid4().hex
    return str(g.request_id)


def _begin() -> None:
    g.pop("request_id", None)
    bind(request_id=request_id())


def _end(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    return response


def _record_with_id(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _make_record(*args, **kwargs)
    if has_request_context():
        record.request_id = request_id()
    return record

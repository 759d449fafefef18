"""Writing answers: JSON, and long tables as columns or as CSV with an ETag."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

import orjson
import pandas as pd
from flask import Response, request
from pydantic import BaseModel

from webapp.api.frames import to_columns, to_csv

Format = Literal["json", "csv"]

_JSON = "application/json"
_CSV = "text/csv"


def to_json(content: BaseModel | Mapping[str, Any], status: int = HTTPStatus.OK, **headers: str) -> Response:
    """Return content as JSON: moments in ISO 8601 UTC, and null for what is unknown."""
    data = content.model_dump() if isinstance(content, BaseModel) else content
    text = orjson.dumps(data, option=orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY)
    return Response(text, status=status, headers=headers, content_type=_JSON)


def nothing() -> Response:
    """Return the answer that has nothing to say but that it is done."""
    response = Response(status=HTTPStatus.NO_CONTENT)
    del response.headers["Content-Type"]
    return response


def table(frame: pd.DataFrame, *, name: str, version: str, wanted: Format | None) -> Response:
    """Return every row of a frame, as JSON columns or as CSV; `version` changes when the frame does."""
    wanted = wanted or _accepted()
    tag = f"{version}-{name}-{wanted}"
    if is_known(tag):
        response = not_modified(tag)
    elif wanted == "csv":
        response = tagged(Response(to_csv(frame), content_type=f"{_CSV}; charset=utf-8"), tag)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    else:
        response = tagged(to_json({"n_rows": len(frame), "columns": to_columns(frame)}), tag)
    response.vary.add("Accept")
    return response


def is_known(tag: str) -> bool:
    """Whether the asker says that they have the content of this tag already."""
    return request.if_none_match.contains_weak(tag)


def not_modified(tag: str) -> Response:
    """Return the answer to somebody who has the content already."""
    response = Response(status=HTTPStatus.NOT_MODIFIED)
    del response.headers["Content-Type"]
    return tagged(response, tag)


def tagged(response: Response, tag: str) -> Response:
    """Return the response with the tag of its content; whoever keeps it asks again before using it."""
    response.set_etag(tag, weak=True)  # a strong one would change with the compression
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _accepted() -> Format:
    return "csv" if request.accept_mimetypes.best_match([_JSON, _CSV], default=_JSON) == _CSV else "json"

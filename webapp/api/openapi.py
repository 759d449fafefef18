"""The OpenAPI document, made of the declared operations: nothing is described twice."""

import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, cast

from flask import Response
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from webapp.api.answers import to_json
from webapp.api.operations import OPERATIONS, PREFIX, Answer, Operation, operation
from webapp.api.repeats import PATTERN
from webapp.api.schemas import Problem

Json = dict[str, Any]

_PROBLEM = "application/problem+json"
_ID = "^[0-9a-f]{16}$"
_MODELS = "#/components/schemas/{model}"
_IN_PATH = re.compile(r"<(\w+)>")

_REFUSALS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read, or the CSRF token is missing beside a session cookie.",
    HTTPStatus.UNAUTHORIZED: "Nobody is signed in, or the credentials are not right.",
    HTTPStatus.FORBIDDEN: "Your role or the token's scopes do not allow it, or you have to choose a password first.",
    HTTPStatus.NOT_FOUND: "It does not exist, or it is not yours to see.",
    HTTPStatus.CONFLICT: "Not in the state it is in.",
    HTTPStatus.PRECONDITION_FAILED: "It has changed since you read it.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 256 KiB, than 16 KiB where a password is offered, or "
    "than 50 MiB where it is a file.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not declared as application/json, or is where a file is due.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Fields are wrong; `errors` names each.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests, or attempts to sign in; wait as `Retry-After` says.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side; it is in the log under `request_id`.",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part of the system does not answer; try again.",
}
_HEADERS: dict[int, tuple[str, str]] = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate", "Always `Bearer`."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After", "Seconds to wait."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After", "Seconds to wait."),
}
# Headers of answers, and the type of what is in them.
_COMMON_HEADERS = {
    "ETag": ("Changes when the content does; send it as `If-None-Match`, or as `If-Match` with a change.", "string"),
    "RateLimit-Limit": ("Requests that you may make in one window.", "integer"),
    "RateLimit-Remaining": ("Requests that are left of them.", "integer"),
    "RateLimit-Reset": ("Seconds until the next window begins.", "integer"),
}
_RATE_LIMIT = tuple(name for name in _COMMON_HEADERS if name.startswith("RateLimit"))
# Headers of requests.
_CONDITIONS: dict[str, tuple[str, Json]] = {
    "Idempotency-Key": (
        "Your name for this request. Sent again within 24 hours it is answered as before, and nothing is made twice.",
        {"type": "string", "pattern": PATTERN},
    ),
    "If-None-Match": ("Tags of what you have; it is answered with 304 while nothing has changed.", {"type": "string"}),
    "If-Match": ("Tag of what you have seen; refused with 412 if it has changed since.", {"type": "string"}),
}
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_WITH_BODY = (
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


@operation(
    "GET",
    "/openapi.json",
    tag="About",
    summary="Read this document",
    answers={200: Answer("The OpenAPI 3.1 document.", None)},
)
def get_openapi() -> Response:
    """Return the description of every operation. It holds no secrets, but is for those who may enter, like all else."""
    return to_json(document())


@cache
def document() -> Json:
    """Return the OpenAPI document of all declared operations."""
    references, schemas = _schemas()
    paths: dict[str, Json] = {}
    for declared in OPERATIONS:
        path = PREFIX + _IN_PATH.sub(r"{\1}", declared.path)
        paths.setdefault(path, {})[declared.method.lower()] = _operation(declared, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Assay",
            "version": "1",
            "description": "Research workbench for people who trade on models. Moments are ISO 8601 in UTC, fractions "
            "are fractions (0.01 is one per cent), null is unknown. Errors are RFC 9457 problems with a stable `code`.",
        },
        "security": [{"bearer": []}],
        "tags": [{"name": name} for name in dict.fromkeys(declared.tag for declared in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": {
                name: {"description": text, "schema": {"type": kind}} for name, (text, kind) in _COMMON_HEADERS.items()
            },
            "responses": {_name(status): _refusal(status, references) for status in _REFUSALS},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token from `POST /api/v1/tokens`. Its scopes narrow what your role allows.",
                }
            },
        },
    }


References = Mapping[tuple[type[BaseModel], JsonSchemaMode], Json]


def _schemas() -> tuple[References, Json]:
    """Return a reference for each model that goes in or out, and the schemas that these point to."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
    for declared in OPERATIONS:
        if declared.body is not None:
            models.append((declared.body, "validation"))
        models += [(answer.body, "serialization") for answer in declared.answers.values() if answer.body is not None]
    references, schema = models_json_schema(list(dict.fromkeys(models)), ref_template=_MODELS)
    return cast("References", references), _say_constants(schema["$defs"])


def _say_constants(schema: Any) -> Any:
    """Return a schema with numbers that are constant as lists of one: makers of clients stumble over the other form."""
    if isinstance(schema, list):
        return [_say_constants(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    said = {name: _say_constants(part) for name, part in schema.items()}
    if isinstance(said.get("const"), int | float):
        said["enum"] = [said.pop("const")]
    return said


def _operation(declared: Operation, references: References) -> Json:
    described: Json = {
        "operationId": declared.id,
        "tags": [declared.tag],
        "summary": declared.summary,
        "description": declared.description,
        "parameters": [*_path_parameters(declared), *_query_parameters(declared), *_conditions(declared)],
        "responses": {
            **{str(int(status)): _answer(declared, answer, references) for status, answer in declared.answers.items()},
            **(
                {"304": {"description": "What you have is what there is.", "headers": _headers("ETag", *_RATE_LIMIT)}}
                if declared.method == "GET"
                else {}
            ),
            **{
                str(int(status)): {"$ref": f"#/components/responses/{_name(status)}"}
                for status in sorted(_statuses(declared))
            },
        },
    }
    if declared.permission is not None:
        described["description"] += f" Needs the permission `{declared.permission}`."
    if declared.is_public:
        described["security"] = []
    if declared.body is not None:
        schema = references[declared.body, "validation"]
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if declared.file_types:
        described["requestBody"] = {"required": True, "content": {each: _file(each) for each in declared.file_types}}
    return described


def _file(media_type: str) -> Json:
    """Return the schema of a file: the body itself, or a field of a form."""
    binary: Json = {"type": "string", "format": "binary"}
    if media_type != "multipart/form-data":
        return {"schema": binary}
    return {"schema": {"type": "object", "properties": {"file": binary}, "required": ["file"]}}


def _statuses(declared: Operation) -> set[int]:
    """Return the statuses with which an operation may refuse."""
    statuses = {*_ALWAYS, *declared.refusals}
    if not declared.is_public:
        statuses.add(HTTPStatus.FORBIDDEN)
    if declared.body is not None:
        statuses.update(_WITH_BODY)
    if declared.file_types:
        statuses.update(_WITH_BODY)
    if declared.query is not None or declared.method == "POST":
        statuses.add(HTTPStatus.UNPROCESSABLE_ENTITY)
    if declared.method == "POST":
        statuses.add(HTTPStatus.CONFLICT)
    if declared.is_conditional:
        statuses.add(HTTPStatus.PRECONDITION_FAILED)
    return statuses


def _conditions(declared: Operation) -> list[Json]:
    """Return the headers by which an operation lets itself be told more."""
    names = {"GET": ["If-None-Match"], "POST": ["Idempotency-Key"]}.get(declared.method, [])
    if declared.is_conditional:
        names = ["If-Match"]
    return [_header_parameter(name) for name in names]


def _header_parameter(name: str) -> Json:
    description, schema = _CONDITIONS[name]
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _path_parameters(declared: Operation) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": _ID}}
        for name in _IN_PATH.findall(declared.path)
    ]


def _query_parameters(declared: Operation) -> list[Json]:
    if declared.query is None:
        return []
    schema = declared.query.model_json_schema()
    return [_query_parameter(name, part, schema.get("$defs", {})) for name, part in schema["properties"].items()]


def _query_parameter(name: str, schema: Json, definitions: Json) -> Json:
    """Return a parameter; what may be left out is no null, for a query cannot say null."""
    schema = {key: value for key, value in schema.items() if key != "title"}
    description = schema.pop("description")
    variants = [variant for variant in schema.pop("anyOf", []) if variant != {"type": "null"}]
    if variants:
        schema = {**schema, **variants[0]}
    if schema.get("default", ...) is None:
        del schema["default"]
    if "$ref" in schema:
        schema = {**definitions[schema.pop("$ref").rpartition("/")[2]], **schema}
    if "$ref" in schema.get("items", {}):
        schema["items"] = definitions[schema["items"]["$ref"].rpartition("/")[2]]
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _answer(declared: Operation, answer: Answer, references: References) -> Json:
    described: Json = {"description": answer.description}
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in answer.headers.items()}
    if declared.method == "GET":
        headers |= _headers("ETag")
    if not declared.is_public:
        headers |= _headers(*_RATE_LIMIT)
    if headers:
        described["headers"] = headers
    content = {}
    for media_type in answer.media_types:
        schema: Json = {"type": "string"} if media_type == "text/csv" else {"type": "object"}
        if "parquet" in media_type:
            schema = {"type": "string", "format": "binary"}
        if answer.body is not None and media_type == "application/json":
            schema = references[answer.body, "serialization"]
        content[media_type] = {"schema": schema}
    if content:
        described["content"] = content
    return described


def _refusal(status: int, references: References) -> Json:
    described: Json = {
        "description": _REFUSALS[status],
        "content": {_PROBLEM: {"schema": references[Problem, "serialization"]}},
    }
    if status in _HEADERS:
        name, text = _HEADERS[status]
        described["headers"] = {name: {"description": text, "schema": {"type": "string"}}}
    return described


def _name(status: int) -> str:
    """Return what a refusal is called in the document: `NotFound`."""
    return HTTPStatus(status).phrase.title().replace(" ", "")

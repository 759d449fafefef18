"""Reading what was sent: exactly what the published schema says, or a problem that names the field.

Bodies are strict JSON: a text is no number, NaN and Infinity do not exist, and the content type must say JSON. In a
query everything is text, so numbers and dates are read from their plain notation, and from no other. How large a body
may be, the guard has said before.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar, get_origin

import orjson
from flask import abort, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import UnsupportedMediaType

from webapp.auth import problems
from webapp.errors import MOST_ENTRIES, InvalidInput
from webapp.services.paging import LONGEST_CURSOR, MOST

PRINTABLE = r"^[^\u0000-\u001f\u007f]*$"  # no control characters: no database takes all of them as text

_MEDIA_TYPE = "application/json"
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DEEPEST = 100  # far more than a question needs, and less than any parser gives up at
_EXACT = 2**53  # below this, every whole number is a number of its own in JSON
_WORDS = {"missing": "This is needed.", "extra_forbidden": "There is no such field."}
_WHOLE = "body"  # the name of the field if it is everything that is wrong


class Body(BaseModel):
    """What a request carries as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Query(BaseModel):
    """What a request carries in its address after the question mark."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _plain_number(text: Any) -> Any:
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError("expected a whole number, written with digits only, once")
    return int(text)


def _plain_date(text: Any) -> Any:
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise ValueError("expected a date such as 2024-03-15, once")
    return text


QueryNumber = Annotated[int, BeforeValidator(_plain_number)]
QueryDate = Annotated[datetime.date, BeforeValidator(_plain_date)]


class PageQuery(Query):
    """Which page of a list. A list adds its filters, and changes the default and the most of `limit`."""

    cursor: str = Field(
        default="",
        max_length=LONGEST_CURSOR,
        pattern="^[A-Za-z0-9_-]*$",
        description="The `next` of the page before; empty: the first page.",
    )
    limit: QueryNumber = Field(default=50, ge=1, le=MOST, description="At most this many.")


Model = TypeVar("Model", bound=BaseModel)


def read_body(model: type[Model]) -> Model:
    """Return the request's JSON as a model.

    Raises
    ------
    UnsupportedMediaType
        If the request does not say that it sends JSON.
    HTTPException
        With a 400 as its answer, if it is no JSON after all, or nested too deep; with a 413, if it is too large.
    InvalidInput
        If fields are wrong; each is named by its dotted path.
    """
    if request.mimetype != _MEDIA_TYPE:
        raise UnsupportedMediaType
    text = request.get_data()
    try:
        data = orjson.loads(text)  # refuses what pydantic's parser lets pass: NaN, Infinity, half surrogates
    except orjson.JSONDecodeError as error:
        abort(problems.refuse(HTTPStatus.BAD_REQUEST, "bad_request", f"Expected JSON in UTF-8; found: {error}."))
    try:
        return model.model_validate_json(orjson.dumps(_whole_numbers(data)), strict=True)
    except ValidationError as error:
        raise _refusal("The body has mistakes; each is named with its field.", error, data) from error


def read_query(model: type[Model]) -> Model:
    """Return the request's query as a model; a parameter that was sent twice is refused, unless it is a list.

    Raises
    ------
    InvalidInput
        If parameters are wrong or unknown.
    """
    sent: dict[str, Any] = {}
    for name, values in request.args.lists():
        is_list = name in model.model_fields and get_origin(model.model_fields[name].annotation) is tuple
        sent[name] = values if is_list or len(values) > 1 else values[0]
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise _refusal("The query has mistakes; each is named with its parameter.", error, sent) from error


def _whole_numbers(data: Any, depth: int = 0) -> Any:
    """Return JSON with 5.0 written as 5: to JSON they are one number, to pydantic only the second is whole.

    Refuses what is nested too deep, or a list too long, to be looked at.
    """
    if depth > _DEEPEST:
        abort(problems.refuse(HTTPStatus.BAD_REQUEST, "bad_request", f"Expected JSON nested at most {_DEEPEST} deep."))
    if isinstance(data, dict):
        return {key: _whole_numbers(value, depth + 1) for key, value in data.items()}
    if isinstance(data, list):
        if len(data) > MOST_ENTRIES:
            message = f"Expected lists of at most {MOST_ENTRIES:,} entries; found {len(data):,}."
            raise InvalidInput(message, fields={_WHOLE: message})
        return [_whole_numbers(value, depth + 1) for value in data]
    if isinstance(data, float) and data.is_integer() and abs(data) < _EXACT:
        return int(data)
    return data


def _refusal(message: str, error: ValidationError, data: Any) -> InvalidInput:
    fields: dict[str, str] = {}
    for problem in _causes(error.errors(include_url=False, include_context=False)):
        fields.setdefault(_path(problem["loc"], data) or _WHOLE, _words(problem))
    return InvalidInput(message, fields=fields)


def _words(problem: ErrorDetails) -> str:
    """Return a mistake in our words. Texts that were sent are not repeated: one of them may be a password."""
    if problem["type"] in _WORDS:
        return _WORDS[problem["type"]]
    words = problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    found = problem["input"]
    if isinstance(found, int | float) and problem["type"] != "value_error":
        words += f"; found {orjson.dumps(found).decode()}"
    return f"{words[:1].upper()}{words[1:]}."


def _causes(found: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short, where it is only so because its items are wrong."""
    return [
        problem
        for problem in found
        if problem["type"] != "too_short"
        or not any(other["loc"][: len(problem["loc"])] == problem["loc"] and other is not problem for other in found)
    ]


def _path(location: tuple[int | str, ...], data: Any) -> str:
    """Return the dotted path of a mistake; pydantic also names the variant it tried, which was not sent."""
    parts = []
    for step in location:
        if isinstance(data, Mapping) and step not in data and data.get("name") == step:
            continue
        parts.append(str(step))
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
    return ".".join(parts)

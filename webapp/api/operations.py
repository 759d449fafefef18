"""How a route is declared: once, for Flask and for the OpenAPI document alike.

What all routes have in common is done here, so that a new one has it without a line of its own: the permission is
asked for first, input is read as declared, a GET has its tag and answers 304, a change respects `If-Match`, and a POST
its `Idempotency-Key`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel

from webapp.api.conditions import change_if_matching, with_tag
from webapp.api.problems import complete
from webapp.api.reading import read_body, read_query
from webapp.api.repeats import answer_once
from webapp.auth.session import current_actor
from webapp.permissions import Permission, require

PREFIX = "/api/v1"

blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
blueprint.after_request(complete)


@dataclass(frozen=True)
class Answer:
    """One way in which an operation succeeds: what it means, what it carries, and the headers worth naming."""

    description: str
    body: type[BaseModel] | None = None
    media_types: tuple[str, ...] = ("application/json",)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One route and what there is to say about it. `refusals` are the statuses that not every operation has."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, Answer]
    permission: Permission | None
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    refusals: tuple[int, ...]
    is_public: bool
    file_types: tuple[str, ...] = ()  # media types of a file that it takes instead of JSON

    @property
    def is_conditional(self) -> bool:
        """Whether it changes what can be read at the same address, and so respects `If-Match`."""
        return self.method in {"PUT", "PATCH", "DELETE"} and ("GET", self.path) in _VIEWS


OPERATIONS: list[Operation] = []

View = Callable[..., Response]
_VIEWS: dict[tuple[str, str], View] = {}


def operation(  # noqa: PLR0913  # each says one thing about a route, and most have a default
    method: str,
    path: str,
    *,
    tag: str,
    summary: str,
    answers: Mapping[int, Answer],
    permission: Permission | None = None,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    refusals: tuple[int, ...] = (),
    is_public: bool = False,
    file_types: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Make a function the answer to a method and path.

    The function's name is the operation's id, and its docstring the description. It is called with the ids in the path,
    and with `query` and `body` as far as they are declared. Who may not use the operation at all is told so before
    anything that was sent is looked at. The decorated function itself stays as it is.
    """

    def declare(view: View) -> View:
        declared = Operation(
            id=view.__name__,
            method=method,
            path=path,
            tag=tag,
            summary=summary,
            description=" ".join((view.__doc__ or "").split()),
            answers=answers,
            permission=permission,
            query=query,
            body=body,
            refusals=refusals,
            is_public=is_public,
            file_types=file_types,
        )

        @wraps(view)
        def answer(**ids: str) -> Response:
            if permission is not None:
                require(current_actor(), permission)
            inputs = _inputs(declared)
            return _answer(declared, ids, lambda: view(**ids, **inputs))

        blueprint.add_url_rule(path, endpoint=declared.id, view_func=answer, methods=[method])
        OPERATIONS.append(declared)
        _VIEWS[method, path] = view
        return view

    return declare


def _answer(declared: Operation, ids: Mapping[str, str], make: Callable[[], Response]) -> Response:
    if declared.method == "GET":
        return with_tag(make())
    if declared.method == "POST":
        return answer_once(make)
    if declared.is_conditional:
        return change_if_matching(lambda: _VIEWS["GET", declared.path](**ids), make)
    return make()


def _inputs(declared: Operation) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    if declared.query is not None:
        inputs["query"] = read_query(declared.query)
    if declared.body is not None:
        inputs["body"] = read_body(declared.body)
    return inputs


# What an operation on one thing adds to the refusals that all share.
NOT_THERE = (HTTPStatus.NOT_FOUND,)
NOT_NOW = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

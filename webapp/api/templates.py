"""Templates: questions to start from."""

from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic import Field

from webapp.api.answers import to_json
from webapp.api.columns import Moment, View
from webapp.api.operations import NOT_NOW, NOT_THERE, Answer, operation
from webapp.api.reading import PRINTABLE, Body
from webapp.auth.session import client_address, current_actor, read, write
from webapp.permissions import Permission
from webapp.services import templates
from webapp.services.templates import MAX_DESCRIPTION, MAX_NAME


class TemplateBody(Body):
    """A question to keep."""

    name: str = Field(
        min_length=1, max_length=MAX_NAME, pattern=PRINTABLE, description="No other template of yours has it."
    )
    description: str = Field(default="", max_length=MAX_DESCRIPTION, pattern=PRINTABLE, description="What it is for.")
    spec: dict[str, Any] = Field(description="A question; instruments and dates are left out, defaults filled in.")
    is_shared: bool = Field(default=False, description="Whether everybody here may start from it.")


class TemplateItem(View):
    """A question to start from."""

    id: str
    name: str
    description: str
    owner: str
    is_own: bool = Field(description="Whether you may change it.")
    is_shared: bool
    spec: dict[str, Any] = Field(description="The question without instruments and dates.")
    created_at: Moment
    updated_at: Moment


class TemplateList(View):
    """Templates: yours first, then those that others share, by name."""

    items: list[TemplateItem]


@operation(
    "GET",
    "/templates",
    tag="Templates",
    summary="List templates",
    permission=Permission.ANALYSES_READ,
    answers={200: Answer("Yours, and those that others share with everybody.", TemplateList)},
)
def list_templates() -> Response:
    """Return the questions that you can start from, beside those that are built into the form."""
    with read() as session:
        views = templates.list_templates(session, current_actor())
    return to_json(TemplateList(items=[TemplateItem.model_validate(view) for view in views]))


@operation(
    "POST",
    "/templates",
    tag="Templates",
    summary="Keep a template",
    permission=Permission.ANALYSES_RUN,
    body=TemplateBody,
    answers={HTTPStatus.CREATED: Answer("The template.", TemplateItem)},
    refusals=(HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS),
)
def create_template(body: TemplateBody) -> Response:
    """Keep a question without its instruments and dates, for yourself or for everybody here."""
    with write() as session:
        view = templates.create_template(session, current_actor(), **dict(body), address=client_address())
    return to_json(TemplateItem.model_validate(view), HTTPStatus.CREATED)


@operation(
    "GET",
    "/templates/<template_id>",
    tag="Templates",
    summary="Read a template",
    permission=Permission.ANALYSES_READ,
    answers={200: Answer("The template.", TemplateItem)},
    refusals=NOT_THERE,
)
def get_template(template_id: str) -> Response:
    """Return a template: yours, or one that is shared with everybody."""
    with read() as session:
        view = templates.get_template(session, current_actor(), template_id)
    return to_json(TemplateItem.model_validate(view))


@operation(
    "PUT",
    "/templates/<template_id>",
    tag="Templates",
    summary="Replace a template",
    permission=Permission.ANALYSES_RUN,
    body=TemplateBody,
    answers={200: Answer("The template afterwards.", TemplateItem)},
    refusals=NOT_NOW,
)
def update_template(template_id: str, body: TemplateBody) -> Response:
    """Put another question, name, description or audience in the place of those of a template of yours."""
    with write() as session:
        view = templates.update_template(session, current_actor(), template_id, **dict(body), address=client_address())
    return to_json(TemplateItem.model_validate(view))


@operation(
    "DELETE",
    "/templates/<template_id>",
    tag="Templates",
    summary="Delete a template",
    permission=Permission.ANALYSES_RUN,
    answers={HTTPStatus.NO_CONTENT: Answer("It is forgotten.", media_types=())},
    refusals=NOT_THERE,
)
def delete_template(template_id: str) -> Response:
    """Forget a template of yours; analyses that began with it stay as they are."""
    with write() as session:
        templates.delete_template(session, current_actor(), template_id, address=client_address())
    response = Response(status=HTTPStatus.NO_CONTENT)
    del response.headers["Content-Type"]
    return response

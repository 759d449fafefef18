"""Groups of users, with which analyses can be shared."""

from http import HTTPStatus
from typing import Annotated

from flask import Response
from pydantic import Field

from webapp.api.answers import to_json
from webapp.api.columns import Moment, View
from webapp.api.operations import NOT_NOW, NOT_THERE, Answer, operation
from webapp.api.reading import PRINTABLE, Body
from webapp.auth.session import client_address, current_actor, read, write
from webapp.permissions import Permission
from webapp.services import groups
from webapp.services.groups import MOST_MEMBERS

_TAKEN = (HTTPStatus.CONFLICT,)


class GroupName(Body):
    """What a group is called."""

    name: str = Field(min_length=1, max_length=80, pattern=PRINTABLE, description="No other group has it.")


class GroupMembers(Body):
    """Everybody who is to be in a group."""

    emails: Annotated[tuple[Annotated[str, Field(max_length=254)], ...], Field(max_length=MOST_MEMBERS)] = Field(
        description="All members; whoever is left out leaves the group."
    )


class Member(View):
    """Somebody in a group."""

    name: str
    email: str | None = Field(description="Null for who may not manage users.")
    id: str | None = Field(description="Of the user; null for who may not manage users.")


class Group(View):
    """A group."""

    id: str
    name: str
    members: list[Member]
    created_at: Moment


class GroupList(View):
    """Groups, by name."""

    items: list[Group]


@operation(
    "GET",
    "/groups",
    tag="Groups",
    summary="List groups",
    permission=Permission.ANALYSES_READ,
    answers={200: Answer("The groups that you are in; all of them for who may manage users.", GroupList)},
)
def list_groups() -> Response:
    """Return groups with their members who may sign in."""
    with read() as session:
        views = groups.list_groups(session, current_actor())
    return to_json(GroupList(items=[Group.model_validate(view) for view in views]))


@operation(
    "POST",
    "/groups",
    tag="Groups",
    summary="Create a group",
    permission=Permission.USERS_MANAGE,
    body=GroupName,
    answers={HTTPStatus.CREATED: Answer("The group, without members.", Group)},
    refusals=_TAKEN,
)
def create_group(body: GroupName) -> Response:
    """Make a group, with which its members can share analyses."""
    with write() as session:
        view = groups.create_group(session, current_actor(), name=body.name, address=client_address())
    return to_json(Group.model_validate(view), HTTPStatus.CREATED)


@operation(
    "PATCH",
    "/groups/<group_id>",
    tag="Groups",
    summary="Rename a group",
    permission=Permission.USERS_MANAGE,
    body=GroupName,
    answers={200: Answer("The group afterwards.", Group)},
    refusals=NOT_NOW,
)
def rename_group(group_id: str, body: GroupName) -> Response:
    """Give a group another name; what is shared with it stays so."""
    with write() as session:
        view = groups.rename_group(session, current_actor(), group_id, name=body.name, address=client_address())
    return to_json(Group.model_validate(view))


@operation(
    "PUT",
    "/groups/<group_id>/members",
    tag="Groups",
    summary="Set who is in a group",
    permission=Permission.USERS_MANAGE,
    body=GroupMembers,
    answers={200: Answer("The group afterwards.", Group)},
    refusals=NOT_THERE,
)
def set_members(group_id: str, body: GroupMembers) -> Response:
    """Say who is in a group. Whoever leaves it loses what was shared with it from the next request on."""
    with write() as session:
        view = groups.set_members(session, current_actor(), group_id, emails=body.emails, address=client_address())
    return to_json(Group.model_validate(view))


@operation(
    "PUT",
    "/groups/<group_id>/members/<user_id>",
    tag="Groups",
    summary="Add a member to a group",
    permission=Permission.USERS_MANAGE,
    answers={200: Answer("The group afterwards.", Group)},
    refusals=(*NOT_THERE, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def add_member(group_id: str, user_id: str) -> Response:
    """Let one more active user into a group. Asking twice changes nothing."""
    with write() as session:
        view = groups.add_member(session, current_actor(), group_id, user_id=user_id, address=client_address())
    return to_json(Group.model_validate(view))


@operation(
    "DELETE",
    "/groups/<group_id>/members/<user_id>",
    tag="Groups",
    summary="Remove a member from a group",
    permission=Permission.USERS_MANAGE,
    answers={200: Answer("The group afterwards.", Group)},
    refusals=NOT_THERE,
)
def remove_member(group_id: str, user_id: str) -> Response:
    """Take one user out of a group, who loses what was shared with it. Asking twice changes nothing."""
    with write() as session:
        view = groups.remove_member(session, current_actor(), group_id, user_id, address=client_address())
    return to_json(Group.model_validate(view))


@operation(
    "DELETE",
    "/groups/<group_id>",
    tag="Groups",
    summary="Delete a group",
    permission=Permission.USERS_MANAGE,
    answers={HTTPStatus.NO_CONTENT: Answer("Nothing is shared with it any more.", media_types=())},
    refusals=NOT_THERE,
)
def delete_group(group_id: str) -> Response:
    """Remove a group and all that was shared with it as a group; the analyses stay with their owners."""
    with write() as session:
        groups.delete_group(session, current_actor(), group_id, address=client_address())
    response = Response(status=HTTPStatus.NO_CONTENT)
    del response.headers["Content-Type"]
    return response

"""Invitations: an administrator asks for a link and hands it over."""

from http import HTTPStatus

from flask import Response

from webapp.api.account_schemas import Invitation, InvitationList, InvitationWithLink, NewInvitation
from webapp.api.answers import nothing, to_json
from webapp.api.operations import NOT_NOW, Answer, operation
from webapp.auth.session import client_address, current_actor, invitation_link, read, write
from webapp.permissions import Permission
from webapp.services import invitations

_TAG = "Invitations"
_MANAGE = Permission.USERS_MANAGE


@operation(
    "GET",
    "/invitations",
    tag=_TAG,
    summary="List invitations",
    permission=_MANAGE,
    answers={200: Answer("Invitations that still work, newest first.", InvitationList)},
)
def list_invitations() -> Response:
    """Return the invitations that still work, without their links."""
    with read() as session:
        views = invitations.list_invitations(session, current_actor())
    return to_json(InvitationList.model_validate({"items": views}))


@operation(
    "POST",
    "/invitations",
    tag=_TAG,
    summary="Invite somebody",
    permission=_MANAGE,
    body=NewInvitation,
    answers={HTTPStatus.CREATED: Answer("The invitation, and its link, shown this once.", InvitationWithLink)},
    refusals=(HTTPStatus.CONFLICT,),
)
def create_invitation(body: NewInvitation) -> Response:
    """Make a link by which somebody chooses name and password. An earlier one for the same address ends."""
    with write() as session:
        view, secret = invitations.create_invitation(
            session, current_actor(), email=body.email, role=body.role, days=body.days, address=client_address()
        )
    answer = InvitationWithLink(invitation=Invitation.model_validate(view), link=invitation_link(secret))
    return to_json(answer, HTTPStatus.CREATED)


@operation(
    "DELETE",
    "/invitations/<invitation_id>",
    tag=_TAG,
    summary="Revoke an invitation",
    permission=_MANAGE,
    answers={HTTPStatus.NO_CONTENT: Answer("Its link opens nothing any more.", media_types=())},
    refusals=NOT_NOW,
)
def revoke_invitation(invitation_id: str) -> Response:
    """Make the link of an invitation worthless. Asking twice changes nothing."""
    with write() as session:
        invitations.revoke_invitation(session, current_actor(), invitation_id, address=client_address())
    return nothing()

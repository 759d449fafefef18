"""Tokens: a program trades e-mail and password for a secret of its own, and gives it back."""

from http import HTTPStatus

from flask import Response

from webapp.api.answers import nothing, to_json
from webapp.api.operations import NOT_THERE, Answer, operation
from webapp.api.schemas import Credentials, NewToken, Token, TokenList
from webapp.auth.session import check_credentials, client_address, current_actor, read, write
from webapp.permissions import GRANTS, Actor, Permission
from webapp.services import tokens


@operation(
    "POST",
    "/tokens",
    tag="Tokens",
    summary="Get a bearer token",
    body=Credentials,
    answers={HTTPStatus.CREATED: Answer("The token; its secret is shown this once.", NewToken)},
    refusals=(HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS),
    is_public=True,
)
def create_token(body: Credentials) -> Response:
    """Check e-mail and password, and make a token.

    No cookie is looked at, and no CSRF token asked for. Attempts are limited as on the sign-in page.
    """
    actor = check_credentials(body.email, body.password, code=body.code).actor
    with write() as session:
        view, secret = tokens.create_token(
            session,
            actor,
            name=body.name,
            scopes=_usual_scopes(actor) if body.scopes is None else body.scopes,
            expires_in_days=body.expires_in_days,
            address=client_address(),
        )
    answer = {**vars(view), "scopes": list(view.scopes), "token": secret}
    return to_json(NewToken.model_validate(answer), HTTPStatus.CREATED)


@operation(
    "GET",
    "/tokens",
    tag="Tokens",
    summary="List tokens",
    answers={200: Answer("The tokens that still work, newest first.", TokenList)},
)
def list_tokens() -> Response:
    """Return your tokens without their secrets: asked with a token, those that may do no more than it may."""
    with read() as session:
        views = tokens.list_tokens(session, current_actor())
    return to_json(TokenList(items=[Token.model_validate(view) for view in views]))


@operation(
    "DELETE",
    "/tokens/<token_id>",
    tag="Tokens",
    summary="Revoke a token",
    answers={HTTPStatus.NO_CONTENT: Answer("It opens nothing any more.", media_types=())},
    refusals=NOT_THERE,
)
def revoke_token(token_id: str) -> Response:
    """Make a token of yours worthless: asked with a token, itself or one that may do no more than it may.

    Asking twice changes nothing.
    """
    with write() as session:
        tokens.revoke_token(session, current_actor(), token_id, address=client_address())
    return nothing()


def _usual_scopes(actor: Actor) -> frozenset[Permission]:
    return GRANTS[actor.role] - {Permission.USERS_MANAGE}

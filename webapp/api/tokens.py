"""Tokens: a program trades e-mail and password for a secret of its own."""

from http import HTTPStatus

from flask import Response

from webapp.api.answers import to_json
from webapp.api.operations import Answer, operation
from webapp.api.schemas import Credentials, NewToken
from webapp.auth.session import check_credentials, client_address, write
from webapp.permissions import GRANTS, Actor, Permission
from webapp.services import tokens


@operation(
    "POST",
    "/tokens",
    tag="Tokens",
    summary="Get a bearer token",
    body=Credentials,
    answers={HTTPStatus.CREATED: Answer("The token; its secret is shown this once.", NewToken)},
    refusals=(HTTPStatus.TOO_MANY_REQUESTS,),
    is_public=True,
)
def create_token(body: Credentials) -> Response:
    """Check e-mail and password, and make a token.

    No cookie is looked at, and no CSRF token asked for. Attempts are limited as on the sign-in page.
    """
    actor = check_credentials(body.email, body.password).actor
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


def _usual_scopes(actor: Actor) -> frozenset[Permission]:
    return GRANTS[actor.role] - {Permission.USERS_MANAGE}

"""Users, as administrators manage them."""

from http import HTTPStatus

from flask import Response

from webapp.api.account_schemas import (
    NewPassword,
    NewRole,
    NewUser,
    SessionList,
    SessionsEnded,
    User,
    UserList,
    UserQuery,
    UserWithPassword,
)
from webapp.api.answers import nothing, to_json
from webapp.api.operations import NOT_NOW, NOT_THERE, Answer, operation
from webapp.auth.session import client_address, current_actor, current_session_id, read, write
from webapp.permissions import Permission
from webapp.services import two_factor, users

_TAG = "Users"
_MANAGE = Permission.USERS_MANAGE


@operation(
    "GET",
    "/users",
    tag=_TAG,
    summary="List users",
    permission=_MANAGE,
    query=UserQuery,
    answers={200: Answer("A page of users, by e-mail.", UserList)},
)
def list_users(query: UserQuery) -> Response:
    """Return users by e-mail. `total` says how many match; those who were deleted are left out."""
    with read() as session:
        page = users.search_users(session, current_actor(), text=query.text, limit=query.limit, cursor=query.cursor)
    return to_json(UserList.model_validate({**vars(page), "items": [User.model_validate(item) for item in page.items]}))


@operation(
    "POST",
    "/users",
    tag=_TAG,
    summary="Create a user",
    permission=_MANAGE,
    body=NewUser,
    answers={HTTPStatus.CREATED: Answer("The user, and the password, shown this once.", UserWithPassword)},
    refusals=(HTTPStatus.CONFLICT,),
)
def create_user(body: NewUser) -> Response:
    """Let somebody in with a password that is made up, and that opens nothing until they have chosen another.

    To let them choose it from the beginning, send an invitation.
    """
    with write() as session:
        view, password = users.create_with_password(
            session, current_actor(), email=body.email, name=body.name, role=body.role, address=client_address()
        )
    return to_json(UserWithPassword(user=User.model_validate(view), password=password), HTTPStatus.CREATED)


@operation(
    "GET",
    "/users/<user_id>",
    tag=_TAG,
    summary="Read a user",
    permission=_MANAGE,
    answers={200: Answer("The user.", User)},
    refusals=NOT_THERE,
)
def get_user(user_id: str) -> Response:
    """Return one user."""
    with read() as session:
        view = users.get_user(session, current_actor(), user_id)
    return to_json(User.model_validate(view))


@operation(
    "POST",
    "/users/<user_id>/disable",
    tag=_TAG,
    summary="Shut a user out",
    permission=_MANAGE,
    answers={200: Answer("The user afterwards.", User)},
    refusals=NOT_NOW,
)
def disable_user(user_id: str) -> Response:
    """End a user's sessions and revoke their tokens at once; they cannot sign in until they are let in again."""
    return _set_active(user_id, is_active=False)


@operation(
    "POST",
    "/users/<user_id>/enable",
    tag=_TAG,
    summary="Let a user in again",
    permission=_MANAGE,
    answers={200: Answer("The user afterwards.", User)},
    refusals=NOT_NOW,
)
def enable_user(user_id: str) -> Response:
    """Let a user sign in again. Sessions and tokens that ended stay so."""
    return _set_active(user_id, is_active=True)


@operation(
    "POST",
    "/users/<user_id>/role",
    tag=_TAG,
    summary="Change a user's role",
    permission=_MANAGE,
    body=NewRole,
    answers={200: Answer("The user afterwards.", User)},
    refusals=NOT_NOW,
)
def set_role(user_id: str, body: NewRole) -> Response:
    """Give a user another role; it counts from their next request. The last administrator keeps theirs."""
    with write() as session:
        view = users.set_role(session, current_actor(), user_id, role=body.role, address=client_address())
    return to_json(User.model_validate(view))


@operation(
    "POST",
    "/users/<user_id>/password",
    tag=_TAG,
    summary="Reset a user's password",
    permission=_MANAGE,
    answers={200: Answer("The new password, shown this once.", NewPassword)},
    refusals=NOT_THERE,
)
def reset_password(user_id: str) -> Response:
    """Give a user a password that is made up, end their sessions and revoke their tokens.

    It opens nothing until they have chosen another.
    """
    with write() as session:
        password = users.reset_password(session, current_actor(), user_id, address=client_address())
    return to_json(NewPassword(password=password))


@operation(
    "DELETE",
    "/users/<user_id>",
    tag=_TAG,
    summary="Delete a user",
    permission=_MANAGE,
    answers={HTTPStatus.NO_CONTENT: Answer("Nobody can tell any more who it was.", media_types=())},
    refusals=NOT_NOW,
)
def delete_user(user_id: str) -> Response:
    """Remove a user's name, e-mail, sessions and tokens, and cancel what they run; ledger and audit trail stay."""
    with write() as session:
        users.delete_user(session, current_actor(), user_id, address=client_address())
    return nothing()


@operation(
    "POST",
    "/users/<user_id>/two-factor/off",
    tag=_TAG,
    summary="Turn a user's second step off",
    permission=_MANAGE,
    answers={HTTPStatus.NO_CONTENT: Answer("Their password alone signs them in.", media_types=())},
    refusals=NOT_THERE,
)
def turn_user_two_factor_off(user_id: str) -> Response:
    """Let somebody in by password alone who has lost their device; their sessions end."""
    with write() as session:
        two_factor.turn_off_for(session, current_actor(), user_id, address=client_address())
    return nothing()


@operation(
    "GET",
    "/users/<user_id>/sessions",
    tag=_TAG,
    summary="List a user's sessions",
    permission=_MANAGE,
    answers={200: Answer("Open sessions, the one used last first.", SessionList)},
    refusals=NOT_THERE,
)
def list_user_sessions(user_id: str) -> Response:
    """Return the browsers that a user is signed in with."""
    with read() as session:
        views = users.list_sessions_of(session, current_actor(), user_id, current=current_session_id())
    return to_json(SessionList.model_validate({"items": views}))


@operation(
    "DELETE",
    "/users/<user_id>/sessions",
    tag=_TAG,
    summary="End a user's sessions",
    permission=_MANAGE,
    answers={200: Answer("How many there were.", SessionsEnded)},
    refusals=NOT_THERE,
)
def end_user_sessions(user_id: str) -> Response:
    """Sign a user out everywhere. Their tokens go on."""
    with write() as session:
        n_ended = users.end_sessions_of(session, current_actor(), user_id, address=client_address())
    return to_json(SessionsEnded(n_ended=n_ended))


@operation(
    "DELETE",
    "/users/<user_id>/sessions/<session_id>",
    tag=_TAG,
    summary="End a user's session",
    permission=_MANAGE,
    answers={HTTPStatus.NO_CONTENT: Answer("It opens nothing any more.", media_types=())},
    refusals=NOT_THERE,
)
def end_user_session(user_id: str, session_id: str) -> Response:
    """Sign a user out in one browser. Asking twice changes nothing."""
    with write() as session:
        users.end_session_of(session, current_actor(), user_id, session_id, address=client_address())
    return nothing()


def _set_active(user_id: str, *, is_active: bool) -> Response:
    with write() as session:
        view = users.set_active(session, current_actor(), user_id, is_active=is_active, address=client_address())
    return to_json(User.model_validate(view))

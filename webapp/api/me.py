"""One's own account: password, second step, sessions. What changes how one signs in asks for the password."""

from http import HTTPStatus

from flask import Response

from webapp.api.account_schemas import (
    Enrolment,
    FirstCode,
    Me,
    OwnPassword,
    PasswordChange,
    RecoveryCodes,
    Session,
    SessionList,
    SessionsEnded,
    TwoFactor,
)
from webapp.api.answers import nothing, to_json
from webapp.api.operations import NOT_THERE, Answer, operation
from webapp.auth.limits import proving
from webapp.auth.session import client_address, current_actor, current_session_id, parts, read, write
from webapp.services import own_account, sessions, two_factor

_TAG = "My account"
_ONLY_PEOPLE = (HTTPStatus.FORBIDDEN,)


@operation("GET", "/me", tag=_TAG, summary="Read my account", answers={200: Answer("Who you are.", Me)})
def get_me() -> Response:
    """Return whom the token or session acts for."""
    with read() as session:
        view = own_account.get_me(session, current_actor())
        status = two_factor.get_status(session, current_actor())
    return to_json(Me.model_validate({**vars(view), "two_factor": TwoFactor.model_validate(status)}))


@operation(
    "POST",
    "/me/password",
    tag=_TAG,
    summary="Change my password",
    body=PasswordChange,
    answers={HTTPStatus.NO_CONTENT: Answer("All other sessions and all tokens have ended.", media_types=())},
    refusals=_ONLY_PEOPLE,
)
def change_password(body: PasswordChange) -> Response:
    """Give yourself another password; other sessions and all tokens end. A token cannot do this."""
    with proving(), write() as session:
        own_account.change_password(
            session,
            current_actor(),
            current_password=body.current_password,
            password=body.password,
            current=current_session_id(),
            address=client_address(),
        )
    return nothing()


@operation(
    "POST",
    "/me/two-factor",
    tag=_TAG,
    summary="Add a device for the second step",
    body=OwnPassword,
    answers={HTTPStatus.CREATED: Answer("What the device needs to know.", Enrolment)},
    refusals=(*_ONLY_PEOPLE, HTTPStatus.CONFLICT),
)
def begin_two_factor(body: OwnPassword) -> Response:
    """Make a secret for an authenticator app. Signing in changes only when its first code is sent."""
    with proving(), write() as session:
        made = two_factor.begin(session, parts().two_factor_box, current_actor(), password=body.password)
    return to_json(Enrolment.model_validate(made), HTTPStatus.CREATED)


@operation(
    "POST",
    "/me/two-factor/confirm",
    tag=_TAG,
    summary="Turn the second step on",
    body=FirstCode,
    answers={200: Answer("Recovery codes, shown this once.", RecoveryCodes)},
    refusals=(*_ONLY_PEOPLE, HTTPStatus.CONFLICT),
)
def confirm_two_factor(body: FirstCode) -> Response:
    """Ask for a code at each sign-in from now on; other sessions end."""
    with proving(), write() as session:
        codes = two_factor.confirm(
            session,
            parts().two_factor_box,
            current_actor(),
            code=body.code,
            current=current_session_id(),
            address=client_address(),
        )
    return to_json(RecoveryCodes(recovery_codes=list(codes)))


@operation(
    "POST",
    "/me/two-factor/off",
    tag=_TAG,
    summary="Turn the second step off",
    body=OwnPassword,
    answers={HTTPStatus.NO_CONTENT: Answer("The password alone signs in.", media_types=())},
    refusals=_ONLY_PEOPLE,
)
def turn_two_factor_off(body: OwnPassword) -> Response:
    """Forget the device and the recovery codes."""
    with proving(), write() as session:
        two_factor.turn_off(session, current_actor(), password=body.password, address=client_address())
    return nothing()


@operation(
    "POST",
    "/me/two-factor/recovery-codes",
    tag=_TAG,
    summary="Make new recovery codes",
    body=OwnPassword,
    answers={200: Answer("Recovery codes, shown this once.", RecoveryCodes)},
    refusals=(*_ONLY_PEOPLE, HTTPStatus.CONFLICT),
)
def renew_recovery_codes(body: OwnPassword) -> Response:
    """Make new recovery codes; the old ones are worthless."""
    with proving(), write() as session:
        codes = two_factor.renew_codes(session, current_actor(), password=body.password, address=client_address())
    return to_json(RecoveryCodes(recovery_codes=list(codes)))


@operation(
    "GET",
    "/me/sessions",
    tag=_TAG,
    summary="List my sessions",
    answers={200: Answer("Open sessions, the one used last first.", SessionList)},
    refusals=_ONLY_PEOPLE,
)
def list_my_sessions() -> Response:
    """Return the browsers that you are signed in with. A token cannot ask."""
    with read() as session:
        views = sessions.list_sessions(session, current_actor(), current=current_session_id())
    return to_json(SessionList(items=[Session.model_validate(view) for view in views]))


@operation(
    "DELETE",
    "/me/sessions",
    tag=_TAG,
    summary="End my other sessions",
    answers={200: Answer("How many there were.", SessionsEnded)},
    refusals=_ONLY_PEOPLE,
)
def end_my_other_sessions() -> Response:
    """Sign yourself out in all browsers but the one that asks."""
    with write() as session:
        n_ended = sessions.end_other_sessions(
            session, current_actor(), current=current_session_id(), address=client_address()
        )
    return to_json(SessionsEnded(n_ended=n_ended))


@operation(
    "DELETE",
    "/me/sessions/<session_id>",
    tag=_TAG,
    summary="End one of my sessions",
    answers={HTTPStatus.NO_CONTENT: Answer("It opens nothing any more.", media_types=())},
    refusals=(*_ONLY_PEOPLE, *NOT_THERE),
)
def end_my_session(session_id: str) -> Response:
    """Sign yourself out in one browser. Asking twice changes nothing."""
    with write() as session:
        sessions.end_session(session, current_actor(), session_id, address=client_address())
    return nothing()

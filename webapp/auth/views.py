"""Sign in, sign out, accept an invitation, and choose a password in place of one that was given."""

from http import HTTPStatus

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError

from webapp.auth import problems
from webapp.auth.forms import CodeForm, InvitationForm, OwnPasswordForm, SignInForm
from webapp.auth.limits import proving, too_many
from webapp.auth.local_paths import HOME, to_local_path
from webapp.auth.login import await_second_step, end_session, load_actor, pending_sign_in, start_session
from webapp.auth.session import (
    client_address,
    current_actor,
    current_session_id,
    finish_sign_in,
    read,
    this_visit,
    write,
)
from webapp.errors import (
    AppError,
    Conflict,
    InvalidCredentials,
    InvalidInput,
    NotFound,
    SecondFactorNeeded,
    TooManyRequests,
)
from webapp.services import invitations, own_account, signing_in

blueprint = Blueprint("auth", __name__)


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """Show the form, or go on if there is nothing to do."""
    target = to_local_path(request.args.get("next"))
    if load_actor() is not None:
        return redirect(target)
    return _form_page(SignInForm(formdata=None, data={"next": target}))


@blueprint.post("/login")
def sign_in() -> ResponseReturnValue:
    """Check e-mail and password, and begin a session."""
    form = SignInForm(formdata=request.form)
    if not form.validate():
        return _form_page(form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    with read() as session:
        check = signing_in.verify_password(session, form.email.data, form.password.data)
    try:
        signed_in = finish_sign_in(check, code="", visit=this_visit())
    except InvalidCredentials as error:
        return _form_page(form, str(error), HTTPStatus.UNAUTHORIZED)
    except SecondFactorNeeded:
        await_second_step(check.email, signing_in.mark_of(check))
        return redirect(url_for("auth.second_step", next=to_local_path(form.next.data)))
    start_session(signed_in, check.email)
    return redirect(to_local_path(form.next.data))


@blueprint.get("/login/code")
def second_step() -> ResponseReturnValue:
    """Ask for the code of the device, if the password was right just now."""
    target = to_local_path(request.args.get("next"))
    if pending_sign_in() is None:
        return redirect(url_for("auth.login", next=target))
    return _code_page(CodeForm(formdata=None, data={"next": target}))


@blueprint.post("/login/code")
def check_code() -> ResponseReturnValue:
    """Check the code of the device, and begin a session."""
    form = CodeForm(formdata=request.form)
    pending = pending_sign_in()
    if pending is None:
        message = "The password was typed more than five minutes ago. Please type it again."
        return _form_page(SignInForm(formdata=None, data={"next": form.next.data}), message, HTTPStatus.BAD_REQUEST)
    if not form.validate():
        return _code_page(form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    with read() as session:
        check = signing_in.recall_check(session, *pending)
    try:
        signed_in = finish_sign_in(check, code=form.code.data, visit=this_visit())
    except InvalidCredentials as error:
        return _code_page(form, str(error), HTTPStatus.UNAUTHORIZED)
    start_session(signed_in, check.email)
    return redirect(to_local_path(form.next.data))


@blueprint.get("/password")
def own_password() -> ResponseReturnValue:
    """Ask for a password that no administrator was shown, from whoever has one that was."""
    return _password_page(OwnPasswordForm(formdata=None)) if g.must_choose_password else redirect(HOME)


@blueprint.post("/password")
def choose_password() -> ResponseReturnValue:
    """Take the password that somebody chose in place of the one that they were given."""
    form = OwnPasswordForm(formdata=request.form)
    if not g.must_choose_password:
        return redirect(HOME)
    if not form.validate():
        return _password_page(form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with proving(), write() as session:
            own_account.change_password(
                session,
                current_actor(),
                current_password=form.current_password.data,
                password=form.password.data,
                current=current_session_id(),
                address=client_address(),
            )
    except InvalidInput as error:
        return _password_page(form, _in_words(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    except (InvalidCredentials, TooManyRequests) as error:
        return _password_page(form, str(error), problems.STATUS[error.code])
    return redirect(HOME)


@blueprint.post("/logout")
def sign_out() -> ResponseReturnValue:
    """End the session of this browser."""
    with write() as session:
        signing_in.sign_out(session, current_actor(), current=current_session_id(), address=client_address())
    end_session()
    return redirect(url_for("auth.login"))


@blueprint.get("/invitation/<secret>")
def invitation(secret: str) -> ResponseReturnValue:
    """Show the form of somebody who was invited, or that the link does not work."""
    return _invitation_page(secret, InvitationForm(formdata=None))


@blueprint.post("/invitation/<secret>")
def accept_invitation(secret: str) -> ResponseReturnValue:
    """Make the account and begin a session."""
    form = InvitationForm(formdata=request.form)
    if not form.validate():
        return _invitation_page(secret, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with write() as session:
            invited = invitations.find_invitation(session, secret)
            signed_in = invitations.accept_invitation(
                session,
                secret,
                name=form.name.data,
                password=form.password.data,
                visit=this_visit(),
                address=client_address(),
            )
    except (InvalidInput, Conflict) as error:
        return _invitation_page(secret, form, _in_words(error), problems.STATUS[error.code])
    except NotFound:
        return _invitation_page(secret, form)
    start_session(signed_in, invited.email)
    return redirect(HOME)


@blueprint.errorhandler(CSRFError)
def _form_too_old(error: CSRFError) -> Response:
    message = "This page was open for too long, or the browser keeps no cookies. Please try again."
    if request.endpoint == "auth.accept_invitation":
        form = InvitationForm(formdata=request.form)
        return _invitation_page(_secret_in_path(), form, message, HTTPStatus.BAD_REQUEST)
    if request.endpoint != "auth.sign_in":
        return problems.answer_csrf(error)
    return _form_page(SignInForm(formdata=request.form), message, HTTPStatus.BAD_REQUEST)


@blueprint.errorhandler(RateLimitExceeded)
def _too_many(_error: RateLimitExceeded) -> Response:
    refusal = too_many()
    if request.endpoint == "auth.check_code":
        response = _code_page(CodeForm(formdata=request.form), str(refusal), HTTPStatus.TOO_MANY_REQUESTS)
    elif request.endpoint == "auth.sign_in":
        response = _form_page(SignInForm(formdata=request.form), str(refusal), HTTPStatus.TOO_MANY_REQUESTS)
    else:
        return problems.answer(refusal)
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _form_page(form: SignInForm, message: str = "", status: int = HTTPStatus.OK) -> Response:
    """Return the form; whatever was typed is still in it, but for the password."""
    target = to_local_path(form.next.data)
    response = make_response(render_template("login.html", form=form, message=message, target=target))
    response.status_code = status
    return response


def _code_page(form: CodeForm, message: str = "", status: int = HTTPStatus.OK) -> Response:
    """Return the form for the code, empty: a code that was refused is of no use."""
    target = to_local_path(form.next.data)
    response = make_response(render_template("second_step.html", form=form, message=message, target=target))
    response.status_code = status
    return response


def _password_page(form: OwnPasswordForm, message: str = "", status: int = HTTPStatus.OK) -> Response:
    """Return the form, empty: what was refused was a password."""
    return make_response(render_template("password.html", form=form, message=message), status)


def _invitation_page(secret: str, form: InvitationForm, message: str = "", status: int = HTTPStatus.OK) -> Response:
    """Return the form; whatever was typed is still in it, but for the password."""
    try:
        with read() as session:
            invited = invitations.find_invitation(session, secret)
    except NotFound as error:
        page = render_template("error.html", title="This link does not work", detail=str(error), number="")
        return make_response(page, HTTPStatus.NOT_FOUND)
    response = make_response(render_template("invitation.html", form=form, message=message, invited=invited))
    response.status_code = status
    return response


def _secret_in_path() -> str:
    return str((request.view_args or {}).get("secret", ""))


def _in_words(error: AppError) -> str:
    fields = getattr(error, "fields", {})
    return " ".join(f"{name.capitalize()}: {text}." for name, text in fields.items()) or str(error)

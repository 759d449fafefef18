"""Sign in and sign out."""

from http import HTTPStatus

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError

from webapp.auth import problems
from webapp.auth.forms import SignInForm
from webapp.auth.limits import too_many
from webapp.auth.local_paths import to_local_path
from webapp.auth.login import end_session, load_actor, start_session
from webapp.auth.session import check_credentials, client_address, current_actor, write
from webapp.errors import InvalidCredentials
from webapp.services import accounts

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
    try:
        signed_in = check_credentials(form.email.data, form.password.data)
    except InvalidCredentials as error:
        return _form_page(form, str(error), HTTPStatus.UNAUTHORIZED)
    start_session(signed_in)
    return redirect(to_local_path(form.next.data))


@blueprint.post("/logout")
def sign_out() -> ResponseReturnValue:
    """End all sessions of the person."""
    with write() as session:
        accounts.sign_out(session, current_actor(), address=client_address())
    end_session()
    return redirect(url_for("auth.login"))


@blueprint.errorhandler(CSRFError)
def _form_too_old(error: CSRFError) -> Response:
    if request.endpoint != "auth.sign_in":
        return problems.answer_csrf(error)
    message = "This page was open for too long, or the browser keeps no cookies. Please try again."
    return _form_page(SignInForm(formdata=request.form), message, HTTPStatus.BAD_REQUEST)


@blueprint.errorhandler(RateLimitExceeded)
def _too_many(_error: RateLimitExceeded) -> Response:
    refusal = too_many()
    form = SignInForm(formdata=request.form)
    response = _form_page(form, str(refusal), HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _form_page(form: SignInForm, message: str = "", status: int = HTTPStatus.OK) -> Response:
    """Return the form; whatever was typed is still in it, but for the password."""
    target = to_local_path(form.next.data)
    response = make_response(render_template("login.html", form=form, message=message, target=target))
    response.status_code = status
    return response

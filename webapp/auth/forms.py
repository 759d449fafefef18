"""Forms of the pages outside the dashboard."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from webapp.services.passwords import MIN_LENGTH

_NEW_PASSWORD = (
    InputRequired("Choose a password."),
    Length(min=MIN_LENGTH, max=1024, message=f"Choose a password of at least {MIN_LENGTH} characters."),
)


class SignInForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """E-mail, password, and where to go afterwards."""

    email = StringField("E-mail", validators=[InputRequired("Type your e-mail address."), Length(max=254)])
    password = PasswordField("Password", validators=[InputRequired("Type your password."), Length(max=1024)])
    next = HiddenField()


class CodeForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The code of a device, and where to go afterwards."""

    code = StringField("Code", validators=[InputRequired("Type the code."), Length(max=32)])
    next = HiddenField()


class InvitationForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Name and password of somebody who was invited."""

    name = StringField("Name", validators=[InputRequired("Type your name, as others will see it."), Length(max=120)])
    password = PasswordField("Password", validators=_NEW_PASSWORD)


class OwnPasswordForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The password that somebody was given, and the one that they choose in its place."""

    current_password = PasswordField(
        "The password that you were given",
        validators=[InputRequired("Type the password that you were given."), Length(max=1024)],
    )
    password = PasswordField("A password of your own", validators=_NEW_PASSWORD)

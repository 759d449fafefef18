"""Forms of the pages outside the dashboard."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length


class SignInForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """E-mail, password, and where to go afterwards."""

    email = StringField("E-mail", validators=[InputRequired("Type your e-mail address."), Length(max=254)])
    password = PasswordField("Password", validators=[InputRequired("Type your password."), Length(max=1024)])
    next = HiddenField()

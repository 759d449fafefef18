import pytest
from werkzeug.datastructures import MultiDict

from webapp.auth.forms import SignInForm

pytestmark = pytest.mark.databases("sqlite")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"email": "a@b", "password": "x"}, []),
        ({"email": "", "password": "x"}, ["email"]),
        ({"email": "a@b"}, ["password"]),
        ({"email": "a" * 255, "password": "x" * 1025}, ["email", "password"]),
    ],
)
def test_both_fields_are_needed_and_bounded(app, fields, wrong):
    app.config["WTF_CSRF_ENABLED"] = False  # the token is the business of test_csrf.py
    with app.test_request_context("/login", method="POST"):
        form = SignInForm(formdata=MultiDict(fields))
        form.validate()
        assert sorted(form.errors) == wrong

import pytest
from flask import Response

from webapp.auth import devices

pytestmark = pytest.mark.databases("sqlite")


def remembered(app, *emails, cookie=""):
    """Let a browser remember people, and return its cookie."""
    for email in emails:
        with app.test_request_context("/login", headers={"Cookie": f"{devices.COOKIE}={cookie}"}):
            devices.remember_device(devices.mark_of_email(email))
            answer = app.process_response(Response())
            text = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith(devices.COOKIE))
            cookie = text.partition("=")[2].partition(";")[0]
    return cookie


def known(app, email, cookie):
    with app.test_request_context("/login", headers={"Cookie": f"{devices.COOKIE}={cookie}"}):
        return devices.known_device(devices.mark_of_email(email))


def test_a_browser_knows_who_signed_in_with_it_and_nobody_else(app):
    cookie = remembered(app, "Ada@example.org", "bob@example.org")

    assert known(app, "ada@example.org", cookie) == known(app, "bob@example.org", cookie) is not None
    assert known(app, "eve@example.org", cookie) is None
    assert "example.org" not in cookie


def test_it_remembers_the_last_five(app):
    cookie = remembered(app, *(f"{n}@example.org" for n in range(6)))

    assert [known(app, f"{n}@example.org", cookie) is not None for n in range(6)] == [False, *[True] * 5]


@pytest.mark.parametrize("cookie", ["", "made up", "bnVsbA.x"])
def test_a_cookie_that_is_none_of_ours_knows_nobody(app, cookie):
    assert known(app, "ada@example.org", cookie) is None

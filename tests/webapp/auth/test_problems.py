import logging

import pytest
from flask import abort, request
from sqlalchemy.exc import OperationalError

from quant.errors import InvalidSpec, NotEnoughData, QuantError, RateLimited
from webapp.auth.problems import STATUS
from webapp.auth.session import parts_of
from webapp.errors import (
    AppError,
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ServiceUnavailable,
    TooManyRequests,
)

pytestmark = pytest.mark.databases("sqlite")


_MULTIPART = "multipart/form-data; boundary=cut"


def _multipart(name, value):
    return f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--cut--\r\n'.encode()


@pytest.fixture
def fail(app, signed_in):
    """`fail(error, as_page=...)` returns the answer to a request that raised it."""

    def ask(error, *, as_page=False):
        def view():
            raise error

        app.config["VIEW"] = view
        return signed_in.get("/view" if as_page else "/api/v1/view", headers={"Accept": "text/html"})

    return ask


def all_errors(base):
    return [base, *(found for child in base.__subclasses__() for found in all_errors(child))]


@pytest.mark.parametrize("error", [*all_errors(AppError), *all_errors(QuantError)])
def test_every_error_has_a_status(error):
    assert 400 <= STATUS[error.code] <= 599


def test_there_is_no_status_without_its_error():
    assert set(STATUS) == {error.code for error in [*all_errors(AppError), *all_errors(QuantError)]}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("There is no such analysis."), 404),
        (PermissionDenied("No."), 403),
        (Conflict("Already final."), 409),
        (NotEnoughData("Expected 100 bars; found 3."), 422),
    ],
)
def test_our_errors_say_what_they_say(fail, error, status):
    answer = fail(error)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    body = answer.json
    assert (body["status"], body["code"], body["detail"]) == (status, error.code, str(error))
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert str(error) in fail(error, as_page=True).text


def test_fields_are_named(fail):
    assert fail(InvalidInput("Wrong.", fields={"seed": "expected a number"})).json["fields"] == {
        "seed": "expected a number"
    }
    assert fail(InvalidSpec("Bad seed.", field="seed")).json["fields"] == {"seed": "Bad seed."}
    assert "fields" not in fail(NotFound("No.")).json


def test_waits_are_told(fail):
    assert fail(TooManyRequests("Later.", retry_after=7)).headers["Retry-After"] == "7"
    assert fail(RateLimited("Later.", retry_after=0.2)).headers["Retry-After"] == "1"


@pytest.mark.parametrize("as_page", [False, True])
def test_what_nobody_foresaw_is_logged_and_not_shown(app, fail, caplog, as_page):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = fail(RuntimeError("secret detail"), as_page=as_page)

    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    logged = next(record for record in caplog.records if record.exc_info)
    assert "secret detail" in str(logged.exc_info[1])
    assert logged.request_id == answer.headers["X-Request-ID"]


def test_our_own_failures_are_logged(fail, caplog):
    with caplog.at_level(logging.ERROR):
        assert fail(ServiceUnavailable("The queue does not answer.")).status_code == 503
    assert "The queue does not answer." in caplog.text


def test_a_database_that_is_away_is_no_fault_of_the_program(app, signed_in, browser, caplog, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OperationalError("SELECT secret", {}, Exception("connection refused"))

    monkeypatch.setattr(parts_of(app).database.engine, "connect", refuse)
    answer, page = signed_in.get("/api/v1/who"), signed_in.get("/page", headers=browser)

    assert (answer.status_code, page.status_code) == (503, 503)
    assert answer.json["code"] == "service_unavailable"
    assert answer.headers["Retry-After"] == "5"
    assert "secret" not in answer.text + page.text
    assert "connection refused" in caplog.text


def test_bare_http_errors_are_problems_too(app, signed_in):
    for status in [400, 403, 404, 405, 413, 415, 418, 429, 500, 502, 503]:
        app.config["VIEW"] = lambda status=status: abort(status)
        answer = signed_in.get("/api/v1/view")

        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
        assert answer.json["status"] == status
        assert answer.json["code"]


def test_a_wrong_method_says_which_are_right(signed_in):
    answer = signed_in.get("/logout")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_redirect_is_no_error(signed_in):
    assert signed_in.get("/folder").status_code == 308


@pytest.mark.parametrize(
    ("path", "accept", "is_page"),
    [
        ("/nothing", "text/html,*/*;q=0.8", True),
        ("/nothing", "*/*", False),
        ("/nothing", "application/json", False),
        ("/nothing", "", False),
        ("/api/v1/nothing", "text/html", False),
    ],
)
def test_people_get_a_page_and_programs_a_problem(signed_in, path, accept, is_page):
    answer = signed_in.get(path, headers={"Accept": accept})

    assert answer.status_code == 404
    assert answer.mimetype == ("text/html" if is_page else "application/problem+json")


def test_a_page_shows_what_was_asked_as_text(signed_in):
    answer = signed_in.get("/<script>alert(1)</script>", headers={"Accept": "text/html"})

    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", ["/api/v1/who", "/app/_dash-who", "/login"])
def test_a_huge_body_is_refused(app, client, signed_in, token_in_page, path):
    app.config["VIEW"] = lambda: {"n": len(request.get_data())}
    headers = {"X-CSRFToken": token_in_page(client)}
    body = b"a" * (4 * 1024**2 + 1)

    assert signed_in.post("/api/v1/view", data=body, headers=headers).status_code == 413
    form = {"email": "a" * (5 * 1024**2)}
    assert signed_in.post(path, data=form, headers=headers).status_code == 413
    answer = signed_in.post(path, data=_multipart("email", "a" * 600_000), headers=headers, content_type=_MULTIPART)
    assert answer.status_code == 413

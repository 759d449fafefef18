import pytest
from flask import Flask, Response

from webapp.api.problems import complete
from webapp.auth.problems import refuse


@pytest.fixture(autouse=True)
def _request():
    with Flask(__name__).test_request_context("/api/v1/x"):
        yield


def test_fields_become_a_list():
    before = refuse(422, "invalid_input", "Wrong.", fields={"a.0": "Expected 1.", "b": "Expected 2."})
    after = complete(before)

    assert after.json["errors"] == [
        {"field": "a.0", "message": "Expected 1."},
        {"field": "b", "message": "Expected 2."},
    ]
    assert set(after.json) == {"type", "title", "status", "code", "detail", "request_id", "errors"}
    assert after.content_type == "application/problem+json"
    assert after.content_length == len(after.data)


def test_a_problem_without_fields_stays_as_it_is():
    problem = refuse(404, "not_found", "There is no such analysis.")
    text = problem.data

    assert complete(problem).data == text


def test_what_is_no_problem_stays_as_it_is():
    response = Response('{"fields": {"a": "b"}}', content_type="application/json")

    assert complete(response).get_data(as_text=True) == '{"fields": {"a": "b"}}'

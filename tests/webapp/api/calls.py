"""How tests call the REST door, and what they expect of a refusal."""

import dataclasses
from typing import Any

API = "/api/v1"


@dataclasses.dataclass
class Caller:
    """A program with a token, or without: `get`, `post` and `delete` take the address after `/api/v1`."""

    client: Any
    actor: Any = None

    def get(self, path, **options):
        return self.client.get(API + path, **options)

    def post(self, path, **options):
        return self.client.post(API + path, **options)

    def patch(self, path, **options):
        return self.client.patch(API + path, **options)

    def put(self, path, **options):
        return self.client.put(API + path, **options)

    def delete(self, path, **options):
        return self.client.delete(API + path, **options)


def problem(response, status, code):
    """Assert that a response is this problem, and return it."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body = response.json
    assert (body["type"], body["status"], body["code"]) == ("about:blank", status, code)
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert body["title"]
    assert body["detail"]
    return body


def fields(response, status=422):
    """Assert that a response says that fields are wrong, and return which and why."""
    return {each["field"]: each["message"] for each in problem(response, status, "invalid_input")["errors"]}


def without_id(response):
    """Return a problem without the name of its request: what could tell two problems apart."""
    return {key: value for key, value in response.json.items() if key != "request_id"}

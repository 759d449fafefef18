import pytest
from flask import Flask, Response

from webapp.api import operations
from webapp.api.operations import OPERATIONS, Answer, operation
from webapp.errors import PreconditionFailed


@pytest.fixture
def declared(monkeypatch):
    """A place for operations that nobody else sees: the list, and the Flask application that answers them."""
    app = Flask(__name__)
    monkeypatch.setattr(operations, "blueprint", app)
    monkeypatch.setattr(operations, "OPERATIONS", [])
    monkeypatch.setattr(operations, "_VIEWS", {})
    return operations.OPERATIONS, app


def test_an_operation_is_declared_once_for_flask_and_for_the_document(declared):
    known, app = declared

    @operation("GET", "/things/<thing_id>", tag="Things", summary="Read", answers={200: Answer("A thing.")})
    def read_thing(thing_id):
        """Return a thing.

        However large.
        """
        return Response(f"thing {thing_id}")

    assert app.test_client().get("/things/7").text == "thing 7"
    assert app.test_client().post("/things/7").status_code == 405
    [described] = known
    assert (described.id, described.method, described.path) == ("read_thing", "GET", "/things/<thing_id>")
    assert described.description == "Return a thing. However large."
    assert read_thing("8").data == b"thing 8", "the function itself stays as it is"


def test_operations_differ():
    assert len({declared.id for declared in OPERATIONS}) == len(OPERATIONS)
    assert len({(declared.method, declared.path) for declared in OPERATIONS}) == len(OPERATIONS)


def test_whatever_changes_something_needs_a_permission():
    gives_up = {"revoke_token"}  # whoever has a right may give it up
    own = "My account"  # everybody rules over their own account, whatever their role
    for declared in OPERATIONS:
        needs_none = declared.is_public or declared.method == "GET" or declared.id in gives_up or declared.tag == own
        assert declared.permission or needs_none, declared.id


def test_a_change_of_what_can_be_read_at_the_same_address_respects_what_was_seen(declared):
    known, app = declared
    things = {"7": "old"}

    @operation("GET", "/things/<thing_id>", tag="Things", summary="Read", answers={200: Answer("A thing.")})
    def read_thing(thing_id):
        """Return a thing."""
        return Response(things[thing_id])

    @operation("PATCH", "/things/<thing_id>", tag="Things", summary="Change", answers={204: Answer("Done.")})
    def change_thing(thing_id):
        """Change a thing."""
        things[thing_id] += "er"
        return Response(status=204)

    app.register_error_handler(PreconditionFailed, lambda _error: ("", 412))
    client = app.test_client()
    tag = client.get("/things/7").headers["ETag"]

    assert [each.is_conditional for each in known] == [False, True]
    assert client.get("/things/7", headers={"If-None-Match": tag}).status_code == 304
    assert client.patch("/things/7", headers={"If-Match": tag}).status_code == 204
    assert client.patch("/things/7", headers={"If-Match": tag}).status_code == 412
    assert client.patch("/things/7", headers={"If-Match": "*"}).status_code == 204
    assert client.patch("/things/7").status_code == 204
    assert things == {"7": "oldererer"}

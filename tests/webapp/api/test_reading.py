"""What is read, and what is refused, from bodies and queries."""

import datetime
import json
from typing import Any, Literal

import pytest
from flask import Flask
from pydantic import Field
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from tests.webapp.api.calls import problem
from webapp.api.reading import Body, Query, QueryDate, QueryNumber, read_body, read_query
from webapp.errors import InvalidInput


class Shape(Body):
    name: Literal["circle"] = "circle"
    radius: float = Field(default=1.0, gt=0)


class Square(Body):
    name: Literal["square"]
    side: int


class Drawing(Body):
    shapes: tuple[Shape | Square, ...] = Field(default=(), max_length=3)
    one: Shape | Square | None = Field(default=None, discriminator="name")
    secret: str = ""
    layers: tuple[int, ...] = Field(default=(1,), min_length=1)
    count: int = 0


class Search(Query):
    number: QueryNumber = Field(default=0, ge=0)
    day: QueryDate | None = None
    words: tuple[str, ...] = ()
    word: str = ""


@pytest.fixture
def body():
    """`body(b"{}")` reads a body as a `Drawing`."""

    def read(data, content_type="application/json"):
        with Flask(__name__).test_request_context("/api/v1/x", method="POST", data=data, content_type=content_type):
            return read_body(Drawing)

    return read


@pytest.fixture
def query():
    """`query("number=1")` reads a query as a `Search`."""

    def read(text):
        with Flask(__name__).test_request_context(f"/api/v1/x?{text}"):
            return read_query(Search)

    return read


def refused(read: Any, *what: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        read(*what)
    return caught.value.fields


# --- bodies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_is_read(body, content_type):
    assert body(b'{"count": 3, "secret": "\xc3\xa4"}', content_type).secret == "ä"


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_what_does_not_say_that_it_is_json_is_refused(body, content_type):
    with pytest.raises(UnsupportedMediaType):
        body(b"{}", content_type)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"{'count': 1}",
        b'{"count": 1,}',
        b'{"count": 01}',
        b'{"count": NaN}',
        b'{"count": Infinity}',
        b'{"count": -Infinity}',
        b'{"count": 1e999}',
        b'{"secret": "\\ud800"}',
        b'{"secret": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 5000,
        b"9" * 5000,
        b"count=1",
    ],
)
def test_what_is_no_json_is_refused_with_the_place(body, text):
    with pytest.raises(HTTPException) as caught:
        body(text)

    with Flask(__name__).test_request_context("/api/v1/x"):
        answer = caught.value.get_response()
    assert answer.status_code == 400
    assert answer.json["code"] == "bad_request"
    assert "line 1 column" in answer.json["detail"]


@pytest.mark.parametrize(
    ("number", "is_whole"),
    [("5", True), ("5.0", True), ("5e0", True), ("-0.0", True), ("5.5", False), ('"5"', False), ("true", False)],
)
def test_whole_numbers(body, number, is_whole):
    text = f'{{"count": {number}}}'.encode()
    if is_whole:
        assert body(text).count in {0, 5}
    else:
        assert set(refused(body, text)) == {"count"}


def test_a_whole_number_is_a_number_too(body):
    assert body(b'{"one": {"name": "circle", "radius": 2}}').one.radius == 2.0
    assert body(b'{"one": {"name": "circle", "radius": 1e300}}').one.radius == 1e300


def test_a_mistake_is_named_by_the_path_of_what_was_sent(body):
    assert set(refused(body, b'{"one": {"name": "square", "side": "x"}}')) == {"one.side"}
    assert set(refused(body, b'{"layers": [1, "2", 3]}')) == {"layers.1"}
    assert set(refused(body, b'{"one": {"name": "star"}}')) == {"one"}


def test_a_list_is_too_short_only_if_it_is(body):
    assert set(refused(body, b'{"layers": []}')) == {"layers"}
    assert set(refused(body, b'{"layers": ["x"]}')) == {"layers.0"}


def test_messages_are_ours_and_repeat_no_text(body):
    named = refused(body, b'{"one": {"name": "circle", "radius": -1}, "secret": ["hunter2"], "extra": "hunter2"}')

    assert named["one.radius"] == "Expected greater than 0; found -1."
    assert named["extra"] == "There is no such field."
    assert "hunter2" not in str(named)


@pytest.mark.parametrize("depth", [101, 300, 600, 1000])
def test_what_is_nested_too_deep_is_refused(body, depth):
    with pytest.raises(HTTPException) as caught:
        body(b'{"extra": ' + b"[" * depth + b"]" * depth + b"}")

    with Flask(__name__).test_request_context("/api/v1/x"):
        answer = caught.value.get_response()
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert answer.json["detail"] == "Expected JSON nested at most 100 deep."
    assert set(refused(body, b'{"extra": ' + b"[" * 99 + b"]" * 99 + b"}")) == {"extra"}


def test_a_list_that_is_far_too_long_is_one_mistake(body):
    assert len(refused(body, b'{"layers": [' + b"null," * 999 + b"null]}")) == 50
    assert refused(body, b'{"layers": [' + b"null," * 1000 + b"null]}") == {
        "body": "Expected lists of at most 1,000 entries; found 1,001."
    }


def test_at_most_fifty_mistakes_are_named_and_the_others_counted(body):
    with pytest.raises(InvalidInput, match=r"each is named with its field\. 950 more are not named\.") as caught:
        body(json.dumps({f"k{n}": 0 for n in range(1000)}).encode())

    assert list(caught.value.fields) == [f"k{n}" for n in range(50)]


# --- queries --------------------------------------------------------------------------------------------------------


def test_a_query_is_read(query):
    found = query("number=12&day=2024-02-29&words=a&words=b&word=%2B")

    assert found == Search(number="12", day="2024-02-29", words=("a", "b"), word="+")
    assert found.day == datetime.date(2024, 2, 29)
    assert query("") == Search()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("number=x", "number"),
        ("number=-1", "number"),
        ("number=+1", "number"),
        ("number=1e3", "number"),
        ("number=%D9%A3", "number"),
        ("number=1&number=1", "number"),
        ("day=2023-02-29", "day"),
        ("day=0", "day"),
        ("day=2024-1-1", "day"),
        ("day=2024-01-01T00:00:00Z", "day"),
        ("day=2024-01-01&day=2024-01-01", "day"),
        ("word=a&word=b", "word"),
        ("wrod=a", "wrod"),
    ],
)
def test_what_does_not_fit_is_named(query, text, field):
    assert set(refused(query, text)) == {field}


# --- through the door -----------------------------------------------------------------------------------------------


@pytest.mark.databases("sqlite")
def test_bodies_are_refused_as_problems(me):
    problem(me.post("/analyses", data=b"{}", content_type="text/plain"), 415, "unsupported_media_type")
    problem(me.post("/analyses"), 415, "unsupported_media_type")
    problem(me.post("/analyses", data=b'{"spec": NaN}', content_type="application/json"), 400, "bad_request")
    huge = b'"' + b"x" * (4 * 1024**2) + b'"'
    problem(me.post("/analyses", data=huge, content_type="application/json"), 413, "too_large")


@pytest.mark.databases("sqlite")
def test_a_body_has_a_bound_that_no_question_reaches(me):
    for size, status in ((256 * 1024, 422), (256 * 1024 + 1, 413)):
        text = b'"' + b"x" * (size - 2) + b'"'
        assert me.post("/analyses", data=text, content_type="application/json").status_code == status

import pytest
from flask import Flask, Response

from webapp.api.conditions import require_match, with_tag
from webapp.errors import PreconditionFailed


@pytest.fixture
def asked():
    """`asked(If_Match="*")` is a request with these headers."""

    def ask(**headers):
        return Flask(__name__).test_request_context(headers={name.replace("_", "-"): v for name, v in headers.items()})

    return ask


def test_the_tag_is_that_of_the_content(asked):
    with asked():
        first, same, other = (with_tag(Response(text)).headers["ETag"] for text in ("a", "a", "b"))

    assert first == same != other
    assert first.startswith('W/"')


def test_who_has_the_content_gets_none(asked):
    with asked():
        tag = with_tag(Response("a")).headers["ETag"]
    with asked(If_None_Match=tag):
        known, new = with_tag(Response("a")), with_tag(Response("b"))

    assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", tag)
    assert (new.status_code, new.data) == (200, b"b")


@pytest.mark.parametrize(
    "response", [Response("a", status=404), Response(iter(["a"])), Response("a", headers={"ETag": "x"})]
)
def test_what_is_no_content_or_has_a_tag_stays_as_it_is(asked, response):
    with asked(If_None_Match="*"):
        assert with_tag(response) is response


def test_a_change_is_refused_if_what_was_seen_is_no_more(asked):
    with asked():
        tag = with_tag(Response("a")).headers["ETag"]
    for sent in (tag, f'"x", {tag}', "*"):
        with asked(If_Match=sent):
            require_match(lambda: Response("a"))
    with asked(If_Match=tag), pytest.raises(PreconditionFailed):
        require_match(lambda: Response("b"))


def test_nothing_is_read_if_nobody_says_what_they_saw(asked):
    with asked():
        require_match(lambda: pytest.fail("read for nothing"))

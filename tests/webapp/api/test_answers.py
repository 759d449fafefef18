import datetime

import pandas as pd
import pytest
from flask import Flask

from webapp.api.answers import is_known, not_modified, table, tagged, to_json
from webapp.api.schemas import LogLine

FRAME = pd.DataFrame({"a": [1.0, float("nan")]})


@pytest.fixture
def asked():
    """`asked(Accept="text/csv")` is a request with these headers."""

    def ask(**headers):
        return Flask(__name__).test_request_context(
            headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    return ask


def test_json_tells_moments_in_utc_and_unknown_as_null(asked):
    at = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    line = LogLine(id=1, at=at, attempt=1, level="info", stage=None, message="ä")
    response = to_json(line, 202, Location="/x")

    assert response.status_code == 202
    assert response.headers["Location"] == "/x"
    assert response.content_type == "application/json"
    assert response.get_data(as_text=True) == (
        '{"id":1,"at":"2024-01-02T03:04:05Z","attempt":1,"level":"info","stage":null,"message":"ä"}'
    )
    assert to_json({"value": float("nan"), "other": float("inf")}).json == {"value": None, "other": None}


@pytest.mark.parametrize(
    ("accept", "wanted", "text"),
    [
        ("*/*", None, '{"n_rows":2,"columns":{"a":[1.0,null]}}'),
        ("text/csv", None, 'a\n1.0\n""\n'),
        ("text/csv", "json", '{"n_rows":2,"columns":{"a":[1.0,null]}}'),
        ("*/*", "csv", 'a\n1.0\n""\n'),
    ],
)
def test_a_table_comes_as_it_is_wanted(asked, accept, wanted, text):
    with asked(Accept=accept):
        response = table(FRAME, name="curve", version="v", wanted=wanted)

    assert response.get_data(as_text=True) == text
    assert response.vary.to_header() == "Accept"


def test_a_table_that_is_known_is_not_written_again(asked):
    with asked(If_None_Match='W/"v-curve-json"'):
        response = table(FRAME, name="curve", version="v", wanted=None)
        other = table(FRAME, name="curve", version="w", wanted=None)

    assert (response.status_code, response.data) == (304, b"")
    assert "Content-Type" not in response.headers
    assert other.status_code == 200


@pytest.mark.parametrize("sent", ['"t"', 'W/"t"', '"s", W/"t"', "*"])
def test_a_tag_is_known_if_it_was_sent(asked, sent):
    with asked(If_None_Match=sent):
        assert is_known("t")


@pytest.mark.parametrize("sent", ['"s"', "", '"t:gzip"'])
def test_a_tag_is_unknown_otherwise(asked, sent):
    with asked(If_None_Match=sent):
        assert not is_known("t")


def test_who_keeps_an_answer_asks_again():
    for response in (not_modified("t"), tagged(to_json({}), "t")):
        assert response.headers["ETag"] == 'W/"t"'
        assert response.headers["Cache-Control"] == "private, no-cache"

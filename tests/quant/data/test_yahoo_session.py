"""The session: where requests go, and that one serves the whole process. What it refuses is in `test_yahoo`."""

import pytest

from quant.data import yahoo_session
from tests.yahoo import run_yahoo


@pytest.fixture
def server():
    with run_yahoo() as server:
        yield server
    yahoo_session.forget_session()


def test_every_host_is_rewritten_with_its_path_and_question(server, tmp_path):
    session = yahoo_session.open_session(server.url, tmp_path)

    session.get("https://query2.finance.yahoo.com/v1/test/getcrumb?a=b", params={"c": "d"})
    session.get("https://fc.yahoo.com")
    assert server.asked == ["/v1/test/getcrumb?a=b&c=d", "/"]


def test_one_session_serves_the_process_until_it_is_forgotten(server, tmp_path):
    first = yahoo_session.open_session(server.url, tmp_path)

    assert yahoo_session.open_session(server.url, tmp_path) is first
    yahoo_session.forget_session()
    assert yahoo_session.open_session(server.url, tmp_path) is not first

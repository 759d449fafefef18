import logging
import uuid

import pytest

pytestmark = pytest.mark.databases("sqlite")


def test_every_answer_has_a_name_of_its_own(client):
    first, second = (client.get("/healthz").headers["X-Request-ID"] for _ in range(2))

    assert first != second
    assert uuid.UUID(first).hex == first


def test_the_name_that_a_proxy_gave_is_kept(client):
    assert client.get("/healthz", headers={"X-Request-ID": "abc-12345"}).headers["X-Request-ID"] == "abc-12345"


@pytest.mark.parametrize("given", ["short", "a" * 65, "abc 12345", 'abc"12345', "abcd{12345}", "ä" * 10, "<script>1"])
def test_a_name_that_could_be_more_than_a_name_is_not(client, given):
    found = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]

    assert found != given
    assert uuid.UUID(found)


def test_log_lines_of_a_request_carry_its_name(app, client, caplog):
    def view():
        logging.getLogger("tests").warning("something happened")
        return {}

    app.add_url_rule("/static-log", "log", view)
    answer = client.get("/healthz")
    with caplog.at_level(logging.WARNING), app.test_request_context("/x", headers={"X-Request-ID": "abc-12345"}):
        view()

    assert answer.status_code == 200
    assert [record.request_id for record in caplog.records if record.name == "tests"] == ["abc-12345"]


def test_log_lines_outside_of_requests_are_as_before(caplog):
    logging.getLogger("tests").warning("nobody asked")

    assert not hasattr(caplog.records[-1], "request_id")

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, Response

from tests import factories
from tests.webapp.api.calls import API, problem
from webapp.api import conditions
from webapp.api.conditions import change_if_matching, with_tag
from webapp.errors import PreconditionFailed
from webapp.services import listing


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
            assert change_if_matching(lambda: Response("a"), lambda: Response("made")).data == b"made"
    with asked(If_Match=tag), pytest.raises(PreconditionFailed):
        change_if_matching(lambda: Response("b"), lambda: pytest.fail("changed what was not seen"))


def test_nothing_is_read_if_nobody_says_what_they_saw(asked):
    with asked():
        change_if_matching(lambda: pytest.fail("read for nothing"), lambda: Response("made"))


@pytest.fixture
def at_once(monkeypatch):
    """Let two requests begin to write only when both have compared what they saw with what there is."""
    both, begun = threading.Barrier(2, timeout=10), threading.local()
    begin = conditions.begin_writing_with

    def meet(step):
        begin(step)
        if step is not None and not getattr(begun, "yes", False):
            begun.yes = True
            both.wait()

    monkeypatch.setattr(conditions, "begin_writing_with", meet)


@pytest.mark.databases("sqlite", "postgresql")
def test_of_two_who_saw_the_same_and_change_it_at_the_same_moment_one_is_refused(me, app, database, at_once):
    with database.write() as session:
        address = f"{API}/analyses/{factories.create_analysis(session, me.actor).public_id}"
    tag = me.client.get(address).headers["ETag"]

    def change(title):
        client = app.test_client()
        client.environ_base.update(me.client.environ_base)
        return client.patch(address, json={"title": title}, headers={"If-Match": tag})

    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip(("one", "other"), pool.map(change, ("one", "other")), strict=True))

    assert sorted(answer.status_code for answer in answers.values()) == [200, 412]
    (winner,) = [title for title, answer in answers.items() if answer.status_code == 200]
    assert me.client.get(address).json["title"] == winner


@pytest.mark.databases("postgresql")  # on SQLite nobody else writes meanwhile
def test_who_comes_between_the_comparison_and_the_change_is_not_overwritten(me, database, monkeypatch):
    with database.write() as session:
        public_id = factories.create_analysis(session, me.actor).public_id
    address = f"{API}/analyses/{public_id}"
    tag = me.client.get(address).headers["ETag"]
    compare = conditions._compare

    def compare_and_be_overtaken(read, session):
        monkeypatch.setattr(conditions, "_compare", compare)
        compare(read, session)
        with database.write() as other:
            listing.note(other, me.actor, public_id, title="overtook")

    monkeypatch.setattr(conditions, "_compare", compare_and_be_overtaken)

    problem(me.client.patch(address, json={"title": "late"}, headers={"If-Match": tag}), 412, "precondition_failed")
    assert me.client.get(address).json["title"] == "overtook"

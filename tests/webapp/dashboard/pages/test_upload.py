"""The page that takes files of prices."""

import pytest

from tests import factories
from tests.webapp.dashboard.reading import text as text_of
from tests.webapp.services.upload_files import DAMAGED, SOUND, bring
from webapp.auth.session import parts_of
from webapp.dashboard.components.upload_parts import NOTHING
from webapp.dashboard.pages import upload as page
from webapp.errors import NotFound

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def as_actor(acting):
    with acting() as actor:
        yield actor


@pytest.fixture
def brought(app, database, as_actor):
    """`brought(text)` brings a file of the one who acts; returns its id."""

    def bring_it(text=DAMAGED):
        with database.write() as session:
            return bring(session, parts_of(app).files, as_actor, text).id

    return bring_it


def test_an_empty_page_says_what_to_do(as_actor):
    text = text_of(page.layout())

    assert "Upload prices" in text
    assert "up to 50 MiB" in text
    assert "You have brought no file yet" in text


def test_files_are_listed_and_open(brought):
    upload_id = brought()

    assert "Waits for you" in text_of(page.layout())
    text = text_of(page.layout(upload=upload_id))
    assert "prices.csv" in text
    assert "Non positive price · 1 · Stays out of the store" in text


@pytest.mark.parametrize("address", ["0" * 16, "../x", "x" * 100])
def test_what_is_not_there_is_not_found(as_actor, address):
    assert "prices.csv" not in text_of(page.layout(upload=address))


def test_checking_again_keeps_decisions_with_reasons_and_nothing_is_lost_without(brought):
    upload_id = brought()

    def check(decision, reason):
        roles = ("date", "open", "high", "low", "close", "volume", "adjusted_close")
        ids = ([{"name": "decimal"}], [{"role": role} for role in roles], [{"code": "non_positive_price"}])
        columns = ["timestamp", "open", "high", "low", "close", "volume", "adjusted_close"]
        return page.check(1, ["."], columns, [decision], [reason], *ids, upload_id)

    state, problem = check("refuse", "")
    assert (state is page.no_update, "needs its reason" in problem) == (True, True)
    state, problem = check("refuse", "ask the source")
    assert problem == ""
    assert "1 thing to answer" in text_of(state)
    assert "ask the source" in text_of(state)
    state, _ = check(NOTHING, "never mind")
    assert "It can be stored" in text_of(state)


def test_storing_leads_to_a_new_analysis(brought, as_actor):
    upload_id = brought(SOUND)
    state, problem = page.store(1, "A B", "", "USD", "equity", upload_id)
    assert (state is page.no_update, "symbol" in problem) == (True, True)

    state, problem = page.store(1, "ABC", "", "USD", "equity", upload_id)
    assert problem == ""
    assert "Stored as ABC" in text_of(state)
    assert "/app/new?instrument=ABC%40upload" in str(state)
    state, problem = page.store(1, "ABC", "", "USD", "equity", upload_id)
    assert "this one is" in problem


def test_before_a_click_nothing_happens(as_actor):
    assert page.check(None, [], [], [], [], [], [], [], "x") == (page.no_update, "")
    assert page.store(None, "", "", "", "", "x") == (page.no_update, "")


def test_anothers_file_is_not_there(app, database, as_actor):
    with database.write() as session:
        other = bring(session, parts_of(app).files, factories.create_actor(session), SOUND).id

    assert "prices.csv" not in text_of(page.layout(upload=other))
    for call in (
        lambda: page.check(1, [], [], [], [], [], [], [], other),
        lambda: page.store(1, "ABC", "", "USD", "equity", other),
        lambda: page.store(1, "ABC", "", "USD", "equity", None),
    ):
        with pytest.raises(NotFound):
            call()

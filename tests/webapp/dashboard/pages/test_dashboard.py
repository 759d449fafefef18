import pytest

from tests import factories
from tests.webapp.dashboard import reading
from webapp.auth.session import parts_of
from webapp.dashboard.pages import dashboard as page
from webapp.errors import NotFound

pytestmark = pytest.mark.databases("sqlite")


def test_without_prices_and_analyses_it_says_what_to_do(acting):
    with acting():
        words = reading.text(page.layout())

    assert "There are no prices yet" in words
    assert "Nothing has been analysed yet" in words


def test_the_price_of_the_first_instrument_and_the_latest_analyses_are_there(acting, sample, database):
    with acting() as actor:
        with database.write() as session:
            factories.create_analysis(session, actor, title="Mine", status="running", progress=0.4)
        tree = page.layout()

    assert reading.by_id(tree, "dashboard-chart").figure["data"][0]["name"] == "GOOG"
    assert "Running 40 %" in reading.text(tree)


def test_another_instrument_can_be_chosen_in_the_page_and_in_the_address(acting, sample):
    with acting():
        options = reading.by_id(page.layout(), "dashboard-instrument").options
        ibm = next(each["value"] for each in options if each["label"].startswith("IBM"))

        assert reading.by_id(page.show(ibm), "dashboard-chart").figure["data"][0]["name"] == "IBM"
        assert reading.by_id(page.layout(instrument=ibm), "dashboard-instrument").value == ibm


def test_anothers_instrument_is_not_there(acting, app, database):
    with acting() as owner, database.write() as session:
        store = parts_of(app).store
        series = factories.create_prices(session, store, factories.delivery("MSFT"), owner_id=owner.user_id)
        hidden = series.public_id
    with acting():
        assert "There are no prices yet" in reading.text(page.layout(instrument=hidden))
        with pytest.raises(NotFound):
            page.show(hidden)


@pytest.mark.parametrize("wrong", [None, "", "../x", 7])
def test_what_is_no_id_is_not_found(acting, wrong):
    with acting(), pytest.raises(NotFound):
        page.show(wrong)

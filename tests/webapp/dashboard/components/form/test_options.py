import pytest

from tests import factories
from webapp.dashboard.components.form.options import instrument_options
from webapp.permissions import Actor, Role
from webapp.services import price_store, prices

pytestmark = pytest.mark.databases("sqlite")


def test_an_instrument_is_offered_with_its_sessions(session, store):
    price_store.load_sample(session, store)
    found = prices.search_instruments(session, Actor(1, "Ada", Role.RESEARCHER))

    options = instrument_options(found)

    google = next(option for option in options if option["value"] == "GOOG@sample")
    label = google["label"].replace("\u00a0", " ")
    assert label.startswith("GOOG · ")
    assert label.endswith("2004-08-19 to 2013-03-01 · 2,148 bars")
    assert google["search"].startswith("GOOG ")
    assert {option["value"] for option in options} == {"GOOG@sample", "IBM@sample", "MSFT@sample"}


def test_an_instrument_without_bars_is_not_offered(session):
    factories.create_series(session)

    assert instrument_options(prices.search_instruments(session, Actor(1, "Ada", Role.RESEARCHER))) == []

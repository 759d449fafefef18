import datetime
from types import SimpleNamespace

from tests.webapp.dashboard import reading
from webapp.dashboard.components.dashboard.price import heading, price_card
from webapp.services.charts import Quote


def view(close=806.19, change=-0.0062):
    instrument = SimpleNamespace(symbol="GOOG", name="Google Inc.", currency="USD")
    return SimpleNamespace(instrument=instrument, quote=Quote(close, change, datetime.date(2013, 3, 1)))


def test_the_newest_close_is_said_with_its_change_and_its_day():
    said = reading.text(heading(view()))

    assert said.split() == ["GOOG", "Google", "Inc.", "806.19", "USD", "−0.62", "%", "close", "of", "2013-03-01"]


def test_a_first_bar_has_changed_by_nothing_known_and_cents_have_more_figures():
    assert "0.1234 USD – close" in reading.text(heading(view(0.1234, None)))


def test_the_chart_keeps_the_height_of_its_figure():
    tree = price_card(view(), {"data": [], "layout": {"height": 500}}, range_="5y")

    assert reading.by_id(tree, "dashboard-plot").style == {"height": "500px"}
    assert reading.by_id(tree, "dashboard-range").value == "5y"

import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.figures.palette import PALETTES
from webapp.dashboard.figures.prices import PRICE_HEIGHT, price_chart


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_price_and_volume_stand_over_one_axis_in_the_themes_colours(prices, theme):
    figure = price_chart(prices, theme=theme, symbol="GOOG")

    assert [trace["name"] for trace in figure["data"]] == ["GOOG", "Volume"]
    assert figure["layout"]["height"] == PRICE_HEIGHT
    assert "days" in figure["layout"]["meta"]
    assert reading.colours_in(figure) <= set(PALETTES[theme].tokens().values())

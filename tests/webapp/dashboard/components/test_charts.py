import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.components.charts import RANGES, THEME_COOKIE, chart, current_theme
from webapp.dashboard.figures import model, performance, trades
from webapp.dashboard.figures.performance import exposure
from webapp.dashboard.figures.trades import holding_periods

pytestmark = pytest.mark.databases("sqlite")


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ("<script>", "light"), (None, "light")]
)
def test_charts_are_drawn_in_the_theme_of_the_browser(app, cookie, theme):
    headers = {} if cookie is None else {"Cookie": f"{THEME_COOKIE}={cookie}"}
    with app.test_request_context("/app/", headers=headers):
        assert current_theme() == theme


def test_outside_of_a_request_the_theme_is_light():
    assert current_theme() == "light"


def test_a_chart_over_bars_has_a_readout_ranges_and_its_height_from_the_start(result):
    figure = exposure(result.frames["equity"], theme="light")

    tree = chart("page-exposure", figure, label="Exposure", ranges=True)

    graph = reading.by_id(tree, "page-exposure")
    buttons = reading.of_type(tree, "Button")
    assert graph.style == {"height": "200px"}
    assert reading.of_class(tree, "skeleton")[0].style == {"height": "200px"}
    assert len(reading.of_class(tree, "chart-readout")) == 1
    assert [reading.attribute(button, "data-range") for button in buttons] == [name for name, _ in RANGES]
    assert (tree.role, reading.attribute(tree, "aria-label")) == ("figure", "Exposure")


def test_another_chart_has_neither(result):
    figure = holding_periods(result.frames["trades"]["bars_held"].to_numpy(), theme="light")

    tree = chart("page-held", figure, label="Holding periods")

    assert reading.of_class(tree, "chart-readout") == []
    assert reading.of_type(tree, "Button") == []


def test_nothing_is_drawn_with_webgl(result):
    frames = result.frames
    figures = [
        performance.equity_curve(frames["equity"], [], theme="light"),
        trades.holding_periods(frames["trades"]["bars_held"].to_numpy(), theme="light"),
        model.roc(frames["roc"], theme="light"),
        model.feature_importance(frames["importance"], theme="light"),
    ]

    assert {trace["type"] for figure in figures for trace in figure["data"]} <= {"scatter", "bar"}

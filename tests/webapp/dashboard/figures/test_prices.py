import base64
import datetime
import itertools

import numpy as np
import orjson
import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.figures.palette import PALETTES
from webapp.dashboard.figures.prices import PANE_PIXELS, Mark, count_panes, height, price_chart
from webapp.services import thinning
from webapp.services.charts import ChartView, Quote
from webapp.services.indicators import Line


def unpacked(packed):
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype=f"<{packed['dtype']}")


@pytest.fixture
def view(prices):
    """`view(width, lines=...)`: Google's last 700 bars, so many of them in a candle."""

    def view(width=1, *, lines=()):
        bars = prices.iloc[-700:]
        starts = thinning.stretch_starts(len(bars), width)
        at = np.append(starts[1:], len(bars)) - 1
        days = bars["session"].to_numpy().astype("datetime64[D]").astype(np.int64)[at]
        per = min(width, 2)
        made = {name: bars[name].to_numpy()[at] for name in ("open", "high", "low", "close", "volume")}
        shaped = tuple(Line(name, name, over, np.repeat(made["close"], per)) for name, over in lines)
        return ChartView(
            instrument=None, interval="1d", n_bars=700, shown=(200, 699), first=0, last=699, bars_per_candle=width,
            points_per_candle=per, at=at, days=days, **made, lines=shaped,
            quote=Quote(1.0, None, datetime.date(2013, 3, 1)),
        )  # fmt: skip

    return view


LINES = (("sma:window=50", True), ("rsi:window=14", False), ("macd:fast=12", False), ("macd:fast=12", False))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("style", ["candles", "line"])
def test_all_colours_are_the_themes_own(view, theme, style):
    marks = [Mark("Long entry", 300, 700.0), Mark("Short entry", 310, 700.0), Mark("Exit", 320, 700.0)]
    figure = price_chart(view(lines=LINES), theme=theme, symbol="GOOG", style=style, marks=marks)

    assert reading.colours_in(figure) <= set(PALETTES[theme].tokens().values())
    assert [trace["name"] for trace in figure["data"][-3:]] == ["Long entry", "Short entry", "Exit"]


def test_a_gain_is_hollow_and_a_loss_filled(view):
    candles = price_chart(view(), theme="light", symbol="GOOG")["data"][0]

    assert candles["type"] == "candlestick"
    assert candles["increasing"]["fillcolor"] == PALETTES["light"].surface
    assert candles["decreasing"]["fillcolor"] == candles["decreasing"]["line"]["color"]


def test_each_indicator_has_its_pane_and_what_is_a_price_lies_over_it(view):
    shown = view(lines=LINES)
    figure = price_chart(shown, theme="light", symbol="GOOG")
    axes = [trace["yaxis"] for trace in figure["data"][2:]]
    domains = [figure["layout"][name]["domain"] for name in ("yaxis", "yaxis2", "yaxis3", "yaxis4")]

    assert axes == ["y", "y3", "y4", "y4"]
    assert count_panes(shown.lines) == 2
    assert all(above[0] > below[1] for above, below in itertools.pairwise(domains))
    assert figure["layout"]["height"] == height(2) > height(1) + PANE_PIXELS


@pytest.mark.parametrize("width", [1, 2, 3, 7])
def test_the_last_of_everything_stands_at_the_newest_bar(view, width):
    shown = view(width, lines=LINES)
    candles, volume, line = price_chart(shown, theme="light", symbol="GOOG")["data"][:3]
    middle = 699 - (width - 1) / 2
    n_candles = len(shown.at)

    assert unpacked(candles["x"])[-1] == middle
    assert volume["x0"] + volume["dx"] * (n_candles - 1) == pytest.approx(middle)
    end = line["x0"] + line["dx"] * (n_candles * shown.points_per_candle - 1)
    assert 699 - width / 2 <= end <= 699
    assert (unpacked(candles["close"]) == shown.close.astype("f4")).all()


def test_the_browser_is_told_what_it_needs_to_ask_again(view):
    meta = price_chart(view(3), theme="light", symbol="GOOG", key="a-1d-1y")["layout"]["meta"]

    assert (meta["key"], meta["newest"], meta["per"]) == ("a-1d-1y", 699, 3)
    assert unpacked({"dtype": "i4", "bdata": meta["x"]})[-1] == 699


def test_marks_outside_of_what_is_there_are_left_out(view):
    figure = price_chart(view(), theme="light", symbol="GOOG", marks=[Mark("Exit", 4000, 1.0)])

    assert "Exit" not in [trace["name"] for trace in figure["data"]]


def test_a_figure_can_be_written_as_json_and_is_small(view):
    lines = [(f"rsi:window={number}", False) for number in range(2, 8)]
    text = orjson.dumps(price_chart(view(2, lines=lines), theme="light", symbol="GOOG"))

    assert len(text) < 60_000

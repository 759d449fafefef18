import json

import numpy as np
import orjson
import pandas as pd
import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.figures.palette import PALETTES
from webapp.dashboard.figures.performance import equity_curve, exposure, rolling_measure

BENCHMARK = "Buy and hold"


def long_equity(n_bars):
    """A random walk as long as asked, in the form of an equity frame."""
    random = np.random.default_rng(7)
    index = pd.date_range("1950-01-02 21:00", periods=n_bars, freq="B", tz="UTC", unit="us", name="timestamp")
    wealth = 1e5 * np.exp(np.cumsum(random.normal(0, 0.01, n_bars)))
    held = 1e5 * np.exp(np.cumsum(random.normal(0, 0.01, n_bars)))
    drawdowns = [curve / np.maximum.accumulate(curve) - 1 for curve in (wealth, held)]
    columns = {"equity": wealth, "benchmark": held, "drawdown": drawdowns[0], "benchmark_drawdown": drawdowns[1]}
    return pd.DataFrame(columns, index=index)


def by_name(figure, name):
    return next(trace for trace in figure["data"] if trace["name"] == name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_colours_are_the_themes_own(result, theme):
    figures = [
        equity_curve(result.frames["equity"], list(result.frames["fold_scores"]["test_start"]), theme=theme),
        rolling_measure(result.frames["rolling"], "beta", theme=theme, name="Beta", reference=1.0),
        exposure(result.frames["equity"], theme=theme),
    ]

    assert reading.colours_in(figures) <= set(PALETTES[theme].tokens().values())


def test_the_strategy_is_named_first_and_drawn_above(result):
    figure = equity_curve(result.frames["equity"], [], theme="light", benchmark=BENCHMARK)

    names = [trace["name"] for trace in figure["data"]]
    assert names == ["Strategy", BENCHMARK, "Drawdown", "Its drawdown"]
    assert by_name(figure, "Strategy")["zorder"] > by_name(figure, BENCHMARK)["zorder"]
    assert by_name(figure, "Strategy")["line"]["width"] > by_name(figure, BENCHMARK)["line"]["width"]
    assert figure["layout"]["shapes"] == []


def test_both_panels_share_one_horizontal_axis(result):
    figure = equity_curve(result.frames["equity"], [], theme="light")

    assert {trace.get("xaxis", "x") for trace in figure["data"]} == {"x"}
    assert [trace.get("yaxis", "y") for trace in figure["data"]] == ["y", "y", "y2", "y2"]
    assert figure["layout"]["yaxis2"]["domain"][1] < figure["layout"]["yaxis"]["domain"][0]


def test_each_fold_has_its_tick_at_its_first_bar(result):
    equity, starts = result.frames["equity"], result.frames["fold_scores"]["test_start"]

    shapes = equity_curve(equity, list(starts), theme="light")["layout"]["shapes"]

    expected = equity.index.normalize().searchsorted(pd.DatetimeIndex(starts).normalize())
    assert [shape["x0"] for shape in shapes] == list(expected)


def test_a_long_curve_is_thinned_and_small():
    figure = equity_curve(long_equity(18_000), [], theme="light")

    assert len(orjson.dumps(figure)) < 150_000
    assert all("x" in trace for trace in figure["data"])


def test_ten_years_of_days_are_small():
    assert len(json.dumps(equity_curve(long_equity(2_500), [], theme="light"))) < 150_000


def test_figures_are_plain_json(result):
    figures = [equity_curve(result.frames["equity"], [], theme="dark"), exposure(result.frames["equity"], theme="dark")]

    assert json.loads(json.dumps(figures)) == figures


def test_a_rolling_measure_says_its_unit(result):
    volatility = rolling_measure(
        result.frames["rolling"], "annualised_volatility", theme="light", name="V", percent=True
    )
    beta = rolling_measure(result.frames["rolling"], "beta", theme="light", name="B", reference=1.0)

    assert volatility["data"][0]["meta"] == {"digits": 1, "percent": True}
    assert beta["data"][0]["meta"] == {"digits": 2}
    assert beta["layout"]["shapes"][0]["y0"] == 1.0


def test_a_rolling_measure_beside_the_benchmarks():
    frame = long_equity(300).rename(columns={"equity": "own", "benchmark": "other"})

    figure = rolling_measure(frame, "own", theme="light", name="Own", benchmark_column="other")

    assert [trace["name"] for trace in figure["data"]] == ["Buy and hold", "Own"]

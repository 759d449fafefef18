import numpy as np
import pandas as pd
import pytest

from tests.webapp.api.answered import answer
from webapp.reports import scenes
from webapp.reports.scenes import Area, Line, Words


def draw(equity, width=920):
    return scenes.wealth(
        equity, list(answer().frames["fold_scores"]["test_start"]), ("2004-12-08", "2006-02-02"), width
    )


def points(scene):
    return [point for each in scene.shapes for point in (each.points if not isinstance(each, Words) else [each.at])]


@pytest.mark.parametrize("width", [400, 920])
def test_everything_lies_inside(width):
    scene = draw(answer().frames["equity"], width)

    assert all(0 <= x <= width and 0 <= y <= scene.height for x, y in points(scene))
    assert any(isinstance(each, Area) and each.style == "insample" for each in scene.shapes)
    assert len([each for each in scene.shapes if isinstance(each, Line) and each.style == "fold"]) == 3


def test_many_bars_become_few_points_that_keep_the_extremes():
    n = 100_000
    wealth = np.full(n, 100.0)
    wealth[50_003] = 300.0
    index = pd.date_range("2000-01-03", periods=n, freq="h", tz="UTC")
    equity = pd.DataFrame(
        {"equity": wealth, "benchmark": 100.0, "drawdown": 0.0, "benchmark_drawdown": 0.0}, index=index
    )
    scene = draw(equity)

    line = next(each for each in scene.shapes if isinstance(each, Line) and each.style == "strategy")
    assert len(line.points) < 2_000
    assert min(y for _, y in line.points) == pytest.approx(14.0), "the peak reaches the top"


def test_a_curve_that_never_moved_is_drawn():
    index = pd.date_range("2024-01-02", periods=3, freq="D", tz="UTC")
    equity = pd.DataFrame({"equity": 1.0, "benchmark": 1.0, "drawdown": 0.0, "benchmark_drawdown": 0.0}, index=index)

    assert draw(equity).shapes


def test_bars_of_years_begin_at_zero():
    yearly = pd.DataFrame({"year": [2020, 2021], "return": [0.1, -0.2], "benchmark_return": [0.05, np.nan]})
    bars = [each for each in scenes.years(yearly, 920).shapes if isinstance(each, Area)]

    assert [each.style for each in bars] == ["strategy", "benchmark", "strategy"]
    zero = bars[0].points[0][1]
    assert [each.points[2][1] < zero for each in bars] == [True, True, False]


def test_gains_and_losses_share_no_bar():
    scene = scenes.histogram(np.array([-0.031, -0.001, 0.001, 0.02, 0.05]), 920)

    assert {each.style for each in scene.shapes if isinstance(each, Area)} == {"gain", "loss"}

import numpy as np
import pandas as pd
import pytest

from webapp.dashboard.figures import sweep

CELLS = pd.DataFrame({"across": [5, 5, 10, 10], "up": [20, 30, 20, 30], "value": [0.02, -0.05, np.nan, 0.01]})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_map_has_colours_around_zero_and_a_ring_around_the_best(theme):
    tiles, ring = sweep.heat_map(CELLS, "Fast", "Slow", (5, 20), theme=theme, measure="Sharpe", digits=".3f")["data"]

    assert tiles["z"] == [[0.02, None], [-0.05, 0.01]]
    assert (tiles["x"], tiles["y"]) == (["5", "10"], ["20", "30"])
    assert tiles["zmax"] == -tiles["zmin"] == 0.05
    assert (ring["x"], ring["y"]) == (["5"], ["20"])


def test_where_nothing_is_known_a_map_is_empty():
    tiles = sweep.heat_map(
        CELLS.assign(value=np.nan), "Fast", "Slow", (5, 20), theme="light", measure="Sharpe", digits=".3f"
    )["data"][0]
    assert tiles["z"] == [[None, None], [None, None]]
    assert tiles["zmax"] == 1.0


def test_one_number_is_a_line():
    cells = pd.DataFrame({"across": [5, 10], "value": [0.02, np.nan]})
    line, ring = sweep.line(cells, "Fast", 5, theme="dark", measure="Sharpe", digits=".3f")["data"]
    assert (line["x"], line["y"]) == ([5.0, 10.0], [0.02, None])
    assert ring["y"] == [0.02]

"""A measure over numbers of a rule: a map of two, the others as the best combination has them, or a line of one."""

from typing import Any

import pandas as pd

from webapp.dashboard.figures.palette import PALETTES, Figure, Theme, figure

MAP_HEIGHT = 360


def heat_map(
    cells: pd.DataFrame, across: str, up: str, best: tuple[float, float], *, theme: Theme, measure: str, digits: str
) -> Figure:
    """Draw `value` by the columns `across` and `up` as colours around zero, and a ring around the best."""
    palette = PALETTES[theme]
    table: pd.DataFrame = cells.pivot_table(index="up", columns="across", values="value", dropna=False)
    far = float(cells["value"].abs().max())
    data: list[dict[str, Any]] = [
        {
            "type": "heatmap",
            "name": measure,
            "x": [_word(each) for each in table.columns.to_numpy(dtype=float)],
            "y": [_word(each) for each in table.index.to_numpy(dtype=float)],
            "z": [[None if pd.isna(each) else float(each) for each in row] for row in table.to_numpy()],
            "zmin": -far if far > 0 else -1.0,
            "zmax": far if far > 0 else 1.0,
            "colorscale": [[0.0, palette.loss], [0.5, palette.surface], [1.0, palette.gain]],
            "colorbar": {
                "tickformat": digits,
                "thickness": 10,
                "outlinewidth": 0,
                "nticks": 5,
                "tickfont": {"size": 11},
            },
            "hoverongaps": False,
            "hovertemplate": f"{across} %{{x}}<br>{up} %{{y}}<br>%{{z:{digits}}}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "The best",
            "x": [_word(best[0])],
            "y": [_word(best[1])],
            "marker": {"symbol": "circle-open", "size": 14, "color": palette.text, "line": {"width": 2}},
            "hoverinfo": "skip",
            "showlegend": False,
        },
    ]
    layout = {
        "margin": {"l": 56, "r": 8, "t": 8, "b": 40},
        "hovermode": "closest",
        "xaxis": {"title": {"text": across}, "type": "category", "nticks": 8, "showgrid": False},
        "yaxis": {"title": {"text": up}, "type": "category", "nticks": 8, "side": "left", "showgrid": False},
    }
    return figure(data, layout, theme, name=f"sweep-{across}-{up}", height=MAP_HEIGHT)


def line(cells: pd.DataFrame, across: str, best: float, *, theme: Theme, measure: str, digits: str) -> Figure:
    """Draw `value` by the column `across`, and a ring around the best."""
    palette = PALETTES[theme]
    at_best = cells[cells["across"] == best]
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": measure,
            "x": [float(each) for each in cells["across"]],
            "y": [None if pd.isna(each) else float(each) for each in cells["value"]],
            "line": {"color": palette.accent, "width": 2},
            "marker": {"size": 4},
            "hovertemplate": f"{across} %{{x:.6g}}: %{{y:{digits}}}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "The best",
            "x": [best],
            "y": [float(each) for each in at_best["value"]],
            "marker": {"symbol": "circle-open", "size": 14, "color": palette.text, "line": {"width": 2}},
            "hoverinfo": "skip",
            "showlegend": False,
        },
    ]
    layout = {
        "margin": {"l": 56, "r": 8, "t": 8, "b": 40},
        "hovermode": "closest",
        "showlegend": False,
        "xaxis": {"title": {"text": across}, "nticks": 8},
        "yaxis": {"title": {"text": measure}, "tickformat": digits, "nticks": 6, "side": "left"},
    }
    return figure(data, layout, theme, name=f"sweep-{across}", height=MAP_HEIGHT)


def _word(value: float) -> str:
    return f"{value:.6g}"

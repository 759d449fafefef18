"""Why one may believe an answer: folds on a time line, ranks of the choice, and what chance does."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from webapp.dashboard.figures.palette import PALETTES, Figure, Palette, Theme, figure

HISTOGRAM_HEIGHT = 220
MOST_FOLDS = 30

_ROW_HEIGHT, _FRAME_HEIGHT = 18, 76
_N_BINS = 30
_MOST_POINTS = 250


def fold_timeline(folds: Sequence[Mapping[str, Any]], *, theme: Theme, name: str) -> Figure:
    """Draw when each fold trains and tests, and what it leaves out between them.

    Parameters
    ----------
    folds : sequence of dict
        As a purge certificate has them, with `train_spans` and `test_spans`; at most the first 30 are drawn.
    theme : {"light", "dark"}
        Whose colours.
    name : str
        Tells the charts of a page apart.

    Returns
    -------
    dict
        A plotly figure, the first fold on top.
    """
    palette, shown = PALETTES[theme], folds[:MOST_FOLDS]
    rows = [f"{fold['number'] + 1}" for fold in shown]
    whole = [[_ends(fold)] for fold in shown]
    data = [
        _spans("Left out: purge and embargo", rows, whole, palette.muted, 0.35),
        _spans("Train", rows, [fold["train_spans"] for fold in shown], palette.accent, 0.7),
        _spans("Test", rows, [fold["test_spans"] for fold in shown], palette.warning, 0.7),
    ]
    layout = {
        "barmode": "overlay",
        "hovermode": "closest",
        "showlegend": True,
        "margin": {"l": 36, "r": 12, "t": 28, "b": 28},
        "xaxis": {"type": "date", "nticks": 6, "showgrid": True, "gridcolor": palette.border},
        "yaxis": {
            "type": "category", "categoryorder": "array", "categoryarray": rows[::-1], "side": "left",
            "title": {"text": "Fold"}, "showgrid": False, "nticks": 12,
        },
    }  # fmt: skip
    return figure(data, layout, theme, name=name, height=_FRAME_HEIGHT + _ROW_HEIGHT * len(shown))


def choice_logits(bins: pd.DataFrame, *, theme: Theme) -> Figure:
    """Draw how the trial that was best in one half ranked in the other; at or below zero it was overfit."""
    palette = PALETTES[theme]
    middles, counts = (bins[column].tolist() for column in ("logit", "n_combinations"))
    trace = {
        "type": "bar",
        "x": middles,
        "y": counts,
        "width": float(middles[1] - middles[0]),
        "marker": {
            "color": [palette.loss if middle < 0 else palette.gain for middle in middles],
            "line": {"color": palette.surface, "width": 1},
        },
        "hovertemplate": "%{y:,} combinations around %{x:.2f}<extra></extra>",
    }
    layout = {
        "bargap": 0,
        "margin": {"l": 64, "r": 12, "t": 8, "b": 40},
        "xaxis": {"title": {"text": "Logit of its rank out of sample"}, "nticks": 9},
        "yaxis": {"title": {"text": "Combinations"}, "nticks": 5, "side": "left"},
    }
    return figure([trace], layout, theme, name="choice-logits", height=HISTOGRAM_HEIGHT)


def null_distribution(resampled: NDArray[np.float64], observed: float, *, theme: Theme) -> Figure:
    """Draw the Sharpe ratios on returns in another order, and that of the returns as they came."""
    return _marked_histogram(
        resampled, observed, "as they came", "resamples", theme=theme, name="null-test", title="Sharpe ratio, a bar"
    )


def path_fan(paths: pd.DataFrame, *, theme: Theme) -> Figure:
    """Draw what one unit of money became on each path, and in the middle of them."""
    palette = PALETTES[theme]
    growth = (1.0 + paths.fillna(0.0)).cumprod()
    shown = growth.iloc[np.unique(np.linspace(0, len(growth) - 1, min(len(growth), _MOST_POINTS)).astype(int))]
    days = [f"{day:%Y-%m-%d}" for day in shown.index]
    lines = [
        {
            "type": "scatter", "mode": "lines", "x": days, "y": [float(each) for each in shown[path]],
            "line": {"color": palette.accent, "width": 1}, "opacity": 0.45, "name": path.replace("_", " "),
            "showlegend": False, "hovertemplate": "%{x}: %{y:.2f}<extra>" + path.replace("_", " ") + "</extra>",
        }
        for path in map(str, shown)
    ]  # fmt: skip
    middle = {
        "type": "scatter", "mode": "lines", "x": days, "y": [float(each) for each in shown.median(axis="columns")],
        "line": {"color": palette.text, "width": 2}, "name": "middle", "showlegend": False,
        "hovertemplate": "%{x}: %{y:.2f}<extra>middle</extra>",
    }  # fmt: skip
    layout = {
        "hovermode": "closest",
        "margin": {"l": 48, "r": 12, "t": 8, "b": 28},
        "xaxis": {"type": "date", "nticks": 6},
        "yaxis": {"title": {"text": "Growth of 1"}, "nticks": 5, "side": "left"},
    }
    return figure([*lines, middle], layout, theme, name="paths", height=HISTOGRAM_HEIGHT)


def path_distribution(sharpe_ratios: Sequence[float | None], traded: float | None, *, theme: Theme) -> Figure:
    """Draw the Sharpe ratios of the paths, and that of the traded curve, after its costs, if it has one."""
    known = np.array([ratio for ratio in sharpe_ratios if ratio is not None], dtype=np.float64)
    return _marked_histogram(
        known, traded, "traded", "paths", theme=theme, name="path-sharpes", title="Sharpe ratio, a bar"
    )


def chance_distribution(drawn: NDArray[np.float64], observed: float | None, *, theme: Theme, title: str) -> Figure:
    """Draw what repetitions of the whole way got, and what the run got."""
    return _marked_histogram(drawn, observed, "the run", "runs", theme=theme, name="chance-runs", title=title)


def _marked_histogram(
    values: NDArray[np.float64], mark: float | None, said: str, what: str, *, theme: Theme, name: str, title: str
) -> Figure:
    """Draw how often values came, and mark one."""
    palette = PALETTES[theme]
    known = values[np.isfinite(values)]
    ends = [*known, *([] if mark is None else [mark])] or [0.0]
    least, most = min(ends), max(ends)
    if least == most:  # one bin in the middle
        least, most = least - 0.5e-3, most + 0.5e-3
    edges = np.linspace(least, most, _N_BINS + 1)
    counts, _ = np.histogram(known, bins=edges)
    trace = {
        "type": "bar",
        "x": [float(each) for each in (edges[:-1] + edges[1:]) / 2],
        "y": [int(each) for each in counts],
        "width": float(edges[1] - edges[0]),
        "marker": {"color": palette.benchmark, "line": {"color": palette.surface, "width": 1}},
        "hovertemplate": f"%{{y}} {what} around %{{x:.3f}}<extra></extra>",
    }
    layout = {
        "bargap": 0,
        "margin": {"l": 48, "r": 12, "t": 20, "b": 40},
        "xaxis": {"title": {"text": title}, "nticks": 7},
        "yaxis": {"title": {"text": what.capitalize()}, "nticks": 5, "tickformat": "d", "side": "left"},
        "shapes": [] if mark is None else [_mark(mark, palette)],
        "annotations": [] if mark is None else [
            {
                "x": mark, "y": 1, "xref": "x", "yref": "paper", "yanchor": "bottom", "showarrow": False,
                "text": said, "font": {"color": palette.muted, "size": 11},
            }
        ],
    }  # fmt: skip
    return figure([trace], layout, theme, name=name, height=HISTOGRAM_HEIGHT)


def _spans(
    title: str, rows: Sequence[str], spans: Sequence[Sequence[Sequence[str]]], colour: str, width: float
) -> dict[str, Any]:
    """Return bars from the beginning to the end of each span; a day is added, so that one bar can be seen."""
    pieces = [(row, begin, end) for row, each in zip(rows, spans, strict=True) for begin, end in each]
    days = [[begin[:10], end[:10]] for _, begin, end in pieces]
    return {
        "type": "bar",
        "orientation": "h",
        "name": title,
        "y": [row for row, _, _ in pieces],
        "base": [begin for begin, _ in days],
        "x": [_milliseconds(begin, end) for begin, end in days],
        "width": width,
        "customdata": days,
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": f"{title}, fold %{{y}}: %{{customdata[0]}} to %{{customdata[1]}}<extra></extra>",
    }


def _ends(fold: Mapping[str, Any]) -> list[str]:
    spans = [*fold["train_spans"], *fold["test_spans"]]
    return [min(begin for begin, _ in spans), max(end for _, end in spans)]


def _milliseconds(begin: str, end: str) -> int:
    days = datetime.date.fromisoformat(end) - datetime.date.fromisoformat(begin) + datetime.timedelta(days=1)
    return days // datetime.timedelta(milliseconds=1)


def _mark(x: float, palette: Palette) -> dict[str, Any]:
    return {
        "type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
        "line": {"color": palette.accent, "width": 2},
    }  # fmt: skip

"""How well the models predicted: ROC, calibration, scores by fold, importance of features, trials of the search."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from webapp.dashboard.figures.palette import PALETTES, Figure, Palette, Theme, figure

SQUARE_HEIGHT = 300
FOLDS_HEIGHT = 240

_MOST_LABELS = 5
_MOST_FEATURES = 25
_ROW_HEIGHT = 22
_LONGEST_NAME = 26


def roc(points: pd.DataFrame, *, theme: Theme, names: Mapping[int, str] | None = None) -> Figure:
    """Draw hits against false alarms over all thresholds; the diagonal is guessing.

    Of three classes, each has a curve against the others; `names` are theirs.
    """
    palette = PALETTES[theme]
    curves = _curves(points, palette, names)
    data = [
        _diagonal(palette),
        *(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": _list(curve["false_positive_rate"]),
                "y": _list(curve["true_positive_rate"]),
                "line": style,
                "hovertemplate": f"{said}%{{y:.0%}} found, at %{{x:.0%}} false alarms<extra></extra>",
            }
            for name, said, curve, style in curves
        ),
    ]
    layout = {
        "margin": {"l": 48, "r": 12, "t": 8, "b": 40},
        "hovermode": "closest",
        "xaxis": _share_axis("False alarms"),
        "yaxis": {**_share_axis("Found" if len(curves) > 1 else "Rises found"), "side": "left"},
        **_legend(curves),
    }
    return figure(data, layout, theme, name="roc", height=SQUARE_HEIGHT)


def calibration(bins: pd.DataFrame, *, theme: Theme, names: Mapping[int, str] | None = None) -> Figure:
    """Draw how often the label was 1 against the probability that was predicted; on the diagonal, words were kept.

    Of three classes, each has a line; `names` are theirs.
    """
    palette = PALETTES[theme]
    curves = _curves(bins, palette, names)
    predicted, observed = bins["mean_probability"], bins["observed_share"]
    low = max(0.0, min(float(predicted.min()), float(observed.min())) - 0.05)
    high = min(1.0, max(float(predicted.max()), float(observed.max())) + 0.05)
    data = [
        {**_diagonal(palette), "x": [low, high], "y": [low, high]},
        *(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": _list(curve["mean_probability"]),
                "y": _list(curve["observed_share"]),
                "customdata": [int(each) for each in curve["n_rows"]],
                "line": style,
                "marker": {"size": 7, "color": style["color"]},
                "hovertemplate": (
                    f"{said}predicted %{{x:.1%}}, came true %{{y:.1%}}<br>%{{customdata:,}} bars<extra></extra>"
                ),
            }
            for name, said, curve, style in curves
        ),
    ]
    layout = {
        "margin": {"l": 48, "r": 12, "t": 8, "b": 40},
        "hovermode": "closest",
        "xaxis": {**_share_axis("Predicted probability"), "range": [low, high]},
        "yaxis": {**_share_axis("Came true"), "range": [low, high], "side": "left"},
        **_legend(curves),
    }
    return figure(data, layout, theme, name="calibration", height=SQUARE_HEIGHT)


def scores_by_fold(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    theme: Theme,
    score_title: str,
    target: float | None = None,
    name: str = "folds",
) -> Figure:
    """Draw a score for each fold.

    Parameters
    ----------
    labels : sequence of str
        What each fold is called, in order.
    series : sequence of (str, sequence of float or None)
        Name and scores of each model; at most six, the first drawn last and strongest.
    theme : {"light", "dark"}
        Whose colours.
    score_title : str
        Name of the score, on the axis.
    target : float or None, default=None
        Drawn as a dotted level.
    name : str, default="folds"
        Tells the charts of a page apart.

    Returns
    -------
    dict
        A plotly figure.
    """
    palette = PALETTES[theme]
    colours = [palette.accent, palette.warning, palette.benchmark, palette.gain, palette.loss, palette.muted]
    shapes = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross"]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": title,
            "x": list(range(len(labels))),
            "y": [None if value is None or pd.isna(value) else float(value) for value in values],
            "text": list(labels),
            "line": {"color": colours[place % len(colours)], "width": 1.5},
            "marker": {"symbol": shapes[place % len(shapes)], "size": 8, "color": colours[place % len(colours)]},
            "hovertemplate": f"{title}, %{{text}}: %{{y:.3f}}<extra></extra>",
        }
        for place, (title, values) in enumerate(series)
    ]
    shown = list(range(0, len(labels), max(1, math.ceil(len(labels) / _MOST_LABELS))))
    layout: dict[str, Any] = {
        "margin": {"l": 48, "r": 12, "t": 28 if len(series) > 1 else 8, "b": 28},
        "showlegend": len(series) > 1,
        "hovermode": "closest",
        "xaxis": {"tickmode": "array", "tickvals": shown, "ticktext": [labels[place] for place in shown]},
        "yaxis": {"title": {"text": score_title}, "nticks": 5},
    }
    if target is not None:
        layout["shapes"] = [_target_line(target, palette)]
    return figure(data, layout, theme, name=name, height=FOLDS_HEIGHT)


def forecast_bins(bins: pd.DataFrame, *, theme: Theme) -> Figure:
    """Draw the mean outcome of neighbouring predictions of a return."""
    palette = PALETTES[theme]
    predicted, outcome = _list(bins["mean_predicted"]), _list(bins["mean_outcome"])
    low, high = min([*filter(None, predicted), 0.0]), max([*filter(None, predicted), 0.0])
    data = [
        {**_diagonal(palette), "x": [low, high], "y": [low, high]},
        {
            "type": "scatter",
            "mode": "markers",
            "name": "Bars",
            "x": predicted,
            "y": outcome,
            "customdata": [int(each) for each in bins["n_rows"]],
            "marker": {"size": 8, "color": palette.accent},
            "hovertemplate": "predicted %{x:.2%}, came %{y:.2%}<br>%{customdata:,} bars<extra></extra>",
        },
    ]
    layout = {
        "margin": {"l": 56, "r": 12, "t": 8, "b": 40},
        "hovermode": "closest",
        "xaxis": {"title": {"text": "Predicted return"}, "tickformat": ".1%", "nticks": 6},
        "yaxis": {"title": {"text": "What came"}, "tickformat": ".1%", "nticks": 6, "side": "left"},
    }
    return figure(data, layout, theme, name="forecasts", height=SQUARE_HEIGHT)


def coverage(rolling: pd.DataFrame, *, level: float, theme: Theme) -> Figure:
    """Draw the share of outcomes inside their intervals over time."""
    palette = PALETTES[theme]
    known = rolling.dropna()
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": "Inside",
        "x": [str(each)[:19].replace(" ", "T") for each in known.index],
        "y": _list(known["covered"]),
        "line": {"color": palette.accent, "width": 1.5},
        "hovertemplate": "%{x|%d %b %Y}: %{y:.1%}<extra></extra>",
    }
    layout: dict[str, Any] = {
        "margin": {"l": 48, "r": 12, "t": 8, "b": 28},
        "hovermode": "closest",
        "yaxis": {"tickformat": ".0%", "nticks": 5, "rangemode": "normal"},
        "shapes": [_target_line(level, palette)],
    }
    return figure([trace], layout, theme, name="coverage", height=FOLDS_HEIGHT)


def quantile_coverage(rolling: pd.DataFrame, *, levels: Mapping[str, float], theme: Theme) -> Figure:
    """Draw the share of outcomes inside each band of quantiles over time; `levels` has the bands' columns.

    Beside each stands that of the band which was moved by what earlier ones missed, if the frame has it.
    """
    palette = PALETTES[theme]
    lines = [
        (column, f"{level:.0%} band{said}", colour, dash)
        for (own, level), colour in zip(levels.items(), (palette.accent, palette.warning), strict=True)
        for column, said, dash in ((own, "", "dot"), (f"conformal_{own}", ", moved", "solid"))
        if column in rolling
    ]
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": [str(each)[:19].replace(" ", "T") for each in known.index],
            "y": _list(known),
            "line": {"color": colour, "width": 1.5, "dash": dash},
            "hovertemplate": f"{name}, %{{x|%d %b %Y}}: %{{y:.1%}}<extra></extra>",
        }
        for column, name, colour, dash in lines
        for known in [rolling[column].dropna()]
    ]
    layout: dict[str, Any] = {
        "margin": {"l": 48, "r": 12, "t": 28, "b": 28},
        "showlegend": True,
        "hovermode": "closest",
        "yaxis": {"tickformat": ".0%", "nticks": 5, "rangemode": "normal"},
        "shapes": [_target_line(level, palette) for level in levels.values()],
    }
    return figure(data, layout, theme, name="quantile-coverage", height=FOLDS_HEIGHT)


def impurity_importance(importance: pd.DataFrame, *, theme: Theme, title: str) -> Figure:
    """Draw how much the models lean on each feature in training, with its spread over the folds."""
    inside = importance[["feature"]].assign(mean=importance["impurity"], std=importance["impurity_std"])
    drawn = feature_importance(inside, theme=theme)
    drawn["layout"]["xaxis"]["title"] = {"text": title}
    drawn["layout"]["uirevision"] = "impurity"
    return drawn


def feature_importance(importance: pd.DataFrame, *, theme: Theme) -> Figure:
    """Draw what the score loses when each feature is shuffled, the greatest loss on top, with its spread."""
    palette = PALETTES[theme]
    known = importance.dropna(subset=["mean"]).sort_values("mean", ascending=False, kind="stable")
    shown = known.head(_MOST_FEATURES).iloc[::-1]
    means = [float(each) for each in shown["mean"]]
    names = [str(each) for each in shown["feature"]]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": means,
        "y": [each if len(each) <= _LONGEST_NAME else f"{each[: _LONGEST_NAME - 1]}…" for each in names],
        "customdata": names,
        "error_x": {
            "type": "data",
            "array": [0.0 if pd.isna(each) else float(each) for each in shown["std"]],
            "color": palette.muted,
            "thickness": 1,
            "width": 3,
        },
        "marker": {"color": [palette.accent if mean > 0 else palette.benchmark for mean in means]},
        "hovertemplate": "%{customdata}: %{x:.4f} ± %{error_x.array:.4f}<extra></extra>",
    }
    layout = {
        "margin": {"l": 8, "r": 12, "t": 8, "b": 40},
        "bargap": 0.35,
        "xaxis": {
            "title": {"text": "Loss of score when shuffled"},
            "exponentformat": "power",
            "showgrid": True,
            "gridcolor": palette.border,
            "zeroline": True,
            "zerolinecolor": palette.muted,
            "nticks": 6,
        },
        "yaxis": {"showgrid": False, "automargin": True, "ticks": "", "ticklabelstandoff": 6},
    }
    return figure([trace], layout, theme, name="importance", height=60 + _ROW_HEIGHT * max(1, len(shown)))


def trial_scores(
    trials: pd.DataFrame, *, theme: Theme, score_title: str, target: float | None, higher_is_better: bool
) -> Figure:
    """Draw the score of every trial in order, with the best so far as a step."""
    palette = PALETTES[theme]
    scores = trials["score"].astype("float64")
    best = scores.cummax() if higher_is_better else scores.cummin()
    numbers = [int(each) for each in trials["number"]]
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Best so far",
            "x": numbers,
            "y": _list(best),
            "line": {"color": palette.benchmark, "width": 1.5, "shape": "hv"},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "Trial",
            "x": numbers,
            "y": _list(scores),
            "text": [str(each) for each in trials["model"]],
            "marker": {"size": 7, "color": palette.accent},
            "hovertemplate": "trial %{x}, %{text}: %{y:.3f}<extra></extra>",
        },
    ]
    layout: dict[str, Any] = {
        "margin": {"l": 48, "r": 12, "t": 28, "b": 40},
        "showlegend": True,
        "hovermode": "closest",
        "xaxis": {"title": {"text": "Trial"}, "tickformat": "d", "nticks": 8},
        "yaxis": {"title": {"text": score_title}, "nticks": 5},
    }
    if target is not None:
        layout["shapes"] = [_target_line(target, palette)]
    return figure(data, layout, theme, name="trials", height=FOLDS_HEIGHT)


def _curves(
    frame: pd.DataFrame, palette: Palette, names: Mapping[int, str] | None
) -> list[tuple[str, str, pd.DataFrame, dict[str, Any]]]:
    """Return each curve of a frame: its name, how its hover begins, its points and its line."""
    if "class" not in frame:  # two classes, or an answer from before each of three had its own
        return [("Model", "", frame, {"color": palette.accent, "width": 2})]
    colours = {1: palette.gain, 0: palette.accent, -1: palette.loss}
    dashes = {1: "solid", 0: "dash", -1: "dashdot"}  # told apart without colours
    curves = []
    for which in map(int, frame["class"].unique()):
        name = (names or {}).get(which, str(which))
        style = {"color": colours[which], "width": 2, "dash": dashes[which]}
        curves.append((name, f"{name}: ", frame[frame["class"] == which], style))
    return curves


def _legend(curves: Sequence[Any]) -> dict[str, Any]:
    if len(curves) == 1:
        return {}
    return {"showlegend": True, "margin": {"l": 48, "r": 12, "t": 32, "b": 40}}


def _diagonal(palette: Palette) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "No skill",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"color": palette.benchmark, "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _share_axis(title: str) -> dict[str, Any]:
    return {"title": {"text": title}, "tickformat": ".0%", "nticks": 6, "rangemode": "tozero"}


def _target_line(target: float, palette: Palette) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "yref": "y",
        "x0": 0,
        "x1": 1,
        "y0": target,
        "y1": target,
        "line": {"color": palette.muted, "width": 1, "dash": "dot"},
    }


def _list(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else float(value) for value in values]

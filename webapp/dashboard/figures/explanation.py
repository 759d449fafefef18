"""What a model does with its features: partial dependence, boundary, each alone, groups of them, learning curve."""

from typing import Any

import pandas as pd

from webapp.dashboard.figures.model import FOLDS_HEIGHT, feature_importance
from webapp.dashboard.figures.palette import PALETTES, Figure, Theme, figure

SMALL_HEIGHT = 180
BOUNDARY_HEIGHT = 360


def dependence(curve: pd.DataFrame, *, theme: Theme, is_share: bool, span: tuple[float, float]) -> Figure:
    """Draw what is predicted on average by the value of one feature, and the band of eight of ten rows."""
    palette = PALETTES[theme]
    x, mean = _list(curve["value"]), _list(curve["mean"])
    digits = ".1%" if is_share else ".2%"
    band: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    data: list[dict[str, Any]] = [
        {**band, "name": "Lower", "y": _list(curve["lower"])},
        {**band, "name": "Upper", "y": _list(curve["upper"]), "fill": "tonexty", "fillcolor": palette.accent_tint},
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Mean",
            "x": x,
            "y": mean,
            "line": {"color": palette.accent, "width": 2},
            "hovertemplate": f"at %{{x:.4g}}: %{{y:{digits}}}<extra></extra>",
        },
    ]
    layout = {
        "margin": {"l": 48, "r": 12, "t": 8, "b": 24},
        "hovermode": "closest",
        "xaxis": {"nticks": 5},
        "yaxis": {"tickformat": digits, "nticks": 4, "range": list(span), "side": "left"},
    }
    return figure(data, layout, theme, name=f"dependence-{curve['feature'].iloc[0]}", height=SMALL_HEIGHT)


def boundary(grid: pd.DataFrame, *, theme: Theme, is_share: bool, middle: float) -> Figure:
    """Draw what is predicted over two features as colours around `middle`, and a line where it is said."""
    palette = PALETTES[theme]
    table = grid.pivot_table(index="y", columns="x", values="predicted")
    far = max(abs(float(grid["predicted"].max()) - middle), abs(float(grid["predicted"].min()) - middle)) or 0.01
    across, up = str(grid["across"].iloc[0]), str(grid["up"].iloc[0])
    digits = ".1%" if is_share else ".2%"
    values = {
        "x": [float(each) for each in table.columns],
        "y": [float(each) for each in table.index],
        "z": [[float(each) for each in row] for row in table.to_numpy()],
    }
    data: list[dict[str, Any]] = [
        {
            "type": "heatmap",
            "name": "Predicted",
            **values,
            "zmin": middle - far,
            "zmax": middle + far,
            "colorscale": [[0.0, palette.loss], [0.5, palette.surface], [1.0, palette.gain]],
            "colorbar": {
                "tickformat": digits,
                "thickness": 10,
                "outlinewidth": 0,
                "nticks": 5,
                "tickfont": {"size": 11},
            },
            "hovertemplate": f"{across} %{{x:.4g}}<br>{up} %{{y:.4g}}<br>%{{z:{digits}}}<extra></extra>",
        },
        {
            "type": "contour",
            "name": "Boundary",
            **values,
            "showscale": False,
            "hoverinfo": "skip",
            "contours": {"coloring": "lines", "start": middle, "end": middle, "size": 1.0},
            "colorscale": [[0.0, palette.text], [1.0, palette.text]],
            "line": {"width": 2, "dash": "dash"},
        },
    ]
    layout = {
        "margin": {"l": 56, "r": 8, "t": 8, "b": 40},
        "hovermode": "closest",
        "xaxis": {"title": {"text": across}, "nticks": 6},
        "yaxis": {"title": {"text": up}, "nticks": 6, "side": "left", "showgrid": False},
    }
    return figure(data, layout, theme, name=f"boundary-{across}-{up}", height=BOUNDARY_HEIGHT)


def single_features(scores: pd.DataFrame, *, theme: Theme, score_title: str, together: float | None) -> Figure:
    """Draw the score of the model with each feature alone, and as a dotted line that with all of them."""
    drawn = feature_importance(scores, theme=theme)
    drawn["layout"]["xaxis"]["title"] = {"text": score_title}
    drawn["layout"]["uirevision"] = "single-features"
    known = [value for value in (*scores["mean"].dropna(), together) if value is not None]
    spread = float(scores["std"].fillna(0.0).max())
    drawn["layout"]["xaxis"] |= {"range": [min(known) - spread - 0.01, max(known) + spread + 0.01], "zeroline": False}
    drawn["data"][0]["marker"] = {"color": PALETTES[theme].accent}
    if together is not None:
        line = {"color": PALETTES[theme].muted, "width": 1, "dash": "dot"}
        drawn["layout"]["shapes"] = [
            {
                "type": "line",
                "xref": "x",
                "yref": "paper",
                "x0": together,
                "x1": together,
                "y0": 0,
                "y1": 1,
                "line": line,
            }
        ]
    return drawn


def shap(summary: pd.DataFrame, *, theme: Theme, unit: str) -> Figure:
    """Draw how much each feature adds to predictions on average, in the colour of its direction."""
    palette = PALETTES[theme]
    drawn = feature_importance(summary, theme=theme)
    drawn["layout"]["xaxis"]["title"] = {"text": f"Mean size of what it adds, {unit}"}
    drawn["layout"]["uirevision"] = "shap"
    trace, directions = drawn["data"][0], summary.set_index("feature")["direction"]
    shown = [float(directions[name]) for name in trace["customdata"]]
    tones = {True: palette.gain, False: palette.loss}
    trace["marker"] = {"color": [palette.benchmark if pd.isna(each) else tones[each > 0] for each in shown]}
    trace["text"] = [direction_in_words(each) for each in shown]
    trace["textposition"] = "none"
    trace["hovertemplate"] = "%{customdata}: %{x:.4g} ± %{error_x.array:.4g}<br>%{text}<extra></extra>"
    return drawn


def direction_in_words(direction: float) -> str:
    """Return which way a feature moves predictions."""
    if pd.isna(direction):
        return "never moves them"
    return f"higher values {'raise' if direction > 0 else 'lower'} them (rank correlation {direction:.2f})"


def groups(clusters: pd.DataFrame, *, theme: Theme) -> Figure:
    """Draw what the score loses when the features of each group are shuffled together."""
    drawn = feature_importance(clusters.rename(columns={"features": "feature"}), theme=theme)
    drawn["layout"]["uirevision"] = "clusters"
    return drawn


def learning_curve(curve: pd.DataFrame, *, theme: Theme, score_title: str) -> Figure:
    """Draw the score by the length of the training, on bars that came after it and on those of it."""
    palette = PALETTES[theme]
    lines: list[tuple[str, str, dict[str, Any]]] = [
        ("On later bars", "", {"color": palette.accent, "width": 2}),
        ("On its training bars", "training_", {"color": palette.benchmark, "width": 1.5, "dash": "dash"}),
    ]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": title,
            "x": [int(each) for each in curve["n_bars"]],
            "y": _list(curve[f"{prefix}mean"]),
            "error_y": {
                "type": "data",
                "array": [0.0 if each is None else each for each in _list(curve[f"{prefix}std"])],
                "thickness": 1,
                "width": 3,
                "color": style["color"],
            },
            "line": style,
            "marker": {"size": 7, "color": style["color"]},
            "hovertemplate": f"{title}, trained on %{{x:,}} bars: %{{y:.3f}}<extra></extra>",
        }
        for title, prefix, style in lines
    ]
    layout = {
        "margin": {"l": 48, "r": 12, "t": 28, "b": 40},
        "showlegend": True,
        "hovermode": "closest",
        "xaxis": {"title": {"text": "Training bars"}, "nticks": 6},
        "yaxis": {"title": {"text": score_title}, "nticks": 5},
    }
    return figure(data, layout, theme, name="learning-curve", height=FOLDS_HEIGHT)


def _list(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else float(value) for value in values]

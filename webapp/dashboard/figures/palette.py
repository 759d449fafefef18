"""The colours of charts in both themes, and the one template a theme.

The same values stand as tokens in `static/assay.css`; a test holds the two together. Within a theme no two colours are
equal, so that the browser can swap one theme's colours for the other's when the reader changes it.
"""

from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

Theme: TypeAlias = Literal["light", "dark"]
Figure: TypeAlias = dict[str, Any]

FONT = "Inter, system-ui, sans-serif"


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, by what they stand for."""

    surface: str
    border: str
    text: str
    muted: str
    accent: str
    accent_tint: str
    benchmark: str
    benchmark_tint: str
    gain: str
    gain_tint: str
    loss: str
    loss_tint: str
    warning: str
    warning_tint: str

    def tokens(self) -> dict[str, str]:
        """Return colour by the name of its CSS token."""
        return {field.name.replace("_", "-"): getattr(self, field.name) for field in fields(self)}


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        surface="#ffffff",
        border="#e2e5ea",
        text="#14181f",
        muted="#5a6371",
        accent="#2f5bea",
        accent_tint="#eef2fe",
        benchmark="#8a93a1",
        benchmark_tint="#f6f6f7",
        gain="#0b7f5c",
        gain_tint="#e9f4f0",
        loss="#c2352b",
        loss_tint="#fbeeed",
        warning="#9a5b00",
        warning_tint="#fbf3e6",
    ),
    "dark": Palette(
        surface="#151a21",
        border="#2a323d",
        text="#e6eaf0",
        muted="#9aa4b2",
        accent="#7c9bff",
        accent_tint="#1f2840",
        benchmark="#7b8594",
        benchmark_tint="#1d232a",
        gain="#3fb68b",
        gain_tint="#182a2b",
        loss="#ff7a6e",
        loss_tint="#2e2428",
        warning="#e0a64b",
        warning_tint="#2b2826",
    ),
}

CLEAR = "rgba(0,0,0,0)"

# Unseen ticks keep the figures of a vertical axis away from the last bar.
_STANDOFF = {"ticks": "outside", "ticklen": 6, "tickcolor": CLEAR}


def _template(palette: Palette) -> dict[str, Any]:
    axis = {
        "showgrid": False,
        "zeroline": False,
        "linecolor": palette.border,
        "tickcolor": palette.border,
        "tickfont": {"color": palette.muted, "size": 11},
        "title": {"font": {"color": palette.muted, "size": 11}, "standoff": 8},
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 12, "color": palette.text},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "colorway": [palette.accent, palette.benchmark, palette.warning, palette.gain, palette.loss],
            "margin": {"l": 8, "r": 56, "t": 8, "b": 24},
            "showlegend": False,
            "xaxis": {**axis, "ticks": "outside", "ticklen": 4},
            "yaxis": {**axis, "showgrid": True, "gridcolor": palette.border, "gridwidth": 1, **_STANDOFF},
            "hoverlabel": {
                "bgcolor": palette.surface,
                "bordercolor": palette.border,
                "font": {"family": FONT, "size": 12, "color": palette.text},
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.02,
                "yanchor": "bottom",
                "font": {"size": 12, "color": palette.text},
            },
        }
    }


TEMPLATES: dict[Theme, dict[str, Any]] = {theme: _template(palette) for theme, palette in PALETTES.items()}


def figure(data: list[dict[str, Any]], layout: dict[str, Any], theme: Theme, *, name: str, height: int) -> Figure:
    """Return a figure with the theme's template, a fixed height, and its zoom kept when data update."""
    meta = {"theme": theme, **layout.pop("meta", {})}
    return {
        "data": data,
        "layout": {
            "template": TEMPLATES[theme],
            "uirevision": name,
            "height": height,
            "meta": meta,
            "autosize": True,
            **layout,
        },
    }

"""An instrument's price with its volume and indicators below, over one axis that counts bars."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from webapp.dashboard.figures.bars import BarAxis, packed
from webapp.dashboard.figures.palette import PALETTES, Figure, Palette, Theme, figure

if TYPE_CHECKING:
    from webapp.services.charts import ChartView
    from webapp.services.indicators import Line

PRICE_PIXELS = 330
VOLUME_PIXELS = 80
PANE_PIXELS = 110
_GAP_PIXELS = 10
_EDGES_PIXELS = 36  # above and below the panes
_MOST_TICKS = 16  # half of them are in view

Style = Literal["candles", "line"]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Mark:
    """Where a position was opened or closed: a bar, counted from the first there is, and an adjusted price."""

    kind: Literal["Long entry", "Short entry", "Exit"]
    bar: int
    price: float


def height(n_panes: int) -> int:
    """Return the height of a chart with so many panes under the volume."""
    return PRICE_PIXELS + VOLUME_PIXELS + n_panes * (PANE_PIXELS + _GAP_PIXELS) + _GAP_PIXELS + _EDGES_PIXELS


def count_panes(lines: "Sequence[Line]") -> int:
    """Return how many panes the lines need beside the price's."""
    return len({line.indicator for line in lines if not line.is_price})


def price_chart(
    bars: "ChartView", *, theme: Theme, symbol: str, style: Style = "candles", marks: Sequence[Mark] = (), key: str = ""
) -> Figure:
    """Draw bars, volume and indicators.

    Parameters
    ----------
    bars : ChartView
        What is drawn, at least one candle.
    theme : {"light", "dark"}
        Whose colours.
    symbol : str
        Name in the readout.
    style : {"candles", "line"}, default="candles"
        How the price is drawn; a gain is hollow and a loss filled, so that they differ without colour.
    marks : sequence of Mark, default=()
        Where positions were opened and closed.
    key : str, default=""
        Names what is looked at; with another one, the view begins anew. The browser sends it with what it asks next.

    Returns
    -------
    dict
        A plotly figure.
    """
    palette = PALETTES[theme]
    panes = list(dict.fromkeys(line.indicator for line in bars.lines if not line.is_price))
    total = height(len(panes))
    domains = _domains(len(panes), total - _EDGES_PIXELS)
    digits = _digits(bars.close)
    axis_of = {name: f"y{number}" for number, name in enumerate(panes, start=3)}
    price = _candles(bars, palette, symbol, digits) if style == "candles" else _closes(bars, palette, symbol, digits)
    data = [price, _volume(bars, palette)]
    data += _lines(bars, axis_of, palette, digits)
    data += _marks(bars, marks, palette)
    axis = BarAxis(bars.days, np.arange(len(bars.days)))
    values, text = axis.ticks(_MOST_TICKS)
    y_axes = {f"yaxis{name[1:]}": _pane(domain) for name, domain in zip(axis_of.values(), domains[2:], strict=True)}
    layout: dict[str, Any] = {
        "hovermode": "x",
        "hoversubplots": "axis",
        "dragmode": "zoom",
        "margin": {"l": 8, "r": 60, "t": 8, "b": _EDGES_PIXELS - 8},
        "xaxis": {
            **axis.layout(anchor=f"y{len(panes) + 2}", spikecolor=palette.muted),
            "tickvals": [int(bars.at[value]) for value in values],
            "ticktext": text,
            "range": [bars.shown[0] - 0.5, bars.shown[1] + 0.5],
            "rangeslider": {"visible": False},
        },
        "yaxis": {**_pane(domains[0], ticks=7), "tickformat": f",.{digits}~f", "range": _price_range(bars, style)},
        "yaxis2": {**_pane(domains[1], ticks=3), "tickformat": ".2~s", "range": _volume_range(bars)},
        **y_axes,
        "shapes": [_rule(domain[1] + _GAP_PIXELS / 2 / (total - _EDGES_PIXELS), palette) for domain in domains[1:]],
        "annotations": [
            _pane_name(name, domain, palette)
            for name, domain in zip(["Volume", *_pane_names(bars.lines, panes)], domains[1:], strict=True)
        ],
        "meta": {
            "days": packed(bars.days, "i4")["bdata"],
            "x": packed(bars.at, "i4")["bdata"],
            "key": key,
            "first": bars.first,
            "last": bars.last,
            "newest": bars.n_bars - 1,
            "per": bars.bars_per_candle,
        },
    }
    return figure(data, layout, theme, name=f"prices-{key}", height=total)


def _domains(n_panes: int, pixels: int) -> list[list[float]]:
    """Return where panes lie, as shares of the height from below: price, volume, indicators."""
    tops, domains = float(pixels), []
    for size in (PRICE_PIXELS, VOLUME_PIXELS, *([PANE_PIXELS] * n_panes)):
        domains.append([round(max(0.0, tops - size) / pixels, 5), round(tops / pixels, 5)])
        tops -= size + _GAP_PIXELS
    return domains


def _pane(domain: list[float], *, ticks: int = 4) -> dict[str, Any]:
    return {"side": "right", "domain": domain, "nticks": ticks, "fixedrange": True, "tickformat": ",.4~g"}


def _candle_positions(bars: "ChartView") -> dict[str, Any]:
    """Return where candles stand: in the middle of their bars, the first one as if it had them all."""
    width = bars.bars_per_candle
    return {"x0": float(_candle_places(bars)[0]), "dx": width}


def _candle_places(bars: "ChartView") -> Values:
    width = bars.bars_per_candle
    places: Values = bars.at[-1] - (width - 1) / 2 - np.arange(len(bars.at) - 1, -1, -1) * float(width)
    return places


def _line_positions(bars: "ChartView") -> dict[str, Any]:
    step = bars.bars_per_candle / bars.points_per_candle
    n_points = len(bars.at) * bars.points_per_candle
    return {"x0": float(bars.at[-1] - (step - 1) / 2 - (n_points - 1) * step), "dx": step}


def _candles(bars: "ChartView", palette: Palette, symbol: str, digits: int) -> dict[str, Any]:
    return {
        "type": "candlestick",
        "name": symbol,
        "x": packed(_candle_places(bars)),  # candles alone cannot count by x0 and dx
        **{name: packed(getattr(bars, name)) for name in ("open", "high", "low", "close")},
        "increasing": {"line": {"color": palette.gain, "width": 1}, "fillcolor": palette.surface},
        "decreasing": {"line": {"color": palette.loss, "width": 1}, "fillcolor": palette.loss},
        "hoverinfo": "none",
        "meta": {"digits": digits},
        "showlegend": False,
    }


def _closes(bars: "ChartView", palette: Palette, symbol: str, digits: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": symbol,
        **_candle_positions(bars),
        "y": packed(bars.close),
        "line": {"color": palette.accent, "width": 1.5},
        "hoverinfo": "none",
        "meta": {"digits": digits},
    }


def _volume(bars: "ChartView", palette: Palette) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": "Volume",
        **_candle_positions(bars),
        "y": packed(bars.volume),
        "yaxis": "y2",
        "marker": {"color": palette.benchmark, "line": {"width": 0}},
        "hoverinfo": "none",
        "meta": {"digits": 0},
    }


def _lines(bars: "ChartView", axis_of: Mapping[str, str], palette: Palette, digits: int) -> list[dict[str, Any]]:
    """Return the lines: over the price one colour an indicator, in a pane one a line."""
    over, traces = _colours(palette, palette.warning), []
    for indicator in dict.fromkeys(line.indicator for line in bars.lines):
        lines = [line for line in bars.lines if line.indicator == indicator]
        own = _colours(palette, palette.accent)
        shared = next(over) if lines[0].is_price else {}
        places = digits if lines[0].is_price else _digits(lines[0].y)
        for line in lines:
            look = shared if line.is_price else next(own)
            meta = {"digits": places, "per": bars.points_per_candle}
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": line.name,
                    **_line_positions(bars),
                    "y": packed(line.y),
                    "yaxis": axis_of.get(line.indicator, "y"),
                    "line": {"width": 1.25, **look},
                    "hoverinfo": "none",
                    "meta": meta,
                }
            )
    return traces


def _marks(bars: "ChartView", marks: Sequence[Mark], palette: Palette) -> list[dict[str, Any]]:
    shapes = {
        "Long entry": ("triangle-up", palette.accent),
        "Short entry": ("triangle-down", palette.warning),
        "Exit": ("x-thin-open", palette.muted),
    }
    drawn = []
    for kind, (shape, colour) in shapes.items():
        found = [mark for mark in marks if mark.kind == kind and bars.first <= mark.bar <= bars.last]
        if found:
            drawn.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": kind,
                    "x": packed([mark.bar for mark in found], "i4"),
                    "y": packed([mark.price for mark in found]),
                    "marker": {
                        "symbol": shape,
                        "size": 8,
                        "color": colour,
                        "line": {"width": 1.5, "color": colour if shape.endswith("open") else palette.surface},
                    },
                    "hoverinfo": "skip",
                }
            )
    return drawn


def _colours(palette: Palette, first: str) -> Iterator[dict[str, str]]:
    """Yield how lines of one pane look, told apart by dashes where the colours are used up."""
    order = list(dict.fromkeys([first, palette.warning, palette.accent, palette.text, palette.benchmark]))
    for dash in ("solid", "dash", "dot", "dashdot"):
        yield from ({"color": colour, "dash": dash} for colour in order)


def _pane_names(lines: "Sequence[Line]", panes: Sequence[str]) -> list[str]:
    first = {line.indicator: line.name for line in reversed(lines) if not line.is_price}
    return [first[pane] for pane in panes]


def _pane_name(name: str, domain: list[float], palette: Palette) -> dict[str, Any]:
    return {
        "text": name,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": domain[1],
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 11, "color": palette.muted},
        "bgcolor": palette.surface,
        "borderpad": 1,
    }


def _rule(place: float, palette: Palette) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "yref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": place,
        "y1": place,
        "line": {"color": palette.border, "width": 1},
    }


def _seen(bars: "ChartView") -> NDArray[np.bool_]:
    return (bars.at >= bars.shown[0]) & (bars.at <= bars.shown[1] + bars.bars_per_candle - 1)


def _price_range(bars: "ChartView", style: Style) -> list[float]:
    """Return a range that holds what is in view, with a little room."""
    seen = _seen(bars)
    low, high = (bars.low, bars.high) if style == "candles" else (bars.close, bars.close)
    bottom, top = float(np.nanmin(low[seen])), float(np.nanmax(high[seen]))
    room = (top - bottom or abs(top) or 1.0) * 0.06
    return [bottom - room, top + room]


def _volume_range(bars: "ChartView") -> list[float]:
    top = float(np.nanmax(bars.volume[_seen(bars)], initial=0.0))
    return [0.0, top * 1.1 or 1.0]


def _digits(values: Values) -> int:
    """Return the decimals that show four figures of the usual value."""
    known = np.abs(values[np.isfinite(values)])
    usual = float(np.median(known)) if len(known) else 1.0
    return 2 if usual >= 1 else int(min(6, max(2, 3 - np.floor(np.log10(usual or 1.0)))))

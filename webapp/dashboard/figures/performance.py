"""Wealth over time: the equity curve against its benchmark with the drawdown below, rolling measures, exposure."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from webapp.dashboard.figures.bars import BarAxis, bar_axis
from webapp.dashboard.figures.palette import PALETTES, Figure, Palette, Theme, figure

EQUITY_HEIGHT = 440
ROLLING_HEIGHT = 200

_ABOVE, _BELOW = (0.34, 1.0), (0.0, 0.27)


def equity_curve(
    equity: pd.DataFrame,
    fold_starts: Sequence[pd.Timestamp],
    *,
    theme: Theme,
    strategy: str = "Strategy",
    benchmark: str = "Buy and hold",
) -> Figure:
    """Draw wealth against the benchmark's, from the same sum, with both drawdowns below.

    Parameters
    ----------
    equity : DataFrame of shape (n_bars, n_columns)
        Index `timestamp`; of the columns `equity`, `benchmark`, `drawdown` and `benchmark_drawdown`.
    fold_starts : sequence of Timestamp
        First bar of each walk-forward fold; marked on the axis between the panels.
    theme : {"light", "dark"}
        Whose colours.
    strategy, benchmark : str
        Names in the readout.

    Returns
    -------
    dict
        A plotly figure.
    """
    palette = PALETTES[theme]
    columns = [equity[name].to_numpy() for name in ("equity", "benchmark", "drawdown", "benchmark_drawdown")]
    axis = bar_axis(pd.DatetimeIndex(equity.index), *columns)
    wealth, held, drawdown, held_drawdown = columns
    benchmark_line = {"color": palette.benchmark, "width": 1.5}
    data = [
        _line(axis, wealth, strategy, {"color": palette.accent, "width": 2}, {"digits": 0}, zorder=2),
        _line(axis, held, benchmark, benchmark_line, {"digits": 0}, zorder=1),
        _line(
            axis,
            drawdown,
            "Drawdown",
            {"color": palette.loss, "width": 1},
            {"digits": 1, "percent": True},
            yaxis="y2",
            fill="tozeroy",
            fillcolor=palette.loss_tint,
        ),
        _line(
            axis,
            held_drawdown,
            "Its drawdown",
            {"color": palette.benchmark, "width": 1, "dash": "dot"},
            {"digits": 1, "percent": True},
            yaxis="y2",
        ),
    ]
    layout = {
        "hovermode": "x",
        "hoversubplots": "axis",
        "margin": {"l": 8, "r": 64, "t": 8, "b": 24},
        "xaxis": axis.layout(anchor="y2", spikecolor=palette.muted),
        "yaxis": {"side": "right", "domain": list(_ABOVE), "tickformat": ",.0f", "nticks": 7},
        "yaxis2": {
            "side": "right",
            "domain": list(_BELOW),
            "tickformat": ",.0%",
            "nticks": 4,
            "rangemode": "tozero",
            "showgrid": True,
            "gridcolor": palette.border,
        },
        "shapes": _fold_marks(axis, fold_starts, palette),
        "meta": axis.meta(),
    }
    return figure(data, layout, theme, name="equity", height=EQUITY_HEIGHT)


def rolling_measure(
    rolling: pd.DataFrame,
    column: str,
    *,
    theme: Theme,
    name: str,
    percent: bool = False,
    benchmark_column: str | None = None,
    reference: float | None = None,
) -> Figure:
    """Draw one measure over a moving window; `reference` is a level to compare with, such as a beta of one."""
    palette = PALETTES[theme]
    shown = [column] if benchmark_column is None else [column, benchmark_column]
    axis = bar_axis(pd.DatetimeIndex(rolling.index), *(rolling[each].to_numpy() for each in shown))
    meta = {"digits": 1, "percent": True} if percent else {"digits": 2}
    data = []
    if benchmark_column is not None:
        line = {"color": palette.benchmark, "width": 1.5}
        data.append(_line(axis, rolling[benchmark_column].to_numpy(), "Buy and hold", line, meta))
    data.append(_line(axis, rolling[column].to_numpy(), name, {"color": palette.accent, "width": 2}, meta))
    layout = {
        "hovermode": "x",
        "xaxis": axis.layout(spikecolor=palette.muted),
        "yaxis": {"side": "right", "tickformat": ",.0%" if percent else ",.2~f", "nticks": 5},
        "shapes": [] if reference is None else [_level(reference, palette)],
        "meta": axis.meta(),
    }
    return figure(data, layout, theme, name=f"rolling-{column}", height=ROLLING_HEIGHT)


def exposure(equity: pd.DataFrame, *, theme: Theme) -> Figure:
    """Draw the share of equity that was at risk after each close, shorts counted as positive."""
    palette = PALETTES[theme]
    values = equity["exposure"].to_numpy()
    axis = bar_axis(pd.DatetimeIndex(equity.index), values)
    line = {"color": palette.accent, "width": 1, "shape": "hv"}
    trace = _line(axis, values, "Exposure", line, {"digits": 1, "percent": True})
    data = [{**trace, "fill": "tozeroy", "fillcolor": palette.accent_tint}]
    layout = {
        "hovermode": "x",
        "xaxis": axis.layout(spikecolor=palette.muted),
        "yaxis": {"side": "right", "tickformat": ",.0%", "nticks": 4, "rangemode": "tozero"},
        "meta": axis.meta(),
    }
    return figure(data, layout, theme, name="exposure", height=ROLLING_HEIGHT)


def _line(
    axis: BarAxis, values: Any, name: str, line: dict[str, Any], meta: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "line": line,
        "hoverinfo": "none",
        "meta": meta,
        **axis.trace(values),
        **more,
    }


def _fold_marks(axis: BarAxis, fold_starts: Sequence[pd.Timestamp], palette: Palette) -> list[dict[str, Any]]:
    """Return a tick between the panels for the first bar of each fold."""
    if not len(fold_starts):
        return []
    positions = axis.positions(pd.DatetimeIndex(list(fold_starts)))
    return [
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": int(position),
            "x1": int(position),
            "y0": _BELOW[1] + 0.02,
            "y1": _ABOVE[0] - 0.015,
            "line": {"color": palette.benchmark, "width": 1},
        }
        for position in positions
    ]


def _level(value: float, palette: Palette) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "yref": "y",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "layer": "below",
        "line": {"color": palette.muted, "width": 1, "dash": "dot"},
    }

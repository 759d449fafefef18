"""Several equity curves from one start, on the bars that all of them have."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from webapp.dashboard.figures.bars import bar_axis
from webapp.dashboard.figures.palette import PALETTES, Figure, Theme, figure

HEIGHT = 380

# Told apart by dash as well as by colour: the first is solid, and so are no other two with one colour.
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_FEW = 10  # of more, all but the first are thin: nobody tells so many lines apart, but all see where they lie


def compared_curves(curves: pd.DataFrame, names: Sequence[str], *, theme: Theme) -> Figure:
    """Draw wealth from 1; the first curve is the one that the others are compared with.

    Parameters
    ----------
    curves : DataFrame of shape (n_bars, n_analyses)
        Index `timestamp`; wealth from 1 on.
    names : sequence of str
        What the readout calls them.
    theme : {"light", "dark"}
        Whose colours.

    Returns
    -------
    dict
        A plotly figure.
    """
    palette = PALETTES[theme]
    columns = [curves[place].to_numpy() for place in curves.columns]
    axis = bar_axis(pd.DatetimeIndex(curves.index), *columns)
    colours = (palette.accent, palette.benchmark, palette.gain, palette.loss, palette.warning)
    data: list[dict[str, Any]] = []
    for place, (values, name) in enumerate(zip(columns, names, strict=True)):
        line = {
            "color": colours[place % len(colours)],
            "width": 2 if place == 0 else 1.5 if len(names) <= _FEW else 1,
            "dash": _DASHES[(place + place // len(colours)) % len(_DASHES)] if len(names) <= _FEW else "solid",
        }
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "line": line,
                "opacity": 1.0 if place == 0 or len(names) <= _FEW else 0.5,
                "hoverinfo": "none",
                "meta": {"digits": 2},
                **axis.trace(values),
            }
        )
    layout = {
        "hovermode": "x",
        "xaxis": axis.layout(spikecolor=palette.muted),
        "yaxis": {"side": "right", "tickformat": ",.2~f", "nticks": 7},
        "meta": axis.meta(),
    }
    return figure(data, layout, theme, name="compare", height=HEIGHT)

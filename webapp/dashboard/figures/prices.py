"""An instrument's price with its volume below."""

from typing import Any

import pandas as pd

from webapp.dashboard.figures.bars import bar_axis
from webapp.dashboard.figures.palette import PALETTES, Figure, Theme, figure

PRICE_HEIGHT = 440

_ABOVE, _BELOW = (0.24, 1.0), (0.0, 0.18)


def price_chart(prices: pd.DataFrame, *, theme: Theme, symbol: str) -> Figure:
    """Draw the close with the volume below.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, n_columns)
        Index `timestamp`; `close` and `volume`, at least one bar.
    theme : {"light", "dark"}
        Whose colours.
    symbol : str
        Name in the readout.

    Returns
    -------
    dict
        A plotly figure.
    """
    palette = PALETTES[theme]
    close, volume = prices["close"].to_numpy(), prices["volume"].to_numpy()
    axis = bar_axis(pd.DatetimeIndex(prices.index), close, volume)
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": symbol,
            "line": {"color": palette.accent, "width": 1.5},
            "hoverinfo": "none",
            "meta": {"digits": 2},
            **axis.trace(close),
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Volume",
            "line": {"color": palette.benchmark, "width": 1},
            "fill": "tozeroy",
            "fillcolor": palette.benchmark_tint,
            "yaxis": "y2",
            "hoverinfo": "none",
            "meta": {"digits": 0},
            **axis.trace(volume),
        },
    ]
    layout = {
        "hovermode": "x",
        "hoversubplots": "axis",
        "margin": {"l": 8, "r": 64, "t": 8, "b": 24},
        "xaxis": axis.layout(anchor="y2", spikecolor=palette.muted),
        "yaxis": {"side": "right", "domain": list(_ABOVE), "nticks": 7, "tickformat": ",.2~f"},
        "yaxis2": {"side": "right", "domain": list(_BELOW), "nticks": 3, "tickformat": ".2~s", "rangemode": "tozero"},
        "meta": axis.meta(),
    }
    return figure(data, layout, theme, name=f"prices-{symbol}", height=PRICE_HEIGHT)

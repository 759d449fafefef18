"""How capital was divided among accounts, bar by bar: shares that stand on one another."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from webapp.dashboard.figures.bars import bar_axis
from webapp.dashboard.figures.palette import PALETTES, Figure, Theme, figure

HEIGHT = 260
MOST_BANDS = 8  # nobody tells more apart; the smallest stand together
THE_OTHERS = "The others"


def stacked_shares(shares: pd.DataFrame, names: Sequence[str], *, theme: Theme) -> Figure:
    """Draw each account's share of the whole, one band on the other.

    Parameters
    ----------
    shares : DataFrame of shape (n_bars, n_accounts)
        Index `timestamp`; each row sums to 1.
    names : sequence of str
        What the bands are called.
    theme : {"light", "dark"}
        Whose colours.

    Returns
    -------
    dict
        A plotly figure; of more than eight accounts those with the smallest mean share are one band.
    """
    palette = PALETTES[theme]
    columns = {name: shares[column].to_numpy() for column, name in zip(shares.columns, names, strict=True)}
    if len(columns) > MOST_BANDS:
        ordered = sorted(columns, key=lambda name: -float(columns[name].mean()))
        rest = sum((columns[name] for name in ordered[MOST_BANDS - 1 :]), start=0.0 * columns[ordered[0]])
        columns = {name: columns[name] for name in columns if name in ordered[: MOST_BANDS - 1]} | {THE_OTHERS: rest}
    axis = bar_axis(pd.DatetimeIndex(shares.index), *columns.values())
    # As in `compared_curves`, after the two that come before the accounts there.
    colours = (palette.gain, palette.loss, palette.warning, palette.accent, palette.benchmark)
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "stackgroup": "shares",
            "line": {"width": 0.5, "color": palette.surface},
            "fillcolor": colours[place % len(colours)],
            "opacity": 0.8 if place < len(colours) else 0.5,
            "hoverinfo": "none",
            "meta": {"digits": 0, "percent": True},
            **axis.trace(values),
        }
        for place, (name, values) in enumerate(columns.items())
    ]
    layout = {
        "hovermode": "x",
        "showlegend": True,
        "margin": {"l": 8, "r": 56, "t": 36, "b": 24},
        "xaxis": axis.layout(spikecolor=palette.muted),
        "yaxis": {"side": "right", "tickformat": ",.0%", "range": [0, 1], "nticks": 5},
        "meta": axis.meta(),
    }
    return figure(data, layout, theme, name="shares", height=HEIGHT)

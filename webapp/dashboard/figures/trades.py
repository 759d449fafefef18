"""Trades: where they were on the price, how their returns are spread, how long they lasted, how far prices went."""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from webapp.dashboard.figures.bars import bar_axis, keep_extremes, packed
from webapp.dashboard.figures.palette import PALETTES, Figure, Theme, figure

PRICE_HEIGHT = 380
HISTOGRAM_HEIGHT = 240

MOST_MARKED = 1000  # trades of which each is marked on the price

_MOST_BINS = 40


def price_with_trades(prices: pd.DataFrame, trades: pd.DataFrame, *, theme: Theme, symbol: str) -> Figure:
    """Draw one instrument's close, with entries and exits as triangles at their fill prices.

    Prices and fills from before a split or a dividend are scaled by it, back from the last bar, as on the Dashboard: a
    split is no fall.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, n_columns)
        Index `timestamp`; `close` raw, in the units in which the fills were, and `adjusted_close`.
    trades : DataFrame of shape (n_trades, n_columns)
        This instrument's round trips: `direction`, `entry_at`, `exit_at`, `entry_price`, `exit_price`, `is_open`. Of
        more than `MOST_MARKED` some marks are left out where they would lie over each other.
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
    whole = (prices["adjusted_close"] / prices["close"]).to_numpy()
    factors = whole / whole[-1]
    close = prices["close"].to_numpy() * factors
    axis = bar_axis(pd.DatetimeIndex(prices.index), close)
    digits = 2
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": symbol,
        "line": {"color": palette.benchmark, "width": 1.5},
        "hoverinfo": "none",
        "meta": {"digits": digits},
        "showlegend": False,
        **axis.trace(close),
    }
    is_long = trades["direction"] == "long"
    data: list[dict[str, Any]] = [line]
    for name, chosen, side, shape, colour in (
        ("Long entry", trades[is_long], "entry", "triangle-up", palette.gain),
        ("Short entry", trades[~is_long], "entry", "triangle-down", palette.loss),
        ("Exit", trades[~trades["is_open"].astype(bool)], "exit", "x-thin-open", palette.muted),
    ):
        if len(chosen):
            at = axis.positions(pd.DatetimeIndex(chosen[f"{side}_at"]))
            fills = chosen[f"{side}_price"].to_numpy() * factors[np.minimum(at, axis.n_bars - 1)]
            kept = _apart(at, axis.n_bars) if len(trades) > MOST_MARKED else np.arange(len(at))
            data.append(_marks(name, at[kept], fills[kept], shape, colour))
    layout = {
        "hovermode": "x",
        "margin": {"l": 8, "r": 64, "t": 28, "b": 24},
        "showlegend": True,
        "xaxis": axis.layout(spikecolor=palette.muted),
        "yaxis": {"side": "right", "nticks": 7, "tickformat": f",.{digits}f" if np.nanmax(close) < 10 else ",.0f"},  # noqa: PLR2004  # below ten, cents matter on the axis
        "meta": axis.meta(),
    }
    return figure(data, layout, theme, name=f"price-{symbol}", height=PRICE_HEIGHT)


def return_distribution(returns: NDArray[np.float64], *, theme: Theme) -> Figure:
    """Draw how many trades ended in each band of return, losses and gains apart.

    Bands never straddle zero, so that every bar is a gain or a loss.
    """
    palette = PALETTES[theme]
    edges = _edges_through_zero(returns)
    counts, _ = np.histogram(returns, bins=edges)
    middles = (edges[:-1] + edges[1:]) / 2
    colours = [palette.loss if middle < 0 else palette.gain for middle in middles]
    trace = {
        "type": "bar",
        "x": [float(middle) for middle in middles],
        "y": [int(each) for each in counts],
        "width": float(edges[1] - edges[0]),
        "marker": {"color": colours, "line": {"color": palette.surface, "width": 1}},
        "customdata": [[float(low), float(high)] for low, high in itertools.pairwise(edges)],
        "hovertemplate": "%{customdata[0]:.1%} to %{customdata[1]:.1%}: %{y} trades<extra></extra>",
    }
    mean = float(np.mean(returns))
    layout = {
        "bargap": 0,
        "margin": {"l": 40, "r": 12, "t": 20, "b": 40},
        "xaxis": {"tickformat": ".0%", "title": {"text": "Return of a trade, after costs"}, "nticks": 9},
        "yaxis": {"title": {"text": "Trades"}, "nticks": 5, "tickformat": "d"},
        "shapes": [
            {
                "type": "line",
                "xref": "x",
                "yref": "paper",
                "x0": mean,
                "x1": mean,
                "y0": 0,
                "y1": 1,
                "line": {"color": palette.text, "width": 1, "dash": "dot"},
            }
        ],
        "annotations": [_note(mean, "mean", palette.muted)],
    }
    return figure([trace], layout, theme, name="trade-returns", height=HISTOGRAM_HEIGHT)


def holding_periods(n_bars: NDArray[np.int64], *, theme: Theme) -> Figure:
    """Draw how many trades were held for how many bars."""
    palette = PALETTES[theme]
    longest = max(1, int(n_bars.max()))
    width = max(1, math.ceil(longest / _MOST_BINS))
    edges = np.arange(0, longest + width + 1, width)
    counts, _ = np.histogram(n_bars, bins=edges)
    trace = {
        "type": "bar",
        "x": [float(edge + width / 2) if width > 1 else int(edge) for edge in edges[:-1]],
        "y": [int(each) for each in counts],
        "width": width,
        "marker": {"color": palette.accent, "line": {"color": palette.surface, "width": 1}},
        "customdata": [
            f"{low} bars" if width == 1 else f"{low} to {low + width - 1} bars" for low in map(int, edges[:-1])
        ],
        "hovertemplate": "%{customdata}: %{y} trades<extra></extra>",
    }
    layout = {
        "bargap": 0,
        "margin": {"l": 40, "r": 12, "t": 20, "b": 40},
        "xaxis": {"title": {"text": "Bars held"}, "nticks": 9},
        "yaxis": {"title": {"text": "Trades"}, "nticks": 5, "tickformat": "d"},
    }
    return figure([trace], layout, theme, name="holding-periods", height=HISTOGRAM_HEIGHT)


def excursions(trades: pd.DataFrame, *, theme: Theme) -> Figure:
    """Draw how far the price went against each trade and how far for it, gains and losses apart.

    Of very many trades some are left out; those that went furthest are not.
    """
    palette = PALETTES[theme]
    drawn = trades.iloc[keep_extremes([trades["max_adverse_excursion"], trades["max_favourable_excursion"]])]
    gained = (drawn["return_on_entry_value"] > 0).to_numpy()
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": packed(drawn["max_adverse_excursion"].to_numpy()[which]),
            "y": packed(drawn["max_favourable_excursion"].to_numpy()[which]),
            "customdata": [float(each) for each in drawn["return_on_entry_value"].to_numpy()[which]],
            "marker": {"symbol": symbol, "size": 7, "color": colour, "opacity": 0.8},
            "hovertemplate": f"{name} %{{customdata:+.1%}}: %{{x:.1%}} against, %{{y:.1%}} for it<extra></extra>",
        }
        for name, which, symbol, colour in (
            ("Gain", gained, "circle", palette.gain),
            ("Loss", ~gained, "x", palette.loss),
        )
    ]
    layout = {
        "margin": {"l": 56, "r": 12, "t": 20, "b": 40},
        "xaxis": {"tickformat": ".0%", "title": {"text": "Furthest against the position"}, "nticks": 9},
        "yaxis": {"tickformat": ".0%", "title": {"text": "Furthest for it"}, "nticks": 6},
    }
    return figure(data, layout, theme, name="excursions", height=HISTOGRAM_HEIGHT)


def _apart(at: NDArray[np.int64], n_bars: int) -> NDArray[np.int64]:
    """Return which marks to draw so that they do not lie over each other: the first of each narrow stretch of bars."""
    width = max(1, -(-n_bars // (MOST_MARKED // 2)))
    return np.unique(at // width, return_index=True)[1].astype(np.int64)


def _marks(
    name: str, positions: NDArray[np.int64], prices: NDArray[np.float64], symbol: str, colour: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": packed(positions, "i4"),
        "y": packed(prices),
        "marker": {"symbol": symbol, "size": 8, "color": colour, "line": {"width": 1.5, "color": colour}},
        "hovertemplate": f"{name} at %{{y:,.2f}}<extra></extra>",
    }


def _edges_through_zero(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return edges of equal bands of a round width, one of which is zero."""
    low, high = min(0.0, float(np.min(returns))), max(0.0, float(np.max(returns)))
    rough = max(high - low, 1e-4) / 24
    power = 10.0 ** math.floor(math.log10(rough))
    width = next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
    first, last = math.floor(low / width), math.ceil(high / width)
    first -= first * width > low  # a quotient may be rounded past its return
    last += last * width < high
    return np.arange(first, max(last, first + 1) + 1, dtype=np.float64) * width


def _note(x: float, text: str, colour: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": 1.0,
        "xref": "x",
        "yref": "paper",
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"size": 11, "color": colour},
    }

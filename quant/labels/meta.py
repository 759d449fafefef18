"""Meta-labels: a simple rule says which side to take, the label whether following it paid."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec
from quant.frames import Labels, Prices
from quant.labels.triple_barrier import Path, check_barriers, label_events
from quant.labels.volatility import trailing_volatility

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
Rule = Literal["trailing_return", "crossover", "strategy"]


def primary_side(prices: Prices, *, rule: Rule, fast: int, slow: int) -> pd.Series:
    """Return the side that a rule takes at each close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    rule : {"trailing_return", "crossover"}
        The sign of the return over the last `slow` bars, or of the difference between the averages of the last `fast`
        and `slow` closes. That of a strategy is for its caller to say.
    fast, slow : int
        Bars, at least 1; for a crossover `fast` below `slow`. A trailing return does not use `fast`.

    Returns
    -------
    Series of shape (n_bars,)
        `side`, float64: 1.0 long, -1.0 short, 0.0 neither, NaN where the rule does not know enough yet: the first
        `slow` bars of a trailing return, the first `slow - 1` of a crossover, and where a close is unknown.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds, or the rule is that of a strategy.

    Notes
    -----
    Timing: the side at `t` uses closes up to `t`, and none before `t - slow`; it can be taken at the next open.
    """
    if rule == "strategy":
        raise InvalidSpec("Expected the sides of the strategy's rule to be given; found none.", field="rule")
    if not (fast >= 1 and slow >= 1) or (rule == "crossover" and fast >= slow):
        raise InvalidSpec(f"Expected 1 ≤ fast < slow; found {fast} and {slow}.", field="fast")
    closes = prices["close"].to_numpy(dtype=np.float64)
    side = np.full(len(closes), np.nan)
    if rule == "trailing_return":
        side[slow:] = np.sign(closes[slow:] - closes[:-slow])
    else:
        side[slow - 1 :] = np.sign(_averages(closes, fast)[max(slow - fast, 0) :] - _averages(closes, slow))
    return pd.Series(side, index=prices.index, name="side")


def meta_label(  # noqa: PLR0913  # the rule and the barriers
    prices: Prices,
    *,
    rule: Rule,
    fast: int,
    slow: int,
    horizon: int,
    width: float,
    stop_width: float | None,
    volatility_window: int,
    path: Path,
    side: FloatArray | None = None,
) -> Labels:
    """Label each bar by whether following the rule's side from there would have paid.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    rule, fast, slow
        As `primary_side` takes them.
    horizon : int
        Bars from the open of entry to the open at which waiting ends; at least 1.
    width, stop_width : float
        Distances of the profit and of the stop from the entry price, in standard deviations of a return over `horizon`
        bars; above 0. `stop_width` None: as far as the profit.
    volatility_window : int
        Returns, up to the bar itself, whose standard deviation is the volatility; at least 2.
    path : {"range", "close"}
        What touches a barrier, see `label_events`.
    side : ndarray of shape (n_bars,), optional
        As `primary_side` returns it, of another rule; that of `rule` is not asked for then.

    Returns
    -------
    DataFrame of shape (n_bars, 4)
        `label`: 1.0 if the position earned more than nothing, else 0.0; `label_end`; `outcome`, the return of the
        position, as a fraction; `known_at`. NaN and NaT where the rule takes no side, and where `label_events` has
        none.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.
    NotEnoughData
        If `prices` has no more than `horizon + 1` bars, so that no label is known.
    InvalidPrices
        If a price that the label is made of is infinite.

    Notes
    -----
    Timing: that of `primary_side` and of `label_events`.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 3.6 and snippets 3.6 and 3.7.
    """
    stop = width if stop_width is None else stop_width
    check_barriers(prices, horizon=horizon, width=width, stop_width=stop, volatility_window=volatility_window)
    deviation = trailing_volatility(prices["close"], volatility_window) * np.sqrt(horizon)
    labels = label_events(
        prices,
        pd.DatetimeIndex(prices.index),
        profit=width * deviation,
        stop=stop * deviation,
        horizon=horizon,
        path=path,
        side=primary_side(prices, rule=rule, fast=fast, slow=slow).to_numpy() if side is None else side,
    )
    outcome = labels["outcome"].to_numpy()
    labels["label"] = np.where(np.isnan(outcome), np.nan, outcome > 0.0)
    return labels


def _averages(values: FloatArray, window: int) -> FloatArray:
    """Return the mean of each window of values, summed by itself: a running sum would carry rounding along."""
    if len(values) < window:
        return np.empty(0)
    means: FloatArray = np.lib.stride_tricks.sliding_window_view(values, window).mean(axis=1)
    return means

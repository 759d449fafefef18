"""Bars that end after so much time, or after so much trading."""

import numpy as np
import pandas as pd
from numba import njit, types

from quant.bars.catalog import DollarBars, Estimate, TickBars, TimeBars, VolumeBars
from quant.bars.gathering import Places, gather
from quant.bars.trades import INPUT, Basis, Trades, Values, read_tape, refuse_splits

# How the kernels know what is counted, and how a threshold follows the bars.
TICKS, SHARES, DOLLARS = 0, 1, 2
_ESTIMATES = {"fixed": 0, "expanding": 1, "ewma": 2}
_SECOND = 1_000_000  # microseconds


def time_bars(trades: Trades, *, seconds: int) -> pd.DataFrame:
    """Return one bar for each span of the clock in which something was traded.

    Parameters
    ----------
    trades : DataFrame of shape (n_trades, 2 or 3)
        Trades or a price frame, see `quant.bars.trades`.
    seconds : int
        Length of a bar, within the bounds of `quant.bars.catalog.TimeBars`.

    Returns
    -------
    DataFrame of shape (n_bars, 10)
        Bars, see `quant.bars.gathering.gather`; `timestamp` is the end of the span, which begins after the end of the
        one before and contains its own. A span without a trade has no bar: nothing is filled forward.

    Raises
    ------
    InvalidPrices
        If the trades are none, see `read_tape`.
    ValidationError
        If `seconds` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: a bar is finished when a trade after its end shows that the end has passed; until then it is left out.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 2.3.1.
    """
    TimeBars(seconds=seconds)
    tape = read_tape(trades)
    length = seconds * _SECOND
    instants = tape.timestamps.as_unit("us").asi8
    spans = -(-instants // length)  # the span (a, b] is named by b
    ends = np.flatnonzero(spans[1:] != spans[:-1]) + 1
    closed_at = pd.DatetimeIndex(spans[ends - 1] * length, dtype="datetime64[us]").tz_localize("UTC")
    return gather(tape, ends.astype(np.int64), closed_at)


def tick_bars(trades: Trades, *, n_trades: int) -> pd.DataFrame:
    """Return bars of equally many trades.

    Parameters
    ----------
    trades : DataFrame of shape (n_trades, 2 or 3)
        Trades or a price frame, see `quant.bars.trades`.
    n_trades : int
        Trades of a bar, within the bounds of `quant.bars.catalog.TickBars`.

    Returns
    -------
    DataFrame of shape (n_bars, 10)
        Bars, see `quant.bars.gathering.gather`.

    Raises
    ------
    InvalidPrices
        If the trades are none, see `read_tape`.
    ValidationError
        If `n_trades` is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: a bar is known at its last trade; one that is not full is left out.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 2.3.1.
    """
    TickBars(n_trades=n_trades)
    tape = read_tape(trades)
    return gather(tape, np.arange(n_trades, tape.price.size + 1, n_trades, dtype=np.int64))


def volume_bars(
    trades: Trades, *, threshold: float, estimate: Estimate, n_trades: int, span: int, basis: Basis = "raw"
) -> pd.DataFrame:
    """Return bars that end when so many shares have been traded.

    Parameters
    ----------
    trades : DataFrame of shape (n_trades, 2 or 3)
        Trades or a price frame, see `quant.bars.trades`.
    threshold : float
        Shares of a bar, within the bounds of `quant.bars.catalog.VolumeBars`.
    estimate : {"fixed", "expanding", "ewma"}
        `fixed`: the threshold is the same for all bars. Otherwise it is that of the first bar, and that of a later one
        is `n_trades` times the shares of a trade in the bars that are closed: in all of them, or in an average that
        forgets exponentially.
    n_trades : int
        Trades that an estimated threshold aims at.
    span : int
        Bars that an exponential estimate remembers: each new one has the weight `2 / (span + 1)`.
    basis : {"raw", "forward", "back"}, default="raw"
        How the volume of a price frame is adjusted.

    Returns
    -------
    DataFrame of shape (n_bars, 10)
        Bars, see `quant.bars.gathering.gather`. The trade that reaches the threshold belongs to its bar, and the next
        begins with nothing.

    Raises
    ------
    InvalidPrices
        If the trades are none, see `read_tape`.
    InvalidSpec
        If a split, or an adjustment for later ones, changes what a share is, see `refuse_splits`.
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: a bar is known at its last trade, and its threshold before its first; one that is not full is left out.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 2.3.1. The estimates are ours.
    """
    VolumeBars(threshold=threshold, estimate=estimate, n_trades=n_trades, span=span)
    refuse_splits(trades, basis)
    return _activity_bars(trades, SHARES, threshold, estimate, n_trades, span)


def dollar_bars(trades: Trades, *, threshold: float, estimate: Estimate, n_trades: int, span: int) -> pd.DataFrame:
    """Return bars that end when so much value has been traded.

    Parameters
    ----------
    trades : DataFrame of shape (n_trades, 2 or 3)
        Trades or a price frame, see `quant.bars.trades`.
    threshold : float
        Value of a bar in the currency of the prices, within the bounds of `quant.bars.catalog.DollarBars`.
    estimate : {"fixed", "expanding", "ewma"}
        As for `volume_bars`, with the value of a trade.
    n_trades : int
        Trades that an estimated threshold aims at.
    span : int
        Bars that an exponential estimate remembers.

    Returns
    -------
    DataFrame of shape (n_bars, 10)
        Bars, see `quant.bars.gathering.gather`. The trade that reaches the threshold belongs to its bar, and the next
        begins with nothing.

    Raises
    ------
    InvalidPrices
        If the trades are none, see `read_tape`.
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: a bar is known at its last trade, and its threshold before its first; one that is not full is left out.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 2.3.1. The estimates are ours.
    """
    DollarBars(threshold=threshold, estimate=estimate, n_trades=n_trades, span=span)
    return _activity_bars(trades, DOLLARS, threshold, estimate, n_trades, span)


def _activity_bars(
    trades: Trades, measure: int, threshold: float, estimate: Estimate, n_trades: int, span: int
) -> pd.DataFrame:
    tape = read_tape(trades)
    ends = np.empty(tape.price.size, dtype=np.int64)
    n_bars = activity_ends(tape.price, tape.size, measure, threshold, _ESTIMATES[estimate], n_trades, span, 0, ends)
    return gather(tape, ends[:n_bars].copy())


@njit(
    types.int64(
        *(INPUT, INPUT, types.int64, types.float64, types.int64, types.float64, types.int64, types.int64),
        types.Array(types.int64, 1, "C"),
    ),
    cache=True,
    nogil=True,
)
def activity_ends(  # noqa: PLR0913, PLR0917  # a kernel takes positions, and no object
    prices: Values,
    sizes: Values,
    measure: int,
    threshold: float,
    estimate: int,
    n_wanted: float,
    span: int,
    first: int,
    ends: Places,
) -> int:
    """Write where bars end, and return how many there are.

    With `first`, there is no threshold to begin with: the first bar has so many trades, and so has each further one
    until anything is moved.
    """
    weight = 2.0 / (span + 1.0)
    n_bars, begin, moved = 0, 0, 0.0
    all_moved, average = 0.0, 0.0
    while first > 0 and all_moved == 0.0:
        if begin + first > prices.size:
            return n_bars
        for i in range(begin, begin + first):
            all_moved += sizes[i] if measure == SHARES else prices[i] * sizes[i]
        begin += first
        ends[n_bars] = begin
        n_bars += 1
        average = all_moved / first
        threshold = n_wanted * (all_moved / begin if estimate == 1 else average)
    for i in range(begin, prices.size):
        moved += sizes[i] if measure == SHARES else prices[i] * sizes[i]
        if moved >= threshold:
            if estimate == 1:
                all_moved += moved
                threshold = n_wanted * all_moved / (i + 1)
            elif estimate == 2:  # noqa: PLR2004  # see _ESTIMATES
                new = moved / (i + 1 - begin)
                average = new if n_bars == 0 else weight * new + (1.0 - weight) * average
                threshold = n_wanted * average
            ends[n_bars] = i + 1
            n_bars += 1
            begin, moved = i + 1, 0.0
    return n_bars

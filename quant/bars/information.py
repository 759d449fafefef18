"""Bars that end when trading is more one-sided than was expected: when somebody may know something."""

import numpy as np
import pandas as pd
from numba import njit, types

from quant.bars.activity import DOLLARS, SHARES, TICKS
from quant.bars.catalog import ImbalanceBars, Measure, RunBars
from quant.bars.gathering import Places, gather
from quant.bars.trades import INPUT, SIDES, Basis, Sides, Trades, Values, read_tape, refuse_splits

_MEASURES = {"ticks": TICKS, "volume": SHARES, "dollars": DOLLARS}


def imbalance_bars(
    trades: Trades, *, measure: Measure, n_trades: int, span: int, bound: float, basis: Basis = "raw"
) -> pd.DataFrame:
    """Return bars that end when buying and selling part by more than was expected.

    Parameters
    ----------
    trades : DataFrame of shape (n_trades, 2 or 3)
        Trades or a price frame, see `quant.bars.trades`.
    measure : {"ticks", "volume", "dollars"}
        What is counted: trades, shares, or their value.
    n_trades : int
        Trades of the first bar, of which nothing is expected yet; within the bounds of
        `quant.bars.catalog.ImbalanceBars`.
    span : int
        Bars that the expectations remember: each new one has the weight `2 / (span + 1)`.
    bound : float
        The expected number of trades stays between `n_trades / bound` and `n_trades * bound`. Without it, bars that are
        longer than expected make longer ones expected, and so on until no bar ends.
    basis : {"raw", "forward", "back"}, default="raw"
        How the volume of a price frame is adjusted; matters to `volume` only.

    Returns
    -------
    DataFrame of shape (n_bars, 10)
        Bars, see `quant.bars.gathering.gather`.

    Raises
    ------
    InvalidPrices
        If the trades are none, see `read_tape`.
    InvalidSpec
        If volume is asked for, and a split or an adjustment for later ones changes what a share is.
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: a bar is known at its last trade, and what is expected of it before its first. A bar that has not ended is
    left out.

    With buys and sells of the bar so far `B` and `S`, a bar ends when `|B - S| >= E[T] |E[b] - E[s]|`. Expected are
    the trades of a bar, and what a trade adds to buys and to sells; all are exponential averages over closed bars. The
    difference of the last two is the `2 v+ - E[v]` of the reference, in which the probability of a buy and its mean
    size are one factor. When nothing is expected (no price has changed) a bar ends after `E[T]` trades.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, sections 2.3.2.1 and 2.3.2.2. The bound is ours.
    """
    ImbalanceBars(measure=measure, n_trades=n_trades, span=span, bound=bound)
    return _information_bars(trades, measure, basis, n_trades, span, bound, by_run=False)


def run_bars(
    trades: Trades, *, measure: Measure, n_trades: int, span: int, bound: float, basis: Basis = "raw"
) -> pd.DataFrame:
    """Return bars that end when one side has moved more than was expected of the busier one.

    Parameters
    ----------
    trades : DataFrame of shape (n_trades, 2 or 3)
        Trades or a price frame, see `quant.bars.trades`.
    measure : {"ticks", "volume", "dollars"}
        What is counted: trades, shares, or their value.
    n_trades : int
        Trades of the first bar, of which nothing is expected yet; within the bounds of `quant.bars.catalog.RunBars`.
    span : int
        Bars that the expectations remember: each new one has the weight `2 / (span + 1)`.
    bound : float
        The expected number of trades stays between `n_trades / bound` and `n_trades * bound`.
    basis : {"raw", "forward", "back"}, default="raw"
        How the volume of a price frame is adjusted; matters to `volume` only.

    Returns
    -------
    DataFrame of shape (n_bars, 10)
        Bars, see `quant.bars.gathering.gather`.

    Raises
    ------
    InvalidPrices
        If the trades are none, see `read_tape`.
    InvalidSpec
        If volume is asked for, and a split or an adjustment for later ones changes what a share is.
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: a bar is known at its last trade, and what is expected of it before its first. A bar that has not ended is
    left out.

    With buys and sells of the bar so far `B` and `S`, a bar ends when `max(B, S) >= E[T] max(E[b], E[s])`, with the
    expectations of `imbalance_bars`. A run is what one side adds up to, interrupted or not, as in the reference.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, sections 2.3.2.3 and 2.3.2.4. The bound is ours.
    """
    RunBars(measure=measure, n_trades=n_trades, span=span, bound=bound)
    return _information_bars(trades, measure, basis, n_trades, span, bound, by_run=True)


def _information_bars(
    trades: Trades, measure: Measure, basis: Basis, n_trades: int, span: int, bound: float, *, by_run: bool
) -> pd.DataFrame:
    if measure == "volume":
        refuse_splits(trades, basis)
    tape = read_tape(trades)
    ends = np.empty(tape.price.size, dtype=np.int64)
    n_bars = information_ends(
        tape.price, tape.size, tape.sides, _MEASURES[measure], by_run, float(n_trades), bound, 2.0 / (span + 1.0), ends
    )
    return gather(tape, ends[:n_bars].copy())


@njit(
    types.int64(
        *(INPUT, INPUT, SIDES, types.int64, types.boolean, types.float64, types.float64, types.float64),
        types.Array(types.int64, 1, "C"),
    ),
    cache=True,
    nogil=True,
)
def information_ends(  # noqa: PLR0913, PLR0917  # a kernel takes positions, and no object
    prices: Values,
    sizes: Values,
    sides: Sides,
    measure: int,
    by_run: bool,  # noqa: FBT001  # a kernel takes positions
    n_first: float,
    bound: float,
    weight: float,
    ends: Places,
) -> int:
    """Write where bars end, and return how many there are."""
    n_expected, buy_rate, sell_rate = n_first, 0.0, 0.0
    n_bars, begin, bought, sold = 0, 0, 0.0, 0.0
    for i in range(prices.size):
        moved = 1.0 if measure == TICKS else (sizes[i] if measure == SHARES else prices[i] * sizes[i])
        bought += moved if sides[i] > 0 else 0.0
        sold += moved if sides[i] < 0 else 0.0
        n_trades = i + 1 - begin
        if by_run:
            found, expected = max(bought, sold), n_expected * max(buy_rate, sell_rate)
        else:
            found, expected = abs(bought - sold), n_expected * abs(buy_rate - sell_rate)
        if expected == 0.0:
            found, expected = float(n_trades), n_expected
        if found >= expected:
            if n_bars == 0:
                buy_rate, sell_rate = bought / n_trades, sold / n_trades
            else:
                buy_rate += weight * (bought / n_trades - buy_rate)
                sell_rate += weight * (sold / n_trades - sell_rate)
                n_expected += weight * (n_trades - n_expected)
                n_expected = min(max(n_expected, n_first / bound), n_first * bound)
            ends[n_bars] = i + 1
            n_bars += 1
            begin, bought, sold = i + 1, 0.0, 0.0
    return n_bars

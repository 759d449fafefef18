"""What is left of a position whose instrument is no longer traded: which instruments those are, and the settlement.

Inlined into the kernel of `quant.backtest.orders`.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant.backtest.alignment import Bars
from quant.backtest.catalog import DelistingSpec
from quant.backtest.desk import (
    BY_DELISTING,
    FILL_BOUND,
    FILL_HELD,
    FILL_REASON,
    FILL_REFERENCE,
)
from quant.backtest.entries import LYING
from quant.backtest.simulation import (
    FILL_COMMISSION,
    FILL_DECIDED_ROW,
    FILL_INSTRUMENT,
    FILL_PRICE,
    FILL_ROW,
    FILL_SHARES,
    HELD,
    LAST_PRICE,
    ORDER,
    TARGET_WEIGHT,
)

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

_inlined = njit(forceinline=True, error_model="numpy")


class Delistings(NamedTuple):
    """Which instruments are delisted, for the kernel."""

    last_rows: IntArray  # of shape (n_instruments,): of the last bar
    rows: IntArray  # of shape (n_instruments,): of the settlement; the number of bars where there is none
    value: float  # of one unit of the last price


def has_delistings(bars: Bars, spec: DelistingSpec, trading_on: Collection[int] = ()) -> bool:
    """Return whether any instrument is delisted: a look at the last bar in the usual case, in which none is."""
    if bars.has_bar[-1].all() or len(bars.has_bar) <= spec.after_bars:
        return False
    return bool((to_delistings(bars, spec, trading_on).rows < len(bars.has_bar)).any())


def to_delistings(bars: Bars, spec: DelistingSpec, trading_on: Collection[int] = ()) -> Delistings:
    """Return the instruments whose bars end before those of the account do.

    Parameters
    ----------
    bars : Bars
        All bars of the account.
    spec : DelistingSpec
        After how many bars of the account, and at which return.
    trading_on : collection of int, default=()
        Instruments that are not delisted, although no later bar shows it.

    Returns
    -------
    Delistings
        A settlement for each instrument that has no bar among the last `after_bars` of the account, and had one before.

    Notes
    -----
    Timing: that an instrument has traded for the last time is announced to everybody; here it is told from the bars,
    all of them. One that is halted has a bar again later, and is not delisted however long it was.
    """
    n_bars = len(bars.timestamps)
    last_rows = n_bars - 1 - bars.has_bar[::-1].argmax(axis=0)
    ended = bars.has_bar.any(axis=0) & (n_bars - 1 - last_rows >= spec.after_bars)
    ended &= ~bars.instruments.isin(list(trading_on))
    return Delistings(last_rows, np.where(ended, last_rows + spec.after_bars, n_bars), 1.0 + spec.assumed_return)


@_inlined
def settle(
    row: int,
    delistings: Delistings,
    fills: FloatArray,
    book: FloatArray,
    cash: float,
    n_fills: int,
) -> tuple[float, int]:
    """Pay out every position whose instrument is delisted at this bar, and take back its orders."""
    for i in range(book.shape[1]):
        if delistings.rows[i] != row:
            continue
        book[ORDER, i] = np.nan
        book[LYING, i] = np.nan
        book[TARGET_WEIGHT, i] = 0.0
        held = book[HELD, i]
        if held == 0.0:
            continue
        price = book[LAST_PRICE, i] * delistings.value
        fills[n_fills, FILL_ROW] = row
        fills[n_fills, FILL_DECIDED_ROW] = delistings.last_rows[i]
        fills[n_fills, FILL_INSTRUMENT] = i
        fills[n_fills, FILL_SHARES] = -held
        fills[n_fills, FILL_PRICE] = price
        fills[n_fills, FILL_COMMISSION] = 0.0
        fills[n_fills, FILL_REFERENCE] = price
        fills[n_fills, FILL_REASON] = BY_DELISTING
        fills[n_fills, FILL_HELD] = 0.0
        fills[n_fills, FILL_BOUND] = np.nan
        book[HELD, i] = 0.0
        cash += held * price
        n_fills += 1
    return cash, n_fills

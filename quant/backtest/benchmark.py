"""What one could have had without any model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numba import njit, types

from quant.backtest.alignment import CLOSE, DIVIDEND, OPEN, SPLIT_FACTOR, Bars, align, microseconds_of, over_instruments
from quant.backtest.catalog import DelistingSpec
from quant.backtest.delisting import has_delistings, to_delistings
from quant.errors import DataError
from quant.frames import Prices

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

_COLUMNS = pd.Index(["equity", "return"], dtype="str")


def buy_and_hold(
    prices: Mapping[int, Prices] | Bars,
    initial_cash: float,
    start: pd.Timestamp,
    delisting: DelistingSpec | None = None,
) -> pd.DataFrame:
    """Buy all instruments at the first possible open, in equal parts, and never sell.

    Parameters
    ----------
    prices : mapping of int to DataFrame, or Bars
        Raw price frame of each instrument, actions included; or what `align` made of them.
    initial_cash : float
        Money at the start.
    start : Timestamp
        The close at which the strategy first decides: the first timestamp of its equity curve.
    delisting : DelistingSpec, optional
        What is paid out for an instrument that is delisted, and when, as for the strategy; by default its last price.

    Returns
    -------
    DataFrame of shape (n_bars, 2)
        Index `timestamp` from `start` on, the same as that of the strategy: `equity` after each close, `initial_cash`
        on the first row, and `return`, NaN on the first row.

    Raises
    ------
    NotEnoughData
        If there are no bars from `start` on.
    DataError
        If no instrument has a bar at `start`.

    Notes
    -----
    Timing: decided at the close of `start`, filled at the open of each instrument's next bar, as the strategy's first
    orders are. The part of an instrument that has no later bar stays in cash.

    Without costs and in fractions of shares: what one pays to hold an index is not modelled, and a benchmark without
    costs is the harder one to beat. Dividends are reinvested in the same instrument at the open of the ex-date. Parts
    are equal at the start and not rebalanced. Without actions, each part earns exactly the price return from its first
    open. An instrument without a bar is valued at its last close; what a delisting leaves stays in cash.

    Examples
    --------
    >>> index = pd.date_range("2024-01-02 21:00", periods=3, tz="UTC", unit="us", name="timestamp")
    >>> market = {"open": [9.0, 10.0, 11.0], "high": 20.0, "low": 5.0, "close": [9.5, 11.0, 12.0]}
    >>> prices = pd.DataFrame({**market, "volume": 1e6, "split_factor": 1.0, "dividend": 0.0}, index=index)
    >>> buy_and_hold({0: prices}, 1000.0, prices.index[0])["equity"].tolist()
    [1000.0, 1100.0, 1200.0]
    """
    bars = align(prices, start=start)
    if bars.timestamps.asi8[0] != microseconds_of(start):
        raise DataError(
            f"Expected a bar at the start, {start}; found the first one after it at {bars.timestamps[0]}. Start at a "
            "bar."
        )
    worth = np.empty(bars.has_bar.shape)
    _grow(bars.values, worth)
    if delisting is not None and has_delistings(bars, delisting):
        paid = to_delistings(bars, delisting)
        bought = bars.has_bar[1:].any(axis=0)
        is_after = bought & (np.arange(len(bars.timestamps))[:, np.newaxis] >= paid.rows)
        worth[is_after] *= paid.value
    value = over_instruments(worth) * (initial_cash / len(bars.instruments))
    block = np.empty((2, len(value)))
    _write_curve(np.ascontiguousarray(value), block)
    return pd.DataFrame(block.T, index=bars.timestamps, columns=_COLUMNS, copy=False)


@njit(
    types.void(types.Array(types.float64, 1, "C"), types.Array(types.float64, 2, "C")),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _write_curve(value: FloatArray, block: FloatArray) -> None:
    """Write the two of `_COLUMNS`."""
    equity, returns, before, after = block[0], block[1], value[:-1], value[1:]
    for row in range(value.size):
        equity[row] = value[row]
    for row in range(before.size):
        returns[1 + row] = after[row] / before[row] - 1.0
    returns[0] = np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _grow(market: FloatArray, worth: FloatArray) -> None:
    """Write what one unit of money in each instrument becomes, of shape (n_bars, n_instruments)."""
    for i in range(market.shape[2]):
        first_open, last_close, growth = np.nan, np.nan, 1.0
        for row in range(market.shape[1]):
            opening = market[OPEN, row, i]
            if not np.isnan(opening):  # else there is no bar
                last_close = market[CLOSE, row, i]
                if not np.isnan(first_open):  # from the first open on, not including actions before it
                    split_factor, dividend = market[SPLIT_FACTOR, row, i], market[DIVIDEND, row, i]
                    if split_factor != 1.0 or dividend != 0.0:
                        growth *= split_factor * (1.0 + dividend / opening)
                elif row > 0:
                    first_open = opening
            worth[row, i] = 1.0 if np.isnan(first_open) else growth * last_close / first_open

"""Round trips: which fills belong together, and what each of them made or lost."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from quant.backtest.alignment import Bars, align
from quant.errors import DataError
from quant.frames import Prices

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

# Planes of `history`, shape (7, n_bars, n_instruments).
OPEN, HIGH, LOW, SPLIT_FACTOR, HELD, DIVIDENDS, BORROW_FEES = 0, 1, 2, 3, 4, 5, 6
# Columns of `fills`, sorted by instrument and row.
FILL_ROW, FILL_INSTRUMENT, FILL_SHARES, FILL_PRICE, FILL_COMMISSION, FILL_SLIPPAGE = 0, 1, 2, 3, 4, 5
# Columns of `trades`; those in shares are in shares of the trade's last bar. EXIT_ROW is -1 while the trade is open.
INSTRUMENT, DIRECTION, ENTRY_ROW, EXIT_ROW, ENTRY_SHARES, ENTRY_VALUE, EXIT_SHARES, EXIT_VALUE = 0, 1, 2, 3, 4, 5, 6, 7
MAX_SHARES, INCOME, FEES, COMMISSION, SLIPPAGE, BARS_HELD, ADVERSE, FAVOURABLE = 8, 9, 10, 11, 12, 13, 14, 15

_DIRECTIONS = pd.array(["short", "long"], dtype="str")
_inlined = njit(forceinline=True, error_model="numpy")


def trades_from_fills(fills: pd.DataFrame, positions: pd.DataFrame, prices: Mapping[int, Prices]) -> pd.DataFrame:
    """Group fills into round trips.

    Parameters
    ----------
    fills, positions : DataFrame
        As `BacktestResult` has them.
    prices : mapping of int to DataFrame
        The raw price frames that the backtest used.

    Returns
    -------
    DataFrame of shape (n_trades, 16)
        One row a round trip, by entry and instrument: `instrument`; `direction` ("long" or "short"); `entry_at` and
        `exit_at`, the timestamps of the bars at whose open the first and last fill were made, NaT while open;
        `entry_price` and `exit_price`, averages of the fills weighted by shares (NaN if none); `max_shares`;
        `entry_value`, the money of all fills that opened or enlarged the position; `pnl` in money, net of all costs,
        dividends and borrow fees included, marked at the last close while open; `return_on_entry_value`, a fraction;
        `dividends` received (negative: paid) and `borrow_fees` paid, which are in the pnl; `costs`, the commissions,
        slippage and borrow fees, which are in the pnl too; `bars_held`, bars of the instrument at whose close the
        position was held; `max_adverse_excursion` (0 or below) and `max_favourable_excursion` (0 or above); `is_open`.

    Raises
    ------
    DataError
        If the prices do not have the bars of the positions.

    Notes
    -----
    Timing: looks at each trade from its entry to its exit. An outcome, never a feature.

    A trade begins when the position leaves zero and ends when it returns to zero or changes side; a fill that changes
    side ends one trade and begins the next, and its costs are shared by shares. Dividends and borrow fees belong to the
    trade that held the shares at the previous close. The pnl of all trades adds up to final equity less initial cash.

    Prices and shares are in shares of the trade's last bar: a split in between divides the former and multiplies the
    latter. Excursions are the worst and best price against the average entry price up to then, as a fraction in favour
    of the position: highs and lows of the bars at whose close it was held, and the open at which it was left. Whether
    the high came before the low is not known and not needed. Dividends are not part of excursions.

    References
    ----------
    Sweeney 1996, Maximum Adverse Excursion.
    """
    bars = _bars_of(positions, prices)
    rows = np.searchsorted(bars.timestamps.asi8, pd.DatetimeIndex(fills["timestamp"]).asi8)
    columns = np.searchsorted(bars.instruments.to_numpy(), fills["instrument"].to_numpy())
    signed = np.where(fills["side"].to_numpy() == "buy", 1.0, -1.0) * fills["shares"].to_numpy()
    table = np.stack([rows, columns, signed, fills["price"], fills["commission"], fills["slippage_cost"]], axis=1)
    panel = positions.to_numpy(dtype=np.float64).reshape(*bars.has_bar.shape, -1)
    held, value, dividends, borrow_fees = (
        panel[:, :, positions.columns.get_loc(name)] for name in ("shares", "value", "dividends", "borrow_fees")
    )
    history = np.stack([bars.open, bars.high, bars.low, bars.split_factor, held, dividends, borrow_fees])
    trades = np.zeros((len(fills) + 1, 16))  # each fill begins at most one trade
    n_trades = round_trips(history, table[np.lexsort((rows, columns))], trades)
    return _trades_frame(trades[:n_trades].T, bars, value[-1])


def _bars_of(positions: pd.DataFrame, prices: Mapping[int, Prices]) -> Bars:
    """Return the bars under the positions."""
    timestamps = pd.DatetimeIndex(positions.index.get_level_values("timestamp"))
    bars = align(prices, start=timestamps[0])
    n_bars, n_instruments = bars.has_bar.shape
    if not (
        np.array_equal(timestamps.asi8, np.repeat(bars.timestamps.asi8, n_instruments))
        and np.array_equal(positions.index.get_level_values("instrument"), np.tile(bars.instruments, n_bars))
    ):
        raise DataError(
            f"Expected the prices that the backtest used; found {n_bars} bars of {n_instruments} instruments that do "
            f"not match the {len(positions)} rows of positions. Pass the same price frames."
        )
    return bars


def _trades_frame(trades: FloatArray, bars: Bars, last_values: FloatArray) -> pd.DataFrame:
    """Return the trades as a frame, by entry and instrument."""
    trades = trades[:, np.lexsort((trades[INSTRUMENT], trades[ENTRY_ROW]))]
    is_open = trades[EXIT_ROW] < 0
    instruments = trades[INSTRUMENT].astype(np.int64)
    gross = trades[DIRECTION] * (trades[EXIT_VALUE] - trades[ENTRY_VALUE]) + np.where(
        is_open, last_values[instruments], 0.0
    )
    pnl = gross + trades[INCOME] - trades[FEES] - trades[COMMISSION]
    exit_rows = trades[EXIT_ROW].astype(np.int64)  # -1 becomes NaT
    exit_at = bars.timestamps.take(exit_rows, fill_value=pd.NaT)  # type: ignore[arg-type] # unknown to the stubs
    return pd.DataFrame(
        {
            "instrument": bars.instruments.to_numpy()[instruments],
            "direction": _DIRECTIONS.take((trades[DIRECTION] > 0).astype(np.int64)),
            "entry_at": bars.timestamps[trades[ENTRY_ROW].astype(np.int64)],
            "exit_at": exit_at,
            "entry_price": trades[ENTRY_VALUE] / trades[ENTRY_SHARES],
            "exit_price": trades[EXIT_VALUE] / np.where(trades[EXIT_SHARES] > 0, trades[EXIT_SHARES], np.nan),
            "max_shares": trades[MAX_SHARES],
            "entry_value": trades[ENTRY_VALUE],
            "pnl": pnl,
            "return_on_entry_value": pnl / trades[ENTRY_VALUE],
            "dividends": trades[INCOME],
            "borrow_fees": trades[FEES],
            "costs": trades[COMMISSION] + trades[SLIPPAGE] + trades[FEES],
            "bars_held": trades[BARS_HELD].astype(np.int64),
            "max_adverse_excursion": trades[ADVERSE],
            "max_favourable_excursion": trades[FAVOURABLE],
            "is_open": is_open,
        }
    )


@njit(cache=True, nogil=True, error_model="numpy")
def round_trips(history: FloatArray, fills: FloatArray, trades: FloatArray) -> int:
    """Write one row a round trip, instrument by instrument; return their number."""
    n_trades = 0
    next_fill = 0
    for i in range(history.shape[2]):
        is_open = False
        for row in range(history.shape[1]):
            if is_open:
                _carry(row, i, history, trades[n_trades])
            if (
                next_fill < fills.shape[0]
                and fills[next_fill, FILL_INSTRUMENT] == i
                and fills[next_fill, FILL_ROW] == row
            ):
                n_trades, is_open = _take_fill(row, i, history, fills[next_fill], trades, n_trades, is_open)
                next_fill += 1
            if is_open and history[HIGH, row, i] > 0.0:
                _watch(row, i, history, trades[n_trades])
        if is_open:
            n_trades += 1
    return n_trades


@_inlined
def _carry(row: int, i: int, history: FloatArray, trade: FloatArray) -> None:
    """Take splits, dividends and borrow fees of a bar into an open trade, before its open."""
    split_factor = history[SPLIT_FACTOR, row, i]
    if split_factor > 0.0:  # false where there is no bar
        trade[ENTRY_SHARES] *= split_factor
        trade[EXIT_SHARES] *= split_factor
        trade[MAX_SHARES] *= split_factor
    trade[INCOME] += history[DIVIDENDS, row, i]
    trade[FEES] += history[BORROW_FEES, row, i]


@_inlined
def _take_fill(
    row: int,
    i: int,
    history: FloatArray,
    fill: FloatArray,
    trades: FloatArray,
    n_trades: int,
    is_open: bool,  # noqa: FBT001 - numba kernels take positions only
) -> tuple[int, bool]:
    """Share a fill between the trade that it reduces and the one that it begins or enlarges."""
    traded = abs(fill[FILL_SHARES])
    side = np.sign(fill[FILL_SHARES])
    held = history[HELD, row, i]
    closed = 0.0
    if is_open and side != trades[n_trades, DIRECTION]:
        trade = trades[n_trades]
        closed = min(traded, abs(held - fill[FILL_SHARES]))
        _excurse(history[OPEN, row, i], trade)
        trade[EXIT_SHARES] += closed
        trade[EXIT_VALUE] += closed * fill[FILL_PRICE]
        _charge(closed / traded, fill, trade)
        if held * trade[DIRECTION] <= 0.0:
            trade[EXIT_ROW] = row
            n_trades += 1
            is_open = False
        else:
            closed = traded  # to the last bit: nothing is opened
    if closed < traded and held != 0.0:
        trade = trades[n_trades]
        if not is_open:
            trade[INSTRUMENT] = i
            trade[DIRECTION] = side
            trade[ENTRY_ROW] = row
            trade[EXIT_ROW] = -1
            is_open = True
        trade[ENTRY_SHARES] += traded - closed
        trade[ENTRY_VALUE] += (traded - closed) * fill[FILL_PRICE]
        _charge((traded - closed) / traded, fill, trade)
    return n_trades, is_open


@_inlined
def _charge(part: float, fill: FloatArray, trade: FloatArray) -> None:
    """Charge a trade with its part of the costs of a fill."""
    trade[COMMISSION] += part * fill[FILL_COMMISSION]
    trade[SLIPPAGE] += part * fill[FILL_SLIPPAGE]


@_inlined
def _watch(row: int, i: int, history: FloatArray, trade: FloatArray) -> None:
    """Take a bar at whose close the position is held into an open trade."""
    trade[BARS_HELD] += 1
    trade[MAX_SHARES] = max(trade[MAX_SHARES], abs(history[HELD, row, i]))
    _excurse(history[HIGH, row, i], trade)
    _excurse(history[LOW, row, i], trade)


@_inlined
def _excurse(price: float, trade: FloatArray) -> None:
    """Widen the excursions of a trade to a price."""
    gain = trade[DIRECTION] * (price * trade[ENTRY_SHARES] / trade[ENTRY_VALUE] - 1.0)
    trade[ADVERSE] = min(trade[ADVERSE], gain)
    trade[FAVOURABLE] = max(trade[FAVOURABLE], gain)

"""Round trips: which fills belong together, and what each of them made or lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from quant.backtest.account_frames import REASONS
from quant.backtest.alignment import CLOSE, HIGH, LOW, OPEN, SPLIT_FACTOR, Bars
from quant.backtest.desk import FILL_HELD, N_DESK_FILL_COLUMNS
from quant.backtest.desk import FILL_REASON as REASON_OF_FILL
from quant.backtest.desk import FILL_REFERENCE as REFERENCE_OF_FILL
from quant.backtest.engine import BacktestResult
from quant.backtest.simulation import BORROW_FEES, DIVIDENDS, PRICE, SHARES
from quant.backtest.simulation import FILL_COMMISSION as COMMISSION_OF_FILL
from quant.backtest.simulation import FILL_INSTRUMENT as INSTRUMENT_OF_FILL
from quant.backtest.simulation import FILL_PRICE as PRICE_OF_FILL
from quant.backtest.simulation import FILL_ROW as ROW_OF_FILL
from quant.backtest.simulation import FILL_SHARES as SHARES_OF_FILL

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

# Columns of `fills`, sorted by instrument and row. HELD_AFTER are the shares after it, NaN for those at the close.
FILL_ROW, FILL_INSTRUMENT, FILL_SHARES, FILL_PRICE, FILL_COMMISSION, FILL_SLIPPAGE = 0, 1, 2, 3, 4, 5
FILL_REFERENCE, FILL_REASON, HELD_AFTER = 6, 7, 8
# Columns of `trades`; those in shares are in shares of the trade's last bar. EXIT_ROW is -1 while the trade is open.
INSTRUMENT, DIRECTION, ENTRY_ROW, EXIT_ROW, ENTRY_SHARES, ENTRY_VALUE, EXIT_SHARES, EXIT_VALUE = 0, 1, 2, 3, 4, 5, 6, 7
MAX_SHARES, INCOME, FEES, COMMISSION, SLIPPAGE, BARS_HELD, ADVERSE, FAVOURABLE = 8, 9, 10, 11, 12, 13, 14, 15
REASON, PNL, HIGHEST, LOWEST, N_TRADE_COLUMNS = 16, 17, 18, 19, 20

_COLUMNS = pd.Index(
    [
        "instrument",
        "direction",
        "entry_at",
        "exit_at",
        "entry_price",
        "exit_price",
        "max_shares",
        "entry_value",
        "pnl",
        "return_on_entry_value",
        "dividends",
        "borrow_fees",
        "costs",
        "bars_held",
        "max_adverse_excursion",
        "max_favourable_excursion",
        "is_open",
        "exit_reason",
    ],
    dtype="str",
)
_DIRECTIONS = pd.array(["short", "long"], dtype="str")
_EXITS = pd.array([*REASONS, "open"], dtype="str")
_inlined = njit(forceinline=True, error_model="numpy")


def trades_from_fills(result: BacktestResult) -> pd.DataFrame:
    """Group the fills of a backtest into round trips.

    Parameters
    ----------
    result : BacktestResult
        What `run_backtest` returned.

    Returns
    -------
    DataFrame of shape (n_trades, 18)
        One row a round trip, by entry and instrument: `instrument`; `direction` ("long" or "short"); `entry_at` and
        `exit_at`, the timestamps of the bars of the first and last fill, NaT while open;
        `entry_price` and `exit_price`, averages of the fills weighted by shares (NaN if none); `max_shares`;
        `entry_value`, the money of all fills that opened or enlarged the position; `pnl` in money, net of all costs,
        dividends and borrow fees included, marked at the last close while open; `return_on_entry_value`, a fraction;
        `dividends` received (negative: paid) and `borrow_fees` paid, which are in the pnl; `costs`, the commissions,
        slippage and borrow fees, which are in the pnl too; `bars_held`, bars of the instrument at whose close the
        position was held; `max_adverse_excursion` (0 or below) and `max_favourable_excursion` (0 or above); `is_open`;
        `exit_reason` ("signal", "stop_loss", "take_profit", "trailing_stop", "margin_call" or "delisted"), of the last
        fill, "open" while open.

    Notes
    -----
    Timing: looks at each trade from its entry to its exit. An outcome, never a feature.

    A trade begins when the position leaves zero and ends when it returns to zero or changes side; a fill that changes
    side ends one trade and begins the next, and its costs are shared by shares. Dividends and borrow fees belong to the
    trade that held the shares at the previous close. The pnl of all trades adds up to final equity less initial cash.

    Prices and shares are in shares of the trade's last bar: a split in between divides the former and multiplies the
    latter. Excursions are the worst and best price against the average entry price up to then, as a fraction in favour
    of the position: highs and lows of the bars at whose close it was held, and the open or the level at which
    it was left. Whether the high came before the low is not known and not needed, but in the bar in which an order
    that lay was filled at its level: prices fell to a level below the open and rose to one above it, so that of what
    lies on the other side, which may have come before, the close alone counts. Dividends are not part of excursions.

    References
    ----------
    Sweeney 1996, Maximum Adverse Excursion.
    """
    return find_round_trips(result).frame


@dataclass(frozen=True, eq=False)
class RoundTrips:
    """What each trade was and made: arrays, and a frame of them that is made when it is first asked for.

    Attributes
    ----------
    outcomes : mapping of str to ndarray of shape (n_trades,)
        What `quant.risk.measure.measure` asks of trades: `pnl`, `return_on_entry_value`, `bars_held` and `is_open`.
    frame : DataFrame of shape (n_trades, 18)
        Everything about them, as `trades_from_fills` describes it.
    table : ndarray of shape (20, n_trades)
        The trades as the kernel wrote them, by entry and instrument.
    bars : Bars
        The bars of the backtest.
    """

    outcomes: Mapping[str, np.ndarray[Any, Any]]
    table: FloatArray
    bars: Bars

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Everything about the trades."""
        return _trades_frame(self)


def find_round_trips(result: BacktestResult) -> RoundTrips:
    """Group the fills of a backtest into round trips, for those who measure them and look at none.

    Parameters
    ----------
    result : BacktestResult
        What `run_backtest` returned.

    Returns
    -------
    RoundTrips
        In the order and by the rules of `trades_from_fills`.

    Notes
    -----
    Timing: as `trades_from_fills`.
    """
    found, bars, ledger = result.fill_table, result.bars, result.account.ledger
    order = np.argsort(found[INSTRUMENT_OF_FILL], kind="stable")  # they are in the order of their bars
    fills = np.empty((found.shape[1], 9))
    _gather(found, order, bars.open, fills)
    trades = np.zeros((len(fills) + 1, N_TRADE_COLUMNS))  # each fill begins at most one trade
    table = trades[: round_trips(bars.values, ledger, fills, trades)].T
    if len(bars.instruments) > 1:
        table = table[:, np.lexsort((table[INSTRUMENT], table[ENTRY_ROW]))]
    outcomes = {
        "pnl": table[PNL].copy(),
        "return_on_entry_value": table[PNL] / table[ENTRY_VALUE],
        "bars_held": table[BARS_HELD].astype(np.int64),
        "is_open": table[EXIT_ROW] < 0,
    }
    return RoundTrips(outcomes, table, bars)


def _trades_frame(found: RoundTrips) -> pd.DataFrame:
    """Return the trades as a frame."""
    trades, bars, is_open = found.table, found.bars, found.outcomes["is_open"]
    exit_rows = trades[EXIT_ROW].astype(np.int64)  # -1 becomes NaT
    exit_at = bars.timestamps.take(exit_rows, fill_value=pd.NaT)  # type: ignore[arg-type] # unknown to the stubs
    columns = (
        bars.instruments.to_numpy()[trades[INSTRUMENT].astype(np.int64)],
        _DIRECTIONS.take((trades[DIRECTION] > 0).astype(np.int64)),
        bars.timestamps[trades[ENTRY_ROW].astype(np.int64)],
        exit_at,
        trades[ENTRY_VALUE] / trades[ENTRY_SHARES],
        trades[EXIT_VALUE] / np.where(trades[EXIT_SHARES] > 0, trades[EXIT_SHARES], np.nan),
        trades[MAX_SHARES],
        trades[ENTRY_VALUE],
        found.outcomes["pnl"],
        found.outcomes["return_on_entry_value"],
        trades[INCOME],
        trades[FEES],
        trades[COMMISSION] + trades[SLIPPAGE] + trades[FEES],
        found.outcomes["bars_held"],
        trades[ADVERSE],
        trades[FAVOURABLE],
        is_open,
        _EXITS.take(np.where(is_open, len(REASONS), trades[REASON]).astype(np.int64)),
    )
    # Numbered first and named by an index that is there already: an index of names costs more than the columns.
    frame = pd.DataFrame(dict(enumerate(columns)), copy=False)
    frame.columns = _COLUMNS
    return frame


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(found: FloatArray, order: IntArray, opens: FloatArray, fills: FloatArray) -> None:
    """Write the fills in an order, with what they cost against their reference price: the open, without a desk."""
    is_of_desk = found.shape[0] == N_DESK_FILL_COLUMNS
    for place in range(order.size):
        k = order[place]
        row, i = int(found[ROW_OF_FILL, k]), int(found[INSTRUMENT_OF_FILL, k])
        reference = found[REFERENCE_OF_FILL, k] if is_of_desk else opens[row, i]
        shares, price = found[SHARES_OF_FILL, k], found[PRICE_OF_FILL, k]
        fills[place, FILL_ROW], fills[place, FILL_INSTRUMENT] = row, i
        fills[place, FILL_SHARES], fills[place, FILL_PRICE] = shares, price
        fills[place, FILL_COMMISSION] = found[COMMISSION_OF_FILL, k]
        fills[place, FILL_SLIPPAGE] = abs(shares * (price - reference))
        fills[place, FILL_REFERENCE] = reference
        fills[place, FILL_REASON] = found[REASON_OF_FILL, k] if is_of_desk else 0.0
        fills[place, HELD_AFTER] = found[FILL_HELD, k] if is_of_desk else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def round_trips(market: FloatArray, ledger: FloatArray, fills: FloatArray, trades: FloatArray) -> int:
    """Write one row a round trip, instrument by instrument; return their number."""
    n_trades = 0
    next_fill = 0
    for i in range(market.shape[2]):
        is_open = False
        for row in range(market.shape[1]):
            if is_open:
                _carry(row, i, market, ledger, trades[n_trades])
            unknown = 0.0
            while (
                next_fill < fills.shape[0]
                and fills[next_fill, FILL_INSTRUMENT] == i
                and fills[next_fill, FILL_ROW] == row
            ):
                held = fills[next_fill, HELD_AFTER]
                if np.isnan(held):  # the only fill of its bar
                    held = ledger[SHARES, row, i]
                was_open, n_before = is_open, n_trades
                n_trades, is_open = _take_fill(row, i, held, fills[next_fill], trades, n_trades, is_open)
                if is_open and (not was_open or n_trades > n_before):
                    unknown = _side_before(market[OPEN, row, i], fills[next_fill])
                next_fill += 1
            if is_open and market[HIGH, row, i] > 0.0:
                _watch(row, i, unknown, market, trades[n_trades])
        if is_open:
            last = ledger.shape[1] - 1
            held = ledger[SHARES, last, i]
            _finish(0.0 if held == 0.0 else held * ledger[PRICE, last, i], trades[n_trades])
            n_trades += 1
    return n_trades


@_inlined
def _carry(row: int, i: int, market: FloatArray, ledger: FloatArray, trade: FloatArray) -> None:
    """Take splits, dividends and borrow fees of a bar into an open trade, before its open."""
    split_factor = market[SPLIT_FACTOR, row, i]
    if split_factor > 0.0 and split_factor != 1.0:  # the first is false where there is no bar
        _excurse(trade)
        trade[ENTRY_SHARES] *= split_factor
        trade[EXIT_SHARES] *= split_factor
        trade[MAX_SHARES] *= split_factor
    trade[INCOME] += ledger[DIVIDENDS, row, i]
    trade[FEES] += ledger[BORROW_FEES, row, i]


@_inlined
def _take_fill(
    row: int,
    i: int,
    held: float,
    fill: FloatArray,
    trades: FloatArray,
    n_trades: int,
    is_open: bool,  # noqa: FBT001 - numba kernels take positions only
) -> tuple[int, bool]:
    """Share a fill between the trade that it reduces and the one that it begins or enlarges."""
    traded = abs(fill[FILL_SHARES])
    side = np.sign(fill[FILL_SHARES])
    closed = 0.0
    if is_open and side != trades[n_trades, DIRECTION]:
        trade = trades[n_trades]
        closed = min(traded, abs(held - fill[FILL_SHARES]))
        _see(fill[FILL_REFERENCE], fill[FILL_REFERENCE], trade)
        trade[EXIT_SHARES] += closed
        trade[EXIT_VALUE] += closed * fill[FILL_PRICE]
        _charge(closed / traded, fill, trade)
        if held * trade[DIRECTION] <= 0.0:
            trade[EXIT_ROW] = row
            trade[REASON] = fill[FILL_REASON]
            _finish(0.0, trade)
            n_trades += 1
            is_open = False
        else:
            closed = traded  # to the last bit: nothing is opened
    if closed < traded and held != 0.0:
        trade = trades[n_trades]
        if is_open:
            _excurse(trade)
        else:
            trade[INSTRUMENT] = i
            trade[DIRECTION] = side
            trade[ENTRY_ROW] = row
            trade[EXIT_ROW] = -1
            trade[HIGHEST], trade[LOWEST] = -np.inf, np.inf
            is_open = True
        trade[ENTRY_SHARES] += traded - closed
        trade[ENTRY_VALUE] += (traded - closed) * fill[FILL_PRICE]
        trade[MAX_SHARES] = max(trade[MAX_SHARES], abs(held))
        _charge((traded - closed) / traded, fill, trade)
    return n_trades, is_open


@_inlined
def _charge(part: float, fill: FloatArray, trade: FloatArray) -> None:
    """Charge a trade with its part of the costs of a fill."""
    trade[COMMISSION] += part * fill[FILL_COMMISSION]
    trade[SLIPPAGE] += part * fill[FILL_SLIPPAGE]


@_inlined
def _side_before(open_: float, fill: FloatArray) -> float:
    """Return which end of the bar may have come before a fill that began a trade: 1 its high, -1 its low, else 0."""
    if fill[FILL_REFERENCE] < open_:  # prices fell to it
        return 1.0
    return -1.0 if fill[FILL_REFERENCE] > open_ else 0.0


@_inlined
def _watch(row: int, i: int, unknown: float, market: FloatArray, trade: FloatArray) -> None:
    """Take a bar at whose close the position is held into an open trade; of its `unknown` end, the close alone."""
    trade[BARS_HELD] += 1
    high = market[CLOSE, row, i] if unknown > 0.0 else market[HIGH, row, i]
    low = market[CLOSE, row, i] if unknown < 0.0 else market[LOW, row, i]
    _see(high, low, trade)


@_inlined
def _see(high: float, low: float, trade: FloatArray) -> None:
    """Take prices into the highest and lowest that an open trade has seen since its shares or their price changed."""
    trade[HIGHEST] = max(trade[HIGHEST], high)
    trade[LOWEST] = min(trade[LOWEST], low)


@_inlined
def _excurse(trade: FloatArray) -> None:
    """Widen the excursions of a trade to what it has seen, before its shares or their price change."""
    if trade[HIGHEST] >= trade[LOWEST]:
        for price in (trade[HIGHEST], trade[LOWEST]):
            gain = trade[DIRECTION] * (price * trade[ENTRY_SHARES] / trade[ENTRY_VALUE] - 1.0)
            trade[ADVERSE] = min(trade[ADVERSE], gain)
            trade[FAVOURABLE] = max(trade[FAVOURABLE], gain)
    trade[HIGHEST], trade[LOWEST] = -np.inf, np.inf


@_inlined
def _finish(value: float, trade: FloatArray) -> None:
    """Write what a trade has made, with the value of what is still held."""
    _excurse(trade)
    gross = trade[DIRECTION] * (trade[EXIT_VALUE] - trade[ENTRY_VALUE]) + value
    trade[PNL] = gross + trade[INCOME] - trade[FEES] - trade[COMMISSION]

"""What an account has written, as the frames of a `BacktestResult`."""

from typing import Any

import numpy as np
import pandas as pd
from numba import njit, types

from quant.backtest.alignment import Bars, over_instruments
from quant.backtest.costs import DAYS_PER_YEAR, CostRates
from quant.backtest.desk import FILL_BOUND, FILL_REASON, FILL_REFERENCE, N_DESK_FILL_COLUMNS
from quant.backtest.entries import LIES_SINCE, LIMIT_AT, LYING, N_DESK_BOOK_PLANES, STOP_AT
from quant.backtest.simulation import (
    BORROW_FEES,
    DECIDED_ROW,
    DIVIDENDS,
    FILL_COMMISSION,
    FILL_DECIDED_ROW,
    FILL_INSTRUMENT,
    FILL_PRICE,
    FILL_ROW,
    FILL_SHARES,
    HELD,
    ORDER,
    PRICE,
    SHARES,
    Account,
)
from quant.frames import TIMESTAMP_DTYPE

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

_SERIES, _TABLE = types.Array(types.float64, 1, "C", readonly=True), types.Array(types.float64, 2, "A", readonly=True)
_EQUITY_COLUMNS = pd.Index(
    ["cash", "position_value", "equity", "return", "exposure", "turnover", "costs", "interest"], dtype="str"
)
_POSITION_COLUMNS = pd.Index(["shares", "price", "value", "weight", "dividends", "borrow_fees"], dtype="str")
_ORDERS = pd.array(["market", "limit", "stop", "stop_limit"], dtype="str")
_SIDES = pd.array(["sell", "buy"], dtype="str")
REASONS = pd.array(
    ["signal", "stop_loss", "take_profit", "trailing_stop", "limit_entry", "stop_entry", "margin_call", "delisted"],
    dtype="str",
)
# The usual case, made once: building an empty frame takes twice as long as simulating 2,500 bars.
_NOTHING_PENDING = pd.DataFrame(
    {
        "decided_at": pd.Series(dtype=TIMESTAMP_DTYPE),
        "instrument": pd.Series(dtype="int64"),
        "side": pd.Series(dtype="str"),
        "shares": pd.Series(dtype="float64"),
        "order": pd.Series(dtype="str"),
        "stop_price": pd.Series(dtype="float64"),
        "limit_price": pd.Series(dtype="float64"),
    }
)


def equity_frame(bars: Bars, account: Account, fills: FloatArray, rates: CostRates) -> pd.DataFrame:
    """Return the equity curve, see `BacktestResult.equity`."""
    ledger = account.ledger
    value = values_held(ledger)
    block = np.empty((len(_EQUITY_COLUMNS), len(account.cash)))
    _write_curve(
        account.cash,
        np.ascontiguousarray(over_instruments(value)),
        np.ascontiguousarray(over_instruments(np.abs(value))),
        np.ascontiguousarray(over_instruments(ledger[BORROW_FEES])),
        fills,
        slippage_costs(bars, fills),
        block,
    )
    block[7] = _interest(bars, account.cash, value, rates)
    return pd.DataFrame(block.T, index=bars.timestamps, columns=_EQUITY_COLUMNS, copy=False)


@njit(
    types.void(*[_SERIES] * 4, _TABLE, _SERIES, types.Array(types.float64, 2, "C")),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _write_curve(
    cash: FloatArray,
    value: FloatArray,
    gross: FloatArray,
    fees: FloatArray,
    fills: FloatArray,
    slippage: FloatArray,
    block: FloatArray,
) -> None:
    """Write the first seven of `_EQUITY_COLUMNS`; what is a part of nothing, or of a debt, is unknown."""
    equity, returns, exposure, turnover, costs = block[2], block[3], block[4], block[5], block[6]
    solvent = np.empty(cash.size)
    # One array in each loop, so that the processor takes several values at once.
    for row in range(cash.size):
        equity[row] = cash[row] + value[row]
    for row in range(cash.size):
        solvent[row] = equity[row] if equity[row] > 0.0 else np.nan
    for row in range(cash.size):
        exposure[row] = gross[row] / solvent[row]
    before, after = solvent[:-1], equity[1:]
    for row in range(before.size):
        returns[1 + row] = after[row] / before[row] - 1.0
    returns[0] = np.nan
    block[0, :], block[1, :], turnover[:], costs[:] = cash, value, 0.0, 0.0
    for fill in range(fills.shape[1]):
        row = int(fills[FILL_ROW, fill])
        turnover[row] += abs(fills[FILL_SHARES, fill]) * fills[FILL_PRICE, fill]
        costs[row] += fills[FILL_COMMISSION, fill] + slippage[fill]
    last = -1
    for fill in range(fills.shape[1]):
        row = int(fills[FILL_ROW, fill])
        if row != last and turnover[row] != 0.0:
            turnover[row] /= solvent[row - 1]
        last = row
    for row in range(cash.size):
        costs[row] += fees[row]


def _interest(bars: Bars, cash: FloatArray, value: FloatArray, rates: CostRates) -> FloatArray:
    """Return what the account was paid for its cash in each bar, as `quant.backtest.costs.interest` counts it."""
    earned = np.zeros(len(cash))
    if rates.cash_annual == 0.0 and rates.debt_annual == 0.0:
        return earned
    free = np.maximum(cash + np.minimum(value, 0.0).sum(axis=1), 0.0)
    annual = np.where(cash < 0.0, cash * rates.debt_annual, free * rates.cash_annual)
    earned[1:] = annual[:-1] * bars.n_days[1:] / DAYS_PER_YEAR
    return earned


def positions_frame(bars: Bars, account: Account) -> pd.DataFrame:
    """Return the panel of positions."""
    ledger = account.ledger
    value = values_held(ledger)
    equity = account.cash + value.sum(axis=1)
    solvent = np.where(equity > 0, equity, np.nan)
    columns = [ledger[SHARES], ledger[PRICE], value, value / solvent[:, np.newaxis]]
    columns += [ledger[DIVIDENDS], ledger[BORROW_FEES]]
    block = np.stack([column.ravel() for column in columns])
    return pd.DataFrame(block.T, index=bars.panel_index(), columns=_POSITION_COLUMNS, copy=False)


def values_held(ledger: FloatArray) -> FloatArray:
    """Return the money in each position; 0 where nothing is held, also before an instrument's first price."""
    values = np.empty(ledger.shape[1:])
    _value(ledger[SHARES].ravel(), ledger[PRICE].ravel(), values.reshape(-1))
    return values


@njit(types.void(_SERIES, _SERIES, types.Array(types.float64, 1, "C")), cache=True, nogil=True)
def _value(shares: FloatArray, prices: FloatArray, values: FloatArray) -> None:
    for k in range(values.size):
        value = shares[k] * prices[k]
        values[k] = value if shares[k] != 0.0 else 0.0


def slippage_costs(bars: Bars, fills: FloatArray) -> FloatArray:
    """Return what each fill cost against its reference price."""
    costs: FloatArray = np.abs(fills[FILL_SHARES] * (fills[FILL_PRICE] - reference_prices(bars, fills)))
    return costs


def reference_prices(bars: Bars, fills: FloatArray) -> FloatArray:
    """Return the raw open of each fill, or the level that was touched."""
    if len(fills) == N_DESK_FILL_COLUMNS:
        touched: FloatArray = fills[FILL_REFERENCE]
        return touched
    opens = np.empty(fills.shape[1])
    _open(bars.open, fills, opens)
    return opens


@njit(cache=True, nogil=True)
def _open(market: FloatArray, fills: FloatArray, opens: FloatArray) -> None:
    for k in range(opens.size):
        opens[k] = market[int(fills[FILL_ROW, k]), int(fills[FILL_INSTRUMENT, k])]


def price_bounds(fills: FloatArray) -> FloatArray:
    """Return the price that each fill could not be worse than; NaN: any."""
    return fills[FILL_BOUND] if len(fills) == N_DESK_FILL_COLUMNS else np.full(fills.shape[1], np.nan)


def reasons(fills: FloatArray) -> FloatArray:
    """Return why each fill was made: a place in `REASONS`."""
    return fills[FILL_REASON] if len(fills) == N_DESK_FILL_COLUMNS else np.zeros(fills.shape[1])


def fills_frame(bars: Bars, fills: FloatArray) -> pd.DataFrame:
    """Return one row a fill."""
    shares = np.abs(fills[FILL_SHARES])
    return pd.DataFrame(
        {
            "timestamp": bars.timestamps[fills[FILL_ROW].astype(np.int64)],
            "decided_at": bars.timestamps[fills[FILL_DECIDED_ROW].astype(np.int64)],
            "instrument": bars.instruments.to_numpy()[fills[FILL_INSTRUMENT].astype(np.int64)],
            "side": _sides(fills[FILL_SHARES]),
            "shares": shares,
            "price": fills[FILL_PRICE],
            "reference_price": reference_prices(bars, fills),
            "commission": fills[FILL_COMMISSION],
            "slippage_cost": slippage_costs(bars, fills),
            "value": shares * fills[FILL_PRICE],
            "reason": REASONS.take(reasons(fills).astype(np.int64)),
        }
    )


def pending_frame(bars: Bars, book: FloatArray) -> pd.DataFrame:
    """Return one row an order that found no next bar, and one an order that lies."""
    waiting = np.flatnonzero(~np.isnan(book[ORDER]))
    orders = [(i, book[DECIDED_ROW, i], book[ORDER, i] - book[HELD, i], np.nan, np.nan) for i in waiting]
    if len(book) == N_DESK_BOOK_PLANES:
        # What is held on the other side is left at the market first.
        orders += [
            (i, book[LIES_SINCE, i], _lying_shares(*book[[LYING, HELD], i]), book[STOP_AT, i], book[LIMIT_AT, i])
            for i in np.flatnonzero(~np.isnan(book[LYING]))
        ]
    if not orders:
        return _NOTHING_PENDING.copy()
    places, rows, shares, stops, limits = (np.array(column) for column in zip(*orders, strict=True))
    return pd.DataFrame(
        {
            "decided_at": bars.timestamps[rows.astype(np.int64)],
            "instrument": bars.instruments.to_numpy()[places],
            "side": _sides(shares),
            "shares": np.abs(shares),
            "order": _ORDERS.take(np.isfinite(limits) + 2 * np.isfinite(stops)),
            "stop_price": stops,
            "limit_price": limits,
        }
    )


def _lying_shares(wanted: float, held: float) -> float:
    """Return what an order that lies trades."""
    return wanted - held if wanted * held > 0.0 else wanted


def _sides(shares: FloatArray) -> pd.api.extensions.ExtensionArray:
    """Return the side of each signed number of shares."""
    return _SIDES.take((shares > 0).astype(np.int64))

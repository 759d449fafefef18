"""The compiled account of all that the quick one has not: `simulate` of `quant.backtest.simulation`, at a desk.

Apart from it, so that an account without protective orders or limits pays nothing for them. What both do is inlined
from there, what only this one does from `quant.backtest.desk`, `delisting`, `entries`, `exits` and `margin`; the
compiled form on disk is renewed when *this* file changes: after a change in one of them, save this file too.
"""

from typing import Any

import numpy as np
from numba import njit

from quant.backtest.delisting import Delistings, settle
from quant.backtest.desk import (
    BY_SIGNAL,
    N_DESK_PLANES,
    REASON,
    WAITS_FOR,
    Limits,
    fill_at_the_open,
    fill_wishes,
    open_desk,
)
from quant.backtest.entries import LYING, Entries, bring_lying, place, split_lying
from quant.backtest.exits import Exits, leave_at_the_open, leave_within
from quant.backtest.margin import Margin, call_margin, part_within_limit
from quant.backtest.simulation import (
    ORDER,
    TARGET_WEIGHT,
    Rules,
    apply_actions,
    charge_borrowing,
    charge_interest,
    close_account,
    decide_one,
    mark,
)

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

_inlined = njit(forceinline=True, error_model="numpy")


@njit(cache=True, nogil=True, error_model="numpy")
def simulate_orders(  # noqa: PLR0913, PLR0917 - a kernel's arrays
    market: FloatArray,
    n_days: FloatArray,
    target_weights: FloatArray,
    initial_cash: float,
    rules: Rules,
    limits: Limits,
    entries: Entries,
    exits: Exits,
    margin: Margin,
    delistings: Delistings,
    cash_after: FloatArray,
    ledger: FloatArray,
    fills: FloatArray,
    book: FloatArray,
) -> tuple[int, int]:
    """Run the account through all bars, as `simulate` does; `fills` has `N_DESK_FILL_COLUMNS` columns."""
    cash = initial_cash
    n_fills = 0
    ruined_row = -1
    desk = np.zeros((N_DESK_PLANES, book.shape[1]))
    entered = np.zeros(book.shape[1])
    book[LYING] = np.nan
    for row in range(n_days.size):
        cash += charge_interest(n_days[row], rules.rates, book, cash)
        cash -= charge_borrowing(row, n_days[row], rules.rates.borrow_annual, ledger, book)
        cash += apply_actions(row, row, market, rules.whole_shares, ledger, book)
        if entries.is_used:
            split_lying(row, market, rules.whole_shares, book)
        cash, n_fills = settle(row, delistings, fills, book, cash, n_fills)
        open_desk(row, market, limits, desk)
        leave_at_the_open(row, market, limits, exits, book, desk)
        cash, n_fills = fill_at_the_open(row, market, rules, limits, fills, book, desk, cash, n_fills)
        for is_after in (False, True):  # what is held is protected before anything is entered
            if is_after:
                if not entries.is_used:
                    break
                bring_lying(row, market, rules, limits, book, desk, entered)
                cash, n_fills = fill_wishes(row, market, rules, fills, book, desk, cash, n_fills)
            cash, n_fills = leave_within(
                row, market, rules, limits, exits, fills, book, desk, entered, is_after, cash, n_fills
            )
        equity = cash + mark(row, row, market, ledger, book)
        cash_after[row] = cash
        if equity <= 0.0 and ruined_row < 0:
            ruined_row = row
        if ruined_row < 0:
            part = part_within_limit(row, target_weights, equity, margin, book, desk)
            _decide(row, target_weights, part, equity, rules, entries, book, desk)
            call_margin(row, equity, margin, rules.whole_shares, book, desk)
        else:
            book[LYING] = np.nan
            close_account(row, book)
    return n_fills, ruined_row


@_inlined
def _decide(
    row: int,
    target_weights: FloatArray,
    part: float,
    equity: float,
    rules: Rules,
    entries: Entries,
    book: FloatArray,
    desk: FloatArray,
) -> None:
    """Make orders from such a part of the weights decided at this close, in place of what waits.

    None is made for the side that a level has made it leave; what is still to be left of it waits on.
    """
    for i in range(book.shape[1]):
        weight = target_weights[row, i]
        if np.isnan(weight):
            continue
        if desk[WAITS_FOR, i] * weight > 0.0:
            book[TARGET_WEIGHT, i] = 0.0
            continue
        desk[WAITS_FOR, i] = 0.0
        desk[REASON, i] = BY_SIGNAL
        book[ORDER, i] = np.nan
        decide_one(row, i, weight * part, equity, rules, book)
        if entries.is_used:
            place(row, i, entries, book)

"""The compiled account: one pass over the bars, all instruments sharing one cash balance.

Nothing here knows pandas; `quant.backtest.engine` brings the arrays and states the rules in words. Arrays are stacked,
one plane a field: a kernel that passes thirty arrays from function to function spends its time counting references.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant.backtest.costs import CostRates, borrow_fee, commission, fill_price, interest
from quant.sums import pairwise_sum

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

# Planes of `market`, shape (at least 4, n_bars, n_instruments): NaN where an instrument has no bar. They are those of
# `quant.backtest.alignment.Bars`, so that nothing is copied.
DIVIDEND, OPEN, CLOSE, SPLIT_FACTOR = 0, 1, 2, 3
# Planes of `ledger`, shape (4, n_bars, n_instruments): what is so after each bar; in a journal, after each entry.
SHARES, PRICE, DIVIDENDS, BORROW_FEES = 0, 1, 2, 3
# Columns of `fills`, shape (at least n_decisions + n_instruments, 6).
FILL_ROW, FILL_DECIDED_ROW, FILL_INSTRUMENT, FILL_SHARES, FILL_PRICE, FILL_COMMISSION = 0, 1, 2, 3, 4, 5
N_FILL_COLUMNS = 6
# Planes of `book`, shape (at least 5, n_instruments): what is carried from bar to bar. LAST_PRICE is NaN before the
# first close; ORDER is the number of shares to hold after the next open, NaN when there is no order; DECIDED_ROW is of
# that order.
HELD, LAST_PRICE, TARGET_WEIGHT, ORDER, DECIDED_ROW = 0, 1, 2, 3, 4
N_BOOK_PLANES = 5

# Long weights may add up to 1 and a rounding error before the book counts as levered.
UNLEVERED = 1.0 + 1e-9
# Smaller parts of a position or of a wanted purchase are dust, left over from rounding, and not traded: a fill of 1e-15
# shares would pay the minimum commission.
DUST = 1e-9
# Halvings that take the bought part of an unaffordable order from 1 to the last bit of a float.
N_HALVINGS = 60

_MICROSECONDS_PER_DAY = 86_400_000_000

# A call that is not inlined copies the descriptors of all arrays: three times the time of the work itself.
_inlined = njit(forceinline=True, error_model="numpy")


class Rules(NamedTuple):
    """How orders are made and filled."""

    whole_shares: bool
    rebalance_threshold: float
    rates: CostRates


class Decisions(NamedTuple):
    """The weights that are decided, each of shape (n_decisions,), ascending by row and instrument."""

    rows: IntArray
    instruments: IntArray  # their places
    weights: FloatArray


class Account(NamedTuple):
    """The account after every bar."""

    cash: FloatArray  # of shape (n_bars,)
    ledger: FloatArray
    fills: FloatArray
    book: FloatArray


def empty_account(
    n_bars: int,
    n_instruments: int,
    n_decisions: int,
    *,
    n_fill_columns: int = N_FILL_COLUMNS,
    n_book_planes: int = N_BOOK_PLANES,
    n_per_order: int = 1,
) -> Account:
    """Return an account to be written; each decision makes at most one fill, and ruin one more an instrument."""
    book = np.zeros((n_book_planes, n_instruments))
    book[[LAST_PRICE, ORDER]] = np.nan
    return Account(
        cash=np.zeros(n_bars),
        ledger=np.zeros((4, n_bars, n_instruments)),
        fills=np.zeros(((n_decisions + n_instruments) * n_per_order, n_fill_columns)),
        book=book,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def simulate(  # noqa: PLR0913, PLR0917 - a kernel's arrays
    market: FloatArray,
    closes: FloatArray,
    stamps: IntArray,
    action_rows: IntArray,
    decisions: Decisions,
    initial_cash: float,
    rules: Rules,
    levels: FloatArray,
    rows: IntArray,
    cash_after: FloatArray,
    ledger: FloatArray,
    fills: FloatArray,
    book: FloatArray,
) -> tuple[int, int, int]:
    """Run the account through all bars; return the number of fills, the row of ruin (-1: none), and of entries.

    `closes` are those of `market`, apart. `stamps` are the microseconds since 1970 of each bar, `action_rows` those of
    `quant.backtest.alignment.Bars`. The last six are the fields of a `quant.backtest.journal.Journal`, and are written;
    the orders left in `book` are those that found no next bar.
    """
    cash, ruined_row = initial_cash, -1
    n_fills = n_entries = next_decision = next_action = row = 0
    worth = np.empty(book.shape[1])
    counts_days = rules.rates.cash_annual != 0.0 or rules.rates.debt_annual != 0.0 or rules.rates.borrow_annual != 0.0
    while row < stamps.size:
        # What is not needed of this bar is not read: most of it is far from the processor.
        n_days = float(_day(stamps[row]) - _day(stamps[row - 1])) if counts_days and row > 0 else 0.0
        ledger[DIVIDENDS, n_entries], ledger[BORROW_FEES, n_entries] = 0.0, 0.0
        cash += charge_interest(n_days, rules.rates, book, cash)
        cash -= charge_borrowing(n_entries, n_days, rules.rates.borrow_annual, ledger, book)
        next_action = _first_from(row, next_action, action_rows)
        if next_action < len(action_rows) and action_rows[next_action] == row:
            cash += apply_actions(row, n_entries, market, rules.whole_shares, ledger, book)
        if _is_ordered(book):  # asked for itself: few bars fill, and filling keeps what is at hand out of registers
            cash, n_fills = fill_orders(row, market, rules, fills, book, cash, n_fills)
        equity = cash + mark(row, n_entries, market, ledger, book)
        levels[row] = cash + _worth(book, worth)
        rows[n_entries], cash_after[n_entries] = row, cash
        n_entries += 1
        if equity <= 0.0 and ruined_row < 0:
            ruined_row = row
        while next_decision < len(decisions.rows) and decisions.rows[next_decision] == row:
            if ruined_row < 0:
                i, weight = decisions.instruments[next_decision], decisions.weights[next_decision]
                decide_one(row, i, weight, equity, rules, book)
            next_decision += 1
        if ruined_row >= 0:
            close_account(row, book)
        row += 1
        if ruined_row < 0 and not _is_ordered(book) and not _is_charged(rules.rates, book):
            next_action = _first_from(row, next_action, action_rows)
            until = min(_row_of(next_decision, decisions.rows, stamps), _row_of(next_action, action_rows, stamps))
            row = _pass_by(row, until, closes, cash, levels, book, worth)
            # Models decide at every close. A decision that stands alone costs less than passing it by.
            if row == until and len(worth) == 1 and _row_of(next_decision + 1, decisions.rows, stamps) == row + 1:
                until = _row_of(next_action, action_rows, stamps)
                rows_left, weights_left = decisions.rows[next_decision:], decisions.weights[next_decision:]
                n_passed = _pass_by_decided(row, until, rows_left, weights_left, closes, cash, levels, rules, book)
                row, next_decision = row + n_passed, next_decision + n_passed
    return n_fills, ruined_row, n_entries


@_inlined
def _first_from(row: int, place: int, rows: IntArray) -> int:
    """Return the place of the first of ascending rows that is not before a row, looked for from a place on."""
    while place < len(rows) and rows[place] < row:
        place += 1
    return place


@_inlined
def _row_of(place: int, rows: IntArray, stamps: IntArray) -> int:
    """Return the row at a place; the number of bars if there is none."""
    row: int = rows[place] if place < len(rows) else len(stamps)
    return row


@_inlined
def _day(stamp: int) -> int:
    """Return the calendar day (in UTC) of a moment."""
    return stamp // _MICROSECONDS_PER_DAY


@_inlined
def _worth(book: FloatArray, worth: FloatArray) -> float:
    """Write the money in each position; return the sum, which is numpy's to the last bit."""
    for i in range(book.shape[1]):
        worth[i] = book[HELD, i] * book[LAST_PRICE, i] if book[HELD, i] != 0.0 else 0.0
    return pairwise_sum(worth, 0, book.shape[1])


@njit(nogil=True, error_model="numpy")
def _pass_by(
    row: int,
    until: int,
    closes: FloatArray,
    cash: float,
    levels: FloatArray,
    book: FloatArray,
    worth: FloatArray,
) -> int:
    """Write equity after the bars in which nothing happens; return the first after them, or in which all is lost."""
    if len(worth) == 1 and _pass_by_alone(row, until, closes.reshape(closes.size), cash, levels, book):
        return until
    while row < until:
        _price(closes[row], book[HELD], book[LAST_PRICE], worth)
        level = cash + pairwise_sum(worth, 0, len(worth))
        if level <= 0.0:
            return row
        levels[row] = level
        row += 1
    return row


@njit(nogil=True, error_model="numpy")
def _price(closes: FloatArray, held: FloatArray, last: FloatArray, worth: FloatArray) -> None:
    """Take over the closes that there are; write the money in each position."""
    for i in range(len(worth)):
        price = last[i] if np.isnan(closes[i]) else closes[i]
        last[i] = price
        worth[i] = held[i] * price if held[i] != 0.0 else 0.0


@njit(nogil=True, error_model="numpy")
def _pass_by_alone(row: int, until: int, closes: FloatArray, cash: float, levels: FloatArray, book: FloatArray) -> bool:
    """Do the same for one instrument; return whether all could be done: it has every bar, and not all is lost.

    Nothing is asked between two bars, so that the processor takes several at once.
    """
    held, n_lost = book[HELD, 0], 0
    for k in range(row, until):
        level = cash + held * closes[k]
        levels[k] = level
        n_lost += not level > 0.0  # true of NaN
    if n_lost == 0 and row < until:
        book[LAST_PRICE, 0] = closes[until - 1]
    return n_lost == 0


@njit(nogil=True, error_model="numpy")
def _pass_by_decided(  # noqa: PLR0913, PLR0917 - as above
    row: int,
    until: int,
    decided: IntArray,
    weights: FloatArray,
    closes: FloatArray,
    cash: float,
    levels: FloatArray,
    rules: Rules,
    book: FloatArray,
) -> int:
    """Do the same for the bars of one instrument in which a weight is decided that orders nothing; return how many."""
    held, n_passed = book[HELD, 0], 0
    while row < until and n_passed < len(decided) and decided[n_passed] == row:
        price, weight = closes[row, 0], weights[n_passed]
        level = cash + (held * price if held != 0.0 else 0.0)
        if not (level > 0.0 and np.isnan(_wanted(weight, held, price, level, rules))):  # the former is false of NaN
            return n_passed
        levels[row] = level
        book[LAST_PRICE, 0], book[TARGET_WEIGHT, 0] = price, weight
        row, n_passed = row + 1, n_passed + 1
    return n_passed


@_inlined
def _is_charged(rates: CostRates, book: FloatArray) -> bool:
    """Return whether time alone changes the cash."""
    if rates.cash_annual != 0.0 or rates.debt_annual != 0.0:
        return True
    if rates.borrow_annual == 0.0:
        return False
    for i in range(book.shape[1]):  # noqa: SIM110 - as below
        if book[HELD, i] < 0.0:
            return True
    return False


@_inlined
def charge_interest(n_days: float, rates: CostRates, book: FloatArray, cash: float) -> float:
    """Return what cash at the last close has earned since, or debt has cost."""
    if rates.cash_annual == 0.0 and rates.debt_annual == 0.0:
        return 0.0
    short_value = 0.0
    for i in range(book.shape[1]):
        if book[HELD, i] < 0.0:
            short_value -= book[HELD, i] * book[LAST_PRICE, i]
    return interest(cash, short_value, n_days, rates)


@_inlined
def charge_borrowing(entry: int, n_days: float, borrow_annual: float, ledger: FloatArray, book: FloatArray) -> float:
    """Return the fee for shares sold short, valued at the last close, for the days since."""
    total = 0.0
    for i in range(book.shape[1]):
        if book[HELD, i] < 0.0:
            fee = borrow_fee(-book[HELD, i] * book[LAST_PRICE, i], n_days, borrow_annual)
            ledger[BORROW_FEES, entry, i] = fee
            total += fee
    return total


@_inlined
def apply_actions(
    row: int,
    entry: int,
    market: FloatArray,
    whole_shares: bool,  # noqa: FBT001 - numba kernels take positions only
    ledger: FloatArray,
    book: FloatArray,
) -> float:
    """Split shares held and ordered, then return the dividends on what was held at the previous close."""
    total = 0.0
    for i in range(book.shape[1]):
        split_factor = market[SPLIT_FACTOR, row, i]
        if split_factor > 0.0 and split_factor != 1.0:  # false where there is no bar
            book[HELD, i] *= split_factor
            order = book[ORDER, i] * split_factor
            book[ORDER, i] = np.trunc(order) if whole_shares else order
        if market[DIVIDEND, row, i] > 0.0 and book[HELD, i] != 0.0:
            dividend = book[HELD, i] * market[DIVIDEND, row, i]
            ledger[DIVIDENDS, entry, i] = dividend
            total += dividend
    return total


@_inlined
def _is_ordered(book: FloatArray) -> bool:
    """Return whether any order waits."""
    for i in range(book.shape[1]):  # noqa: SIM110 - numba knows no generators
        if not np.isnan(book[ORDER, i]):
            return True
    return False


@_inlined
def fill_orders(
    row: int, market: FloatArray, rules: Rules, fills: FloatArray, book: FloatArray, cash: float, n_fills: int
) -> tuple[float, int]:
    """Fill every order whose instrument has a bar: what frees cash first, then purchases as far as cash goes."""
    n_purchases = 0
    for i in range(book.shape[1]):
        if _is_due(row, i, market, book):
            if book[ORDER, i] > max(book[HELD, i], 0.0):
                n_purchases += 1
            else:
                cash, n_fills = _fill(row, i, book[ORDER, i], market, rules, fills, book, cash, n_fills)
    if n_purchases == 0:
        return cash, n_fills
    part = _affordable_part(row, market, rules, book, cash)
    for i in range(book.shape[1]):
        if _is_due(row, i, market, book):
            shares = _reachable(i, part, rules.whole_shares, book)
            cash, n_fills = _fill(row, i, shares, market, rules, fills, book, cash, n_fills)
    return cash, n_fills


@_inlined
def _is_due(row: int, i: int, market: FloatArray, book: FloatArray) -> bool:
    """Return whether the instrument has both an order and a bar."""
    return not (np.isnan(book[ORDER, i]) or np.isnan(market[OPEN, row, i]))


@_inlined
def _fill(  # noqa: PLR0913, PLR0917 - a kernel's arrays and counters
    row: int,
    i: int,
    shares: float,
    market: FloatArray,
    rules: Rules,
    fills: FloatArray,
    book: FloatArray,
    cash: float,
    n_fills: int,
) -> tuple[float, int]:
    """Trade from the shares held to `shares` at the open, end the order; return cash and number of fills."""
    traded = shares - book[HELD, i]
    book[ORDER, i] = np.nan
    if traded == 0.0:
        return cash, n_fills
    price = fill_price(market[OPEN, row, i], traded, rules.rates.slippage_rate)
    fills[n_fills, FILL_ROW] = row
    fills[n_fills, FILL_DECIDED_ROW] = book[DECIDED_ROW, i]
    fills[n_fills, FILL_INSTRUMENT] = i
    fills[n_fills, FILL_SHARES] = traded
    fills[n_fills, FILL_PRICE] = price
    fills[n_fills, FILL_COMMISSION] = commission(traded, price, rules.rates)
    book[HELD, i] = shares
    return pay(cash, traded, price, rules.rates), n_fills + 1


@_inlined
def pay(cash: float, traded: float, price: float, rates: CostRates) -> float:
    """Return the cash after a fill; one place, so that what is foreseen is what is paid, to the last bit."""
    return cash - traded * price - commission(traded, price, rates)


@_inlined
def _reachable(i: int, part: float, whole_shares: bool, book: FloatArray) -> float:  # noqa: FBT001 - as above
    """Return the shares to hold when only `part` of what is bought to open can be paid; covering is never cut."""
    wanted: float = book[ORDER, i]
    if part >= 1.0:
        return wanted
    start = max(book[HELD, i], 0.0)
    bought = (wanted - start) * part
    if whole_shares:
        bought = np.floor(bought)
    reached: float = start + bought
    return reached


@_inlined
def _affordable_part(row: int, market: FloatArray, rules: Rules, book: FloatArray, cash: float) -> float:
    """Return the greatest common part of all purchases that leaves cash at zero or above; 1 for a levered book."""
    planned = 0.0
    for i in range(book.shape[1]):
        planned += max(book[TARGET_WEIGHT, i], 0.0)
    if planned > UNLEVERED or _cash_after(row, 1.0, market, rules, book, cash) >= 0.0:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(N_HALVINGS):
        middle = 0.5 * (low + high)
        if middle in (low, high):  # nothing lies between them any more
            break
        if _cash_after(row, middle, market, rules, book, cash) >= 0.0:
            low = middle
        else:
            high = middle
    return low if low >= DUST else 0.0


@_inlined
def _cash_after(row: int, part: float, market: FloatArray, rules: Rules, book: FloatArray, cash: float) -> float:
    """Return the cash that would be left after buying `part` of every purchase."""
    for i in range(book.shape[1]):
        if _is_due(row, i, market, book):
            traded = _reachable(i, part, rules.whole_shares, book) - book[HELD, i]
            if traded != 0.0:
                price = fill_price(market[OPEN, row, i], traded, rules.rates.slippage_rate)
                cash = pay(cash, traded, price, rules.rates)
    return cash


@_inlined
def mark(row: int, entry: int, market: FloatArray, ledger: FloatArray, book: FloatArray) -> float:
    """Write down shares and last prices; return the value of all positions."""
    value = 0.0
    for i in range(book.shape[1]):
        close = market[CLOSE, row, i]
        if not np.isnan(close):
            book[LAST_PRICE, i] = close
        ledger[SHARES, entry, i] = book[HELD, i]
        ledger[PRICE, entry, i] = book[LAST_PRICE, i]
        if book[HELD, i] != 0.0:
            value += book[HELD, i] * book[LAST_PRICE, i]
    return value


@_inlined
def decide_one(row: int, i: int, weight: float, equity: float, rules: Rules, book: FloatArray) -> None:
    """Make an order from a weight, unless what is held is near enough."""
    book[TARGET_WEIGHT, i] = weight
    shares = _wanted(weight, book[HELD, i], book[LAST_PRICE, i], equity, rules)
    if not np.isnan(shares):
        book[ORDER, i] = shares
        book[DECIDED_ROW, i] = row


@_inlined
def _wanted(weight: float, held: float, price: float, equity: float, rules: Rules) -> float:
    """Return the shares to order for a weight; NaN if what is held is near enough."""
    shares = weight * equity / price
    if rules.whole_shares:
        shares = np.trunc(shares)
    if abs(shares - held) <= DUST * abs(held):
        return np.nan
    turns = np.sign(shares) != np.sign(held)
    if turns or abs(weight - held * price / equity) > rules.rebalance_threshold:
        return shares
    return np.nan


@_inlined
def close_account(row: int, book: FloatArray) -> None:
    """Order every position to zero; nothing else is ever ordered again."""
    for i in range(book.shape[1]):
        if book[HELD, i] == 0.0:
            book[ORDER, i] = np.nan
        elif np.isnan(book[ORDER, i]) or book[ORDER, i] != 0.0:
            book[ORDER, i] = 0.0
            book[DECIDED_ROW, i] = row

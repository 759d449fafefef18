"""The compiled account with protective orders: `simulate` of `quant.backtest.simulation`, and exits inside a bar.

Apart from it, so that an account without such orders pays nothing for them. What both do is inlined from there; the
compiled form on disk is renewed when *this* file changes: after a change there, save this file too.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant.backtest.catalog import ExitSpec
from quant.backtest.costs import commission, fill_price
from quant.backtest.simulation import (
    DECIDED_ROW,
    FILL_COMMISSION,
    FILL_DECIDED_ROW,
    FILL_INSTRUMENT,
    FILL_PRICE,
    FILL_ROW,
    FILL_SHARES,
    HELD,
    N_FILL_COLUMNS,
    OPEN,
    ORDER,
    SPLIT_FACTOR,
    TARGET_WEIGHT,
    Rules,
    apply_actions,
    charge_borrowing,
    close_account,
    decide_one,
    fill_orders,
    mark,
    pay,
)

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

# Planes of `market` beside those of the simulation; they are those of `quant.backtest.alignment.Bars`.
HIGH, LOW = 4, 5
# Columns of `fills` beside those of the simulation.
FILL_REFERENCE, FILL_REASON = N_FILL_COLUMNS, N_FILL_COLUMNS + 1
N_GUARDED_FILL_COLUMNS = N_FILL_COLUMNS + 2
# Why a fill was made.
BY_SIGNAL, BY_STOP_LOSS, BY_TAKE_PROFIT, BY_TRAILING_STOP = 0, 1, 2, 3
# Planes of `guard`, shape (4, n_instruments): average price at which what is held was entered, best price since, the
# side that was left and waits for another signal (1 or -1, else 0), and why the order of this open was made.
ENTRY, BEST, WAITS_FOR, REASON = 0, 1, 2, 3

_inlined = njit(forceinline=True, error_model="numpy")


class Exits(NamedTuple):
    """An `ExitSpec` for the kernel: fractions, infinite where there is no such order."""

    stop_loss: float
    take_profit: float
    trailing_stop: float
    stop_first: bool


def to_exits(spec: ExitSpec) -> Exits:
    """Return the exits of a specification.

    Examples
    --------
    >>> to_exits(ExitSpec(stop_loss=0.1))
    Exits(stop_loss=0.1, take_profit=inf, trailing_stop=inf, stop_first=True)
    """
    return Exits(
        stop_loss=_or_never(spec.stop_loss),
        take_profit=_or_never(spec.take_profit),
        trailing_stop=_or_never(spec.trailing_stop),
        stop_first=spec.intrabar == "stop_first",
    )


def _or_never(fraction: float | None) -> float:
    return np.inf if fraction is None else fraction


@njit(cache=True, nogil=True, error_model="numpy")
def simulate_exits(  # noqa: PLR0913, PLR0917 - a kernel's arrays
    market: FloatArray,
    n_days: FloatArray,
    target_weights: FloatArray,
    initial_cash: float,
    rules: Rules,
    exits: Exits,
    cash_after: FloatArray,
    ledger: FloatArray,
    fills: FloatArray,
    book: FloatArray,
) -> tuple[int, int]:
    """Run the account through all bars, as `simulate` does; `fills` has `N_GUARDED_FILL_COLUMNS` columns."""
    cash = initial_cash
    n_fills = 0
    ruined_row = -1
    guard = np.zeros((4, book.shape[1]))
    for row in range(n_days.size):
        cash -= charge_borrowing(row, n_days[row], rules.rates.borrow_annual, ledger, book)
        cash += apply_actions(row, market, rules.whole_shares, ledger, book)
        _restate(row, market, guard)
        _leave_at_the_open(row, market, exits, book, guard)
        before = n_fills
        cash, n_fills = fill_orders(row, market, rules, fills, book, cash, n_fills)
        _enter(row, before, n_fills, market, fills, book, guard)
        cash, n_fills = _leave_within(row, market, rules, exits, fills, book, guard, cash, n_fills)
        equity = cash + mark(row, market, ledger, book)
        cash_after[row] = cash
        if equity <= 0.0 and ruined_row < 0:
            ruined_row = row
        if ruined_row < 0:
            _decide_again(row, target_weights, equity, rules, book, guard)
        else:
            close_account(row, book)
    return n_fills, ruined_row


@_inlined
def _restate(row: int, market: FloatArray, guard: FloatArray) -> None:
    """Take a split into the prices that levels are counted from; no order of an earlier open has a reason."""
    for i in range(guard.shape[1]):
        split_factor = market[SPLIT_FACTOR, row, i]
        if split_factor > 0.0:  # false where there is no bar
            guard[ENTRY, i] /= split_factor
            guard[BEST, i] /= split_factor
        guard[REASON, i] = BY_SIGNAL


@_inlined
def _stop(side: float, exits: Exits, i: int, guard: FloatArray) -> tuple[float, int]:
    """Return the nearer of stop-loss and trailing stop, and which it is; not reachable where there is none."""
    fixed = guard[ENTRY, i] * (1.0 - side * exits.stop_loss)
    trailed = guard[BEST, i] * (1.0 - side * exits.trailing_stop)
    if side * trailed > side * fixed:
        return trailed, BY_TRAILING_STOP
    return fixed, BY_STOP_LOSS


@_inlined
def _leave_at_the_open(row: int, market: FloatArray, exits: Exits, book: FloatArray, guard: FloatArray) -> None:
    """Order everything to be sold at this open whose level the open is beyond, unless it is to be left anyway."""
    for i in range(book.shape[1]):
        held, open_ = book[HELD, i], market[OPEN, row, i]
        if held == 0.0 or np.isnan(open_) or book[ORDER, i] * held <= 0.0:
            continue
        side = np.sign(held)
        stop, reason = _stop(side, exits, i, guard)
        target = guard[ENTRY, i] * (1.0 + side * exits.take_profit)
        if side * open_ <= side * stop:
            guard[REASON, i] = reason
        elif side * open_ >= side * target:
            guard[REASON, i] = BY_TAKE_PROFIT
        else:
            continue
        book[ORDER, i] = 0.0
        book[TARGET_WEIGHT, i] = 0.0
        book[DECIDED_ROW, i] = row - 1
        guard[WAITS_FOR, i] = side


@_inlined
def _enter(
    row: int, first: int, n_fills: int, market: FloatArray, fills: FloatArray, book: FloatArray, guard: FloatArray
) -> None:
    """Note the average entry price of what was bought to open at this open, and why the rest was traded."""
    for place in range(first, n_fills):
        i = int(fills[place, FILL_INSTRUMENT])
        fills[place, FILL_REFERENCE] = market[OPEN, row, i]
        fills[place, FILL_REASON] = guard[REASON, i]
        held, traded, price = book[HELD, i], fills[place, FILL_SHARES], fills[place, FILL_PRICE]
        before = held - traded
        if held * before <= 0.0:  # opened, turned or closed
            guard[ENTRY, i] = price
            guard[BEST, i] = price
        elif abs(held) > abs(before):
            guard[ENTRY, i] = (guard[ENTRY, i] * before + price * traded) / held


@_inlined
def _leave_within(  # noqa: PLR0913, PLR0917 - a kernel's arrays and counters
    row: int,
    market: FloatArray,
    rules: Rules,
    exits: Exits,
    fills: FloatArray,
    book: FloatArray,
    guard: FloatArray,
    cash: float,
    n_fills: int,
) -> tuple[float, int]:
    """Leave what the bar has touched the level of; then move the best price on, for the next bar."""
    for i in range(book.shape[1]):
        held, open_ = book[HELD, i], market[OPEN, row, i]
        if held == 0.0 or np.isnan(open_):
            continue
        side = np.sign(held)
        good, bad = market[HIGH, row, i], market[LOW, row, i]
        if side < 0.0:
            good, bad = bad, good
        stop, reason = _stop(side, exits, i, guard)
        target = guard[ENTRY, i] * (1.0 + side * exits.take_profit)
        is_stopped, is_reached = side * bad <= side * stop, side * good >= side * target
        if is_stopped or is_reached:
            if is_reached and not (is_stopped and exits.stop_first):
                reference = side * max(side * target, side * open_)
                price, reason = reference, BY_TAKE_PROFIT
            else:
                reference = side * min(side * stop, side * open_)
                price = fill_price(reference, -held, rules.rates.slippage_rate)
            fills[n_fills, FILL_ROW] = row
            fills[n_fills, FILL_DECIDED_ROW] = row - 1
            fills[n_fills, FILL_INSTRUMENT] = i
            fills[n_fills, FILL_SHARES] = -held
            fills[n_fills, FILL_PRICE] = price
            fills[n_fills, FILL_COMMISSION] = commission(held, price, rules.rates)
            fills[n_fills, FILL_REFERENCE] = reference
            fills[n_fills, FILL_REASON] = reason
            n_fills += 1
            cash = pay(cash, -held, price, rules.rates)
            book[HELD, i] = 0.0
            book[TARGET_WEIGHT, i] = 0.0
            guard[WAITS_FOR, i] = side
        else:
            guard[BEST, i] = side * max(side * guard[BEST, i], side * good)
    return cash, n_fills


@_inlined
def _decide_again(
    row: int, target_weights: FloatArray, equity: float, rules: Rules, book: FloatArray, guard: FloatArray
) -> None:
    """Make orders from the weights decided at this close, but none for the side that a level has made it leave."""
    for i in range(book.shape[1]):
        weight = target_weights[row, i]
        if np.isnan(weight):
            continue
        if guard[WAITS_FOR, i] * weight > 0.0:
            book[TARGET_WEIGHT, i] = 0.0
            continue
        guard[WAITS_FOR, i] = 0.0
        decide_one(row, i, weight, equity, rules, book)

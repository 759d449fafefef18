"""Where orders are filled that size, limits and protection matter to: one instrument's wish after the other.

Inlined into the kernel of `quant.backtest.orders`; the quick account of `quant.backtest.simulation` has no desk.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant.backtest.catalog import BacktestSpec
from quant.backtest.costs import CostRates, commission, fill_price, slippage
from quant.backtest.simulation import (
    DECIDED_ROW,
    DUST,
    FILL_COMMISSION,
    FILL_DECIDED_ROW,
    FILL_INSTRUMENT,
    FILL_PRICE,
    FILL_ROW,
    FILL_SHARES,
    HELD,
    N_FILL_COLUMNS,
    N_HALVINGS,
    OPEN,
    ORDER,
    SPLIT_FACTOR,
    TARGET_WEIGHT,
    UNLEVERED,
    Rules,
    pay,
)

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

# Planes of `market` beside those of the simulation; they are those of `quant.backtest.alignment.Bars`.
HIGH, LOW, VOLUME = 4, 5, 6
# Columns of `fills` beside those of the simulation.
FILL_REFERENCE, FILL_REASON, FILL_HELD, FILL_BOUND = range(N_FILL_COLUMNS, N_FILL_COLUMNS + 4)
N_DESK_FILL_COLUMNS = N_FILL_COLUMNS + 4
# Why a fill was made.
BY_SIGNAL, BY_STOP_LOSS, BY_TAKE_PROFIT, BY_TRAILING_STOP, BY_LIMIT_ENTRY, BY_STOP_ENTRY, BY_MARGIN_CALL = range(7)
BY_DELISTING = 7
# Planes of `desk`, shape (10, n_instruments). What is known of a position: average price at which it was entered, best
# price since, the side that was left and waits for another signal (1 or -1, else 0), and why its order was made. What
# is wished for now: shares to hold (NaN: nothing), the price it is filled at before slippage, the price that it may not
# be worse than (NaN: any), why, and the row up to which that was known. How many shares the bar still fills.
ENTRY, BEST, WAITS_FOR, REASON, WISH, REFERENCE, BOUND, WHY, SINCE, ROOM = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
N_DESK_PLANES = 10

_inlined = njit(forceinline=True, error_model="numpy")


class Limits(NamedTuple):
    """How much of a bar may be filled, and whether a touch is enough: parts of a `BacktestSpec` for the kernel."""

    looks_at_volume: bool
    volume_share: float  # infinite: all that is wanted
    rest_waits: bool
    touch_fills: bool


def to_limits(spec: BacktestSpec) -> Limits:
    """Return the limits of a specification.

    Examples
    --------
    >>> to_limits(BacktestSpec())
    Limits(looks_at_volume=False, volume_share=inf, rest_waits=True, touch_fills=True)
    """
    liquidity = spec.liquidity
    return Limits(
        looks_at_volume=liquidity.looks_at_volume,
        volume_share=np.inf if liquidity.max_volume_share is None else liquidity.max_volume_share,
        rest_waits=liquidity.unfilled == "waits",
        touch_fills=spec.touched_limits == "filled",
    )


@_inlined
def open_desk(row: int, market: FloatArray, limits: Limits, desk: FloatArray) -> None:
    """Take a split into the prices that levels are counted from, and say how many shares the bar fills."""
    for i in range(desk.shape[1]):
        split_factor = market[SPLIT_FACTOR, row, i]
        if split_factor > 0.0:  # false where there is no bar
            desk[ENTRY, i] /= split_factor
            desk[BEST, i] /= split_factor
        desk[WISH, i] = np.nan
        desk[ROOM, i] = np.inf
        if limits.looks_at_volume:
            volume = market[VOLUME, row, i]
            desk[ROOM, i] = limits.volume_share * volume if volume > 0.0 else 0.0


@_inlined
def wish(i: int, shares: float, reference: float, bound: float, why: int, since: float, desk: FloatArray) -> None:
    """Bring an order to the desk."""
    desk[WISH, i] = shares
    desk[REFERENCE, i] = reference
    desk[BOUND, i] = bound
    desk[WHY, i] = why
    desk[SINCE, i] = since


@_inlined
def within_room(i: int, shares: float, whole_shares: bool, book: FloatArray, desk: FloatArray) -> float:  # noqa: FBT001 - numba kernels take positions only
    """Return the shares to hold when no more is traded than the bar still fills."""
    change = shares - book[HELD, i]
    room = desk[ROOM, i]
    if abs(change) <= room:
        return shares
    if whole_shares:
        room = np.floor(room)
    reached: float = book[HELD, i] + np.sign(change) * room
    return reached


@_inlined
def fill_at_the_open(  # noqa: PLR0913, PLR0917 - a kernel's arrays and counters
    row: int,
    market: FloatArray,
    rules: Rules,
    limits: Limits,
    fills: FloatArray,
    book: FloatArray,
    desk: FloatArray,
    cash: float,
    n_fills: int,
) -> tuple[float, int]:
    """Fill every order at the market whose instrument has a bar; what the bar does not fill waits, or is dropped.

    A take-profit that the bar opens beyond has the bound that `leave_at_the_open` gave it; its rest lies on.
    """
    for i in range(book.shape[1]):
        if not (np.isnan(book[ORDER, i]) or np.isnan(market[OPEN, row, i])):
            shares = within_room(i, book[ORDER, i], rules.whole_shares, book, desk)
            lies = desk[REASON, i] == BY_TAKE_PROFIT
            bound = desk[BOUND, i] if lies else np.nan
            wish(i, shares, market[OPEN, row, i], bound, int(desk[REASON, i]), book[DECIDED_ROW, i], desk)
            if shares == book[ORDER, i] or not limits.rest_waits or lies:
                book[ORDER, i] = np.nan
                desk[REASON, i] = BY_SIGNAL
    return fill_wishes(row, market, rules, fills, book, desk, cash, n_fills)


@_inlined
def fill_wishes(
    row: int,
    market: FloatArray,
    rules: Rules,
    fills: FloatArray,
    book: FloatArray,
    desk: FloatArray,
    cash: float,
    n_fills: int,
) -> tuple[float, int]:
    """Fill what is wished for: what frees cash first, then purchases as far as cash goes."""
    n_purchases = 0
    for i in range(book.shape[1]):
        if desk[WISH, i] > max(book[HELD, i], 0.0):
            n_purchases += 1
        elif not np.isnan(desk[WISH, i]):
            cash, n_fills = fill(row, i, desk[WISH, i], market, rules, fills, book, desk, cash, n_fills)
    if n_purchases == 0:
        return cash, n_fills
    part = _affordable_part(row, market, rules, book, desk, cash)
    for i in range(book.shape[1]):
        if not np.isnan(desk[WISH, i]):
            shares = _reachable(i, part, rules.whole_shares, book, desk)
            cash, n_fills = fill(row, i, shares, market, rules, fills, book, desk, cash, n_fills)
    return cash, n_fills


@_inlined
def fill(  # noqa: PLR0913, PLR0917 - a kernel's arrays and counters
    row: int,
    i: int,
    shares: float,
    market: FloatArray,
    rules: Rules,
    fills: FloatArray,
    book: FloatArray,
    desk: FloatArray,
    cash: float,
    n_fills: int,
) -> tuple[float, int]:
    """Trade from the shares held to `shares`, as was wished; return cash and number of fills."""
    held = book[HELD, i]
    traded = shares - held
    desk[WISH, i] = np.nan
    if traded == 0.0:
        return cash, n_fills
    price = _price(row, i, traded, market, rules.rates, desk)
    fills[n_fills, FILL_ROW] = row
    fills[n_fills, FILL_DECIDED_ROW] = desk[SINCE, i]
    fills[n_fills, FILL_INSTRUMENT] = i
    fills[n_fills, FILL_SHARES] = traded
    fills[n_fills, FILL_PRICE] = price
    fills[n_fills, FILL_COMMISSION] = commission(traded, price, rules.rates)
    fills[n_fills, FILL_REFERENCE] = desk[REFERENCE, i]
    fills[n_fills, FILL_REASON] = desk[WHY, i]
    fills[n_fills, FILL_HELD] = shares
    fills[n_fills, FILL_BOUND] = desk[BOUND, i]
    book[HELD, i] = shares
    desk[ROOM, i] -= abs(traded)
    if held * shares <= 0.0:  # opened, turned or closed
        desk[ENTRY, i] = price
        desk[BEST, i] = price
    elif abs(shares) > abs(held):
        desk[ENTRY, i] = (desk[ENTRY, i] * held + price * traded) / shares
    return pay(cash, traded, price, rules.rates), n_fills + 1


@_inlined
def _price(row: int, i: int, traded: float, market: FloatArray, rates: CostRates, desk: FloatArray) -> float:
    """Return the price of a fill: worse than its reference, but not than the bound of a limit order."""
    price = fill_price(desk[REFERENCE, i], traded, slippage(traded, market[VOLUME, row, i], rates))
    bound = desk[BOUND, i]
    if np.isnan(bound):
        return price
    bounded: float = min(price, bound) if traded > 0.0 else max(price, bound)
    return bounded


@_inlined
def _reachable(i: int, part: float, whole_shares: bool, book: FloatArray, desk: FloatArray) -> float:  # noqa: FBT001 - as above
    """Return the shares to hold when only `part` of what is bought to open can be paid; covering is never cut."""
    wanted: float = desk[WISH, i]
    if part >= 1.0:
        return wanted
    start = max(book[HELD, i], 0.0)
    bought = (wanted - start) * part
    if whole_shares:
        bought = np.floor(bought)
    reached: float = start + bought
    return reached


@_inlined
def _affordable_part(
    row: int, market: FloatArray, rules: Rules, book: FloatArray, desk: FloatArray, cash: float
) -> float:
    """Return the greatest common part of all purchases that leaves cash at zero or above; 1 for a levered book."""
    planned = 0.0
    for i in range(book.shape[1]):
        planned += max(book[TARGET_WEIGHT, i], 0.0)
    if planned > UNLEVERED or _cash_after(row, 1.0, market, rules, book, desk, cash) >= 0.0:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(N_HALVINGS):
        middle = 0.5 * (low + high)
        if _cash_after(row, middle, market, rules, book, desk, cash) >= 0.0:
            low = middle
        else:
            high = middle
    return low if low >= DUST else 0.0


@_inlined
def _cash_after(
    row: int, part: float, market: FloatArray, rules: Rules, book: FloatArray, desk: FloatArray, cash: float
) -> float:
    """Return the cash that would be left after buying `part` of every purchase."""
    for i in range(book.shape[1]):
        if not np.isnan(desk[WISH, i]):
            traded = _reachable(i, part, rules.whole_shares, book, desk) - book[HELD, i]
            if traded != 0.0:
                cash = pay(cash, traded, _price(row, i, traded, market, rules.rates, desk), rules.rates)
    return cash

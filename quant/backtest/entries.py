"""Orders that open a position at a price of their own: placed at a close, filled when a later bar reaches them.

Inlined into the kernel of `quant.backtest.orders`.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant.backtest.catalog import EntrySpec
from quant.backtest.desk import BY_LIMIT_ENTRY, BY_STOP_ENTRY, HIGH, LOW, REASON, Limits, wish, within_room
from quant.backtest.simulation import (
    CLOSE,
    DECIDED_ROW,
    HELD,
    LAST_PRICE,
    N_BOOK_PLANES,
    OPEN,
    ORDER,
    SPLIT_FACTOR,
    Rules,
)

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

# Planes of `book` beside those of the simulation: the order that lies in the market. Shares to hold once it is filled
# (NaN: none lies), the price at which it comes to life (NaN: it lives), the price that it may not be worse than (NaN:
# any), the row at whose close it was placed, and in how many more bars it lies.
LYING, STOP_AT, LIMIT_AT, LIES_SINCE, BARS_LEFT = range(N_BOOK_PLANES, N_BOOK_PLANES + 5)
N_DESK_BOOK_PLANES = N_BOOK_PLANES + 5
# Where in its bar an order that lay was filled: not at all, at the open, at its limit or at its stop.
NOT_ENTERED, AT_THE_OPEN, AT_ITS_LIMIT, AT_ITS_STOP = 0, 1, 2, 3

_inlined = njit(forceinline=True, error_model="numpy")


class Entries(NamedTuple):
    """An `EntrySpec` for the kernel."""

    is_used: bool
    has_stop: bool
    has_limit: bool
    distance: float
    limit_distance: float
    n_bars: int


def to_entries(spec: EntrySpec) -> Entries:
    """Return the entries of a specification.

    Examples
    --------
    >>> to_entries(EntrySpec(order="stop_limit", distance=0.02)).has_limit
    True
    """
    return Entries(
        is_used=spec.is_used,
        has_stop=spec.order in {"stop", "stop_limit"},
        has_limit=spec.order in {"limit", "stop_limit"},
        distance=spec.distance,
        limit_distance=spec.limit_distance,
        n_bars=spec.valid_bars,
    )


@_inlined
def place(row: int, i: int, entries: Entries, book: FloatArray) -> None:
    """Turn what was just ordered at the market into an order that lies, as far as it opens or enlarges a position.

    A position on the other side is left at the market. What lies for the same side already, lies on,
    but never for more than is wanted now.
    """
    held, ordered = book[HELD, i], book[ORDER, i]
    if np.isnan(ordered) or (held * ordered >= 0.0 and abs(ordered) <= abs(held)):
        book[LYING, i] = np.nan
        return
    side = np.sign(ordered)
    book[ORDER, i] = 0.0 if held * side < 0.0 else np.nan
    if side * book[LYING, i] > 0.0:
        book[LYING, i] = side * min(side * ordered, side * book[LYING, i])
        return
    price = book[LAST_PRICE, i]
    book[STOP_AT, i] = price * (1.0 + side * entries.distance) if entries.has_stop else np.nan
    if entries.has_stop and entries.has_limit:
        book[LIMIT_AT, i] = book[STOP_AT, i] * (1.0 + side * entries.limit_distance)
    else:
        book[LIMIT_AT, i] = price * (1.0 - side * entries.distance) if entries.has_limit else np.nan
    book[LYING, i] = ordered
    book[LIES_SINCE, i] = row
    book[BARS_LEFT, i] = entries.n_bars


@_inlined
def split_lying(row: int, market: FloatArray, whole_shares: bool, book: FloatArray) -> None:  # noqa: FBT001 - numba kernels take positions only
    """Take a split into what lies in the market."""
    for i in range(book.shape[1]):
        split_factor = market[SPLIT_FACTOR, row, i]
        if split_factor > 0.0 and split_factor != 1.0:  # false where there is no bar
            lying = book[LYING, i] * split_factor
            book[LYING, i] = np.trunc(lying) if whole_shares else lying
            if book[LYING, i] == 0.0:  # less than a share is left of it
                book[LYING, i] = np.nan
            book[STOP_AT, i] /= split_factor
            book[LIMIT_AT, i] /= split_factor


@_inlined
def bring_lying(
    row: int,
    market: FloatArray,
    rules: Rules,
    limits: Limits,
    book: FloatArray,
    desk: FloatArray,
    entered: FloatArray,
) -> None:
    """Bring to the desk what the bar reaches of the orders that lie; one bar less is left of the others."""
    for i in range(book.shape[1]):
        entered[i] = NOT_ENTERED
        if np.isnan(book[LYING, i]) or np.isnan(market[OPEN, row, i]):
            continue
        side = np.sign(book[LYING, i])
        where, reference = _reached(row, i, side, limits.touch_fills, market, book)
        if where != NOT_ENTERED and book[HELD, i] * side >= 0.0:  # else what is to be left first was not
            entered[i] = where
            shares = within_room(i, book[LYING, i], rules.whole_shares, book, desk)
            is_stop = np.isnan(book[LIMIT_AT, i])
            why = BY_STOP_ENTRY if is_stop else BY_LIMIT_ENTRY
            wish(i, shares, reference, book[LIMIT_AT, i], why, book[LIES_SINCE, i], desk)
            if is_stop and shares != book[LYING, i] and limits.rest_waits:  # a stop that lives is at the market
                book[ORDER, i] = book[LYING, i]
                book[DECIDED_ROW, i] = book[LIES_SINCE, i]
                desk[REASON, i] = BY_STOP_ENTRY
            if is_stop or shares == book[LYING, i]:
                book[LYING, i] = np.nan
        book[BARS_LEFT, i] -= 1.0
        if book[BARS_LEFT, i] <= 0.0:
            book[LYING, i] = np.nan


@_inlined
def _reached(
    row: int,
    i: int,
    side: float,
    touch_fills: bool,  # noqa: FBT001 - numba kernels take positions only
    market: FloatArray,
    book: FloatArray,
) -> tuple[int, float]:
    """Return where in the bar an order is filled, and at which price before slippage; a stop that is reached lives."""
    open_, better, worse = market[OPEN, row, i], market[LOW, row, i], market[HIGH, row, i]
    if side < 0.0:
        better, worse = worse, better
    limit, where = book[LIMIT_AT, i], AT_THE_OPEN
    reference = open_
    if not np.isnan(book[STOP_AT, i]):
        if side * worse < side * book[STOP_AT, i]:
            return NOT_ENTERED, open_
        if side * open_ < side * book[STOP_AT, i]:
            reference, where = book[STOP_AT, i], AT_ITS_STOP
            if not touch_fills:
                better = market[CLOSE, row, i]  # of the prices of the bar, the one that surely came later
        book[STOP_AT, i] = np.nan
    if side * reference > side * limit or (reference == limit and not touch_fills):  # false where there is no limit
        if side * better > side * limit or (better == limit and not touch_fills):
            return NOT_ENTERED, open_
        reference, where = limit, AT_ITS_LIMIT
    return where, reference

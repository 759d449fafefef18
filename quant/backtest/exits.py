"""Orders that protect a position: where their levels lie, and what leaves at the open and inside a bar.

Inlined into the kernel of `quant.backtest.orders`.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant.backtest.catalog import ExitSpec
from quant.backtest.desk import (
    BEST,
    BOUND,
    BY_SIGNAL,
    BY_STOP_LOSS,
    BY_TAKE_PROFIT,
    BY_TRAILING_STOP,
    ENTRY,
    HIGH,
    LOW,
    REASON,
    REFERENCE,
    WAITS_FOR,
    Limits,
    fill,
    wish,
    within_room,
)
from quant.backtest.entries import AT_ITS_LIMIT, AT_ITS_STOP, LYING, NOT_ENTERED
from quant.backtest.simulation import CLOSE, DECIDED_ROW, HELD, OPEN, ORDER, TARGET_WEIGHT, Rules

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

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


@_inlined
def _stop(side: float, exits: Exits, i: int, desk: FloatArray) -> tuple[float, int]:
    """Return the nearer of stop-loss and trailing stop, and which it is; not reachable where there is none."""
    fixed = desk[ENTRY, i] * (1.0 - side * exits.stop_loss)
    trailed = desk[BEST, i] * (1.0 - side * exits.trailing_stop)
    if side * trailed > side * fixed:
        return trailed, BY_TRAILING_STOP
    return fixed, BY_STOP_LOSS


@_inlined
def _take_back_beyond(left: float, i: int, book: FloatArray, desk: FloatArray) -> None:
    """Take back an order that waits to hold more than what is left of a position."""
    if abs(book[ORDER, i]) > abs(left):  # false where nothing waits
        book[ORDER, i] = np.nan
        desk[REASON, i] = BY_SIGNAL


@_inlined
def leave_at_the_open(
    row: int, market: FloatArray, limits: Limits, exits: Exits, book: FloatArray, desk: FloatArray
) -> None:
    """Order everything to be sold at this open whose level the open is beyond, unless it is to be left anyway."""
    for i in range(book.shape[1]):
        held, open_ = book[HELD, i], market[OPEN, row, i]
        if held == 0.0 or np.isnan(open_) or book[ORDER, i] * held <= 0.0:
            continue
        side = np.sign(held)
        stop, reason = _stop(side, exits, i, desk)
        target = desk[ENTRY, i] * (1.0 + side * exits.take_profit)
        if side * open_ <= side * stop:
            desk[REASON, i] = reason
        elif side * open_ > side * target or (open_ == target and limits.touch_fills):
            desk[REASON, i] = BY_TAKE_PROFIT
            desk[BOUND, i] = target
        else:
            continue
        book[ORDER, i] = 0.0
        book[LYING, i] = np.nan
        book[TARGET_WEIGHT, i] = 0.0
        book[DECIDED_ROW, i] = row - 1
        desk[WAITS_FOR, i] = side


@_inlined
def leave_within(  # noqa: PLR0913, PLR0917 - a kernel's arrays and counters
    row: int,
    market: FloatArray,
    rules: Rules,
    limits: Limits,
    exits: Exits,
    fills: FloatArray,
    book: FloatArray,
    desk: FloatArray,
    entered: FloatArray,
    is_after: bool,  # noqa: FBT001 - numba kernels take positions only
    cash: float,
    n_fills: int,
) -> tuple[float, int]:
    """Leave what the bar has touched the level of; then move the best price on, for the next bar.

    Of what was entered in the bar by an order that lay, if `is_after`; else of all that is held. What the bar does not
    fill of a stop is at the market from then on; of a take-profit, it lies on.
    """
    for i in range(book.shape[1]):
        held, open_ = book[HELD, i], market[OPEN, row, i]
        if held == 0.0 or np.isnan(open_) or book[ORDER, i] * held <= 0.0:
            continue
        if is_after and entered[i] == NOT_ENTERED:
            continue
        side = np.sign(held)
        good, bad = market[HIGH, row, i], market[LOW, row, i]
        if side < 0.0:
            good, bad = bad, good
        stop, reason = _stop(side, exits, i, desk)
        target = desk[ENTRY, i] * (1.0 + side * exits.take_profit)
        is_stopped = side * bad <= side * stop
        is_reached = side * good > side * target or (good == target and limits.touch_fills)
        if is_after and entered[i] >= AT_ITS_LIMIT:
            # Prices rose to a stop and fell to a limit: what lies beyond was touched after it. The other level may have
            # been touched before; if the bar closed beyond it, it was touched after too.
            close, rose = market[CLOSE, row, i], entered[i] == AT_ITS_STOP
            if rose:
                is_stopped = is_stopped and (exits.stop_first or side * close <= side * stop)
            else:
                is_reached = is_reached and (not exits.stop_first or side * close >= side * target)
                good = close
            open_ = desk[REFERENCE, i]
        if not (is_stopped or is_reached):
            desk[BEST, i] = side * max(side * desk[BEST, i], side * good)
            continue
        left = within_room(i, 0.0, rules.whole_shares, book, desk)
        _take_back_beyond(left, i, book, desk)
        if is_reached and not (is_stopped and exits.stop_first):
            reference = side * max(side * target, side * open_)
            wish(i, left, reference, reference, BY_TAKE_PROFIT, row - 1, desk)
        else:
            reference = side * min(side * stop, side * open_)
            wish(i, left, reference, np.nan, reason, row - 1, desk)
            if left != 0.0 and limits.rest_waits:
                book[ORDER, i] = 0.0
                book[DECIDED_ROW, i] = row
                desk[REASON, i] = reason
        cash, n_fills = fill(row, i, left, market, rules, fills, book, desk, cash, n_fills)
        book[TARGET_WEIGHT, i] = 0.0
        book[LYING, i] = np.nan
        desk[WAITS_FOR, i] = side
    return cash, n_fills

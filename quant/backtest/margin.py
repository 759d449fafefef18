"""How much may be held beside the equity: a limit for what is planned, and a call for what has become too much.

Inlined into the kernel of `quant.backtest.orders`.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant.backtest.catalog import MarginSpec
from quant.backtest.desk import BY_MARGIN_CALL, REASON, WAITS_FOR
from quant.backtest.entries import LYING
from quant.backtest.simulation import DECIDED_ROW, HELD, LAST_PRICE, ORDER, UNLEVERED

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

_inlined = njit(forceinline=True, error_model="numpy")


class Margin(NamedTuple):
    """A `MarginSpec` for the kernel."""

    max_leverage: float  # infinite: no limit
    maintenance: float  # 0: no calls


def to_margin(spec: MarginSpec) -> Margin:
    """Return the margin of a specification.

    Examples
    --------
    >>> to_margin(MarginSpec(maintenance=0.25))
    Margin(max_leverage=inf, maintenance=0.25)
    """
    return Margin(
        max_leverage=np.inf if spec.max_leverage is None else spec.max_leverage,
        maintenance=spec.maintenance or 0.0,
    )


@_inlined
def part_within_limit(
    row: int, target_weights: FloatArray, equity: float, margin: Margin, book: FloatArray, desk: FloatArray
) -> float:
    """Return the part of the weights decided at this close that keeps the planned gross exposure within its limit.

    What is held or ordered of the other instruments has its room first.
    """
    if np.isinf(margin.max_leverage):
        return 1.0
    kept, decided = 0.0, 0.0
    for i in range(book.shape[1]):
        weight = target_weights[row, i]
        if np.isnan(weight) or desk[WAITS_FOR, i] * weight > 0.0:
            shares = abs(book[HELD, i])
            for plane in (ORDER, LYING):
                if not np.isnan(book[plane, i]):
                    shares = max(shares, abs(book[plane, i]))
            if shares > 0.0:
                kept += shares * book[LAST_PRICE, i] / equity
        else:
            decided += abs(weight)
    if kept + decided <= margin.max_leverage * UNLEVERED or decided == 0.0:
        return 1.0
    return max(margin.max_leverage - kept, 0.0) / decided


@_inlined
def call_margin(
    row: int,
    equity: float,
    margin: Margin,
    whole_shares: bool,  # noqa: FBT001 - numba kernels take positions only
    book: FloatArray,
    desk: FloatArray,
) -> None:
    """Order everything held to be reduced in one part, if equity falls short of its margin; nothing else is ordered."""
    if margin.maintenance == 0.0:
        return
    gross = 0.0
    for i in range(book.shape[1]):
        if book[HELD, i] != 0.0:
            gross += abs(book[HELD, i]) * book[LAST_PRICE, i]
    if equity >= margin.maintenance * gross:
        return
    part = equity / (margin.maintenance * gross)
    for i in range(book.shape[1]):
        held, ordered = book[HELD, i], book[ORDER, i]
        book[LYING, i] = np.nan
        left = np.trunc(held * part) if whole_shares else held * part
        if held == 0.0:
            book[ORDER, i] = np.nan
        elif np.isnan(ordered) or ordered * held < 0.0 or abs(ordered) > abs(left):
            book[ORDER, i] = left
            book[DECIDED_ROW, i] = row
            desk[REASON, i] = BY_MARGIN_CALL

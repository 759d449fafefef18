"""Walking along the lines of a rule: compiled, for one rule and for thousands."""

from typing import Any

import numpy as np
from numba import njit

from quant.strategies.catalog import Plan

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
SideArray = np.ndarray[Any, np.dtype[np.int8]]


def levels_of(plan: Plan) -> tuple[float, float, float, float]:
    """Return the four levels of a plan in the order in which `write_sides` takes them."""
    return plan.enter_long, plan.leave_long, plan.enter_short, plan.leave_short


@njit(cache=True, nogil=True, error_model="numpy")
def write_sides(
    lines: FloatArray,
    enter: int,
    less: int,
    leave: int,
    levels: tuple[float, float, float, float],
    may_short: bool,  # noqa: FBT001 - numba kernels take positions only
    sides: SideArray,
) -> None:
    """Write the side at each bar: 1 long, 0 out, -1 short.

    `lines` is of shape (n_lines, n_bars), NaN where a line is not known; `enter`, `less` and `leave` are rows of it,
    the last two `NO_LINE` where the plan has none. Every side starts out of the market, and where a line is unknown
    there is none.
    """
    entering = lines[enter]
    if less >= 0:
        distance = lines[less]
        _walk(entering, distance, entering, True, True, levels, may_short, sides)
    elif leave >= 0:
        _walk(entering, entering, lines[leave], False, False, levels, may_short, sides)
    else:
        _walk(entering, entering, entering, False, True, levels, may_short, sides)


@njit(forceinline=True, error_model="numpy")
def _walk(
    entering: FloatArray,
    subtracted: FloatArray,
    leaving: FloatArray,
    is_distance: bool,  # noqa: FBT001 - as above
    is_same: bool,  # noqa: FBT001 - as above
    levels: tuple[float, float, float, float],
    may_short: bool,  # noqa: FBT001 - as above
    sides: SideArray,
) -> None:
    enter_long, leave_long, enter_short, leave_short = levels
    if is_same and enter_long == leave_long and enter_short == leave_short:  # nothing depends on what was held before
        for row in range(sides.size):
            value = entering[row] - subtracted[row] if is_distance else entering[row]
            sides[row] = np.int8(value >= enter_long) - np.int8(may_short and value <= enter_short)
        return
    held = 0
    for row in range(sides.size):
        value = entering[row] - subtracted[row] if is_distance else entering[row]
        left_by = value if is_same else leaving[row]
        if np.isnan(value) or np.isnan(left_by):
            held = 0
        elif value >= enter_long:
            held = 1
        elif may_short and value <= enter_short:
            held = -1
        elif (held > 0 and left_by < leave_long) or (held < 0 and left_by > leave_short):
            held = 0
        sides[row] = held

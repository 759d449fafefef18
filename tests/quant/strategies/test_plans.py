import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.strategies.catalog import NO_LINE, Breakout, Crossover, Reversion
from quant.strategies.plans import levels_of, write_sides

UNKNOWN = np.nan


def walked(lines, plan, *, less=NO_LINE, leave=NO_LINE, may_short=True):
    sides = np.zeros(len(lines[0]), dtype=np.int8)
    write_sides(np.array(lines, dtype=float), 0, less, leave, levels_of(plan), may_short, sides)
    return sides.tolist()


def test_a_distance_is_entered_on_either_side_and_nothing_is_held_where_there_is_none():
    fast, slow = [1.0, 2.0, 2.0, 1.0, UNKNOWN, 3.0], [1.0, 1.0, 2.0, 2.0, 2.0, 2.0]
    assert walked([fast, slow], Crossover().plan, less=1) == [0, 1, 0, -1, 0, 1]
    assert walked([fast, slow], Crossover().plan, less=1, may_short=False) == [0, 1, 0, 0, 0, 1]


def test_a_position_is_held_until_the_leaving_line_says_so():
    entering, leaving = [1, 0, 0, 0, -1, 0, 0], [0, 0, -1, 0, 0, 0, 1]
    assert walked([entering, leaving], Breakout().plan, leave=1) == [1, 1, 0, 0, -1, -1, 0]


@pytest.mark.parametrize(("leave", "expected"), [(0.0, [0, 1, 1, 1, 0, -1, -1, 0]), (1.0, [0, 1, 1, 0, 0, -1, 0, 0])])
def test_what_is_far_from_its_mean_is_held_until_it_is_back(leave, expected):
    far_below = [1.9, 2.0, 1.0, 0.5, -0.1, -2.5, -0.5, 0.1]
    assert walked([far_below], Reversion(leave=leave).plan) == expected


@given(line=st.lists(st.floats(-3, 3), min_size=1, max_size=40), cut=st.integers(1, 40))
def test_what_comes_later_changes_no_side(line, cut):
    assert walked([line], Reversion().plan)[:cut] == walked([line[:cut]], Reversion().plan)

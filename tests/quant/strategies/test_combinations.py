"""Combinations: those that the rule takes, with the lines, levels and warm-up that each has by itself."""

import numpy as np
import pytest
from pydantic import ValidationError

from quant.errors import InvalidSpec
from quant.strategies.catalog import NO_LINE, RULES, Breakout, Crossover, PairSpread, Reversion, StrengthReversal
from quant.strategies.combinations import checked_sweep, combine
from quant.strategies.plans import levels_of
from quant.strategies.sweep_catalog import Listed, Multiples, Range, SweepSpec

AXES = {
    "crossover_rule": (
        Range(parameter="fast", first=2, last=20, step=6),
        Range(parameter="slow", first=8, last=30, step=11),
    ),
    "breakout_rule": (
        Range(parameter="entry_bars", first=5, last=25, step=10),
        Multiples(parameter="exit_bars", first=4, last=16),
    ),
    "reversion_rule": (
        Range(parameter="window", first=10, last=30, step=10),
        Range(parameter="enter", first=0.5, last=1.5, step=0.5),
        Range(parameter="leave", first=-0.5, last=1, step=0.75),
    ),
    "momentum_rule": (
        Multiples(parameter="window", first=10, last=40),
        Range(parameter="gap", first=0, last=4, step=2),
    ),
    "rsi_rule": (
        Range(parameter="window", first=5, last=15, step=5),
        Range(parameter="lower", first=30, last=50, step=10),
        Range(parameter="middle", first=40, last=60, step=10),
    ),
    "pairs_rule": (
        Listed(parameter="window", values=(40, 20, 23)),
        Range(parameter="enter", first=0.5, last=1.5, step=0.5),
    ),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_is_what_the_rule_says_of_its_numbers(rule):
    combinations = combine(rule(), AXES[rule().name])
    lines, places = combinations.lines()
    levels = combinations.levels()
    assert len(set(lines)) == len(lines)
    warm_ups = []
    for number in range(len(combinations)):
        asked = rule().model_dump() | combinations.parameters(number)
        own = rule.model_validate(asked)
        found = [None if place == NO_LINE else lines[place] for place in places[number]]
        assert found == [own.plan.enter, own.plan.less, own.plan.leave]
        assert tuple(levels[number]) == levels_of(own.plan)
        assert combinations.entry(number) == own.model_copy(update={"wait_bars": combinations.warm_up})
        warm_ups.append(own.warm_up)
    assert combinations.warm_up >= max(warm_ups)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_those_that_the_rule_refuses_are_left_out_and_no_others(rule):
    axes = AXES[rule().name]
    combinations = combine(rule(), axes)
    n_taken = 0
    for values in np.stack(np.meshgrid(*(axis.numbers for axis in axes), indexing="ij"), axis=-1).reshape(
        -1, len(axes)
    ):
        numbers = dict(zip((axis.parameter for axis in axes), values.tolist(), strict=True))
        try:
            rule.model_validate(rule().model_dump() | numbers)
        except ValidationError:
            continue
        assert combinations.values[n_taken].tolist() == values.tolist()
        n_taken += 1
    assert n_taken == len(combinations)


@pytest.mark.parametrize(
    ("rule", "axis", "message"),
    [
        (Breakout(), Range(parameter="fast"), "one of entry_bars, exit_bars; found fast"),
        (Crossover(), Range(parameter="fast", first=1, last=2, step=0.5), "whole values of fast; found 1.5"),
        (Crossover(), Range(parameter="fast", first=0, last=9, step=3), "fast from 1 to 500; found 0"),
        (Reversion(), Range(parameter="enter", first=1, last=8, step=1), "enter from 0.25 to 6; found 8"),
        (StrengthReversal(lower=50.0, upper=50.0), Range(parameter="middle", first=10, last=20, step=5), "none of 3"),
    ],
)
def test_an_axis_that_the_rule_does_not_take_is_refused_by_name(rule, axis, message):
    with pytest.raises(InvalidSpec, match=message):
        combine(rule, (axis,))


@pytest.mark.parametrize("values", [(1, 2.5), (0, 5), (5, 600)])
def test_what_is_wrong_with_listed_values_is_named_at_the_list(values):
    with pytest.raises(InvalidSpec) as refused:
        combine(Crossover(), (Listed(parameter="fast", values=values),))
    assert refused.value.field == "sweep.axes.0.values"


def test_too_many_are_refused_with_their_number():
    axes = (
        Range(parameter="window", first=10, last=500, step=1),
        Range(parameter="enter", first=0.25, last=6, step=0.05),
    )
    with pytest.raises(InvalidSpec, match="491 × 116 = 56,956"):
        combine(PairSpread(), axes)


def test_whole_numbers_of_multiples_are_rounded_and_stand_once():
    combinations = combine(Crossover(slow=200), (Multiples(parameter="fast", first=1, last=8, factor=1.5),))
    assert combinations.values[:, 0].tolist() == [1, 2, 3, 5, 8]


def test_a_sweep_is_none_without_a_rule_and_refused_in_words_that_follow_on():
    sweep = SweepSpec(axes=(Range(parameter="gap"),))
    assert checked_sweep(sweep, object()) == checked_sweep(SweepSpec(held_out=0.1), Crossover()) == SweepSpec()
    with pytest.raises(ValueError, match=r"^expected a number of 'Crossover of averages'.*found gap$"):
        checked_sweep(sweep, Crossover())

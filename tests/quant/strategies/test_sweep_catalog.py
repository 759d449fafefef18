"""Axes of a sweep: which numbers they have, and what is refused."""

import pytest
from pydantic import ValidationError

from quant.strategies.catalog import RULES
from quant.strategies.sweep_catalog import Listed, Multiples, Parameter, Range, SweepSpec


def test_a_range_has_the_numbers_that_its_steps_meet():
    assert Range(first=5, last=20, step=5).numbers == (5, 10, 15, 20)
    assert Range(first=5, last=19, step=5).numbers == (5, 10, 15)
    assert Range(first=0.1, last=0.7, step=0.2).numbers == (0.1, 0.3, 0.5, 0.7)
    assert Range(first=7, last=7).numbers == (7,)


def test_multiples_grow_by_their_factor():
    assert Multiples(first=5, last=40, factor=2).numbers == (5, 10, 20, 40)
    assert len(Multiples(first=1, last=1000, factor=10).numbers) == Multiples(first=1, last=1000, factor=10).n_values


def test_listed_values_stand_in_order_and_once():
    axis = Listed(values=(200, 5, 12.5))
    assert axis.numbers == (5, 12.5, 200)
    assert axis.n_values == 3
    assert axis == Listed(values=(5, 12.5, 200))
    for wrong, said in (((5, 5.0), "once; found 5 twice"), ((), "at least 1"), ((2e6,), "less than or equal")):
        with pytest.raises(ValidationError, match=said):
            Listed(values=wrong)


@pytest.mark.parametrize("asked", [{"first": 9, "last": 8}, {"first": 0, "last": 1e6, "step": 1}, {"step": 1e-308}])
def test_a_range_that_makes_no_sense_is_refused(asked):
    with pytest.raises(ValidationError, match="expected"):
        Range(**asked)
    if asked.get("last", 1) < asked.get("first", 0):
        with pytest.raises(ValidationError, match="first ≤ last"):
            Multiples(**asked)


def test_a_number_stands_on_one_axis():
    with pytest.raises(ValidationError, match="one axis"):
        SweepSpec(axes=(Range(parameter="fast"), Multiples(parameter="fast")))
    with pytest.raises(ValidationError, match="one axis"):
        SweepSpec(axes=(Range(parameter="fast"), Listed(parameter="fast")))


def test_every_number_of_every_rule_can_be_varied():
    numbers = {
        name
        for rule in RULES
        for name, field in rule.model_fields.items()
        if field.annotation in {int, float} and name != "wait_bars"
    }
    assert numbers == set(Parameter.__args__)

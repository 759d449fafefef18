import dataclasses
import typing

import pytest

from quant.risk.definitions import DEFINITIONS, Better, Group, Unit


@pytest.mark.parametrize("name", DEFINITIONS)
def test_each_definition_says_everything(name):
    definition = DEFINITIONS[name]
    assert definition.name == name
    assert name.isidentifier()
    assert name == name.lower()
    assert len(name) <= 48  # the column in the database
    for text in (definition.title, definition.definition, definition.formula, definition.source):
        assert text.strip() == text != ""
    assert definition.definition.endswith(".")
    assert definition.definition.count(". ") == 0  # one sentence
    assert definition.unit in typing.get_args(Unit)
    assert definition.group in typing.get_args(Group)
    assert definition.better in typing.get_args(Better)


def test_names_and_titles_differ():
    assert len({definition.title for definition in DEFINITIONS.values()}) == len(DEFINITIONS)


def test_definitions_cannot_be_changed():
    with pytest.raises(TypeError):
        DEFINITIONS["beta"] = DEFINITIONS["alpha"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFINITIONS["beta"].unit = "money"

import json
import subprocess
import sys
from typing import ClassVar, Literal

import pytest
from pydantic import Field, ValidationError

from quant.catalog import CatalogEntry, Spec, describe


class Root(CatalogEntry):
    """A root."""

    title: ClassVar[str] = "Root"
    summary: ClassVar[str] = "The number whose power is given."
    category: ClassVar[str] = "Arithmetic"
    version: ClassVar[int] = 3
    implementation: ClassVar[str] = "math:isqrt"

    name: Literal["root"] = "root"
    degree: int = Field(default=2, ge=1, description="The power.")
    scale: float = Field(default=1.0, description="A factor.")


def test_an_entry_is_frozen_and_refuses_what_it_does_not_know():
    entry = Root()
    with pytest.raises(ValidationError, match="frozen"):
        entry.degree = 3
    with pytest.raises(ValidationError, match="Extra inputs"):
        Root(power=3)
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Root(degree=0)
    with pytest.raises(ValidationError, match="Input should be 'root'"):
        Root(name="square")


def test_defaults_are_checked_too():
    class Wrong(Spec):
        degree: int = Field(default=0, ge=1)

    with pytest.raises(ValidationError):
        Wrong()


def test_parameters_are_all_but_the_name():
    assert Root(degree=3).parameters() == {"degree": 3, "scale": 1.0}


def test_equal_entries_are_equal_and_hashable():
    assert len({Root(), Root(degree=2), Root(degree=3)}) == 2


def test_the_implementation_is_imported_on_use():
    assert Root.load()(81) == 9


@pytest.mark.parametrize(
    ("implementation", "error"), [("math:no_such", AttributeError), ("no_such_module:x", ModuleNotFoundError)]
)
def test_an_implementation_that_is_not_there_is_an_error(implementation, error):
    class Lost(Root):
        """A root that nobody wrote."""

    Lost.implementation = implementation
    with pytest.raises(error):
        Lost.load()


def test_a_description_is_json_and_has_what_a_form_needs():
    (entry,) = json.loads(json.dumps(describe([Root])))
    assert entry["name"] == "root"
    assert entry["version"] == 3
    assert (entry["title"], entry["category"], entry["reference"]) == ("Root", "Arithmetic", "")
    degree = entry["parameters"]["properties"]["degree"]
    assert (degree["default"], degree["minimum"], degree["description"]) == (2, 1, "The power.")


def test_reading_the_question_loads_no_learning_library():
    heavy = ("sklearn", "xgboost", "numba", "scipy", "exchange_calendars")
    code = f"import sys, quant.spec; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

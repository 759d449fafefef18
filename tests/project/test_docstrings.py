"""Docstrings are contracts: numpydoc reads those of everything public in `quant` and `webapp.services`."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

# What each code means: numpydoc's own documentation, "Validation checks". Left out are those about a second paragraph
# (ES01), links between functions (SA01 to SA04), the first line's place (GL01, GL02) and types that annotations
# say already (PR04).
ALWAYS = {
    "GL03",
    "GL05",
    "GL06",
    "GL07",
    "GL08",
    "GL09",
    "GL10",
    "SS01",
    "SS02",
    "SS03",
    "SS04",
    "SS06",
    "YD01",
    "EX04",
}
FUNCTIONS = ALWAYS | {"SS05"}  # a summary begins with what it does: "Return", not "Returns"
# A one-liner whose name and types say everything needs no sections; a section that is begun is completed.
IF_IT_HAS_PARAMETERS = {"PR01", "PR02", "PR03", "PR05", "PR07", "PR09", "PR10", "RT01"}
IF_IT_HAS_RETURNS = {"RT03", "RT05"}


def public_modules() -> list[str]:
    names = []
    for package in ("quant", "webapp.services"):
        path = importlib.import_module(package).__path__
        names += [module.name for module in pkgutil.walk_packages(path, f"{package}.")]
    return [name for name in names if not any(part.startswith("_") for part in name.split("."))]


def public_things(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the public functions and classes that a module defines, and the public functions of those classes."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            yield name, thing
            for member, function in vars(thing).items():
                if inspect.isfunction(function) and not member.startswith("_"):
                    yield f"{name}.{member}", function
        elif inspect.isfunction(inspect.unwrap(thing)):
            yield name, thing


def held_checks(thing: Any) -> set[str]:
    if inspect.isclass(thing):
        return ALWAYS
    sections = NumpyDocString(inspect.getdoc(thing) or "")
    checks = FUNCTIONS | (IF_IT_HAS_RETURNS if sections["Returns"] else set())
    return checks | (IF_IT_HAS_PARAMETERS if sections["Parameters"] else set())


def faults(module_name: str) -> list[str]:
    module = importlib.import_module(module_name)
    found = []
    for name, thing in public_things(module):
        checks = held_checks(thing)
        errors = validate(f"{module_name}.{name}")["errors"]
        found += [f"{name}: {code} {message}" for code, message in errors if code in checks]
    return found


@pytest.mark.parametrize("module", public_modules())
def test_docstrings_keep_their_form(module):
    assert faults(module) == []


def frames_in_and_out(module_name: str) -> list[tuple[str, Any]]:
    """Return the public functions of a module that take and return time series."""
    module = importlib.import_module(module_name)
    series = ("Prices", "Features", "Labels", "Predictions", "DataFrame", "Series")
    found = []
    for name, thing in public_things(module):
        if inspect.isclass(thing) or "." in name:
            continue
        hints = {key: str(value) for key, value in getattr(inspect.unwrap(thing), "__annotations__", {}).items()}
        returned = hints.pop("return", "")
        if any(word in returned for word in series) and any(word in hint for word in series for hint in hints.values()):
            found.append((name, thing))
    return found


ROOMS_OF_TIME = tuple(
    f"quant.{room}" for room in ("bars", "features", "labels", "strategies", "backtest", "risk", "data")
)


@pytest.mark.parametrize("module", [name for name in public_modules() if name.startswith(ROOMS_OF_TIME)])
def test_what_turns_series_into_series_says_its_timing(module):
    # Conversions change the form of a frame and no value of it.
    silent = [
        name
        for name, thing in frames_in_and_out(module)
        if "Timing" not in (inspect.getdoc(thing) or "") and not name.startswith(("to_", "as_", "from_"))
    ]

    assert silent == []


def test_a_fault_is_found(monkeypatch):
    module = importlib.import_module("quant.returns")

    def broken(prices: float) -> float:
        """Returns something

        Parameters
        ----------
        price : float
            The price.
        """
        return prices

    broken.__module__ = module.__name__
    monkeypatch.setattr(module, "broken", broken, raising=False)
    codes = {fault.split()[1] for fault in faults("quant.returns")}

    assert {"SS03", "SS05", "PR01", "PR02", "RT01"} <= codes

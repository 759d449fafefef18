"""Reads trees of Dash components as a person would: what words stand there, what is where."""

from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component


def walk(node: Any) -> Iterator[Any]:
    """Yield every component and every text below a node, the node included, from top to bottom."""
    if isinstance(node, list | tuple):
        for each in node:
            yield from walk(each)
    elif isinstance(node, Component):
        yield node
        yield from walk(getattr(node, "children", None))
    elif node is not None:
        yield str(node)


def text(node: Any) -> str:
    """Return all words below a node, one space between parts, no-break spaces as plain ones."""
    words = " ".join(part for part in walk(node) if isinstance(part, str))
    return words.replace("\u00a0", " ")


def by_id(node: Any, wanted: Any) -> Any:
    """Return the one component with an id."""
    found = [each for each in walk(node) if isinstance(each, Component) and getattr(each, "id", None) == wanted]
    assert len(found) == 1, f"Expected one component with the id {wanted}; found {len(found)}."
    return found[0]


def ids(node: Any) -> list[Any]:
    """Return the ids of all components that have one."""
    return [each.id for each in walk(node) if isinstance(each, Component) and getattr(each, "id", None)]


def of_class(node: Any, name: str) -> list[Any]:
    """Return all components with a class."""
    return [each for each in walk(node) if name in str(getattr(each, "className", "") or "").split()]


def of_type(node: Any, name: str) -> list[Any]:
    """Return all components of a type, such as `Button`."""
    return [each for each in walk(node) if type(each).__name__ == name]


def attribute(component: Any, name: str) -> Any:
    """Return an attribute, also one such as `aria-label`."""
    return component.to_plotly_json()["props"].get(name)


def colours_in(value: Any) -> set[str]:
    """Return every text below a figure that is a colour: `#` and six digits."""
    if isinstance(value, dict):
        return set().union(*(colours_in(each) for each in value.values())) if value else set()
    if isinstance(value, list | tuple):
        return set().union(*(colours_in(each) for each in value)) if value else set()
    return {value.lower()} if isinstance(value, str) and len(value) == 7 and value.startswith("#") else set()

"""Attributes whose names are no Python names, such as `aria-label` and `data-tab`."""

from typing import Any


def aria(**states: str) -> dict[str, Any]:
    """Return attributes for screen readers.

    Examples
    --------
    >>> aria(label="Log", live="polite")
    {'aria-label': 'Log', 'aria-live': 'polite'}
    """
    return {f"aria-{name}": value for name, value in states.items()}


def data(**values: str) -> dict[str, Any]:
    """Return attributes for our own scripts.

    Examples
    --------
    >>> data(assay_theme_choice="dark")
    {'data-assay-theme-choice': 'dark'}
    """
    return {f"data-{name.replace('_', '-')}": value for name, value in values.items()}


def aria_bool(value: bool) -> str:  # noqa: FBT001  # a conversion of the value
    """Return a truth as these attributes spell it."""
    return "true" if value else "false"

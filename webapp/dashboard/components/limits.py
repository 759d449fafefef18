"""Limits of people: what is left of them, in words, and the fields by which administrators set them."""

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.cards import facts, icon
from webapp.dashboard.components.people import labelled
from webapp.errors import InvalidInput
from webapp.services.quotas import MOST_QUEUED, Allowance, Limits

_GIB = 1024**3
_MOST_NUMBER = 1e12  # beyond any limit; what is not even a number is not asked further
_FIELDS = (
    ("running", "Running at once", "n_running"),
    ("queued", "Waiting", "n_queued"),
    ("minutes", "Processor minutes a day", "cpu_minutes"),
    ("storage", "Storage, GiB", "storage_bytes"),
)


def allowance_facts(allowance: Allowance) -> Component:
    """Return what somebody has used, of how much, and what is left."""
    limits = allowance.limits
    minutes = allowance.cpu_seconds / 60
    return facts(
        [
            ("Running now", _of(allowance.n_running, limits.n_running, formats.count)),
            ("Waiting now", _of(allowance.n_queued, limits.n_queued, formats.count)),
            ("Processor minutes today", _of(minutes, limits.cpu_minutes, _minutes)),
            ("Storage", _of(allowance.storage_bytes, limits.storage_bytes, formats.size)),
        ],
    )


def allowance_line(allowance: Allowance) -> Component | None:
    """Return in one line what an administrator has limited, and what is left; None if nothing is limited."""
    limits, words = allowance.limits, []
    if limits.n_running:
        words.append(f"{formats.count(allowance.n_running)} of {formats.count(limits.n_running)} running")
    if limits.n_queued and (limits.n_queued != MOST_QUEUED or 2 * allowance.n_queued > MOST_QUEUED):
        words.append(f"{formats.count(allowance.n_queued)} of {formats.count(limits.n_queued)} waiting")
    if limits.cpu_minutes:
        used = _minutes(allowance.cpu_seconds / 60)
        words.append(f"{used} of {formats.count(limits.cpu_minutes)} processor minutes used today")
    if limits.storage_bytes:
        words.append(f"{formats.size(allowance.storage_bytes)} of {formats.size(limits.storage_bytes)} stored")
    if not words:
        return None
    return html.Div(
        [icon("speedometer2", className="me-1"), f"Your limits: {', '.join(words)}."], className="small muted"
    )


def limit_fields(prefix: str, limits: Limits, *, empty: str) -> Component:
    """Return a field for each limit; `empty` says what an empty one means. Their ids are `field_ids(prefix)`."""
    return html.Div(
        [
            labelled(
                label,
                dbc.Input(
                    id=f"{prefix}-{name}",
                    type="number",
                    min=0,
                    step="any" if name == "storage" else 1,
                    value=_shown(name, getattr(limits, field)),
                    placeholder=empty,
                    autocomplete="off",
                ),
            )
            for name, label, field in _FIELDS
        ],
        className="form-grid",
    )


def field_ids(prefix: str) -> list[str]:
    """Return the ids of the fields of `limit_fields`."""
    return [f"{prefix}-{name}" for name, _label, _field in _FIELDS]


def to_limits(values: Sequence[Any]) -> Limits:
    """Return the limits that stand in the fields, in their order; an empty field is None.

    Raises
    ------
    InvalidInput
        If one is no number.
    """
    found: dict[str, int | None] = {}
    for (name, label, field), value in zip(_FIELDS, values, strict=True):
        if value is None or value == "":
            found[field] = None
        elif isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _MOST_NUMBER:
            raise InvalidInput(f"{label}: expected a number, or nothing; found what is none.")
        else:
            found[field] = round(value * _GIB) if name == "storage" else int(value)
    return Limits(**found)


def _of(used: float | None, most: int | None, form: Any) -> str:
    if most is None or used is None:
        return f"{form(used)}, no limit"
    return f"{form(used)} of {form(most)}, {form(max(0, most - used))} left"


def _minutes(value: float) -> str:
    return formats.number(value, 0 if value == round(value) else 1)


def _shown(name: str, value: int | None) -> float | int | None:
    return value if value is None or name != "storage" else round(value / _GIB, 3)

"""Instants and spans on a page: short to read, exact on hover."""

import datetime

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.attributes import data


def ago(value: datetime.datetime | None, now: datetime.datetime, *, unknown: str = formats.UNKNOWN) -> Component:
    """Return how long ago an instant was, with the instant on hover; the browser keeps it current."""
    if value is None:
        return html.Span(unknown, className="muted")
    return html.Time(
        formats.ago(value, now),
        dateTime=value.astimezone(datetime.UTC).isoformat(timespec="seconds"),
        title=formats.moment(value),
        **data(ago="true"),
    )


def elapsed(seconds: float | None) -> Component:
    """Return a time span that goes on in the browser, second by second, without anybody asking."""
    attributes = {} if seconds is None else data(elapsed=f"{seconds:.1f}")
    return html.Span(formats.duration(seconds), **attributes)


def clock(value: datetime.datetime) -> Component:
    """Return the time of day of a log line, with the whole instant on hover."""
    utc = value.astimezone(datetime.UTC)
    return html.Time(f"{utc:%H:%M:%S}", dateTime=utc.isoformat(), title=formats.moment(value))


def now() -> datetime.datetime:
    """Return this moment."""
    return datetime.datetime.now(datetime.UTC)

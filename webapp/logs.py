"""Logging: one line of JSON an event, on standard error, with what it is about: request, person, analysis.

What a line is about is bound once, where a request or a job begins, and is in every line until it ends.
"""

import datetime
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Writes time, level, logger, message and whatever was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line: dict[str, object] = {
            "at": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(_ABOUT.get())
        line.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def bind(**about: str) -> None:
    """Say what the lines from now on are about, in this thread; without words: about nothing in particular."""
    _ABOUT.set({name: value for name, value in about.items() if value})


def mention(**about: str) -> None:
    """Say what the lines from now on are about beside what is said already."""
    bind(**{**_ABOUT.get(), **about})


@contextmanager
def bound(**about: str) -> Iterator[None]:
    """Say what the lines within are about, beside what is said already."""
    before = _ABOUT.get()
    mention(**about)
    try:
        yield
    finally:
        _ABOUT.set(before)


def request_id() -> str | None:
    """Return the name of the request that the lines are about; None if there is none."""
    return _ABOUT.get().get("request_id")


def configure_logging(level: str) -> None:
    """Send every logger's lines of at least `level` to standard error, as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)

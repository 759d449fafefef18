"""Pages of a list by keyset: each page begins after the last row of the one before, whatever was added meanwhile."""

import base64
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.db import UtcDateTime
from webapp.errors import InvalidInput

MOST = 500
LONGEST_CURSOR = 1000  # a title and a few numbers need a third of it
_WIDEST = 2**63


@dataclass(frozen=True)
class Order:
    """One column that a list is sorted by. It is never NULL, and the last one of a list is unique."""

    column: InstrumentedAttribute[Any]
    descending: bool = False


def fetch_page(
    session: Session, query: Select[*tuple[Any, ...]], order: Sequence[Order], *, cursor: str = "", limit: int = 50
) -> tuple[list[Any], str | None]:
    """Return a page of a query's rows, and where the next one begins.

    Parameters
    ----------
    session : Session
        A transaction.
    query : Select
        What is listed, filtered to what the actor may see, without an order.
    order : sequence of Order
        What it is sorted by; the last column is unique among the rows.
    cursor : str, default=""
        The second value of an earlier answer for the same order; empty: from the start.
    limit : int, default=50
        At most this many rows, 1 to 500.

    Returns
    -------
    tuple of (list, str or None)
        The rows of the query, and the cursor of the next page; None if there is none.

    Raises
    ------
    InvalidInput
        If the cursor is none that this list has given.
    """
    limit = max(1, min(limit, MOST))
    if cursor:
        query = query.where(_after(order, _decode(order, cursor)))
    by = [each.column.desc() if each.descending else each.column.asc() for each in order]
    keyed = query.add_columns(*(each.column for each in order)).order_by(*by).limit(limit + 1)
    rows = [tuple(row) for row in session.execute(keyed)]
    shown = [row[: -len(order)] for row in rows[:limit]]
    values = [row[0] if len(row) == 1 else row for row in shown]
    if len(rows) <= limit:
        return values, None
    return values, cursor_after(order, rows[limit - 1][-len(order) :])


def _after(order: Sequence[Order], values: Sequence[Any]) -> ColumnElement[bool]:
    """Select what comes after these values: later in one column, and equal in all before it."""
    steps = []
    for position, (each, value) in enumerate(zip(order, values, strict=True)):
        equal = [earlier.column == known for earlier, known in zip(order[:position], values, strict=False)]
        steps.append(and_(*equal, each.column < value if each.descending else each.column > value))
    return or_(*steps)


def _name(order: Sequence[Order]) -> str:
    return ",".join(f"{'-' if each.descending else ''}{each.column.key}" for each in order)


def cursor_after(order: Sequence[Order], values: Sequence[Any]) -> str:
    """Return the cursor of what comes after these values: for a list that is put together of several."""
    text = orjson.dumps([_name(order), *values])
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _decode(order: Sequence[Order], cursor: str) -> list[Any]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        name, *values = orjson.loads(text)
        found = [_typed(each, value) for each, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, OverflowError) as error:
        raise _no_cursor() from error
    if name != _name(order):
        raise _no_cursor()
    return found


def _no_cursor() -> InvalidInput:
    message = "expected the `next` of an earlier answer to the same list in the same order"
    return InvalidInput("This is no cursor of this list.", fields={"cursor": message})


def _typed(each: Order, value: Any) -> Any:
    """Return a value of a cursor as what the column holds: whoever made it up gets no further than the database."""
    if isinstance(each.column.type, UtcDateTime):
        return datetime.datetime.fromisoformat(value).astimezone(datetime.UTC)
    kind = each.column.type.python_type
    if kind is datetime.date:
        return datetime.date.fromisoformat(value)
    is_storable = "\x00" not in value if isinstance(value, str) else -_WIDEST <= value < _WIDEST
    if type(value) is not kind or not is_storable:
        raise ValueError
    return value

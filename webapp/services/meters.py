"""Counting what happens, in the transaction in which it happens: what a monitoring system reads.

A count is kept in mind until the transaction commits and is written last, all of them together and in one
order: so a row is locked for a moment only, and no two transactions wait for each other.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.tables import Meter


def _upsert(dialect: Any) -> Any:
    insert = dialect.insert(Meter.__table__)
    return insert.on_conflict_do_update(
        index_elements=["name", "label"],
        set_={"n": Meter.n + insert.excluded.n, "total": Meter.total + insert.excluded.total},
    )


_UPSERTS = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}  # made once: each transaction has one
_KEY = "meters"
_MOST_LABEL = 100


def count(session: Session, name: str, *labels: str, amount: float = 0.0, n: int = 1) -> None:
    """Count something once the session's transaction commits; a rollback counts nothing.

    Parameters
    ----------
    session : Session
        A writing transaction.
    name : str
        What is counted.
    *labels : str
        By what it is told apart: words without spaces.
    amount : float, default=0.0
        What it measured, such as seconds.
    n : int, default=1
        How often it happened.
    """
    if _KEY not in session.info:
        session.info[_KEY] = {}
        event.listen(session, "before_commit", _write)
        event.listen(session, "after_rollback", _forget)
    counted: dict[tuple[str, str], tuple[int, float]] = session.info[_KEY]
    key = (name, " ".join(labels)[:_MOST_LABEL])
    before = counted.get(key, (0, 0.0))
    counted[key] = (before[0] + n, before[1] + amount)


def read(session: Session) -> Mapping[str, list[tuple[tuple[str, ...], int, float]]]:
    """Return what has been counted: for each name its labels, how often, and the sum."""
    found: dict[str, list[tuple[tuple[str, ...], int, float]]] = {}
    for name, label, n, total in session.execute(select(Meter.name, Meter.label, Meter.n, Meter.total)):
        found.setdefault(name, []).append((tuple(label.split(" ")), n, total))
    return found


def _write(session: Session) -> None:
    if session.in_nested_transaction() or not session.info[_KEY]:
        return  # only a savepoint ends
    session.flush()  # what else is to be written comes first
    counted, session.info[_KEY] = session.info[_KEY], {}
    rows = [
        {"name": name, "label": label, "n": n, "total": total} for (name, label), (n, total) in sorted(counted.items())
    ]
    upsert = _UPSERTS["sqlite" if session.get_bind().dialect.name == "sqlite" else "postgresql"]
    session.execute(upsert, rows)


def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info[_KEY] = {}

"""How sources of prices have answered lately: the circuit breaker, and the pauses that a source asks for.

A source that has failed a few times in a row is not asked any more for a while (`open`): whoever wants something of it
learns that at once. After the pause one fetch may try (`half_open`, and one at a time is all that a source ever gets);
if it is answered, all is well again (`closed`), and if not, the next pause is twice as long. A source that asks for a
pause itself gets it (`paused`): what waits for it stays in the queue.
"""

import datetime
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.tables import PriceSource

FAILURES_TO_OPEN = 3
FIRST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 900.0


class SourceState(StrEnum):
    """Whether a source is asked now."""

    CLOSED = "closed"
    PAUSED = "paused"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class SourceView:
    """A source of prices as the circuit breaker sees it.

    Attributes
    ----------
    name : str
        Of the source.
    state : SourceState
        `closed`: it is asked. `paused`: it asked for a pause, what waits for it waits. `open`: it failed too often,
        fetches fail at once. `half_open`: the pause is over, the next fetch decides.
    n_failures : int
        In a row, up to now.
    not_before : datetime, optional
        When it is asked again; None unless paused or open.
    failed_at, succeeded_at : datetime, optional
        Newest of each.
    error_code, error_message : str, optional
        Of the newest failure, as long as no success came after it.
    """

    name: str
    state: SourceState
    n_failures: int
    not_before: datetime.datetime | None
    failed_at: datetime.datetime | None
    succeeded_at: datetime.datetime | None
    error_code: str | None
    error_message: str | None


def look_at(session: Session, name: str) -> SourceView:
    """Return how a source has answered lately; one that was never asked is `closed`."""
    row = session.get(PriceSource, name, populate_existing=True)
    if row is None:
        return SourceView(name, SourceState.CLOSED, 0, None, None, None, None, None)
    waits = row.not_before is not None and row.not_before > database_now(session)
    is_tripped = row.n_failures >= FAILURES_TO_OPEN
    states = {
        (True, True): SourceState.OPEN,
        (True, False): SourceState.HALF_OPEN,
        (False, True): SourceState.PAUSED,
        (False, False): SourceState.CLOSED,
    }
    return SourceView(
        name=name,
        state=states[is_tripped, waits],
        n_failures=row.n_failures,
        not_before=row.not_before if waits else None,
        failed_at=row.failed_at,
        succeeded_at=row.succeeded_at,
        error_code=row.error_code,
        error_message=row.error_message,
    )


def is_paused(name: ColumnElement[str], now: datetime.datetime) -> ColumnElement[bool]:
    """Select names of sources that asked for a pause which is not over."""
    return (
        select(PriceSource.name)
        .where(PriceSource.name == name, PriceSource.not_before > now, PriceSource.n_failures < FAILURES_TO_OPEN)
        .exists()
    )


def answered(session: Session, name: str) -> None:
    """Note that a source answered, be it that it does not know the symbol: the circuit closes."""
    row = _open_row(session, name)
    row.n_failures = 0
    row.not_before = row.error_code = row.error_message = None
    row.succeeded_at = database_now(session)
    session.flush()


def failed(session: Session, name: str, *, code: str, message: str, retry_after: float | None = None) -> None:
    """Note that a source did not answer; after a few times in a row the circuit opens.

    Parameters
    ----------
    session : Session
        A writing transaction.
    name : str
        The source.
    code, message : str
        What it said, for people.
    retry_after : float, optional
        Seconds for which it asked to be left alone.
    """
    row = _open_row(session, name)
    row.n_failures += 1
    row.failed_at = now = database_now(session)
    row.error_code, row.error_message = code, message
    pause = retry_after or 0.0
    if row.n_failures >= FAILURES_TO_OPEN:
        doublings = row.n_failures - FAILURES_TO_OPEN
        pause = max(pause, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**doublings))
    row.not_before = now + datetime.timedelta(seconds=pause) if pause else None
    session.flush()


def _open_row(session: Session, name: str) -> PriceSource:
    # Only who fetches writes here, and a source has one fetch at a time.
    row = session.get(PriceSource, name, populate_existing=True)
    if row is None:
        row = PriceSource(name=name, n_failures=0)
        session.add(row)
    return row

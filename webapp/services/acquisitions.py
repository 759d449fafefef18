"""Acquiring prices: what people and programs may do: ask for a fetch, hand in a file, watch, list, cancel.

What a fetch brings is shared by all, so whoever may change prices may ask for it; the acquisition is its owner's.
"""

import datetime
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.permissions import Actor, Permission, require
from webapp.services import audit, leases, paging, price_sources
from webapp.services.acquisition_jobs import Kind
from webapp.services.paging import Order
from webapp.services.price_sources import SourceState, SourceView
from webapp.services.workflow import Status
from webapp.tables import Acquisition, PriceSeries

Extent = Literal["newest", "all"]

FETCHED = ("yahoo",)  # sources that are asked over a network
INTERVALS = ("1d",)

_SYMBOL = re.compile(r"[A-Z0-9^.=&_-]{1,32}")
_NEWEST_FIRST = (Order(Acquisition.submitted_at, descending=True), Order(Acquisition.id, descending=True))


@dataclass(frozen=True)
class AcquisitionView:
    """An acquisition as its owner sees it.

    Attributes
    ----------
    id : str
        Public id.
    kind : {"fetch", "import"}
        Asked of a source, or read from a file.
    source, symbol, interval, extent : str
        What was asked for.
    status : Status
        Where it is.
    progress : float
        Share that is done, 0 to 1.
    attempt : int
        How often it was begun.
    waits_until : datetime, optional
        When it is tried again, if it has to wait for that.
    waits_for : str, optional
        Why it is not running, in words; None unless queued.
    error_code, error_message : str, optional
        What went wrong; of a queued one: the last time.
    message : str, optional
        What it brought, in words.
    instrument_id : str, optional
        Public id of the series it went into.
    revision, n_bars, n_added, n_restated, n_withdrawn : int, optional
        The newest vintage, and how the delivery differed from the one before.
    submitted_at, started_at, finished_at : datetime, optional
        When.
    """

    id: str
    kind: str
    source: str
    symbol: str
    interval: str
    extent: str
    status: Status
    progress: float
    attempt: int
    waits_until: datetime.datetime | None
    waits_for: str | None
    error_code: str | None
    error_message: str | None
    message: str | None
    instrument_id: str | None
    revision: int | None
    n_bars: int | None
    n_added: int | None
    n_restated: int | None
    n_withdrawn: int | None
    submitted_at: datetime.datetime
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None


@dataclass(frozen=True)
class AcquisitionPage:
    """Some acquisitions, how many match, and the cursor of the next page; None if there is none."""

    items: tuple[AcquisitionView, ...]
    total: int
    next: str | None


def submit_fetch(
    session: Session,
    actor: Actor,
    *,
    source: str,
    symbol: str,
    interval: str = "1d",
    extent: str = "newest",
    address: str = "",
) -> str:
    """Put a fetch into the queue. Whether the source knows the symbol turns out when it is asked.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks, and will own the acquisition.
    source, symbol : str
        Where, and what; the symbol as the source writes it, in any case.
    interval : str, default="1d"
        Length of a bar.
    extent : {"newest", "all"}, default="newest"
        From the last stored bars on, or whatever there is.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    str
        Public id. The caller sends the message after the commit. If the actor has already asked for the same and it has
        not ended, it is that one.

    Raises
    ------
    PermissionDenied
        If the actor may not change prices.
    InvalidInput
        If the source, symbol, interval or extent is none that can be asked for.
    """
    require(actor, Permission.PRICES_WRITE)
    symbol = symbol.strip().upper()
    _check(source=source, symbol=symbol, interval=interval, extent=extent)
    waiting = session.scalar(
        select(Acquisition.public_id).where(
            Acquisition.owner_id == actor.user_id,
            Acquisition.kind == "fetch",
            Acquisition.source == source,
            Acquisition.symbol == symbol,
            Acquisition.interval == interval,
            Acquisition.extent == extent,
            Acquisition.status.in_((Status.QUEUED, Status.RUNNING)),
            Acquisition.cancel_requested_at.is_(None),
        )
    )
    if waiting is not None:
        return waiting
    row = _insert(session, actor, kind="fetch", source=source, symbol=symbol, interval=interval, extent=extent)
    details = {"source": source, "symbol": symbol}
    audit.record(
        session, action="prices.fetch_asked", actor=actor, subject=row.public_id, address=address, details=details
    )
    return row.public_id


def submit_import(
    session: Session,
    actor: Actor,
    *,
    source: str,
    symbol: str,
    request: Mapping[str, Any],
    interval: str = "1d",
    address: str = "",
) -> str:
    """Put the reading of a file into the queue.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks, and will own the acquisition.
    source, symbol : str
        What the bars will be called.
    request : mapping
        JSON values that say where the file is and how it is read.
    interval : str, default="1d"
        Length of a bar.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    str
        Public id. The caller sends the message after the commit.

    Raises
    ------
    PermissionDenied
        If the actor may not change prices.
    """
    require(actor, Permission.PRICES_WRITE)
    row = _insert(
        session, actor, kind="import", source=source, symbol=symbol, interval=interval, extent="all", request=request
    )
    details = {"source": source, "symbol": symbol}
    audit.record(
        session, action="prices.import_asked", actor=actor, subject=row.public_id, address=address, details=details
    )
    return row.public_id


def cancel(session: Session, actor: Actor, acquisition_id: str, *, address: str = "") -> Status:
    """Stop an acquisition: at once if it is queued, within seconds if it is running; nothing of it is kept.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own the acquisition.
    acquisition_id : str
        Public id.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    Status
        `cancelled`, or still `running` until the worker has stopped. Asking twice changes nothing.

    Raises
    ------
    PermissionDenied
        If the actor may not change prices.
    NotFound
        If there is no such acquisition that the actor may see.
    Conflict
        If it has already succeeded or failed.
    """
    require(actor, Permission.PRICES_WRITE)
    row = _visible(session, actor, acquisition_id)
    if row.status in (Status.SUCCEEDED, Status.FAILED):
        raise Conflict(f"Expected a queued or running acquisition; this one has already {row.status}.")
    if row.status == Status.CANCELLED or row.cancel_requested_at is not None:
        return Status(row.status)
    now = database_now(session)
    audit.record(session, action="prices.acquisition_cancelled", actor=actor, subject=row.public_id, address=address)
    left_queue = leases.update_rows(
        session,
        Acquisition,
        leases.is_queued(Acquisition, row.id, row.attempt),
        {"status": Status.CANCELLED, "cancel_requested_at": now, "finished_at": now, "not_before": None},
    )
    session.expire(row)
    if left_queue:
        return Status.CANCELLED
    running = leases.is_running(Acquisition, row.id, row.attempt)
    leases.update_rows(session, Acquisition, running, {"cancel_requested_at": now})
    session.expire(row)
    return Status(row.status)


def get(session: Session, actor: Actor, acquisition_id: str) -> AcquisitionView:
    """Return one acquisition.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks; must own the acquisition.
    acquisition_id : str
        Public id.

    Returns
    -------
    AcquisitionView
        What was asked for, where it is, and what it brought.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    NotFound
        If there is no such acquisition that the actor may see.
    """
    require(actor, Permission.PRICES_READ)
    return _views(session, [_visible(session, actor, acquisition_id)])[0]


def list_recent(
    session: Session, actor: Actor, *, status: Sequence[str] = (), limit: int = 50, cursor: str = ""
) -> AcquisitionPage:
    """Return the actor's acquisitions, newest first.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks.
    status : sequence of str, default=()
        Only those in one of these states; none: all.
    limit : int, default=50
        At most this many, 1 to 500.
    cursor : str, default=""
        The `next` of the page before; empty: the first page.

    Returns
    -------
    AcquisitionPage
        Some of them, how many match, and where the next page begins.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    InvalidInput
        If the cursor is none of this list.
    """
    require(actor, Permission.PRICES_READ)
    query = select(Acquisition).where(Acquisition.owner_id == actor.user_id)
    if status:
        query = query.where(Acquisition.status.in_(status))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows, following = paging.fetch_page(session, query, _NEWEST_FIRST, cursor=cursor, limit=limit)
    return AcquisitionPage(tuple(_views(session, rows)), total, following)


def list_sources(session: Session, actor: Actor) -> list[SourceView]:
    """Return how the sources that can be asked have answered lately.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    """
    require(actor, Permission.PRICES_READ)
    return [price_sources.look_at(session, name) for name in FETCHED]


def _insert(
    session: Session,
    actor: Actor,
    *,
    kind: Kind,
    source: str,
    symbol: str,
    interval: str,
    extent: Extent | str,
    request: Mapping[str, Any] | None = None,
) -> Acquisition:
    row = Acquisition(
        public_id=secrets.token_hex(8),
        owner_id=actor.user_id,
        kind=kind,
        source=source,
        symbol=symbol,
        interval=interval,
        extent=extent,
        request=dict(request or {}),
        status=Status.QUEUED,
        submitted_at=database_now(session),
    )
    session.add(row)
    session.flush()
    return row


def _visible(session: Session, actor: Actor, acquisition_id: str) -> Acquisition:
    """Return the row, or NotFound in the same words whether it is another's or does not exist."""
    row = session.scalars(
        select(Acquisition).where(Acquisition.public_id == acquisition_id, Acquisition.owner_id == actor.user_id)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such acquisition.")
    return row


def why_they_wait(session: Session, rows: Sequence[Acquisition], now: datetime.datetime) -> dict[int, str]:
    """Return in words, by key, what each of those that are queued waits for; each source is looked at once."""
    waiting = [row for row in rows if row.status == Status.QUEUED]
    sources = {name: price_sources.look_at(session, name) for name in {row.source for row in waiting}}
    return {row.id: _waits_for(row, sources[row.source], now) for row in waiting}


def _views(session: Session, rows: Sequence[Acquisition]) -> list[AcquisitionView]:
    """Return the rows as their owner sees them, with as many questions for a hundred as for one."""
    series_ids = {row.series_id for row in rows if row.series_id is not None}
    found = session.scalars(select(PriceSeries).where(PriceSeries.id.in_(series_ids)))
    instruments = {series.id: series.public_id for series in found}
    words = why_they_wait(session, rows, database_now(session))
    return [
        AcquisitionView(
            id=row.public_id,
            kind=row.kind,
            source=row.source,
            symbol=row.symbol,
            interval=row.interval,
            extent=row.extent,
            status=Status(row.status),
            progress=row.progress,
            attempt=row.attempt,
            waits_until=row.not_before if row.id in words else None,
            waits_for=words.get(row.id),
            error_code=row.error_code,
            error_message=row.error_message,
            message=row.message,
            instrument_id=instruments.get(row.series_id or 0),
            revision=row.revision,
            n_bars=row.n_bars,
            n_added=row.n_added,
            n_restated=row.n_restated,
            n_withdrawn=row.n_withdrawn,
            submitted_at=row.submitted_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
        )
        for row in rows
    ]


def _waits_for(row: Acquisition, source: SourceView, now: datetime.datetime) -> str:
    if row.not_before is not None and row.not_before > now:
        return f"The source did not answer; it is asked again at {row.not_before:%H:%M:%S} UTC."
    if row.kind == "fetch" and source.state is SourceState.PAUSED and source.not_before is not None:
        return f"The source asked for a pause until {source.not_before:%H:%M:%S} UTC."
    return "A source is asked one thing at a time, so it waits for its turn."


def _check(*, source: str, symbol: str, interval: str, extent: str) -> None:
    fields = {}
    if source not in FETCHED:
        fields["source"] = f"expected a source that can be asked: {', '.join(FETCHED)}; found {source!r}"
    if not _SYMBOL.fullmatch(symbol):
        expected = "expected 1 to 32 letters, digits or any of . - = ^ & _, as in BRK-B or ^GSPC"
        fields["symbol"] = f"{expected}; found {symbol[:40]!r}"
    if interval not in INTERVALS:
        fields["interval"] = f"expected {', '.join(INTERVALS)}; found {interval!r}"
    if extent not in get_args(Extent):
        fields["extent"] = f"expected newest or all; found {extent!r}"
    if fields:
        raise InvalidInput("Nothing was fetched; each mistake is named with its field.", fields=fields)

"""What an analysis is answered from: the prices of its instruments, found, pinned once as a snapshot, read for ever."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from quant.data.catalog import InstrumentSpec
from quant.data.snapshot import snapshot_hash
from quant.errors import InvalidPrices
from quant.frames import PRICE_COLUMNS, Prices
from quant.stages import StageOutput, hash_json
from webapp.db import database_now
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.permissions import Actor, Permission, require
from webapp.recent import Recent
from webapp.services.price_store import is_visible_to, read_bars
from webapp.storage import FrameStore
from webapp.tables import PriceSeries, Security, Snapshot, SnapshotItem

if TYPE_CHECKING:
    from quant.preparation import Instrument
    from quant.spec import AnalysisSpec

_LISTED_SYMBOLS = 20


@dataclass(frozen=True)
class SeriesRef:
    """One vintage of a price series, and what an analysis must know of its instrument."""

    series_id: int
    revision: int
    symbol: str
    source: str
    calendar: str
    currency: str


@dataclass(frozen=True)
class SnapshotView:
    """A snapshot: its number in this database, and the hash of its prices, which is the same in every database."""

    id: int
    content_hash: str


def resolve(
    session: Session, actor: Actor, instruments: Sequence[InstrumentSpec], interval: str = "1d"
) -> list[SeriesRef]:
    """Find the newest prices of the instruments of a question.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks; an own series goes before a shared one of the same symbol and source.
    instruments : sequence of InstrumentSpec
        As the question names them.
    interval : str, default="1d"
        Length of a bar.

    Returns
    -------
    list of SeriesRef
        In the order of `instruments`.

    Raises
    ------
    PermissionDenied
        If the actor may neither run analyses nor read prices.
    InvalidInput
        If there are no bars of one of them; `fields` has `instruments.0.symbol` and says which symbols there are.
    """
    if not actor.may(Permission.ANALYSES_RUN):  # who may ask may learn what there is to ask about
        require(actor, Permission.PRICES_READ)
    return _resolve(session, actor.user_id, instruments, interval)


def pin_for(session: Session, store: FrameStore, owner_id: int, spec: "AnalysisSpec") -> int:
    """Fix the newest prices of a question's instruments for an analysis of this owner; return the snapshot's id.

    Raises
    ------
    InvalidInput
        If there are no bars of one of them any more.
    """
    refs = _resolve(session, owner_id, spec.instruments, spec.interval)
    return pin_snapshot(session, store, refs).id


def pin_snapshot(session: Session, store: FrameStore, refs: Sequence[SeriesRef]) -> SnapshotView:
    """Fix the prices that an analysis will be answered from.

    Parameters
    ----------
    session : Session
        A writing transaction.
    store : FrameStore
        Where columnar files are kept.
    refs : sequence of SeriesRef
        The vintages, in the order of the question's instruments.

    Returns
    -------
    SnapshotView
        The one there is for these vintages in this order, or a new one.

    Raises
    ------
    NotFound
        If there is no such vintage.
    InvalidPrices
        If rows have another content than they had when they came.
    """
    vintages = hash_json([[ref.series_id, ref.revision] for ref in refs])
    found = _by_vintages(session, vintages)
    if found is not None:
        return found
    content_hash = _content_hash(refs, {place: _prices(session, store, ref) for place, ref in enumerate(refs)})
    row = Snapshot(content_hash=content_hash, vintages=vintages, created_at=database_now(session))
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
            session.add_all(
                SnapshotItem(snapshot_id=row.id, position=place, series_id=ref.series_id, revision=ref.revision)
                for place, ref in enumerate(refs)
            )
    except IntegrityError:
        # Another worker has pinned the same a moment ago.
        found = _by_vintages(session, vintages)
        if found is None:
            raise
        return found
    return SnapshotView(row.id, content_hash)


def read_snapshot(
    session: Session, store: FrameStore, snapshot_id: int, *, available_until: datetime.datetime | None = None
) -> dict[int, Prices]:
    """Return the prices of a snapshot, after comparing them with its content hash.

    Parameters
    ----------
    session : Session
        A transaction.
    store : FrameStore
        Where columnar files are kept; what is missing or broken there is made again from the rows.
    snapshot_id : int
        The snapshot.
    available_until : datetime, optional
        The last instant that may be seen, with a time zone.

    Returns
    -------
    dict of int to DataFrame
        Raw price frames by the instrument's position in the question. Not cleaned.

    Raises
    ------
    NotFound
        If there is no such snapshot.
    InvalidPrices
        If the prices are not the pinned ones any more.
    """
    pinned = _pinned(session, snapshot_id)
    return _read(session, store, pinned, vintages_of(session, snapshot_id), available_until)


def _pinned(session: Session, snapshot_id: int) -> Snapshot:
    pinned = session.get(Snapshot, snapshot_id)
    if pinned is None:
        raise NotFound("There is no such snapshot of prices.")
    return pinned


def _read(
    session: Session,
    store: FrameStore,
    pinned: Snapshot,
    refs: Sequence[SeriesRef],
    available_until: datetime.datetime | None = None,
) -> dict[int, Prices]:
    frames = {place: _prices(session, store, ref, available_until=available_until) for place, ref in enumerate(refs)}
    if available_until is None and _content_hash(refs, frames) != pinned.content_hash:
        raise InvalidPrices(
            f"Expected the prices of snapshot {pinned.id} to have the content hash {pinned.content_hash[:12]}; they "
            "have another. Its rows were changed in the database; restore it from a backup."
        )
    return frames


def vintages_of(session: Session, snapshot_id: int) -> list[SeriesRef]:
    """Return what a snapshot is made of, in the order of the question's instruments."""
    rows = session.execute(
        select(
            SnapshotItem.series_id,
            SnapshotItem.revision,
            Security.symbol,
            PriceSeries.source,
            Security.exchange,
            Security.currency,
        )
        .join(PriceSeries, PriceSeries.id == SnapshotItem.series_id)
        .join(Security, Security.id == PriceSeries.security_id)
        .where(SnapshotItem.snapshot_id == snapshot_id)
        .order_by(SnapshotItem.position)
    )
    return [SeriesRef(*row) for row in rows]


def read_instruments(
    session: Session,
    store: FrameStore,
    snapshot_id: int,
    spec: "AnalysisSpec",
    *,
    refs: Sequence[SeriesRef] | None = None,
    recent: Recent | None = None,
) -> "list[Instrument]":
    """Return a question's instruments with the prices of its snapshot, in the order of the question.

    Parameters
    ----------
    session : Session
        A transaction.
    store : FrameStore
        Where columnar files are kept.
    snapshot_id : int
        The snapshot.
    spec : AnalysisSpec
        The question.
    refs : sequence of SeriesRef, optional
        The snapshot's vintages, of whoever has asked for them already.
    recent : Recent, optional
        Memory of this process. Prices that were compared with their hash once are not read and compared again.

    Returns
    -------
    list of Instrument
        With their raw prices.

    Raises
    ------
    NotFound
        If there is no such snapshot.
    InvalidPrices
        If the prices are not the pinned ones any more.
    """
    from quant.preparation import Instrument  # noqa: PLC0415  # the web process never needs what it imports

    pinned = _pinned(session, snapshot_id)
    refs = vintages_of(session, snapshot_id) if refs is None else refs
    name = f"prices {pinned.vintages} {pinned.content_hash}"
    known = None if recent is None else recent.get(name)
    if known is None:
        known = StageOutput({str(place): prices for place, prices in _read(session, store, pinned, refs).items()})
        if recent is not None:
            recent.keep(name, known)
    return [
        Instrument(instrument, known.frames[str(place)], ref.calendar, ref.currency)
        for place, (instrument, ref) in enumerate(zip(spec.instruments, refs, strict=True))
    ]


def read_newest(
    session: Session, store: FrameStore, actor: Actor, vintages: Sequence[SeriesRef], spec: "AnalysisSpec"
) -> "list[Instrument]":
    """Return a question's instruments with the newest prices of the series of these vintages, its own, in its order.

    Raises
    ------
    PermissionDenied
        If the actor may neither run analyses nor read prices.
    InvalidInput
        If there are no bars of one of them any more.
    Conflict
        If what the question names is another series by now, or trades on another calendar or in another currency.
    """
    from quant.preparation import Instrument  # noqa: PLC0415  # 100 MB that few requests need

    refs = resolve(session, actor, spec.instruments, spec.interval)
    for then, now in zip(vintages, refs, strict=True):
        if (then.series_id, then.calendar, then.currency) != (now.series_id, now.calendar, now.currency):
            raise Conflict(
                f"Expected the series of {then.symbol} that the model learned from, of {then.source} on "
                f"{then.calendar} in {then.currency}; found another of that name, of {now.source} on {now.calendar} in "
                f"{now.currency}. Run the analysis on it instead."
            )
    return [
        Instrument(instrument, _prices(session, store, ref), ref.calendar, ref.currency)
        for instrument, ref in zip(spec.instruments, refs, strict=True)
    ]


def _by_vintages(session: Session, vintages: str) -> SnapshotView | None:
    row = session.scalars(select(Snapshot).where(Snapshot.vintages == vintages)).one_or_none()
    return SnapshotView(row.id, row.content_hash) if row else None


def _prices(
    session: Session, store: FrameStore, ref: SeriesRef, *, available_until: datetime.datetime | None = None
) -> Prices:
    bars = read_bars(session, store, ref.series_id, ref.revision, available_until=available_until, is_verified=True)
    return bars[list(PRICE_COLUMNS)]


def _content_hash(refs: Sequence[SeriesRef], frames: Mapping[int, Prices]) -> str:
    """Return the hash of prices by instrument; numbers of this database are no part of it."""
    return snapshot_hash({f"{ref.source}:{ref.symbol}": frames[place] for place, ref in enumerate(refs)})


def _resolve(session: Session, owner_id: int, instruments: Sequence[InstrumentSpec], interval: str) -> list[SeriesRef]:
    symbols = {instrument.symbol for instrument in instruments}
    rows = session.execute(
        select(
            PriceSeries.id,
            PriceSeries.revision,
            Security.symbol,
            PriceSeries.source,
            Security.exchange,
            Security.currency,
        )
        .join(Security, Security.id == PriceSeries.security_id)
        .where(*_usable(owner_id, interval), Security.symbol.in_(symbols))
        .order_by(PriceSeries.owner_id.is_not(None))  # an own one overwrites a shared one below
    ).all()
    refs = [SeriesRef(*row) for row in rows]
    found = {(ref.symbol, ref.source): ref for ref in refs}
    unknown = {
        f"instruments.{place}.symbol": _unknown_symbol(session, owner_id, instrument, interval)
        for place, instrument in enumerate(instruments)
        if (instrument.symbol, instrument.source) not in found
    }
    if unknown:
        raise InvalidInput(" ".join(unknown.values()), fields=unknown)
    return [found[instrument.symbol, instrument.source] for instrument in instruments]


def _unknown_symbol(session: Session, owner_id: int, instrument: InstrumentSpec, interval: str) -> str:
    query = (
        select(Security.symbol)
        .join(PriceSeries)
        .where(*_usable(owner_id, interval), PriceSeries.source == instrument.source)
        .distinct()
        .order_by(Security.symbol)
    )
    known = list(session.scalars(query.limit(_LISTED_SYMBOLS + 1)))
    listed = ", ".join(known[:_LISTED_SYMBOLS]) or "none"
    more = " and more" if len(known) > _LISTED_SYMBOLS else ""
    return (
        f"Expected a symbol of which {instrument.source} has bars of {interval}: {listed}{more}; "
        f"found {instrument.symbol}."
    )


def _usable(owner_id: int, interval: str) -> tuple[ColumnElement[bool], ...]:
    return is_visible_to(owner_id), PriceSeries.interval == interval, PriceSeries.revision > 0

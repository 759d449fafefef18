"""The raw store: what sources delivered, append-only, and the one gate through which all prices are read."""

import datetime
import logging
import secrets
from collections import Counter
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from quant.data.checks import quality_report
from quant.data.provider import Delivered, PriceQuery, create_provider
from quant.data.snapshot import actions_of
from quant.errors import InvalidPrices
from quant.frames import PRICE_COLUMNS
from quant.stages import hash_frame
from webapp.db import database_now
from webapp.errors import NotFound
from webapp.services import price_deliveries, price_files, price_rows
from webapp.storage import FrameStore
from webapp.tables import PriceRevision, PriceSeries, Security

SAMPLE = "sample"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RevisionView:
    """What a delivery left behind: the newest vintage, and how it differs from the one before.

    Attributes
    ----------
    number : int
        Of the newest vintage, from 1.
    content_hash : str
        Of its bars.
    n_bars : int
        In the vintage.
    n_added, n_restated, n_withdrawn : int
        Bars that are new, that the source changed, and that it took back. All 0: the delivery told nothing new, and
        there is no new vintage.
    """

    number: int
    content_hash: str
    n_bars: int
    n_added: int
    n_restated: int
    n_withdrawn: int

    @property
    def is_new(self) -> bool:
        """Whether the delivery made a new vintage."""
        return bool(self.n_added or self.n_restated or self.n_withdrawn)


def load_sample(session: Session, store: FrameStore) -> int:
    """Bring the packaged real prices into the store.

    Parameters
    ----------
    session : Session
        A writing transaction.
    store : FrameStore
        Where columnar files are kept.

    Returns
    -------
    int
        Number of bars that were added or changed; 0 if they were there already.
    """
    provider = create_provider(SAMPLE)
    n_changed = 0
    for symbol in provider.symbols():
        delivered = provider.fetch(PriceQuery(symbol))
        series_id = open_series(session, delivered, source=SAMPLE)
        revision = record_delivery(session, store, series_id, delivered, reason="packaged with the program")
        n_changed += revision.n_added + revision.n_restated + revision.n_withdrawn
    return n_changed


def open_series(
    session: Session, delivered: Delivered, *, source: str, interval: str = "1d", owner_id: int | None = None
) -> int:
    """Return the series to which a delivery belongs; made, with its security, if there is none.

    Parameters
    ----------
    session : Session
        A writing transaction.
    delivered : Delivered
        Says what the instrument is.
    source : str
        Where the prices come from.
    interval : str, default="1d"
        Length of a bar.
    owner_id : int, optional
        Who alone may see the series; by default it is shared. Two owners' series of one symbol never meet.

    Returns
    -------
    int
        Id of the series.
    """
    found = session.scalar(
        select(PriceSeries.id)
        .join(Security)
        .where(
            Security.symbol == delivered.symbol,
            PriceSeries.source == source,
            PriceSeries.interval == interval,
            PriceSeries.owner_id.is_(None) if owner_id is None else PriceSeries.owner_id == owner_id,
        )
    )
    if found is not None:
        return found
    row = PriceSeries(
        public_id=secrets.token_hex(8),
        security_id=_open_security(session, delivered, owner_id).id,
        source=source,
        interval=interval,
        owner_id=owner_id,
        basis=delivered.basis,
        created_at=database_now(session),
    )
    session.add(row)
    session.flush()
    return row.id


def record_delivery(
    session: Session, store: FrameStore, series_id: int, delivered: Delivered, *, reason: str
) -> RevisionView:
    """Keep what a source delivered: bars that are new, changed or gone make a new vintage; the old ones stay.

    Parameters
    ----------
    session : Session
        A writing transaction.
    store : FrameStore
        Where columnar files are kept.
    series_id : int
        The series that it belongs to.
    delivered : Delivered
        The bars of a range. It says nothing about bars before its first and after its last.
    reason : str
        Why it was fetched, in a few words.

    Returns
    -------
    RevisionView
        The newest vintage; `is_new` is False if the delivery told nothing new.

    Raises
    ------
    InvalidPrices
        If the bars cannot be kept at all: none, a session twice, a date without a session, an unknown split or
        dividend, another currency or calendar, or no overlap with stored bars where splits and dividends have to be
        derived. Bars that merely contradict themselves are kept as they came; the quality report tells, and cleaning
        refuses them.

    Notes
    -----
    A bar that lies inside the delivered range, but is not in the delivery, was taken back by the source.
    """
    # What this session knows of the series may be older than the lock.
    locked = select(PriceSeries).where(PriceSeries.id == series_id).with_for_update()
    series = session.scalars(locked, execution_options={"populate_existing": True}).one()
    security = session.get_one(Security, series.security_id)
    fresh = price_deliveries.to_bars(delivered, security)
    stored = read_bars(session, store, series_id, series.revision) if series.revision else fresh.iloc[:0]
    is_implied = delivered.actions is None
    if is_implied and series.revision:
        fresh = price_deliveries.with_known_first_actions(fresh, stored)
    tolerance = 0.0 if delivered.basis == "raw" else price_deliveries.UNDONE
    added, restated, withdrawn = price_deliveries.differences(stored, fresh, tolerance=tolerance)
    if not (len(added) or len(restated) or len(withdrawn)):
        newest = session.scalars(select(PriceRevision).where(*_is_revision(series_id, series.revision))).one()
        return RevisionView(newest.number, newest.content_hash, newest.n_bars, 0, 0, 0)
    changed = fresh.loc[added.union(restated)]
    vintage = pd.concat([stored.drop(withdrawn.union(restated)), changed]).sort_index()
    series.actions_implied |= bool(actions_of(delivered)["implied"].any())
    revision = _add_revision(session, store, series, security, vintage, reason)
    price_rows.insert(session, series_id, revision.number, changed)
    price_rows.insert(session, series_id, revision.number, stored.loc[withdrawn], is_withdrawn=True)
    return RevisionView(revision.number, revision.content_hash, len(vintage), len(added), len(restated), len(withdrawn))


def read_bars(
    session: Session,
    store: FrameStore,
    series_id: int,
    revision: int,
    *,
    available_until: datetime.datetime | None = None,
    is_verified: bool = False,
) -> pd.DataFrame:
    """Return the bars of a vintage. Every read of prices passes here, and nothing else reads rows or files.

    Parameters
    ----------
    session : Session
        A transaction.
    store : FrameStore
        Where columnar files are kept. A file that is missing or broken is made again from the rows.
    series_id, revision : int
        The vintage.
    available_until : datetime, optional
        The last instant that may be seen, with a time zone: later bars are left out, as if they did not exist.
    is_verified : bool, default=False
        Recompute the content hash of what was read, and do not trust a file that has another.

    Returns
    -------
    DataFrame of shape (n_bars, 9)
        Index `timestamp` and columns of a price frame, and `adjusted_close` as delivered. Raw and unjudged.

    Raises
    ------
    NotFound
        If there is no such vintage.
    InvalidPrices
        If the rows do not have the content hash that they had when the vintage was made.
    """
    content_hash = session.scalar(select(PriceRevision.content_hash).where(*_is_revision(series_id, revision)))
    if content_hash is None:
        raise NotFound("There are no such prices.")
    bars = price_files.read(store, content_hash)
    if bars is None or (is_verified and hash_frame(bars) != content_hash):
        bars = _from_rows(session, store, series_id, revision, content_hash)
    return bars if available_until is None else bars[bars.index <= pd.Timestamp(available_until)]


def is_visible_to(user_id: int) -> ColumnElement[bool]:
    """Return the condition on a price series that a user may know of it: shared, or their own."""
    return or_(PriceSeries.owner_id.is_(None), PriceSeries.owner_id == user_id)


def _from_rows(session: Session, store: FrameStore, series_id: int, revision: int, content_hash: str) -> pd.DataFrame:
    _log.warning("Made a file of prices from their rows.", extra={"series": series_id, "revision": revision})
    bars = price_rows.read(session, series_id, revision)
    found = hash_frame(bars)
    if found != content_hash:
        raise InvalidPrices(
            f"Expected the rows of price series {series_id}, revision {revision}, to have the content hash "
            f"{content_hash[:12]}; found {found[:12]}. They were changed in the database; restore it from a backup."
        )
    store.remove(content_hash)
    price_files.write(store, bars)
    return bars


def _is_revision(series_id: int, number: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return PriceRevision.series_id == series_id, PriceRevision.number == number


def _open_security(session: Session, delivered: Delivered, owner_id: int | None) -> Security:
    query = select(Security).where(
        Security.symbol == delivered.symbol,
        Security.exchange == delivered.calendar,
        Security.owner_id.is_(None) if owner_id is None else Security.owner_id == owner_id,
    )
    row = session.scalars(query).one_or_none()
    if row is None:
        row = Security(
            public_id=secrets.token_hex(8),
            symbol=delivered.symbol,
            name=delivered.instrument_name,
            asset_class=delivered.asset_class,
            currency=delivered.currency,
            exchange=delivered.calendar,
            owner_id=owner_id,
        )
        session.add(row)
        session.flush()
    return row


def _add_revision(
    session: Session, store: FrameStore, series: PriceSeries, security: Security, vintage: pd.DataFrame, reason: str
) -> PriceRevision:
    findings = quality_report(vintage[list(PRICE_COLUMNS)], security.exchange)
    series.revision += 1
    row = PriceRevision(
        series_id=series.id,
        number=series.revision,
        # Before the commit: a file that no row names does no harm.
        content_hash=price_files.write(store, vintage),
        n_bars=len(vintage),
        first_session=vintage["session"].iloc[0].date(),
        last_session=vintage["session"].iloc[-1].date(),
        quality=dict(Counter(finding.severity for finding in findings)),
        reason=reason,
        created_at=database_now(session),
    )
    session.add(row)
    session.flush()
    return row

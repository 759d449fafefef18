"""Whether the prices that an imported answer was made from are here, too: the same bars, by their hashes."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from webapp.services import snapshots
from webapp.services.price_store import is_visible_to
from webapp.services.snapshots import SeriesRef
from webapp.storage import FrameStore
from webapp.tables import PriceRevision, PriceSeries, Security


def find(session: Session, store: FrameStore, owner_id: int, interval: str, origin: Mapping[str, Any]) -> int | None:
    """Return the snapshot of the prices of an imported answer.

    Parameters
    ----------
    session : Session
        A writing transaction.
    store : FrameStore
        Where columnar files are kept.
    owner_id : int
        Whose analysis it is; series of others are as if they were not there.
    interval : str
        Length of a bar.
    origin : mapping
        What the bundle says: `prices`, the vintages in the order of the question, and `snapshot_hash`.

    Returns
    -------
    int or None
        Key of the snapshot, pinned if nobody had; None if any of the bars is not here, or another.
    """
    refs: Sequence[SeriesRef | None] = [_vintage(session, owner_id, interval, each) for each in origin["prices"]]
    found = [ref for ref in refs if ref is not None]
    if len(found) < len(refs) or not found:
        return None
    pinned = snapshots.pin_snapshot(session, store, found)
    return pinned.id if pinned.content_hash == origin["snapshot_hash"] else None


def _vintage(session: Session, owner_id: int, interval: str, wanted: Mapping[str, Any]) -> SeriesRef | None:
    row = session.execute(
        select(
            PriceSeries.id,
            PriceRevision.number,
            Security.symbol,
            PriceSeries.source,
            Security.exchange,
            Security.currency,
        )
        .join(Security, Security.id == PriceSeries.security_id)
        .join(
            PriceRevision,
            and_(PriceRevision.series_id == PriceSeries.id, PriceRevision.content_hash == wanted["content_hash"]),
        )
        .where(
            is_visible_to(owner_id),
            PriceSeries.interval == interval,
            PriceSeries.source == wanted["source"],
            Security.symbol == wanted["symbol"],
            Security.exchange == wanted["calendar"],
            Security.currency == wanted["currency"],
        )
        .order_by(PriceSeries.owner_id.is_(None), PriceRevision.number)  # an own one first
        .limit(1)
    ).first()
    return None if row is None else SeriesRef(*row)

"""What a fetch does to the raw store: which bars to ask for, and what to keep of the answer. It asks nobody itself."""

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from quant.data.provider import Delivered, PriceQuery
from webapp.services import price_deliveries, price_store
from webapp.services.acquisition_jobs import AcquisitionClaim, Outcome
from webapp.storage import FrameStore
from webapp.tables import PriceSeries, Security

# Bars that are asked for again with the new ones: they show restatements, and that the scale is still the same.
OVERLAP_BARS = 5


def plan(session: Session, store: FrameStore, claim: AcquisitionClaim) -> PriceQuery:
    """Return what to ask the source: everything, or from a few bars before the last stored one on.

    Parameters
    ----------
    session : Session
        A transaction.
    store : FrameStore
        Where columnar files are kept.
    claim : AcquisitionClaim
        The acquisition.

    Returns
    -------
    PriceQuery
        Never with an end: only up to now is the source's list of splits complete.
    """
    stored = _stored(session, store, claim)
    if stored is None or claim.extent == "all":
        return PriceQuery(claim.symbol, claim.interval)
    first = stored["session"].iloc[-min(OVERLAP_BARS, len(stored))]
    return PriceQuery(claim.symbol, claim.interval, start=first.date())


def tells_of_changes(session: Session, store: FrameStore, claim: AcquisitionClaim, delivered: Delivered) -> bool:
    """Whether bars that are stored came differently, or not any more: then older ones may have changed as well.

    Raises
    ------
    InvalidPrices
        As `price_deliveries.to_bars` and `check_scale`.
    """
    stored = _stored(session, store, claim)
    if stored is None:
        return False
    fresh = price_deliveries.to_bars(delivered, _security(session, claim))
    price_deliveries.check_scale(stored, fresh, delivered.symbol)
    _, restated, withdrawn = price_deliveries.differences(stored, fresh, tolerance=price_deliveries.UNDONE)
    return bool(len(restated) or len(withdrawn))


def keep(session: Session, store: FrameStore, claim: AcquisitionClaim, delivered: Delivered) -> Outcome:
    """Bring a delivery into the raw store, as a series that all share.

    Parameters
    ----------
    session : Session
        A writing transaction, which also ends the acquisition.
    store : FrameStore
        Where columnar files are kept.
    claim : AcquisitionClaim
        The acquisition.
    delivered : Delivered
        What the source delivered.

    Returns
    -------
    Outcome
        The series, its newest vintage, what is new about it, and all of it in words.

    Raises
    ------
    InvalidPrices
        If the bars cannot be kept, or are of another scale than those that are stored.
    """
    stored = _stored(session, store, claim)
    series_id = price_store.open_series(session, delivered, source=claim.source, interval=claim.interval)
    if stored is not None:
        fresh = price_deliveries.to_bars(delivered, _security(session, claim))
        price_deliveries.check_scale(stored, fresh, delivered.symbol)
    revision = price_store.record_delivery(
        session, store, series_id, delivered, reason=f"fetched from {claim.source}: {claim.extent}"
    )
    return Outcome(
        series_id=series_id,
        revision=revision.number,
        n_bars=len(delivered.bars),
        n_added=revision.n_added,
        n_restated=revision.n_restated,
        n_withdrawn=revision.n_withdrawn,
        message=_in_words(revision, delivered),
    )


def _series(claim: AcquisitionClaim) -> tuple[object, ...]:
    return (
        Security.symbol == claim.symbol,
        PriceSeries.source == claim.source,
        PriceSeries.interval == claim.interval,
        PriceSeries.owner_id.is_(None),
    )


def _stored(session: Session, store: FrameStore, claim: AcquisitionClaim) -> pd.DataFrame | None:
    found = session.execute(
        select(PriceSeries.id, PriceSeries.revision).join(Security).where(*_series(claim))  # type: ignore[arg-type]
    ).one_or_none()
    if found is None or not found.revision:
        return None
    return price_store.read_bars(session, store, found.id, found.revision)


def _security(session: Session, claim: AcquisitionClaim) -> Security:
    return session.scalars(select(Security).join(PriceSeries).where(*_series(claim))).one()  # type: ignore[arg-type]


def _in_words(revision: price_store.RevisionView, delivered: Delivered) -> str:
    last = delivered.bars["session"].iloc[-1].date()
    if not revision.is_new:
        words = [f"Nothing new: the newest bar is still that of {last}."]
    else:
        words = [f"{_count(revision.n_added)} new, up to {last}."] if revision.n_added else []
        words += [f"{_count(revision.n_restated)} restated by the source."] if revision.n_restated else []
        words += [f"{_count(revision.n_withdrawn)} withdrawn by the source."] if revision.n_withdrawn else []
    return " ".join([*words, *delivered.notes])


def _count(number: int) -> str:
    return f"{number:,} bar{'' if number == 1 else 's'}"

"""How far the prices of instruments reach, how fresh they are, and how they came to be: what the data page shows."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from quant import calendars
from webapp.db import database_now
from webapp.permissions import Actor
from webapp.services import prices
from webapp.services.acquisitions import FETCHED
from webapp.services.prices import InstrumentView
from webapp.tables import PriceData, PriceRevision, PriceSeries


@dataclass(frozen=True)
class Freshness:
    """How an instrument's bars stand to its exchange's calendar.

    Attributes
    ----------
    expected_session : date
        The newest session that has closed.
    n_sessions_behind : int, optional
        Closed sessions after the last bar; None if there are no bars.
    can_be_fetched : bool
        Whether its source can be asked for more.
    """

    expected_session: datetime.date
    n_sessions_behind: int | None
    can_be_fetched: bool


@dataclass(frozen=True)
class RevisionEntry:
    """One vintage of a series: when and why it came, how far it reaches, and what it changed.

    Attributes
    ----------
    number : int
        From 1.
    created_at : datetime
        When it came.
    reason : str
        Why.
    n_bars : int
        In the whole vintage.
    first_session, last_session : date
        Coverage.
    quality : mapping of str to int
        Number of findings by severity, counted when it came.
    n_changed : int
        Bars that came new or differently.
    n_withdrawn : int
        Bars that the source took back.
    """

    number: int
    created_at: datetime.datetime
    reason: str
    n_bars: int
    first_session: datetime.date
    last_session: datetime.date
    quality: Mapping[str, int]
    n_changed: int
    n_withdrawn: int


def freshness(session: Session, instruments: Sequence[InstrumentView]) -> list[Freshness]:
    """Return how fresh instruments are, in their order.

    Parameters
    ----------
    session : Session
        A transaction, for the database's clock.
    instruments : sequence of InstrumentView
        As `prices.search_instruments` returned them, so the actor may see them.

    Returns
    -------
    list of Freshness
        One each.
    """
    now = database_now(session)
    expected = {name: calendars.last_closed_session(now, name) for name in {each.exchange for each in instruments}}
    return [
        Freshness(
            expected_session=expected[each.exchange],
            n_sessions_behind=(
                calendars.sessions_between(each.last_session, expected[each.exchange], each.exchange)
                if each.last_session
                else None
            ),
            can_be_fetched=each.source in FETCHED,
        )
        for each in instruments
    ]


def list_revisions(session: Session, actor: Actor, instrument_id: str, *, limit: int = 100) -> list[RevisionEntry]:
    """Return the vintages of an instrument's bars, newest first.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks.
    instrument_id : str
        Public id.
    limit : int, default=100
        At most this many.

    Returns
    -------
    list of RevisionEntry
        Empty if there are no bars yet.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    NotFound
        If there is no such instrument that the actor may see.
    """
    instrument = prices.get_instrument(session, actor, instrument_id)
    changes = (
        select(
            PriceData.series_id,
            PriceData.revision,
            func.count().label("n_rows"),
            func.sum(cast(PriceData.is_withdrawn, Integer)).label("n_withdrawn"),
        )
        .join(PriceSeries, PriceSeries.id == PriceData.series_id)
        .where(PriceSeries.public_id == instrument.id)
        .group_by(PriceData.series_id, PriceData.revision)
        .subquery()
    )
    rows = session.execute(
        select(PriceRevision, changes.c.n_rows, changes.c.n_withdrawn)
        .join(changes, (changes.c.series_id == PriceRevision.series_id) & (changes.c.revision == PriceRevision.number))
        .order_by(PriceRevision.number.desc())
        .limit(limit)
    )
    return [
        RevisionEntry(
            number=row.number,
            created_at=row.created_at,
            reason=row.reason,
            n_bars=row.n_bars,
            first_session=row.first_session,
            last_session=row.last_session,
            quality=dict(row.quality),
            n_changed=n_rows - n_withdrawn,
            n_withdrawn=n_withdrawn,
        )
        for row, n_rows, n_withdrawn in rows
    ]

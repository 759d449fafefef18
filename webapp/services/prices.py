"""Prices: which instruments there are, their bars, and what an analysis is answered from.

A series is shared, or belongs to who uploaded it; another's series does not exist for anyone else. The store below is
`price_store`, what analyses pin is `snapshots`; their functions that other rooms need stand here as well.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from quant.data import checks
from quant.data.adjustment import back_adjusted
from quant.data.findings import Finding
from quant.frames import PRICE_COLUMNS, Prices
from webapp.errors import InvalidInput, NotFound
from webapp.permissions import Actor, Permission, require
from webapp.services import paging
from webapp.services.price_store import (
    RevisionView,
    is_visible_to,
    load_sample,
    open_series,
    read_bars,
    record_delivery,
)
from webapp.services.snapshots import (
    SeriesRef,
    SnapshotView,
    pin_for,
    pin_snapshot,
    read_instruments,
    read_snapshot,
    resolve,
)
from webapp.storage import FrameStore
from webapp.tables import PriceRevision, PriceSeries, Security

__all__ = [
    "InstrumentPage",
    "InstrumentView",
    "RevisionView",
    "SeriesRef",
    "SnapshotView",
    "get_instrument",
    "list_instruments",
    "load_sample",
    "open_series",
    "pin_for",
    "pin_snapshot",
    "quality_report",
    "read_instruments",
    "read_prices",
    "read_snapshot",
    "record_delivery",
    "resolve",
    "search_instruments",
]

Adjustment = Literal["raw", "back"]

_MAX_LIMIT = 500
_BY_SYMBOL = tuple(
    paging.Order(column) for column in (Security.symbol, PriceSeries.source, PriceSeries.interval, PriceSeries.id)
)


@dataclass(frozen=True)
class InstrumentView:
    """An instrument at one source, and which bars of it there are.

    Attributes
    ----------
    id : str
        Public id of the price series.
    symbol, name, asset_class, currency, exchange : str
        What it is; `exchange` is the name of its calendar.
    source, interval : str
        Where the bars come from, and their length.
    is_own : bool
        Whether the actor uploaded it and nobody else sees it.
    actions_implied : bool
        Whether splits or dividends were derived from prices, because the source does not tell them.
    revision : int
        Number of the newest vintage; 0 if there are no bars yet.
    n_bars : int
        In the newest vintage.
    first_session, last_session : date, optional
        Coverage; None if there are no bars yet.
    updated_at : datetime, optional
        When the newest vintage came.
    quality : mapping of str to int
        Number of findings of the quality report by severity, counted when the vintage came.
    """

    id: str
    symbol: str
    name: str
    asset_class: str
    currency: str
    exchange: str
    source: str
    interval: str
    is_own: bool
    actions_implied: bool
    revision: int
    n_bars: int
    first_session: datetime.date | None
    last_session: datetime.date | None
    updated_at: datetime.datetime | None
    quality: Mapping[str, int]


@dataclass(frozen=True)
class InstrumentPage:
    """A page of instruments; `next` is the cursor of the page after it, None on the last."""

    items: tuple[InstrumentView, ...]
    next: str | None


def search_instruments(
    session: Session,
    actor: Actor,
    *,
    symbol: str | None = None,
    text: str = "",
    source: str | None = None,
    interval: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[InstrumentView]:
    """Return the instruments that the actor may see, by symbol.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks.
    symbol : str, optional
        Only this symbol, in any case.
    text : str, default=""
        Only those whose symbol or name contains this, in any case.
    source, interval : str, optional
        Only of this source; only with bars of this length.
    limit : int, default=100
        At most this many, 1 to 500.
    offset : int, default=0
        Leave out the first ones.

    Returns
    -------
    list of InstrumentView
        Ordered by symbol, then source.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    """
    require(actor, Permission.PRICES_READ)
    query = _matching(actor, symbol=symbol, text=text, source=source, interval=interval)
    query = query.order_by(*(each.column for each in _BY_SYMBOL))
    rows = session.execute(query.limit(max(1, min(limit, _MAX_LIMIT))).offset(max(0, offset)))
    return [_view(actor, *row) for row in rows]


def list_instruments(
    session: Session,
    actor: Actor,
    *,
    symbol: str | None = None,
    text: str = "",
    source: str | None = None,
    interval: str | None = None,
    cursor: str = "",
    limit: int = 100,
) -> InstrumentPage:
    """Return a page of the instruments that the actor may see, by symbol.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks.
    symbol : str, optional
        Only this symbol, in any case.
    text : str, default=""
        Only those whose symbol or name contains this, in any case.
    source, interval : str, optional
        Only of this source; only with bars of this length.
    cursor : str, default=""
        The `next` of the page before; empty: the first page.
    limit : int, default=100
        At most this many, 1 to 500.

    Returns
    -------
    InstrumentPage
        The page, ordered by symbol, then source.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    InvalidInput
        If the cursor is none of this list.
    """
    require(actor, Permission.PRICES_READ)
    query = _matching(actor, symbol=symbol, text=text, source=source, interval=interval)
    rows, following = paging.fetch_page(session, query, _BY_SYMBOL, cursor=cursor, limit=limit)
    return InstrumentPage(tuple(_view(actor, *row) for row in rows), following)


def get_instrument(session: Session, actor: Actor, instrument_id: str) -> InstrumentView:
    """Return one instrument.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks.
    instrument_id : str
        Public id.

    Returns
    -------
    InstrumentView
        What it is and which bars there are.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    NotFound
        If there is no such instrument that the actor may see.
    """
    require(actor, Permission.PRICES_READ)
    return _view(actor, *_visible(session, actor, instrument_id))


def read_prices(  # noqa: PLR0913  # each says one thing about the range, and most have a default
    session: Session,
    store: FrameStore,
    actor: Actor,
    instrument_id: str,
    *,
    start: datetime.date | None = None,
    end: datetime.date | None = None,
    adjusted: Adjustment = "raw",
    limit: int | None = None,
    available_until: datetime.datetime | None = None,
) -> Prices:
    """Return the newest bars there are of an instrument.

    Parameters
    ----------
    session : Session
        A transaction.
    store : FrameStore
        Where columnar files are kept.
    actor : Actor
        Who asks.
    instrument_id : str
        Public id.
    start, end : date, optional
        First and last session wanted, both included.
    adjusted : {"raw", "back"}, default="raw"
        `"raw"`: as traded. `"back"`: scaled by the splits and dividends that came later, up to the last available bar;
        for charts.
    limit : int, optional
        At most this many bars: the newest of the range.
    available_until : datetime, optional
        The last instant that may be seen, with a time zone; adjustment does not know later splits and dividends either.

    Returns
    -------
    DataFrame of shape (n_bars, 8)
        Frame with the columns of `quant.frames.PRICE_COLUMNS`; empty if no bar lies in the range. Not cleaned: NaN is
        what the source did not tell.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    NotFound
        If there is no such instrument that the actor may see, or if it has no bars yet.
    InvalidInput
        If `start` is after `end`, `limit` is less than 1, or `adjusted` is neither of the two.
    InvalidPrices
        If adjusted bars are wanted and the raw ones contradict themselves.
    """
    require(actor, Permission.PRICES_READ)
    _check_range(start, end, adjusted, limit)
    series, _, _ = _visible(session, actor, instrument_id)
    bars = read_bars(session, store, series.id, series.revision, available_until=available_until)
    prices = bars[list(PRICE_COLUMNS)]
    if adjusted == "back":
        prices = back_adjusted(prices)
    if start is not None:
        prices = prices[prices["session"] >= pd.Timestamp(start)]
    if end is not None:
        prices = prices[prices["session"] <= pd.Timestamp(end)]
    return prices if limit is None else prices.iloc[-limit:]


def quality_report(session: Session, store: FrameStore, actor: Actor, instrument_id: str) -> list[Finding]:
    """Return everything that is wrong or odd about an instrument's newest bars.

    Parameters
    ----------
    session : Session
        A transaction.
    store : FrameStore
        Where columnar files are kept.
    actor : Actor
        Who asks.
    instrument_id : str
        Public id.

    Returns
    -------
    list of Finding
        The most severe first; empty if nothing is worth saying.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    NotFound
        If there is no such instrument that the actor may see, or if it has no bars yet.
    """
    require(actor, Permission.PRICES_READ)
    series, security, _ = _visible(session, actor, instrument_id)
    bars = read_bars(session, store, series.id, series.revision)
    return checks.quality_report(bars[list(PRICE_COLUMNS)], security.exchange)


def _instruments(actor: Actor) -> Select[PriceSeries, Security, PriceRevision]:
    """Return the question for what the actor may see; the revision is None of a series without bars."""
    newest = and_(PriceRevision.series_id == PriceSeries.id, PriceRevision.number == PriceSeries.revision)
    return (
        select(PriceSeries, Security, PriceRevision)
        .join(Security, Security.id == PriceSeries.security_id)
        .outerjoin(PriceRevision, newest)
        .where(is_visible_to(actor.user_id))
    )


def _matching(
    actor: Actor, *, symbol: str | None, text: str, source: str | None, interval: str | None
) -> Select[PriceSeries, Security, PriceRevision]:
    query = _instruments(actor)
    if symbol is not None:
        query = query.where(func.lower(Security.symbol) == symbol.lower())
    if text:
        needle = text.lower()
        query = query.where(
            or_(
                func.lower(Security.symbol).contains(needle, autoescape=True),
                func.lower(Security.name).contains(needle, autoescape=True),
            )
        )
    if source is not None:
        query = query.where(PriceSeries.source == source)
    if interval is not None:
        query = query.where(PriceSeries.interval == interval)
    return query


def _visible(session: Session, actor: Actor, instrument_id: str) -> tuple[PriceSeries, Security, PriceRevision | None]:
    """Return the rows, or NotFound in the same words whether it is another's or does not exist."""
    row = session.execute(_instruments(actor).where(PriceSeries.public_id == instrument_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such instrument.")
    series, security, newest = row
    return series, security, newest


def _view(actor: Actor, series: PriceSeries, security: Security, newest: PriceRevision | None) -> InstrumentView:
    return InstrumentView(
        id=series.public_id,
        symbol=security.symbol,
        name=security.name,
        asset_class=security.asset_class,
        currency=security.currency,
        exchange=security.exchange,
        source=series.source,
        interval=series.interval,
        is_own=series.owner_id == actor.user_id,
        actions_implied=series.actions_implied,
        revision=series.revision,
        n_bars=newest.n_bars if newest else 0,
        first_session=newest.first_session if newest else None,
        last_session=newest.last_session if newest else None,
        updated_at=newest.created_at if newest else None,
        quality=dict(newest.quality) if newest else {},
    )


def _check_range(start: datetime.date | None, end: datetime.date | None, adjusted: str, limit: int | None) -> None:
    fields = {}
    if start is not None and end is not None and start > end:
        fields["start"] = f"expected a session up to the end, {end}; found {start}"
    if limit is not None and limit < 1:
        fields["limit"] = f"expected at least 1; found {limit}"
    if adjusted not in ("raw", "back"):
        fields["adjusted"] = f"expected raw or back; found {adjusted}"
    if fields:
        raise InvalidInput("The range of prices has mistakes; each is named with its field.", fields=fields)

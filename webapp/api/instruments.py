"""Instruments and their bars."""

from flask import Response

from webapp.api.answers import to_json
from webapp.api.frames import to_columns
from webapp.api.operations import NOT_THERE, Answer, operation
from webapp.api.schemas import (
    Instrument,
    InstrumentCoverage,
    InstrumentList,
    InstrumentQuery,
    PriceQuery,
    Prices,
    QualityFinding,
    QualityReport,
    Revision,
    RevisionList,
)
from webapp.auth.session import current_actor, parts, read
from webapp.permissions import Permission
from webapp.services import coverage, prices


@operation(
    "GET",
    "/instruments",
    tag="Instruments",
    summary="Find instruments",
    permission=Permission.PRICES_READ,
    query=InstrumentQuery,
    answers={200: Answer("Instruments, by symbol.", InstrumentList)},
)
def search_instruments(query: InstrumentQuery) -> Response:
    """Return the instruments that you may see: shared ones, and those that you uploaded."""
    with read() as session:
        page = prices.list_instruments(
            session,
            current_actor(),
            symbol=query.symbol or None,
            text=query.text,
            source=query.source or None,
            interval=query.interval or None,
            cursor=query.cursor,
            limit=query.limit,
        )
        fresh = coverage.freshness(session, page.items)
    items = [
        InstrumentCoverage.model_validate({**vars(view), **vars(state)})
        for view, state in zip(page.items, fresh, strict=True)
    ]
    return to_json(InstrumentList(items=items, next=page.next))


@operation(
    "GET",
    "/instruments/<instrument_id>/revisions",
    tag="Instruments",
    summary="List the vintages of bars",
    permission=Permission.PRICES_READ,
    answers={200: Answer("Vintages, newest first.", RevisionList)},
    refusals=NOT_THERE,
)
def list_revisions(instrument_id: str) -> Response:
    """Return when and why bars came, and how many each time were new, changed or taken back; at most the last 100."""
    with read() as session:
        found = coverage.list_revisions(session, current_actor(), instrument_id)
    return to_json(RevisionList(items=[Revision.model_validate(entry) for entry in found]))


@operation(
    "GET",
    "/instruments/<instrument_id>/quality",
    tag="Instruments",
    summary="Read the quality report of bars",
    permission=Permission.PRICES_READ,
    answers={200: Answer("Findings, the most severe first.", QualityReport)},
    refusals=NOT_THERE,
)
def read_quality(instrument_id: str) -> Response:
    """Return everything that is wrong or odd about an instrument's newest bars; empty if nothing is worth saying."""
    with read() as session:
        found = prices.quality_report(session, parts().store, current_actor(), instrument_id)
    return to_json(QualityReport(findings=[QualityFinding.model_validate(each) for each in found]))


@operation(
    "GET",
    "/instruments/<instrument_id>/prices",
    tag="Instruments",
    summary="Read bars",
    permission=Permission.PRICES_READ,
    query=PriceQuery,
    answers={200: Answer("Bars, oldest first, column by column.", Prices)},
    refusals=NOT_THERE,
)
def read_prices(instrument_id: str, query: PriceQuery) -> Response:
    """Return the newest vintage of an instrument's bars, oldest first.

    The table comes as columns, each name written once: half the size of one object a bar. `total` says how many
    bars the range has; ask with `offset` for what `limit` left out. Values are not cleaned: null is what the source did
    not tell.
    """
    with read() as session:
        instrument = prices.get_instrument(session, current_actor(), instrument_id)
        bars = prices.read_prices(
            session,
            parts().store,
            current_actor(),
            instrument_id,
            start=query.start,
            end=query.end,
            adjusted=query.adjusted,
        )
    shown = bars.iloc[query.offset : query.offset + query.limit]
    return to_json(
        {
            "instrument": Instrument.model_validate(instrument).model_dump(),
            "adjusted": query.adjusted,
            "total": len(bars),
            "limit": query.limit,
            "offset": query.offset,
            "n_rows": len(shown),
            "columns": to_columns(shown.reset_index()),
        }
    )

"""Acquiring prices: asking for a fetch, watching it, cancelling it, and how the sources answer."""

from http import HTTPStatus

from flask import Response, url_for

from webapp import jobs
from webapp.api.acquisition_schemas import (
    Acquisition,
    AcquisitionList,
    AcquisitionQuery,
    AcquisitionState,
    FetchRequest,
    Source,
    SourceList,
)
from webapp.api.answers import to_json
from webapp.api.operations import NOT_NOW, NOT_THERE, Answer, operation
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.permissions import Permission
from webapp.services import acquisitions
from webapp.services.workflow import Status


@operation(
    "POST",
    "/acquisitions",
    tag="Instruments",
    summary="Fetch prices",
    permission=Permission.PRICES_WRITE,
    body=FetchRequest,
    answers={
        HTTPStatus.ACCEPTED: Answer("It is in the queue.", AcquisitionState, headers={"Location": "Where to watch it."})
    },
)
def fetch_prices(body: FetchRequest) -> Response:
    """Ask a source for an instrument's bars, which all may read afterwards. Watch it at the address in `Location`.

    Whether the source knows the symbol turns out when it is asked. Asking again for what has not ended yet is answered
    with the fetch that there is.
    """
    with write() as session:
        acquisition_id = acquisitions.submit_fetch(
            session,
            current_actor(),
            source=body.source,
            symbol=body.symbol,
            extent=body.extent,
            address=client_address(),
        )
        status = acquisitions.get(session, current_actor(), acquisition_id).status
        parts().queue.send_after_commit(session, jobs.ACQUIRE)
    state = AcquisitionState(id=acquisition_id, status=status)
    location = url_for("api.get_acquisition", acquisition_id=acquisition_id)
    return to_json(state, HTTPStatus.ACCEPTED, Location=location)


@operation(
    "GET",
    "/acquisitions",
    tag="Instruments",
    summary="List acquisitions",
    permission=Permission.PRICES_READ,
    query=AcquisitionQuery,
    answers={200: Answer("A page of your acquisitions, newest first.", AcquisitionList)},
)
def list_acquisitions(query: AcquisitionQuery) -> Response:
    """Return your fetches and imports, newest first. `total` says how many match."""
    with read() as session:
        page = acquisitions.list_recent(
            session, current_actor(), status=query.status, limit=query.limit, cursor=query.cursor
        )
    items = [Acquisition.model_validate(item) for item in page.items]
    return to_json(AcquisitionList(items=items, total=page.total, next=page.next))


@operation(
    "GET",
    "/acquisitions/<acquisition_id>",
    tag="Instruments",
    summary="Watch an acquisition",
    permission=Permission.PRICES_READ,
    answers={200: Answer("What was asked for, where it is, and what it brought.", Acquisition)},
    refusals=NOT_THERE,
)
def get_acquisition(acquisition_id: str) -> Response:
    """Return where an acquisition is, why it waits or failed, and how many bars came new, restated or withdrawn."""
    with read() as session:
        view = acquisitions.get(session, current_actor(), acquisition_id)
    return to_json(Acquisition.model_validate(view))


@operation(
    "DELETE",
    "/acquisitions/<acquisition_id>",
    tag="Instruments",
    summary="Cancel an acquisition",
    permission=Permission.PRICES_WRITE,
    answers={200: Answer("`cancelled`, or `running` until the worker has stopped, within seconds.", AcquisitionState)},
    refusals=NOT_NOW,
)
def cancel_acquisition(acquisition_id: str) -> Response:
    """Stop an acquisition that is queued or running; nothing of it is kept. Asking twice changes nothing."""
    with write() as session:
        status = acquisitions.cancel(session, current_actor(), acquisition_id, address=client_address())
    return to_json(AcquisitionState(id=acquisition_id, status=Status(status)))


@operation(
    "GET",
    "/sources",
    tag="Instruments",
    summary="Look at the sources",
    permission=Permission.PRICES_READ,
    answers={200: Answer("The sources that can be asked for prices.", SourceList)},
)
def list_sources() -> Response:
    """Return how the sources that can be asked have answered lately, and whether they are asked now."""
    with read() as session:
        found = acquisitions.list_sources(session, current_actor())
    return to_json(SourceList(items=[Source.model_validate(view) for view in found]))

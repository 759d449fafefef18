"""Documents of an answer: a page that opens offline, a tear sheet to print, and a bundle that another Assay imports."""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import chain
from typing import Literal

from flask import Response
from pydantic import Field

from webapp import jobs
from webapp.api.answers import is_known, not_modified, tagged, to_json
from webapp.api.columns import Moment, View
from webapp.api.operations import NOT_NOW, NOT_THERE, Answer, operation
from webapp.api.reading import Body, Query
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.errors import NotFound
from webapp.permissions import Permission
from webapp.services import documents
from webapp.services.workflow import Status

_PIECE_BYTES = 256 * 1024
_MEDIA_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "bundle": "application/zip"}

Kind = Literal["html", "pdf", "bundle"]


class DocumentRequest(Body):
    """Which document is wanted."""

    kind: Kind = Field(
        description="`html`: a page with everything; `pdf`: a tear sheet of a few pages; "
        "`bundle`: question, answer, frames and hashes, which another Assay imports."
    )


class DocumentQuery(Query):
    """Which document."""

    kind: Kind = Field(default="html", description="`html`: the page; `pdf`: the tear sheet; `bundle`: the bundle.")


class DocumentState(View):
    """A document, and how far it is."""

    kind: Kind
    status: Status
    submitted_at: Moment
    finished_at: Moment | None
    n_bytes: int | None = Field(description="Null until it is there.")
    error_code: str | None
    error_message: str | None


class DocumentList(View):
    """The documents that somebody has asked for."""

    items: list[DocumentState]


@operation(
    "POST",
    "/analyses/<analysis_id>/documents",
    tag="Results",
    summary="Ask for a document",
    permission=Permission.ANALYSES_READ,
    body=DocumentRequest,
    answers={HTTPStatus.ACCEPTED: Answer("It is in the queue, or there already.", DocumentState)},
    refusals=NOT_NOW,
)
def ask_for_document(analysis_id: str, body: DocumentRequest) -> Response:
    """Let a worker make a report, a tear sheet or a bundle; an answer does not change, so one is made once and kept."""
    with write() as session:
        view = documents.ask(session, current_actor(), analysis_id, body.kind, address=client_address())
        parts().queue.send_after_commit(session, jobs.DOCUMENT)
    return to_json(DocumentState.model_validate(view), HTTPStatus.ACCEPTED)


@operation(
    "GET",
    "/analyses/<analysis_id>/documents",
    tag="Results",
    summary="List documents",
    permission=Permission.ANALYSES_READ,
    answers={HTTPStatus.OK: Answer("Those that somebody has asked for.", DocumentList)},
    refusals=NOT_THERE,
)
def list_documents(analysis_id: str) -> Response:
    """Return how far each document is."""
    with read() as session:
        found = documents.list_of(session, current_actor(), analysis_id)
    return to_json(DocumentList(items=[DocumentState.model_validate(each) for each in found]))


@operation(
    "POST",
    "/analyses/<analysis_id>/documents/cancel",
    tag="Results",
    summary="Cancel a document",
    permission=Permission.ANALYSES_READ,
    body=DocumentRequest,
    answers={HTTPStatus.OK: Answer("`cancelled`, or `running` until the worker has stopped.", DocumentState)},
    refusals=NOT_NOW,
)
def cancel_document(analysis_id: str, body: DocumentRequest) -> Response:
    """Stop a document that you have asked for, or that is made of your analysis."""
    with write() as session:
        view = documents.cancel(session, current_actor(), analysis_id, body.kind)
    return to_json(DocumentState.model_validate(view))


@operation(
    "GET",
    "/analyses/<analysis_id>/document",
    tag="Results",
    summary="Take a document away",
    permission=Permission.ANALYSES_READ,
    query=DocumentQuery,
    answers={HTTPStatus.OK: Answer("The file.", None, ("text/html", "application/pdf", "application/zip"))},
    refusals=NOT_NOW,
)
def take_document(analysis_id: str, query: DocumentQuery) -> Response:
    """Return a finished document as a file; 409 while it is being made."""
    with read() as session:
        found = documents.find_file(session, current_actor(), analysis_id, query.kind)
    tag = f"document-{found.content_hash}"
    if is_known(tag):
        return not_modified(tag)
    response = Response(_pieces(found.content_hash), content_type=_MEDIA_TYPES[query.kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{found.filename}"'
    return tagged(response, tag)


def _pieces(content_hash: str) -> Iterator[bytes]:
    """Return the bytes of a file, piece by piece; that it is there is found out before the answer begins."""
    pieces = _read(content_hash)
    try:
        first = next(pieces, b"")
    except FileNotFoundError:
        raise NotFound("The file of this document is gone from the store; ask for it again.") from None
    return chain([first], pieces)


def _read(content_hash: str) -> Iterator[bytes]:
    with parts().files.local(content_hash) as path, path.open("rb") as file:
        yield from iter(lambda: file.read(_PIECE_BYTES), b"")

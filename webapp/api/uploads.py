"""Files of prices: brought, judged by the gate, corrected, and stored as a series of who brought them."""

import csv
import io
import re
from http import HTTPStatus
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import Field

from webapp.api.answers import to_json
from webapp.api.columns import Moment, PageView, View
from webapp.api.operations import NOT_NOW, NOT_THERE, Answer, operation
from webapp.api.reading import Body, PageQuery, Query
from webapp.api.sent_files import FORM, sent_file
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.permissions import Permission
from webapp.services import upload_removal, uploads
from webapp.services.uploads import FileLayout, LayoutChoices

_MOST_DECISIONS = 50
_DANGEROUS = ("=", "+", "-", "@")
_CELLS = re.compile(r"[;\t|]|[^;\t|]+")  # as a spreadsheet may part them; commas stand between quotation marks
_NUMBER = re.compile(r"\s*[+-][\d.,]+\s*")

FILE_TYPES = (FORM, "text/csv", "application/octet-stream")
Decided = Literal["keep", "repair", "quarantine", "refuse"]


class UploadQuery(Query):
    """What a file is called, where the body does not say it."""

    filename: str = Field(default="", max_length=200, description="Name of the file, if it is sent as such.")


class UploadsQuery(PageQuery):
    """Which uploads."""


class Finding(View):
    """One kind of thing that was found in a file, where, and what becomes of it."""

    code: str = Field(description="Stable name of the kind.")
    severity: Literal["info", "warning", "error"]
    treatment: Literal["said", "repaired", "quarantined", "asked", "refused"] = Field(
        description="What becomes of it: nothing changes, it is repaired, its rows stay out of the store, something "
        "has to be chosen first, or the file cannot be stored."
    )
    choices: list[Decided] = Field(description="What may be decided instead.")
    count: int = Field(description="Number of rows, cells or columns.")
    lines: list[int] = Field(description="Lines of the file, from 1; the first 100.")
    columns: list[str] = Field(description="Columns of the file that it is about.")
    message: str = Field(description="What was expected, what was found, what becomes of it.")
    option: str | None = Field(description="The part of the layout that answers it.")
    facts: dict[str, Any] = Field(description="Numbers that belong to it.")


class DecisionMade(View):
    """What was decided about a kind of finding, when and why; null was taken back."""

    code: str
    decision: Decided | None
    reason: str
    at: Moment


class PreviewRow(View):
    """A row as it stands in the file."""

    line: int
    cells: list[str]


class UploadSummary(View):
    """A file, and how it stands."""

    id: str
    filename: str
    content_hash: str = Field(description="SHA-256 of the bytes, in hexadecimal.")
    n_bytes: int
    status: Literal["checked", "stored"]
    interval: str = Field(description="Length of a bar.")
    n_rows: int = Field(description="Rows of the file, or of its chosen instrument.")
    n_kept: int = Field(description="Rows that are or would be stored.")
    n_quarantined: int = Field(description="Rows that stay out of the store.")
    is_storable: bool = Field(description="Whether nothing has to be chosen or mended any more.")
    created_at: Moment
    stored_at: Moment | None
    instrument_id: str | None = Field(description="Public id of the series that it was stored in.")
    symbol: str | None
    revision: int | None


class Upload(UploadSummary):
    """A file, how it is read, and everything the gate says about it."""

    layout: FileLayout
    findings: list[Finding] = Field(description="What has to be answered stands first.")
    decisions: list[DecisionMade] = Field(description="All that was ever decided, oldest first.")
    preview: list[PreviewRow] = Field(description="The first rows.")


class UploadList(PageView):
    """A page of uploads, newest first."""

    items: list[UploadSummary]


class NewDecision(Body):
    """What is decided about a kind of finding."""

    code: str = Field(max_length=40, description="Code of the finding.")
    decision: Decided | None = Field(description="One of its choices; null takes back what was decided.")
    reason: str = Field(min_length=3, max_length=1000, description="Why; it is kept with the file.")


class UploadChange(Body):
    """What is said about a file; what is left out stays as it is."""

    layout: LayoutChoices = Field(
        default=LayoutChoices(), description="Parts of the layout that were not detected, or wrongly; null: detect it."
    )
    decisions: Annotated[tuple[NewDecision, ...], Field(max_length=_MOST_DECISIONS)] = Field(
        default=(), description="Decisions about findings."
    )


class StoreUpload(Body):
    """What the instrument is called."""

    symbol: str = Field(
        min_length=1, max_length=32, pattern=r"^[A-Za-z0-9^./_=-]+$", description="Its symbol in questions."
    )
    name: str = Field(default="", max_length=120, description="What a person calls it; left out: the symbol.")
    currency: str = Field(default="USD", pattern=r"^[A-Za-z]{3}$", description="Currency of the prices.")
    asset_class: Literal["equity", "index", "fund", "currency", "crypto", "commodity", "bond", "other"] = Field(
        default="equity", description="What kind of thing it is."
    )


@operation(
    "POST",
    "/uploads",
    tag="Uploads",
    summary="Upload a file of prices",
    permission=Permission.PRICES_WRITE,
    query=UploadQuery,
    file_types=FILE_TYPES,
    answers={HTTPStatus.CREATED: Answer("What the gate says about it.", Upload, headers={"Location": "Its address."})},
    refusals=(HTTPStatus.TOO_MANY_REQUESTS,),
)
def create_upload(query: UploadQuery) -> Response:
    """Read and judge a file of daily prices: CSV and its like, Parquet, or an Excel workbook, up to 50 MiB.

    Send it as the field `file` of a form, or as the body itself. Its layout is detected, and asked about where it
    cannot be told. Nothing is stored as prices yet.
    """
    filename, chunks = sent_file(query.filename)
    content_hash, n_bytes = parts().files.receive(chunks)
    examination = uploads.examine(parts().files, content_hash)
    with write() as session:
        view = uploads.create(
            session, current_actor(), filename=filename, content_hash=content_hash, n_bytes=n_bytes,
            examination=examination, address=client_address(),
        )  # fmt: skip
    return to_json(_shown(view), HTTPStatus.CREATED, Location=f"/api/v1/uploads/{view.id}")


@operation(
    "GET",
    "/uploads",
    tag="Uploads",
    summary="List uploads",
    permission=Permission.PRICES_READ,
    query=UploadsQuery,
    answers={200: Answer("Your uploads, newest first.", UploadList)},
)
def list_uploads(query: UploadsQuery) -> Response:
    """Return the files that you uploaded, without what was found in them."""
    with read() as session:
        views, following = uploads.list_uploads(session, current_actor(), cursor=query.cursor, limit=query.limit)
    return to_json(UploadList(items=[UploadSummary.model_validate(view) for view in views], next=following))


@operation(
    "GET",
    "/uploads/<upload_id>",
    tag="Uploads",
    summary="Read what was found in a file",
    permission=Permission.PRICES_READ,
    answers={200: Answer("How it is read, its first rows and all findings.", Upload)},
    refusals=NOT_THERE,
)
def get_upload(upload_id: str) -> Response:
    """Return one of your uploads."""
    with read() as session:
        view = uploads.get(session, current_actor(), upload_id)
    return to_json(_shown(view))


@operation(
    "PATCH",
    "/uploads/<upload_id>",
    tag="Uploads",
    summary="Correct how a file is read, decide about findings",
    permission=Permission.PRICES_WRITE,
    body=UploadChange,
    answers={200: Answer("What the gate says now.", Upload)},
    refusals=NOT_NOW,
)
def change_upload(upload_id: str, body: UploadChange) -> Response:
    """Say what could not be detected, and decide about findings, each with a reason that is kept.

    The file is judged again. One that is stored already is not changed any more.
    """
    with read() as session:
        prepared = uploads.prepare(
            session, parts().files, current_actor(), upload_id,
            layout=body.layout.model_dump(exclude_unset=True),
            decisions=[uploads.Decision(each.code, each.decision, each.reason) for each in body.decisions],
        )  # fmt: skip
    with write() as session:
        view = uploads.change(session, current_actor(), upload_id, prepared, address=client_address())
    return to_json(_shown(view))


@operation(
    "POST",
    "/uploads/<upload_id>/store",
    tag="Uploads",
    summary="Store a file as prices",
    permission=Permission.PRICES_WRITE,
    body=StoreUpload,
    answers={200: Answer("The upload, with the instrument it is in.", Upload)},
    refusals=NOT_NOW,
)
def store_upload(upload_id: str, body: StoreUpload) -> Response:
    """Store the sound rows as a series that you alone see; a series of yours with this symbol gets a new vintage.

    Rows that were quarantined stay out of it and can be downloaded.
    """
    with read() as session:
        prepared = uploads.prepare(session, parts().files, current_actor(), upload_id)
    with write() as session:
        view = uploads.store(
            session, parts().store, current_actor(), upload_id, prepared, symbol=body.symbol, name=body.name,
            currency=body.currency, asset_class=body.asset_class, address=client_address(),
        )  # fmt: skip
    return to_json(_shown(view))


@operation(
    "DELETE",
    "/uploads/<upload_id>",
    tag="Uploads",
    summary="Delete a file",
    permission=Permission.PRICES_WRITE,
    answers={HTTPStatus.NO_CONTENT: Answer("It is forgotten.", media_types=())},
    refusals=NOT_NOW,
)
def delete_upload(upload_id: str) -> Response:
    """Forget a file of yours that is not stored; those that nobody stores are cleared away after some weeks."""
    with write() as session:
        upload_removal.delete_upload(session, current_actor(), upload_id, address=client_address())
    response = Response(status=HTTPStatus.NO_CONTENT)
    del response.headers["Content-Type"]
    return response


@operation(
    "GET",
    "/uploads/<upload_id>/quarantine",
    tag="Uploads",
    summary="Download the rows that stay out",
    permission=Permission.PRICES_READ,
    answers={200: Answer("Line, code of the finding, and the row's text.", None, media_types=("text/csv",))},
    refusals=NOT_THERE,
)
def get_quarantine(upload_id: str) -> Response:
    """Return the rows of a file that are or would be kept out of the store, as CSV.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    with read() as session:
        rows = uploads.quarantined(session, parts().files, current_actor(), upload_id)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("line", "code", "text"))
    writer.writerows((line, code, _disarmed(row)) for line, code, row in rows)
    response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="quarantine.csv"'
    return response


def _shown(view: uploads.UploadView) -> Upload:
    content = {**vars(view), "preview": [{"line": line, "cells": cells} for line, cells in view.preview]}
    return Upload.model_validate(content)


def _disarmed(text: str) -> str:
    """Return text that no spreadsheet runs: neither the whole of it nor a cell that it is parted into."""
    return "".join(
        f"'{cell}" if cell.lstrip().startswith(_DANGEROUS) and not _NUMBER.fullmatch(cell) else cell
        for cell in _CELLS.findall(text)
    )

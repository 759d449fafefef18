"""Documents of an answer: asking for a report, a tear sheet or a bundle, watching it, cancelling it, taking it away."""

import datetime
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict
from webapp.permissions import Actor, Permission, require
from webapp.services import audit, quotas, storage_use
from webapp.services.access import find_readable
from webapp.services.workflow import Status
from webapp.tables import Document

Kind = Literal["html", "pdf", "bundle"]
RECIPE = 3  # raised whenever documents say something else or look otherwise
TITLES: Mapping[Kind, str] = {"html": "Report", "pdf": "Tear sheet", "bundle": "Bundle"}
SUFFIXES: Mapping[Kind, str] = {"html": "html", "pdf": "pdf", "bundle": "zip"}
_KINDS: Mapping[str, Kind] = {kind: kind for kind in TITLES}
_NOTHING = "Nobody has asked for this document of this analysis yet. Ask for it first."


@dataclass(frozen=True)
class DocumentView:
    """A document as doors show it; `n_bytes` is None until it is there."""

    kind: Kind
    status: Status
    submitted_at: datetime.datetime
    finished_at: datetime.datetime | None
    n_bytes: int | None
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True)
class DocumentFile:
    """Where the bytes of a document lie in the file store, and what a browser may call it."""

    content_hash: str
    filename: str


def ask(session: Session, actor: Actor, analysis_id: str, kind: Kind, *, address: str = "") -> DocumentView:
    """Ask for a document, or find the one there is: an answer does not change, so one is made once.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must be allowed to read the analysis.
    analysis_id : str
        Public id of the analysis.
    kind : {"html", "pdf", "bundle"}
        A page, a tear sheet to print, or a file that another Assay imports.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    DocumentView
        What there is. The caller sends the message after the commit.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If there is no such analysis that the actor may see.
    Conflict
        If it has no answer (yet).
    QuotaExceeded
        If its owner has no room left.
    """
    require(actor, Permission.ANALYSES_READ)
    analysis = find_readable(session, actor, analysis_id)
    if analysis.status != Status.SUCCEEDED:
        raise Conflict(f"Expected an analysis that has succeeded; this one is {analysis.status}.")
    storage_use.lock(session, analysis.owner_id)
    row = _find(session, analysis.id, kind)
    if row is not None and row.recipe == RECIPE and row.status not in {Status.FAILED, Status.CANCELLED}:
        return _view(row)
    quotas.check_storage(session, replace(actor, user_id=analysis.owner_id))
    now = database_now(session)
    if row is None:
        row = Document(public_id=secrets.token_hex(8), analysis_id=analysis.id, kind=kind)
        session.add(row)
    row.owner_id, row.recipe, row.status, row.submitted_at = actor.user_id, RECIPE, Status.QUEUED, now
    row.n_transient = row.attempt or 0  # the tries before are not counted; their number stays the fence
    for column in ("not_before", "cancel_requested_at", "started_at", "finished_at", "error_code", "error_message"):
        setattr(row, column, None)
    row.content_hash = row.n_bytes = row.worker = row.worker_pid = row.lease_expires_at = None
    session.flush()
    details = {"kind": kind}
    audit.record(
        session, action="analysis.document_asked", subject=analysis_id, actor=actor, address=address, details=details
    )
    return _view(row)


def list_of(session: Session, actor: Actor, analysis_id: str) -> list[DocumentView]:
    """Return the documents of an analysis that somebody has asked for.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If there is no such analysis that the actor may see.
    """
    require(actor, Permission.ANALYSES_READ)
    analysis = find_readable(session, actor, analysis_id)
    query = select(Document).where(Document.analysis_id == analysis.id, Document.recipe == RECIPE)
    return [_view(row) for row in session.scalars(query.order_by(Document.kind))]


def cancel(session: Session, actor: Actor, analysis_id: str, kind: Kind) -> DocumentView:
    """Stop a document that waits or is being made; whoever may ask for it again may.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must have asked for the document, or own the analysis.
    analysis_id : str
        Public id of the analysis.
    kind : {"html", "pdf", "bundle"}
        Which.

    Returns
    -------
    DocumentView
        What it is now; of what runs, the worker stops within seconds.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If there is no such analysis that the actor may see.
    Conflict
        If nobody has asked for it, somebody else did, or it has ended.
    """
    require(actor, Permission.ANALYSES_READ)
    analysis = find_readable(session, actor, analysis_id)
    row = _find(session, analysis.id, kind)
    if row is None:
        raise Conflict(_NOTHING)
    if actor.user_id not in {row.owner_id, analysis.owner_id}:
        raise Conflict("Expected a document that you have asked for; somebody else did, and may be waiting for it.")
    if Status(row.status).is_final:
        raise Conflict(f"Expected a document that waits or is being made; this one is {row.status}.")
    now = database_now(session)
    row.cancel_requested_at = row.cancel_requested_at or now
    if row.status == Status.QUEUED:
        row.status, row.finished_at = Status.CANCELLED, now
    session.flush()
    return _view(row)


def find_file(session: Session, actor: Actor, analysis_id: str, kind: Kind) -> DocumentFile:
    """Return where a finished document lies.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If there is no such analysis that the actor may see.
    Conflict
        If nobody has asked for it, it is not there yet, or it could not be made.
    """
    require(actor, Permission.ANALYSES_READ)
    analysis = find_readable(session, actor, analysis_id)
    row = _find(session, analysis.id, kind)
    if row is None:
        raise Conflict(_NOTHING)
    if row.content_hash is None:
        raise Conflict(f"Expected a document that is there; this one is {row.status}. Ask for it, and look again.")
    return DocumentFile(row.content_hash, f"assay-{analysis.public_id}.{SUFFIXES[kind]}")


def _find(session: Session, analysis_id: int, kind: str) -> Document | None:
    query = select(Document).where(Document.analysis_id == analysis_id, Document.kind == kind)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _view(row: Document) -> DocumentView:
    return DocumentView(
        _KINDS[row.kind],
        Status(row.status),
        row.submitted_at,
        row.finished_at,
        row.n_bytes,
        row.error_code,
        row.error_message,
    )


def used_hashes(session: Session) -> set[str]:
    """Return the content hashes of all documents, whose bytes must stay."""
    hashes = session.scalars(select(Document.content_hash).where(Document.content_hash.is_not(None)))
    return {each for each in hashes if each is not None}

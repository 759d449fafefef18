"""Making documents: claim one, read the answer, write page, tear sheet or bundle, keep it as a file."""

import datetime
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from quant.errors import AnalysisCancelled
from tasks.data import app
from tasks.hands import Hands, hands
from tasks.pool import WORKER
from tasks.setbacks import failure_of, let_go, setback_of
from webapp import jobs
from webapp.db import AWAY
from webapp.errors import LeaseLost
from webapp.logs import bind
from webapp.services import document_jobs
from webapp.services.document_jobs import DocumentClaim

_CHUNK_BYTES = 1024**2
_log = logging.getLogger(__name__)


@app.task(name=jobs.DOCUMENT)  # type: ignore[untyped-decorator]  # Celery has no types
def make() -> None:
    """Make the document that waits longest; then look for more."""
    parts = hands()
    try:
        with parts.database.write() as session:
            claim = document_jobs.claim_next(
                session,
                worker=WORKER,
                pid=os.getpid(),
                lease_seconds=parts.settings.lease_seconds,
                max_attempts=parts.settings.max_attempts,
            )
        if claim is None:
            return
        bind(document=claim.public_id, user=claim.owner, request_id=claim.request_id)
        _log.info("A document begins.", extra={"attempt": claim.attempt})
        _carry(parts, claim)
        _log.info("A document is put down.", extra={"attempt": claim.attempt})
    except LeaseLost as error:
        _log.warning("Stopped work that is no longer ours.", extra={"error": str(error)})
    except AWAY:
        _log.exception("The database does not answer.")
        let_go(parts, document_jobs, goes_on="it is begun again.")
    bind()
    parts.queue.send(jobs.DOCUMENT)


def _carry(parts: Hands, claim: DocumentClaim) -> None:
    """Make a document and translate every way in which that can end."""
    try:
        content_hash, n_bytes = parts.files.receive(_written(parts, claim))
        with parts.database.write() as session:
            document_jobs.finish(session, claim, content_hash=content_hash, n_bytes=n_bytes)
    except (LeaseLost, *AWAY):
        raise
    except AnalysisCancelled:
        with parts.database.write() as session:
            document_jobs.confirm_cancelled(session, claim)
    except Exception as error:  # noqa: BLE001  # whatever it is, the person who waits must learn that it ended
        _end_badly(parts, claim, error)


def _end_badly(parts: Hands, claim: DocumentClaim, error: Exception) -> None:
    """Let the document wait if that may help, else fail it."""
    setback, reference = setback_of(error), f"{claim.public_id}/{claim.attempt}"
    code, message = failure_of(error, reference)
    if code == "internal":
        _log.error("A document was ended by an error.", exc_info=error, extra={"document": reference})
    with parts.database.write() as session:
        if setback is None:
            document_jobs.fail(session, claim, code=code, message=message)
        elif not document_jobs.retry_later(session, claim, **vars(setback)):
            document_jobs.confirm_cancelled(session, claim)  # unless it failed for good


def _written(parts: Hands, claim: DocumentClaim) -> Iterator[bytes]:
    if claim.kind == "bundle":
        return _bundle(parts, claim)
    return iter([_told(parts, claim)])


def _bundle(parts: Hands, claim: DocumentClaim) -> Iterator[bytes]:
    """Yield the pieces of a bundle, from a file that is there for as long as it is read."""
    from webapp.services import bundle_contents  # noqa: PLC0415  # brings pandas: only who has work to do needs it

    with parts.database.read() as session:
        found = bundle_contents.read(session, claim.analysis_id, made_at=datetime.datetime.now(datetime.UTC))
    with tempfile.TemporaryDirectory(prefix="assay-bundle-") as folder:
        path = Path(folder) / "bundle.zip"
        bundle_contents.write(found, parts.store, path)
        with path.open("rb") as file:
            yield from iter(lambda: file.read(_CHUNK_BYTES), b"")


def _told(parts: Hands, claim: DocumentClaim) -> bytes:
    from webapp.reports import content  # noqa: PLC0415  # brings pandas: only who has work to do needs it
    from webapp.services import document_contents  # noqa: PLC0415  # as above

    with parts.database.read() as session:
        found = document_contents.read(session, parts.store, claim.analysis_id, content.FRAMES)
    vintages = [content.Vintage(each.symbol, each.source, each.revision) for each in found.vintages]
    report = content.compose(found.view, found.result, vintages, datetime.datetime.now(datetime.UTC))
    if claim.kind == "html":
        from webapp.reports.page import to_html  # noqa: PLC0415  # as above

        return to_html(report)
    from webapp.reports.tearsheet import to_pdf  # noqa: PLC0415  # as above

    return to_pdf(report)

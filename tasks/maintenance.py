"""Work that nobody asked for: bringing back what was lost, clearing away what was left."""

import datetime
import logging

from tasks import app
from tasks.hands import hands
from webapp import jobs
from webapp.errors import ServiceUnavailable
from webapp.services import acquisition_jobs, document_jobs, idempotency, stage_claims
from webapp.services import jobs as job_services

DRAFTS_KEPT = datetime.timedelta(days=1)  # no writer of an output lives longer
_log = logging.getLogger(__name__)


@app.task(name=jobs.SWEEP)  # type: ignore[untyped-decorator]  # Celery has no types
def sweep() -> None:
    """Requeue what fell silent with its worker, send for all that waits, and forget what is kept for a day."""
    parts = hands()
    with parts.database.write() as session:
        n_offered = stage_claims.sweep(session)
        waiting = {jobs.WORK: job_services.sweep(session) + n_offered, jobs.ACQUIRE: acquisition_jobs.sweep(session)}
        waiting[jobs.DOCUMENT] = document_jobs.sweep(session)
        idempotency.forget_old(session)
    for message, n_waiting in waiting.items():
        for _ in range(min(n_waiting, jobs.MOST_MESSAGES)):
            parts.queue.send(message)


@app.task(name=jobs.TIDY)  # type: ignore[untyped-decorator]  # Celery has no types
def tidy() -> None:
    """Clear away what dead writers left in the store of results, uploads that nobody stores, bytes without a row."""
    from webapp.services import upload_removal  # noqa: PLC0415  # brings pandas: only who has work to do needs it

    parts = hands()
    with parts.database.write() as session:
        upload_removal.clear_old(session, parts.settings.upload_days)
    before = datetime.datetime.now(datetime.UTC) - DRAFTS_KEPT
    try:
        n_removed = parts.store.clear_drafts(before) + parts.files.clear_drafts(before)
        with parts.database.read() as session:
            n_removed += upload_removal.remove_unused(session, parts.files)
    except ServiceUnavailable:
        return  # the store has been said to be away; the next one will do
    if n_removed:
        _log.info("Cleared away what nobody needs.", extra={"removed": n_removed})

"""Work that nobody asked for: bringing back what was lost."""

from tasks import app
from tasks.hands import hands
from webapp import jobs
from webapp.services import idempotency
from webapp.services import jobs as job_services

MOST_MESSAGES = 32


@app.task(name=jobs.SWEEP)  # type: ignore[untyped-decorator]  # Celery has no types
def sweep() -> None:
    """Requeue analyses whose worker fell silent, send for everything that waits, and forget what is kept for a day."""
    parts = hands()
    with parts.database.write() as session:
        n_waiting = job_services.sweep(session)
        idempotency.forget_old(session)
    for _ in range(min(n_waiting, MOST_MESSAGES)):
        parts.queue.send(jobs.WORK)

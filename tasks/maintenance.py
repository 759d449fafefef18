"""Work that nobody asked for: bringing back what was lost."""

from tasks import app
from tasks.hands import hands
from webapp import jobs
from webapp.services import acquisition_jobs, idempotency
from webapp.services import jobs as job_services

MOST_MESSAGES = 32


@app.task(name=jobs.SWEEP)  # type: ignore[untyped-decorator]  # Celery has no types
def sweep() -> None:
    """Requeue what fell silent with its worker, send for all that waits, and forget what is kept for a day."""
    parts = hands()
    with parts.database.write() as session:
        waiting = {jobs.WORK: job_services.sweep(session), jobs.ACQUIRE: acquisition_jobs.sweep(session)}
        idempotency.forget_old(session)
    for message, n_waiting in waiting.items():
        for _ in range(min(n_waiting, MOST_MESSAGES)):
            parts.queue.send(message)

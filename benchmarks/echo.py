"""Bare Celery, to compare with: an app whose only task does nothing, on the broker of the settings."""

from celery import Celery

from webapp.config import load_settings

_url = load_settings().redis_url.get_secret_value()
app = Celery("echo", broker=_url, backend=_url)
app.conf.update(
    task_default_queue="echo",  # the product's worker would take these tasks, and not know them
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@app.task  # type: ignore[untyped-decorator]  # Celery has no types
def nothing() -> None:
    """Do nothing."""

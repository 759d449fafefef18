"""What a monitoring system reads at `/metrics`: all of it from the database, the same whichever process is asked.

What this process itself knows, how long its requests took, it adds to what the others have counted in the database, a
few times a minute. Without a token in the settings there is nothing at this address, and nothing is counted.
"""

import hmac
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, current_app, g, request
from sqlalchemy.exc import DBAPIError

from webapp import __version__, schema
from webapp.auth.session import parts, read
from webapp.db import Database
from webapp.errors import NotFound, NotSignedIn
from webapp.services import measures, meters
from webapp.services.measures import Measures

if TYPE_CHECKING:
    from prometheus_client import Metric

blueprint = Blueprint("metrics", __name__)
_FLUSH_SECONDS = 10.0
_KEY = "assay_requests"
_UNCOUNTED = {"/metrics", "/healthz", "/readyz"}
_log = logging.getLogger(__name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer in Prometheus's format to whoever has the token of the settings."""
    token = parts().settings.metrics_token.get_secret_value()
    if not token:
        raise NotFound("There is nothing at this address, or it is not yours to see.")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise NotSignedIn("Expected the bearer token of ASSAY_METRICS_TOKEN.")
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415  # only who is scraped loads it

    _requests().flush()
    with read() as session:
        found = measures.read_measures(session)
    text = generate_latest(_Collected(found))  # all it asks of a registry is `collect`
    return Response(text, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


@dataclass(frozen=True)
class _Collected:
    """What was read, as families of Prometheus."""

    found: Measures

    def collect(self) -> "Iterator[Metric]":
        """Go through all families; each has its help, whether or not anything has happened yet."""
        from prometheus_client.core import (  # noqa: PLC0415  # as above
            CounterMetricFamily,
            GaugeMetricFamily,
            InfoMetricFamily,
            SummaryMetricFamily,
        )

        found = self.found
        yield InfoMetricFamily("assay", "The version that answers.", value={"version": __version__})
        jobs = GaugeMetricFamily("assay_jobs", "Jobs that wait or run now.", labels=["kind", "status"])
        for job, n_jobs in found.jobs.items():
            jobs.add_metric(job, n_jobs)
        yield jobs
        oldest = GaugeMetricFamily(
            "assay_oldest_waiting_seconds", "How long the job has waited that waits longest.", labels=["kind"]
        )
        for kind, seconds in found.oldest_seconds.items():
            oldest.add_metric([kind], seconds)
        yield oldest
        yield GaugeMetricFamily("assay_workers", "Workers that are alive.", value=len(found.workers))
        memory = GaugeMetricFamily(
            "assay_worker_memory_bytes", "Memory of a worker's processes, shared pages in each.", labels=["worker"]
        )
        for worker in found.workers:
            if worker.memory_bytes is not None:
                memory.add_metric([worker.name], worker.memory_bytes)
        yield memory
        for name, title, text, names in _COUNTERS:
            counter = CounterMetricFamily(title, text, labels=names)
            for labels, n, _ in found.counted.get(name, ()):
                counter.add_metric(labels, n)
            yield counter
        for name, title, text, names in _SUMMARIES:
            summary = SummaryMetricFamily(title, text, labels=names)
            for labels, n, total in found.counted.get(name, ()):
                summary.add_metric(labels, count_value=n, sum_value=total)
            yield summary


_COUNTERS = (
    ("moved", "assay_jobs_moved", "Jobs that were started, again after a loss too, or ended.", ("kind", "status")),
    ("failed", "assay_jobs_failed", "Jobs that failed, by the error's code.", ("kind", "code")),
    ("leases_lost", "assay_leases_lost", "Jobs whose worker fell silent, so that another took them.", ("kind",)),
)
_SUMMARIES = (
    ("waited", "assay_job_waiting_seconds", "Seconds from a job's submission to its first start.", ("kind",)),
    ("stage", "assay_stage_seconds", "Seconds that finished analyses spent in a stage.", ("stage",)),
    ("request", "assay_http_request_seconds", "Seconds that web requests took.", ("door", "status")),
)


@dataclass
class _Requests:
    """How long this process's requests took since it last told the database."""

    database: Database
    waiting: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    thread: threading.Thread | None = None

    def count(self, door: str, status: int, seconds: float) -> None:
        """Count a request; the first one of a process starts the thread that tells the database."""
        with self.lock:
            n, total = self.waiting.get((door, f"{status // 100}xx"), (0, 0.0))
            self.waiting[door, f"{status // 100}xx"] = (n + 1, total + seconds)
            if self.thread is None:
                self.thread = threading.Thread(target=self._go_on, name="metrics", daemon=True)
                self.thread.start()

    def flush(self) -> None:
        """Tell the database; what it does not take is told the next time."""
        with self.lock:
            waiting, self.waiting = self.waiting, {}
        if not waiting:
            return
        try:
            with self.database.write() as session:
                schema.check_still(session)
                for labels, (n, total) in waiting.items():
                    meters.count(session, "request", *labels, n=n, amount=total)
        except (DBAPIError, schema.WrongVersion) as error:
            _log.warning("Counts of requests could not be stored; trying again.", extra={"error": str(error)})
            with self.lock:
                for labels, (n, total) in waiting.items():
                    more = self.waiting.get(labels, (0, 0.0))
                    self.waiting[labels] = (n + more[0], total + more[1])

    def _go_on(self) -> None:
        while True:
            time.sleep(_FLUSH_SECONDS)
            self.flush()


def install_metrics(app: Flask, database: Database, *, is_on: bool) -> None:
    """Give an application its metrics; if they are on, its requests are counted."""
    app.register_blueprint(blueprint)
    app.extensions[_KEY] = _Requests(database)
    if is_on:
        app.before_request(_begin)
        app.after_request(_end)


def _requests() -> _Requests:
    found: _Requests = current_app.extensions[_KEY]
    return found


def _begin() -> None:
    g.metrics_began = time.perf_counter()


def _end(response: Response) -> Response:
    began: Any = g.pop("metrics_began", None)
    if began is not None and request.path not in _UNCOUNTED:
        _requests().count(_door(), response.status_code, time.perf_counter() - began)
    return response


def _door() -> str:
    """Return which door a request came by: never its address, of which there is no end."""
    if request.path.startswith("/api/"):
        return "rest"
    if request.path.startswith("/app/_dash-update-component"):
        return "callback"
    if "/assets/" in request.path or request.path.startswith(("/static/", "/app/_dash-component-suites")):
        return "file"
    return "page"

"""Acquiring prices: claim a job, ask the source, hand what it delivered to the services."""

import logging
import os
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from quant.errors import AnalysisCancelled, ProviderUnavailable, QuantError
from tasks.data import app
from tasks.hands import Hands, hands
from tasks.imports import import_file
from tasks.pool import WORKER
from tasks.setbacks import failure_of, let_go, setback_of
from webapp import jobs
from webapp.db import AWAY
from webapp.errors import LeaseLost
from webapp.logs import bind
from webapp.pacing import TokenBucket
from webapp.services import acquisition_jobs, price_sources
from webapp.services.acquisition_jobs import AcquisitionClaim

if TYPE_CHECKING:
    from quant.data.provider import PriceProvider

_log = logging.getLogger(__name__)


@app.task(name=jobs.ACQUIRE)  # type: ignore[untyped-decorator]  # Celery has no types
def acquire() -> None:
    """Take the next acquisition and carry it to its end; then look for more."""
    parts = hands()
    try:
        claim = _claim(parts)
        if claim is None:
            return
        bind(acquisition=claim.public_id, user=claim.owner, request_id=claim.request_id)
        _log.info("An acquisition begins.", extra={"attempt": claim.attempt})
        _carry(parts, claim)
        _log.info("An acquisition is put down.", extra={"attempt": claim.attempt})
    except LeaseLost as error:
        _log.warning("Stopped work that is no longer ours.", extra={"error": str(error)})
    except AWAY:
        _log.exception("The database does not answer.")
        let_go(parts, acquisition_jobs, goes_on="it is begun again.")
    bind()
    parts.queue.send(jobs.ACQUIRE)


def _claim(parts: Hands) -> AcquisitionClaim | None:
    with parts.database.write() as session:
        return acquisition_jobs.claim_next(
            session,
            worker=WORKER,
            pid=os.getpid(),
            lease_seconds=parts.settings.lease_seconds,
            max_attempts=parts.settings.max_attempts,
        )


def _carry(parts: Hands, claim: AcquisitionClaim) -> None:
    """Carry an acquisition out and translate every way in which it can end."""
    try:
        CARRIERS[claim.kind](parts, claim)
    except (LeaseLost, *AWAY):
        raise
    except AnalysisCancelled:
        with parts.database.write() as session:
            acquisition_jobs.confirm_cancelled(session, claim)
    except Exception as error:  # noqa: BLE001  # whatever it is, the person who waits must learn that it ended
        _end_badly(parts, claim, error)


def _end_badly(parts: Hands, claim: AcquisitionClaim, error: Exception) -> None:
    """Let the acquisition wait if that may help, else fail it; either tells something about its source."""
    setback, reference = setback_of(error), f"{claim.public_id}/{claim.attempt}"
    code, message = failure_of(error, reference)
    if code == "internal":
        _log.error("An acquisition was ended by an error.", exc_info=error, extra={"acquisition": reference})
    with parts.database.write() as session:
        acquisition_jobs.hold(session, claim)
        if isinstance(error, ProviderUnavailable):
            wait = getattr(error, "retry_after", None)
            price_sources.failed(session, claim.source, code=code, message=message, retry_after=wait)
        elif claim.kind == "fetch" and isinstance(error, QuantError):
            price_sources.answered(session, claim.source)
        if setback is None:
            acquisition_jobs.fail(session, claim, code=code, message=message)
        elif not acquisition_jobs.retry_later(session, claim, **vars(setback)):
            acquisition_jobs.confirm_cancelled(session, claim)  # unless it failed for good


def fetch(parts: Hands, claim: AcquisitionClaim) -> None:
    """Ask the source for what is new; if stored bars came differently, ask for all of them."""
    from quant.data.provider import PriceQuery  # noqa: PLC0415  # brings pandas: only who has work to do needs it
    from webapp.services import fetches  # noqa: PLC0415

    with parts.database.read() as session:
        query = fetches.plan(session, parts.store, claim)
    provider = _provider(parts, claim)
    _report(parts, claim, 0.1)
    delivered = provider.fetch(query)
    _report(parts, claim, 0.6)
    with parts.database.read() as session:
        is_incomplete = query.start is not None and fetches.tells_of_changes(session, parts.store, claim, delivered)
    if is_incomplete:
        delivered = provider.fetch(PriceQuery(claim.symbol, claim.interval))
        _report(parts, claim, 0.8)
    with parts.database.write() as session:
        acquisition_jobs.hold(session, claim)
        price_sources.answered(session, claim.source)
        outcome = fetches.keep(session, parts.store, claim, delivered)
        acquisition_jobs.finish(session, claim, outcome)


def _provider(parts: Hands, claim: AcquisitionClaim) -> "PriceProvider":
    from quant.data.provider import create_provider  # noqa: PLC0415  # as above

    settings = parts.settings
    bucket = _bucket(settings.resolved_redis_url, claim.source, settings.yahoo_requests_per_minute)
    return create_provider(
        claim.source,
        cache=settings.home / "cache" / claim.source,
        base_url=settings.yahoo_base_url,
        pace=bucket.take,
    )


@lru_cache(maxsize=8)
def _bucket(redis_url: str, source: str, per_minute: int) -> TokenBucket:
    """Return this process's bucket: while Redis is away it must not be a full one for every fetch."""
    return TokenBucket(redis_url, source, per_minute)


def _report(parts: Hands, claim: AcquisitionClaim, progress: float) -> None:
    with parts.database.write() as session:
        acquisition_jobs.report(session, claim, progress)


CARRIERS: dict[str, Callable[[Hands, AcquisitionClaim], None]] = {"fetch": fetch, "import": import_file}

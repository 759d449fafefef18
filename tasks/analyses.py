"""Running analyses: claim one, call `quant`, hand the answer to the services."""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from sqlalchemy.orm import Session

from quant.analysis import Instrument, run_analysis
from quant.errors import AnalysisCancelled
from quant.memory import Memory
from quant.result import TriedModel
from quant.spec import AnalysisSpec, read_stored
from tasks import app
from tasks.fence import FencedStore, fence
from tasks.hands import Hands, hands
from tasks.helping import help_out
from tasks.peers import WorkerPeers, holder_of
from tasks.pool import WORKER, is_stopping
from tasks.reports import Reports
from tasks.setbacks import failure_of, let_go, setback_of
from webapp import jobs
from webapp.db import AWAY
from webapp.errors import LeaseLost
from webapp.logs import bind
from webapp.recent import RecentStore
from webapp.services import jobs as job_services
from webapp.services import results, snapshots, stage_claims, trials
from webapp.services.jobs import Claim
from webapp.storage import ScopedStore

CARRY_ON_SECONDS = 5.0  # with one message; the longer, the rarer Celery looks at a child's memory and age
_log = logging.getLogger(__name__)


@app.task(name=jobs.WORK)  # type: ignore[untyped-decorator]  # Celery has no types
def work() -> None:
    """Carry analyses to their end, one after the other for a while, or help one that is tuning; then look for more."""
    parts = hands()
    until = time.monotonic() + CARRY_ON_SECONDS
    done: Claim | None = None
    try:
        while (claim := _claim(parts, done)) is not None:
            bind(analysis=claim.public_id, user=claim.owner, request_id=claim.request_id)
            _log.info("An analysis begins.", extra={"attempt": claim.attempt})
            _carry(parts, claim)
            done = claim
            _log.info("An analysis is put down.", extra={"attempt": claim.attempt})
            bind()
            if time.monotonic() >= until or is_stopping():
                with parts.database.write() as session:
                    _account(session, done)
                break
        else:
            if not help_out(parts):
                return
    except LeaseLost as error:
        _log.warning("Stopped work that is no longer ours.", extra={"error": str(error)})
    except AWAY:
        _log.exception("The database does not answer.")
        let_go(parts, job_services, stage_claims, goes_on="the work goes on from the last stored stage.")
    bind()
    parts.queue.send(jobs.WORK)


def _account(session: Session, done: Claim) -> None:
    job_services.account(session, done.analysis_id, done.attempt, time.process_time())


def _claim(parts: Hands, done: Claim | None) -> Claim | None:
    """Write down what the analysis took that is done, and take the next."""
    with parts.database.write() as session:
        if done is not None:
            _account(session, done)
        stage_claims.release_all(session, holder_of(parts))
        return job_services.claim_next(
            session,
            worker=WORKER,
            pid=os.getpid(),
            lease_seconds=parts.settings.lease_seconds,
            max_attempts=parts.settings.max_attempts,
            cpu_clock=time.process_time(),
        )


def _carry(parts: Hands, claim: Claim) -> None:
    """Run an analysis and translate every way in which it can end."""
    try:
        _answer(parts, claim)
    except (LeaseLost, *AWAY):
        raise
    except AnalysisCancelled:
        with parts.database.write() as session:
            job_services.confirm_cancelled(session, claim)
    except Exception as error:  # noqa: BLE001  # whatever it is, the person who waits must learn that it ended
        _end_badly(parts, claim, error)


def _end_badly(parts: Hands, claim: Claim, error: Exception) -> None:
    """Let the analysis wait if that may help, else fail it."""
    setback, reference = setback_of(error), f"{claim.public_id}/{claim.attempt}"
    code, message = failure_of(error, reference)
    if code == "internal":
        _log.error("An analysis was ended by an error.", exc_info=error, extra={"analysis": reference})
    with parts.database.write() as session:
        if setback is None:
            job_services.fail(session, claim, code=code, message=message)
        elif not job_services.retry_later(session, claim, **vars(setback)):
            job_services.confirm_cancelled(session, claim)  # unless it failed for good


def _answer(parts: Hands, claim: Claim) -> None:
    spec = read_stored(claim.spec)
    # A re-run finds and remembers nothing that its parent has computed, or equal hashes would prove nothing.
    store = ScopedStore(parts.store, claim.public_id) if claim.is_rerun else parts.store
    own = fence(parts.database, lambda session: job_services.hold(session, claim))
    with Reports(parts.database, claim) as reports:
        watcher = Watcher(parts, claim, spec, reports)
        result = run_analysis(
            spec,
            watcher.acquire,
            store=FencedStore(RecentStore(store, parts.recent), own),
            peers=WorkerPeers(
                parts, store, analysis_id=claim.analysis_id, public_id=claim.public_id, on_wait=watcher.waits
            ),
            watcher=watcher,
            memory=Memory() if claim.is_rerun else parts.memory,
            n_jobs=parts.settings.fit_threads,
            pinned_n_tuning_trials=claim.pins.get("n_tuning_trials"),
        )
        watcher.at("report", 0.5)
        reports.stop()
        with Ending(reports) as ending:
            stored = results.store_result(store, claim, result, publish=ending.publish())
            results.save(ending.session(), claim, result, stored, series_ids=watcher.ground().series_ids)


class Ending(ExitStack):
    """The one transaction that ends an analysis: it begins when the answer is written and about to become visible.

    Parameters
    ----------
    reports : Reports
        Of the analysis; what waits is written first, and only if it is still ours and wanted.
    """

    def __init__(self, reports: Reports) -> None:
        super().__init__()
        self._reports = reports
        self._session: Session | None = None

    def session(self) -> Session:
        """Return the transaction, begun if it is not yet: an attempt before may have made the answer visible."""
        if self._session is None:
            self._session = self.enter_context(self._reports.written())
        return self._session

    @contextmanager
    def publish(self) -> Iterator[None]:
        """Be within the transaction, and stay there."""
        self.session()
        yield


class Watcher:
    """Tells the database how an analysis fares, and the analysis whether it is still wanted."""

    def __init__(self, parts: Hands, claim: Claim, spec: AnalysisSpec, reports: Reports) -> None:
        self._parts = parts
        self._claim = claim
        self._spec = spec
        self._reports = reports
        self._ground: trials.Ground | None = None
        self._stage, self._fraction = "", 0.0
        self._seconds: dict[str, float] = {}
        self._looked_at = time.monotonic()

    def acquire(self, spec: AnalysisSpec) -> Sequence[Instrument]:
        """Read the prices of the pinned snapshot, pinning the newest at the first claim."""
        snapshot_id = self._claim.snapshot_id
        if snapshot_id is None:
            with self._reports.written() as session:
                snapshot_id = snapshots.pin_for(session, self._parts.store, self._claim.owner_id, spec)
                job_services.pin(session, self._claim, snapshot_id=snapshot_id)
        with self._parts.database.read() as session:
            refs = snapshots.vintages_of(session, snapshot_id)
            instruments = snapshots.read_instruments(
                session, self._parts.store, snapshot_id, spec, refs=refs, recent=self._parts.recent
            )
        sessions = [item.prices["session"] for item in instruments]
        self._ground = trials.Ground(
            tuple(ref.series_id for ref in refs),
            spec.interval,
            min(column.iloc[0] for column in sessions).date(),
            max(column.iloc[-1] for column in sessions).date(),
        )
        return instruments

    def ground(self) -> trials.Ground:
        """Return what the trials are made on; known once the prices are read."""
        if self._ground is None:
            raise LeaseLost("Expected prices to be acquired before anything is recorded about them.")
        return self._ground

    def at(self, stage: str, fraction: float, message: str = "") -> None:
        """Report where the work is; raises if it is no longer wanted."""
        now = time.monotonic()
        if self._stage:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._looked_at
        self._looked_at = now
        self._stage, self._fraction = stage, fraction
        self._reports.say(stage, fraction, self._seconds, message)

    def waits(self, message: str) -> None:
        """Report that the work stands where it stood, because another worker computes what is needed next."""
        self.at(self._stage, self._fraction, message)

    def tried(self, models: Sequence[TriedModel]) -> None:
        """Enter trials into the ledger when they are made: with the next report."""
        entries = [
            trials.TrialEntry(
                model.kind,
                model.number,
                model.model,
                model.parameters,
                model.score_name,
                model.score,
                model.sharpe_ratio,
                model.weeks,
            )
            for model in models
        ]
        self._reports.enter(
            partial(
                trials.record,
                owner_id=self._claim.owner_id,
                analysis_id=self._claim.analysis_id,
                ground=self.ground(),
                entries=entries,
            )
        )

    def tuned(self, n_trials: int) -> None:
        """Pin how many tuning trials fitted into the time budget, so that a re-run makes as many."""
        with self._parts.database.write() as session:
            job_services.pin(session, self._claim, pins={"n_tuning_trials": n_trials})

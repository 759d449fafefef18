"""Helping an analysis that is tuning: a worker with nothing else to do computes trials that it offers.

Help ends when another analysis waits for a worker, or it is no longer wanted. What a helper has stored is found by
whoever wanted it; what it has not, they compute themselves.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from quant.analysis import Instrument, help_tuning
from quant.errors import AnalysisCancelled
from quant.result import TriedModel
from quant.spec import AnalysisSpec, read_stored
from tasks.fence import FencedStore, fence
from tasks.hands import Hands
from tasks.peers import holder_of, measured
from tasks.pool import WORKER
from webapp import jobs
from webapp.db import AWAY
from webapp.errors import LeaseLost
from webapp.services import cpu_use, snapshots, stage_claims
from webapp.services import jobs as job_services
from webapp.services.stage_claims import Held, Help
from webapp.storage import FrameStore, ScopedStore

LOOK_SECONDS = 0.4
_log = logging.getLogger(__name__)


def help_out(parts: Hands) -> bool:
    """Help the analysis that wants it most, for as long as nothing else is to be done; return whether one did."""
    with parts.database.read() as session:
        if not stage_claims.is_help_wanted(session):
            return False
    with parts.database.write() as session:
        help_ = stage_claims.take_help(session, holder_of(parts))
        if help_ is None:
            return False
        job_services.note_help(session, help_.held.analysis_id, WORKER)
        if stage_claims.is_help_wanted(session):
            parts.queue.send_after_commit(session, jobs.WORK)  # there is work for one more
    _log.info("Helps an analysis.", extra={"analysis": help_.public_id})
    store = ScopedStore(parts.store, help_.public_id) if help_.is_rerun else parts.store
    helper = Helper(parts, store, help_)
    try:
        help_tuning(
            read_stored(help_.spec),
            helper.acquire,
            store=FencedStore(store, fence(parts.database, lambda session: stage_claims.hold(session, helper.held))),
            peers=helper,
            watcher=helper,
            n_jobs=parts.settings.fit_threads,
        )
    except (AnalysisCancelled, LeaseLost) as error:
        _log.info("Stopped helping.", extra={"analysis": help_.public_id, "reason": str(error)})
    except AWAY:
        raise
    except Exception:  # noqa: BLE001  # whatever it is: who asked for help will find the same, and say it
        _log.exception("Could not help.", extra={"analysis": help_.public_id})
    finally:
        helper.release()
    return True


class Helper:
    """What a run that helps works with: its `Peers`, who hand out what is offered, and its `Watcher`, who stops it.

    Parameters
    ----------
    parts : Hands
        Database and the store that all share.
    store : FrameStore or ScopedStore
        That of the analysis, which knows where its stages lie.
    help_ : Help
        Whom to help, and the stage that was taken first.
    """

    def __init__(self, parts: Hands, store: FrameStore | ScopedStore, help_: Help) -> None:
        self._parts = parts
        self._store = store
        self._help = help_
        self._looked_at = time.monotonic()
        self._cpu_mark = time.process_time()
        self._is_held = True
        self.held: Held = help_.held

    def release(self) -> None:
        """Give up what is held, if anything is; the owner of the analysis pays for the processor time."""
        if self._is_held:
            clock = time.process_time()
            with self._parts.database.write() as session:
                stage_claims.release(session, self.held)
                cpu_use.spend(session, self._help.owner_id, clock - self._cpu_mark)
            self._is_held, self._cpu_mark = False, clock

    @contextmanager
    def claim(self, wanted: Mapping[str, str]) -> Iterator[str | None]:
        """Hand out the next stage that is offered; None if there is none, or an analysis waits for a worker."""
        keys = {self._store.address(key): key for key in wanted}
        key = None
        while self._is_held or self._take_next(list(keys)):
            key = keys.get(self.held.key)
            if key is None or not self._parts.store.has(self.held.key):
                break
            self.release()
        if not self._is_held:
            yield None
            return
        try:
            if key is None:  # the other worker has other code, or other libraries, so its trials are not ours
                _log.warning("Was offered a stage that is not known here.", extra={"analysis": self._help.public_id})
                yield None
            else:
                with measured(wanted[key], self.held.key, self._help.public_id):
                    yield key
        finally:
            self.release()

    def _take_next(self, addresses: Sequence[str]) -> bool:
        with self._parts.database.write() as session:
            held = None
            if not stage_claims.is_worker_needed(session):
                held = stage_claims.take_offered(session, addresses, holder_of(self._parts))
        if held is not None:
            self.held, self._is_held = held, True
        return self._is_held

    def offer(self, stages: Mapping[str, str]) -> None:
        """Offer nothing: what is computed here was offered by another."""

    def withdraw(self) -> None:
        """Take nothing back."""

    def is_begun(self, key: str) -> bool:  # noqa: ARG002  # the protocol's signature
        """Return False: nobody asks a helper."""
        return False

    def acquire(self, spec: AnalysisSpec) -> Sequence[Instrument]:
        """Read the prices that the analysis has pinned."""
        with self._parts.database.read() as session:
            return snapshots.read_instruments(session, self._parts.store, self._help.snapshot_id, spec)

    def at(self, stage: str, fraction: float, message: str = "") -> None:  # noqa: ARG002  # the protocol's signature
        """Look whether help is still wanted, at most a few times a second."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            with self._parts.database.read() as session:
                stage_claims.check_help(session, self.held)

    def tried(self, models: Sequence[TriedModel]) -> None:
        """Take no note: the analysis that is helped tells of its trials."""

    def tuned(self, n_trials: int) -> None:
        """Take no note, as above."""

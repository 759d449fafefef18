"""Who else computes: claims on stages, so that each is computed once, and offers, so that free workers help.

A claim costs two small transactions. A stage that takes less than a moment is computed without one: two who compute it
at once lose less than asking would cost everybody. How long a kind of stage takes, a process learns by computing it.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from tasks.hands import Hands
from tasks.pool import WORKER
from webapp import jobs
from webapp.services import stage_claims
from webapp.services.stage_claims import Held, Holder
from webapp.storage import FrameStore, ScopedStore

WORTH_SECONDS = 0.1  # what takes less is neither claimed nor offered
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.5  # between two looks at a stage that another computes
PAUSE_SHARE = 0.1  # of the time waited so far: who waits long may be a tenth late
MOST_MESSAGES = 4  # that ask for help; whoever comes asks for one more
_log = logging.getLogger(__name__)

_seconds: dict[str, float] = {}  # of the processor that a stage of each kind has taken in this process lately


def holder_of(parts: Hands) -> Holder:
    """Return how this process claims."""
    return Holder(WORKER, os.getpid(), parts.settings.lease_seconds)


@contextmanager
def measured(kind: str, address: str, analysis: str) -> Iterator[None]:
    """Learn how long a kind of stage takes; of the processor, because a busy machine makes nothing worth more."""
    started = time.process_time()
    yield
    seconds = time.process_time() - started
    # Among stages of one kind some take less; but what took long once, because it was the first, is soon forgotten.
    _seconds[kind] = max(seconds, _seconds.get(kind, 0.0) / 2)
    if seconds >= WORTH_SECONDS:
        _log.info("Computed a stage.", extra={"stage": kind, "key": address, "analysis": analysis, "seconds": seconds})


class WorkerPeers:
    """The `quant.stages.Peers` of an analysis that runs on a worker.

    Parameters
    ----------
    parts : Hands
        Database, queue and the store that all share.
    store : FrameStore or ScopedStore
        That of the analysis, which knows where its stages lie.
    analysis_id, public_id
        The analysis.
    on_wait : callable
        `on_wait(message)`, called while another computes what is wanted, with words the first time; it may raise.
    """

    def __init__(
        self,
        parts: Hands,
        store: FrameStore | ScopedStore,
        *,
        analysis_id: int,
        public_id: str,
        on_wait: Callable[[str], None],
    ) -> None:
        self._parts = parts
        self._address = store.address
        self._analysis_id = analysis_id
        self._public_id = public_id
        self._on_wait = on_wait
        self._holder = holder_of(parts)
        self._offered: set[str] = set()
        self._waits_for: str | None = None
        self._waits_since = 0.0

    @contextmanager
    def claim(self, wanted: Mapping[str, str]) -> Iterator[str | None]:
        """Keep other workers from computing a stage inside the block; see `quant.stages.Peers`."""
        first = next(iter(wanted))
        if _seconds.get(wanted[first], WORTH_SECONDS) < WORTH_SECONDS:
            with measured(wanted[first], self._address(first), self._public_id):
                yield first
            return
        keys = {self._address(key): key for key in wanted}
        held = self._take(list(keys))
        if held is None:
            self._wait(self._address(first), wanted[first])
            yield None
            return
        self._waits_for = None
        key = keys[held.key]
        try:
            if self._parts.store.has(held.key):  # stored by another before the claim was ours
                yield None
            else:
                with measured(wanted[key], held.key, self._public_id):
                    yield key
        finally:
            with self._parts.database.write() as session:
                stage_claims.release(session, held)

    def _take(self, addresses: Sequence[str]) -> Held | None:
        with self._parts.database.write() as session:
            held = stage_claims.take(session, addresses[0], self._analysis_id, self._holder)
            if held is None and len(addresses) > 1:
                held = stage_claims.take_offered(session, addresses[1:], self._holder, analysis_id=self._analysis_id)
        return held

    def _wait(self, address: str, kind: str) -> None:
        message = ""
        if self._waits_for != address:
            with self._parts.database.read() as session:
                worker = stage_claims.holder_of(session, [address])
            self._waits_for, self._waits_since = address, time.monotonic()
            stage = kind.partition(" ")[0]
            message = f"Waiting for the same {stage}, which worker {worker} computes." if worker else ""
        self._on_wait(message)
        pause = PAUSE_SHARE * (time.monotonic() - self._waits_since)
        time.sleep(min(max(pause, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS))

    def offer(self, stages: Mapping[str, str]) -> None:
        """Let free workers compute those stages that are known to be worth it."""
        worth = [key for key, kind in stages.items() if _seconds.get(kind, 0.0) >= WORTH_SECONDS]
        new = [key for key in worth if key not in self._offered]
        if not new:
            return
        with self._parts.database.write() as session:
            n_offered = stage_claims.offer(session, self._analysis_id, [self._address(key) for key in new])
            for _ in range(min(n_offered, MOST_MESSAGES)):
                self._parts.queue.send_after_commit(session, jobs.WORK)
        self._offered |= set(new)

    def withdraw(self) -> None:
        """Offer nothing any more."""
        if self._offered:
            with self._parts.database.write() as session:
                stage_claims.withdraw(session, self._analysis_id)

    def is_begun(self, key: str) -> bool:
        """Whether another process computes a stage now."""
        with self._parts.database.read() as session:
            return stage_claims.holder_of(session, [self._address(key)]) is not None

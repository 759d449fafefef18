"""Where a run's time goes: every moment of it is counted under exactly one name.

The product's own seams are measured: the watcher and the store that a worker hands to `run_analysis`, and the function
that fits folds. The cost is a few microseconds a call.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.fits import FitFolds, fits_through
from quant.analysis import Acquire, Instrument, Watcher
from quant.memory import Memory
from quant.result import AnalysisResult, TriedModel
from quant.spec import AnalysisSpec
from quant.stages import NoPeers, Peers, StageOutput, StageStore
from quant.validation.cross_validation import FoldResult, fit_predict_folds

REPORT = "stopwatch.json"  # in the home folder
PRICES, WRITING = "prices", "writing"
FITS = "fits"


class Stopwatch:
    """Adds up seconds under one name at a time, beginning with the first stage."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.n_fits = 0
        self._clock = clock
        self._name = "acquire"
        self._since = clock()

    def switch(self, name: str) -> str:
        """Go on under another name; return the one before."""
        now = self._clock()
        before, self._name = self._name, name
        self.seconds[before] += now - self._since
        self._since = now
        return before

    @contextmanager
    def under(self, name: str) -> Iterator[None]:
        """Count what happens in the block under a name."""
        before = self.switch(name)
        try:
            yield
        finally:
            self.switch(before)

    def fitted(self, seconds: float) -> None:
        """Take a fit and its prediction out of the current stage."""
        self.n_fits += 1
        self.seconds[self._name] -= seconds
        self.seconds[f"{self._name} {FITS}"] += seconds


class TimedWatcher:
    """Tells the watcher, and counts the telling."""

    def __init__(self, watcher: Watcher, stopwatch: Stopwatch) -> None:
        self._watcher = watcher
        self._stopwatch = stopwatch

    def at(self, stage: str, fraction: float, message: str = "") -> None:
        """Pass on; from now on the time is this stage's."""
        with self._stopwatch.under(WRITING):
            self._watcher.at(stage, fraction, message)
        self._stopwatch.switch(stage)

    def tried(self, models: Sequence[TriedModel]) -> None:
        """Pass on."""
        with self._stopwatch.under(WRITING):
            self._watcher.tried(models)

    def tuned(self, n_trials: int) -> None:
        """Pass on."""
        with self._stopwatch.under(WRITING):
            self._watcher.tuned(n_trials)


class TimedPeers:
    """Asks the peers, and counts the asking and the letting go."""

    def __init__(self, peers: Peers, stopwatch: Stopwatch) -> None:
        self._peers = peers
        self._stopwatch = stopwatch

    @contextmanager
    def claim(self, wanted: Mapping[str, str]) -> Iterator[str | None]:
        """Pass on; what happens in the block is counted as it was before."""
        with ExitStack() as stack:
            with self._stopwatch.under(WRITING):
                key = stack.enter_context(self._peers.claim(wanted))
            try:
                yield key
            finally:
                with self._stopwatch.under(WRITING):
                    stack.close()

    def offer(self, stages: Mapping[str, str]) -> None:
        """Pass on."""
        with self._stopwatch.under(WRITING):
            self._peers.offer(stages)

    def withdraw(self) -> None:
        """Pass on."""
        with self._stopwatch.under(WRITING):
            self._peers.withdraw()

    def is_begun(self, key: str) -> bool:
        """Pass on."""
        with self._stopwatch.under(WRITING):
            return self._peers.is_begun(key)


class TimedStore:
    """Asks the store, and counts the asking."""

    def __init__(self, store: StageStore, stopwatch: Stopwatch) -> None:
        self._store = store
        self._stopwatch = stopwatch

    def get(self, key: str) -> StageOutput | None:
        """Pass on."""
        with self._stopwatch.under(WRITING):
            return self._store.get(key)

    def put(self, key: str, output: StageOutput) -> None:
        """Pass on."""
        with self._stopwatch.under(WRITING):
            self._store.put(key, output)


def timed(run: Callable[..., AnalysisResult], report: Path) -> Callable[..., AnalysisResult]:
    """Return `run_analysis` with a stopwatch, whose report is written to a file when the answer is there."""

    def timed_run(
        spec: AnalysisSpec,
        acquire: Acquire,
        *,
        store: StageStore,
        peers: Peers | None = None,
        watcher: Watcher,
        memory: Memory | None = None,
        **options: Any,
    ) -> AnalysisResult:
        del memory  # the same question is asked again and again, and every part of it has to be computed
        began, stopwatch = time.time(), Stopwatch()

        def timed_acquire(spec: AnalysisSpec) -> Sequence[Instrument]:
            with stopwatch.under(PRICES):
                return acquire(spec)

        with fits_through(_timed_fits(stopwatch)):
            result = run(
                spec,
                timed_acquire,
                store=TimedStore(store, stopwatch),
                peers=TimedPeers(peers or NoPeers(), stopwatch),
                watcher=TimedWatcher(watcher, stopwatch),
                **options,
            )
        stopwatch.switch("")
        facts = {"began": began, "ended": time.time(), "n_fits": stopwatch.n_fits, "seconds": dict(stopwatch.seconds)}
        report.write_text(json.dumps(facts))
        return result

    return timed_run


def _timed_fits(stopwatch: Stopwatch) -> FitFolds:
    """Return `fit_predict_folds`, which tells the stopwatch of each fold."""

    def timed_folds(*arguments: Any, on_fold: Callable[[FoldResult], None] | None = None, **options: Any) -> Any:
        def note(result: FoldResult) -> None:
            stopwatch.fitted(result.seconds)
            if on_fold is not None:
                on_fold(result)

        return fit_predict_folds(*arguments, on_fold=note, **options)

    return timed_folds
